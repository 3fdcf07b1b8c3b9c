"""The pages of one's own account: profile, password, second factor, sessions, tokens."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from crm_core.accounts import keys, totp
from crm_core.models import Change, WebSession
from tests.accounts.pages import (
    GOOD,
    change,
    cookie_of,
    enter,
    first,
    open_sessions,
    post,
    read,
    stored,
    with_second_factor,
)

# ---------------------------------------------------------------- profile and security


def test_the_profile_is_shown_and_kept(site):
    client = site.client_of(site.ada)
    data = read(client.get("/profile")).form("/profile").data()
    assert data["name"] == ["Ada Lovelace"] and data["timezone"] == ["UTC"] and data["theme"] == ["auto"]
    data |= {"name": ["Ada L."], "timezone": ["Europe/Paris"], "date_format": ["yyyy-mm-dd"], "theme": ["dark"]}
    assert client.post("/profile", data=data).status_code == 303
    page = client.get("/profile").text
    assert 'data-theme="dark"' in page
    assert read(client.get("/profile")).form("/profile").data()["timezone"] == ["Europe/Paris"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("timezone", "Mars"),
        ("language", "xx"),
        ("theme", "\x00"),
        ("date_format", "é"),
    ],
)
def test_a_wrong_profile_is_shown_again_with_what_is_wrong(site, field, value):
    client = site.client_of(site.ada)
    response = post(client, "/profile", **{"name": "Typed", field: value})
    assert response.status_code == 422
    page = read(response)
    assert f"#f-{field}" in page.links and f"f-{field}" in page.ids
    if field != "name":
        assert page.form("/profile").data()["name"] == ["Typed"]


def test_the_password_needs_the_old_one_and_ends_other_sessions(site):
    client, other = site.client_of(site.ada), site.client_of(site.ada)
    new = {"password": "yellow submarine", "repeated": "yellow submarine"}
    for wrong in (
        {**new, "old": "wrong password"},
        {**new, "old": GOOD, "repeated": "different one"},
        {"old": GOOD, "password": "short", "repeated": "short"},
        {"old": GOOD, "password": GOOD, "repeated": GOOD},
        {"old": GOOD, "password": "ada lovelace", "repeated": "ada lovelace"},
    ):
        assert post(client, "/profile/password", **wrong).status_code == 422
    assert post(client, "/profile/password", old=GOOD, **new).status_code == 303
    assert client.get("/profile").status_code == 200
    assert other.get("/profile").status_code == 302
    assert enter(site.client_of(None), password="yellow submarine").status_code == 303


def test_the_old_password_cannot_be_guessed_without_end(site):
    client = site.client_of(site.ada)
    answers = [post(client, "/profile/password", old="wrong password").status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]


def test_a_password_others_know_must_be_changed_first(site):
    change(site, site.ada, must_change_password=True)
    client = site.client_of(site.ada)
    for path in ("/profile", "/profile/tokens", "/profile/security"):
        assert client.get(path).headers["Location"] == "/profile/password"
    assert client.get("/profile/password").status_code == 200
    post(client, "/profile/password", old=GOOD, password="yellow submarine", repeated="yellow submarine")
    assert client.get("/profile").status_code == 200


def test_the_second_factor_is_switched_on_used_and_switched_off(site):
    secret, codes = with_second_factor(site)
    assert len(set(codes)) == 10
    client = site.client_of(None)
    form = read(enter(client, next="/profile")).form("/signin/code")
    assert client.get("/profile").status_code == 302, "the password alone is not enough"
    assert client.post("/signin/code", data=form.data(code="123")).status_code == 401
    done = client.post("/signin/code", data=form.data(code=codes[0]))
    assert (done.status_code, done.headers["Location"]) == (303, "/profile")
    form = read(client.get("/profile/security")).form("")
    assert client.post("/profile/second-factor/off", data=form.data(old="wrong password")).status_code == 422
    assert stored(site, site.ada).totp_secret
    renewed = client.post("/profile/second-factor/codes", data=form.data(old=GOOD))
    assert not set(codes) & set(re.findall(r"<li>([a-z2-9-]+)</li>", renewed.text))
    assert client.post("/profile/second-factor/off", data=form.data(old=GOOD)).status_code == 303
    assert stored(site, site.ada).totp_secret == ""
    assert enter(site.client_of(None)).status_code == 303
    with site.database.transaction(write=False) as session:
        noted = set(session.scalars(sa.select(Change.action).where(Change.record_id == site.ada)))
    assert {"second_factor_on", "recovery_codes_renewed", "second_factor_off", "signed_in"} <= noted


def test_an_offer_of_a_second_factor_is_not_kept_before_it_is_proved(site):
    client = site.client_of(site.ada)
    one, other = (first(r'id="totp-key">([^<]+)', client.get("/profile/second-factor").text) for _ in "ab")
    assert one != other
    assert stored(site, site.ada).totp_secret == ""
    assert post(client, "/profile/second-factor", sealed="nonsense", code="123456").status_code == 422


def test_what_happened_with_an_account_is_shown_to_its_owner_and_to_administrators(site):
    enter(site.client_of(None), password="wrong password")
    client = site.client_of(None)
    enter(client)
    for page in (client.get("/profile/security"), site.client_of(site.admin).get(f"/settings/users/{site.ada}")):
        assert "Wrong password at sign-in" in page.text and "Signed in" in page.text
    assert "Wrong password" not in site.client_of(site.admin).get("/profile/security").text


def test_a_proxys_own_sign_in_does_not_hide_the_session(site):
    client = site.client_of(site.ada)
    assert client.get("/profile", headers={"Authorization": "Basic eDp5"}).status_code == 200
    assert client.get("/profile", headers={"Authorization": "Bearer crm_unknown"}).status_code == 302


def test_a_step_left_for_too_long_begins_anew(site):
    with_second_factor(site)
    client = site.client_of(None)
    assert client.get("/signin/code").headers["Location"] == "/signin"
    response = client.post("/signin/code", data={"pending": "nonsense", "code": "123456", "next": "/profile"})
    assert response.status_code == 401
    assert read(response).form("/signin").data()["next"] == ["/profile"]


def test_sessions_are_listed_and_ended(site):
    client, other, third = (site.client_of(site.ada) for _ in range(3))
    stranger = site.client_of(site.admin)
    page = client.get("/profile/security")
    ends = [f.action for f in read(page).forms if f.action.endswith("/end")]
    assert len([a for a in ends if "others" not in a]) == 2
    foreign = [f.action for f in read(stranger.get("/profile/security")).forms if f.action.endswith("/end")]
    assert foreign == []
    target = sorted(a for a in ends if "others" not in a)[0]
    post(stranger, target)
    assert open_sessions(site, site.ada) == 3
    post(client, target)
    assert open_sessions(site, site.ada) == 2
    post(client, "/profile/sessions/others/end")
    assert open_sessions(site, site.ada) == 1
    assert client.get("/profile").status_code == 200
    assert {c.get("/profile").status_code for c in (other, third)} == {302}


def test_tokens_are_made_shown_once_and_revoked(site):
    client = site.client_of(site.ada)
    form = read(client.get("/profile/tokens")).form("/profile/tokens")
    assert "admin" not in [b.get("value") for b in read(client.get("/profile/tokens")).boxes]
    made = client.post(form.action, data=form.data(name="Sync", scope="read", days="30"))
    made_token = first(r'value="(crm_[A-Za-z0-9_-]{40})"', made.text)
    assert made_token not in client.get("/profile/tokens").text
    assert site.client_of(None).get("/api/v1/me", headers={"Authorization": f"Bearer {made_token}"}).status_code == 200
    revoke = next(f for f in read(client.get("/profile/tokens")).forms if f.action.endswith("/revoke"))
    assert post(site.client_of(site.admin), revoke.action).status_code == 404
    assert post(client, revoke.action).status_code == 303
    assert site.client_of(None).get("/api/v1/me", headers={"Authorization": f"Bearer {made_token}"}).status_code == 401


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"name": ""}, 422),
        ({"name": "x", "scope": "king"}, 422),
        ({"name": "x", "scope": "admin"}, 403),
        ({"name": "x", "scope": "read", "days": "x"}, 422),
        ({"name": "x", "scope": "read", "days": "99999"}, 422),
    ],
)
def test_a_wrong_token_form_is_shown_again(site, values, status):
    response = post(site.client_of(site.ada), "/profile/tokens", **values)
    assert response.status_code == status
    assert "crm_" not in re.sub(r"crm_session", "", response.text)


# ---------------------------------------------------------------- what all pages keep


PAGES = (
    "/profile",
    "/profile/security",
    "/profile/password",
    "/profile/second-factor",
    "/profile/tokens",
    "/settings/users",
    "/settings/users/new",
    "/settings/users/1",
    "/settings/teams",
    "/settings/teams/new",
    "/signin",
    "/forgot",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_box_has_a_label_and_no_page_has_inline_style_or_script(site, path):
    client = site.client_of(None if path in ("/signin", "/forgot") else site.admin)
    response = client.get(path)
    assert response.status_code == 200
    page = read(response)
    assert "style" not in page.attributes
    assert not {a for a in page.attributes if a.startswith("on")}
    assert "<script>" not in response.text and "<style" not in response.text
    for box in page.boxes:
        own = (box.get("id") or "").startswith(("f-", "users-", "new-"))
        if own and box.get("type") not in ("hidden", "checkbox", "radio"):
            assert box["id"] in page.labels
    passwords_shown = [b for b in page.boxes if b.get("type") == "password"]
    assert all(b.get("autocomplete") in ("current-password", "new-password") for b in passwords_shown)


def test_secrets_of_a_session_are_not_in_the_database_as_they_are(site):
    client = site.client_of(None)
    key = cookie_of(enter(client)).partition("=")[2].partition(";")[0]
    with site.database.transaction(write=False) as session:
        rows = session.execute(sa.select(WebSession.digest, WebSession.csrf)).all()
    assert all(key not in row for row in rows)
    assert keys.digest(key) in {row.digest for row in rows}
    assert totp.ISSUER == "CRM"
