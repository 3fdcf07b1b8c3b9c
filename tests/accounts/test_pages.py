"""The pages of accounts, from a browser's side: signing in and out, lost forms, passwords, second factor, tokens."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pyotp
import pytest
import sqlalchemy as sa

from crm_core import mail
from crm_core.accounts import csrf, keys, passwords, sessions, totp
from crm_core.accounts.web import COOKIE
from crm_core.db import utcnow
from crm_core.models import Change, LoginAttempt, User, WebSession
from crm_core.testing.services import smtp_sink
from tests.accounts.pages import first, read

GOOD = "correct horse battery"
EMAIL = "ada@example.org"


@pytest.fixture
def site(sqlite_crm):
    """A deployment with Ada, who has a password."""
    sqlite_crm.ada = sqlite_crm.add_user(EMAIL, "Ada Lovelace")
    change(sqlite_crm, sqlite_crm.ada, password_hash=passwords.hashed(GOOD))
    return sqlite_crm


def change(crm, user_id, **values):
    with crm.database.transaction() as session:
        for key, value in values.items():
            setattr(session.get(User, user_id), key, value)


def stored(crm, user_id):
    with crm.database.transaction(write=False) as session:
        return session.get(User, user_id)


def enter(client, email=EMAIL, password=GOOD, **more):
    return client.post("/signin", data={"email": email, "password": password, **more})


def token(client):
    return client.csrf


def post(client, path, **data):
    return client.post(path, data={"csrf_token": token(client), **data})


def cookie_of(response):
    return next(c for c in response.headers.getlist("Set-Cookie") if c.startswith(COOKIE))


def open_sessions(crm, user_id):
    with crm.database.transaction(write=False) as session:
        return len(sessions.listed(session, user_id, utcnow()))


# ---------------------------------------------------------------- signing in and out


def test_signing_in_leads_on_and_sets_a_guarded_cookie(site):
    client = site.client_of(None)
    assert client.get("/profile?x=1").headers["Location"] == "/signin?next=/profile%3Fx%3D1"
    form = read(client.get("/signin?next=/profile%3Fx%3D1")).form("/signin")
    response = client.post("/signin", data=form.data(email=EMAIL, password=GOOD))
    assert (response.status_code, response.headers["Location"]) == (303, "/profile?x=1")
    cookie = cookie_of(response)
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie and "Secure" not in cookie
    assert client.get("/profile").status_code == 200
    assert client.get("/signin?next=/profile").headers["Location"] == "/profile"


def test_the_cookie_is_secure_over_https_and_when_the_deployment_says_so(site):
    client = site.client_of(None)
    response = client.post("/signin", data={"email": EMAIL, "password": GOOD}, base_url="https://localhost")
    assert "Secure" in cookie_of(response)
    site.config = replace(site.config, secure_cookies=True)
    assert "Secure" in cookie_of(enter(site.client_of(None)))


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example.com",
        "//evil.example.com",
        "/\\evil.example.com",
        "javascript:alert(1)",
        "\t//evil",
        "evil",
        "",
    ],
)
def test_signing_in_leads_to_no_other_site(site, target):
    assert enter(site.client_of(None), next=target).headers["Location"] == "/"
    assert site.client_of(site.ada).get("/signin", query_string={"next": target}).headers["Location"] == "/"


def test_a_wrong_password_is_told_without_saying_what_is_wrong(site):
    client = site.client_of(None)
    wrong, unknown = enter(client, password="wrong password"), enter(client, email="nobody@example.org")
    for response in (wrong, unknown):
        assert response.status_code == 401
        assert "The e-mail address or the password is wrong" in response.text
        assert "Set-Cookie" not in response.headers
        assert "wrong password" not in response.text.replace("password is wrong", "")
    assert wrong.text.replace(EMAIL, "") == unknown.text.replace("nobody@example.org", "")


def test_empty_fields_are_named_and_nothing_is_counted(site):
    response = site.client_of(None).post("/signin", data={"email": " "})
    page = read(response)
    assert response.status_code == 422
    assert {"#f-email", "#f-password"} <= page.links and {"f-email", "f-password"} <= page.ids
    with site.database.transaction(write=False) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(LoginAttempt)) == 0


def test_guessing_is_answered_with_a_waiting_time(site):
    client = site.client_of(None)
    for _ in range(5):
        assert enter(client, password="wrong password").status_code == 401
    response = enter(client)
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 30
    assert read(response).form("/signin").data()["email"] == [EMAIL]


def test_a_key_planted_before_signing_in_is_worth_nothing(site):
    client = site.client_of(None)
    client.set_cookie(COOKIE, "planted")
    response = enter(client)
    assert "planted" not in cookie_of(response)
    assert client.get("/profile").status_code == 200
    other = site.client_of(None)
    other.set_cookie(COOKIE, "planted")
    assert other.get("/profile").status_code == 302


def test_signing_in_again_ends_the_session_before(site):
    client = site.client_of(site.ada)
    assert open_sessions(site, site.ada) == 1
    enter(client)
    assert open_sessions(site, site.ada) == 1


def test_signing_out_ends_the_session_and_needs_the_token(site):
    client = site.client_of(site.ada)
    assert client.get("/signout").status_code >= 400
    stale = client.post("/signout", data={"csrf_token": "old"})
    assert stale.status_code == 400 and list(read(stale).form("/signout").data()) == ["csrf_token"]
    assert open_sessions(site, site.ada) == 1
    response = post(client, "/signout")
    assert (response.status_code, response.headers["Location"]) == (303, "/signin")
    assert open_sessions(site, site.ada) == 0
    assert client.get("/profile").status_code == 302
    assert client.post("/signout").headers["Location"] == "/signin"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
    ],
)
def test_another_site_can_sign_nobody_in(site, headers):
    client = site.client_of(None)
    response = client.post("/signin", data={"email": EMAIL, "password": GOOD}, headers=headers)
    assert response.status_code == 403
    assert "Set-Cookie" not in response.headers


def test_pages_are_in_the_language_of_the_browser_and_then_of_the_person(site):
    client = site.client_of(None)
    assert '<html lang="fr"' in client.get("/signin", headers={"Accept-Language": "fr-FR,fr;q=0.9"}).text
    change(site, site.ada, language="fr")
    assert '<html lang="fr"' in site.client_of(site.ada).get("/profile").text


def test_use_of_a_session_is_noted_by_pages(site):
    client = site.client_of(site.ada)
    with site.database.transaction() as session:
        session.execute(sa.update(WebSession).values(seen_at=utcnow() - dt.timedelta(hours=1)))
    client.get("/profile")
    with site.database.transaction(write=False) as session:
        assert utcnow() - session.scalar(sa.select(WebSession.seen_at)) < dt.timedelta(minutes=5)
    assert stored(site, site.ada).last_seen_at is not None


# ---------------------------------------------------------------- forms that arrive too late


def test_a_form_sent_after_the_session_ended_survives_signing_in(site):
    client = site.client_of(None)
    typed = {"name": 'Ada "Byron" <b>', "note": "one\r\ntwo", "tags": ["a", "b"], "empty": ""}
    response = client.post("/profile?x=1", data={**typed, "password": "secret thing", "csrf_token": "old"})
    assert response.status_code == 401
    assert "secret thing" not in response.text
    form = read(response).form("/signin")
    wrong = client.post("/signin", data=form.data(email=EMAIL, password="wrong password"))
    form = read(wrong).form("/signin")
    welcome = client.post("/signin", data=form.data(email=EMAIL, password=GOOD))
    assert welcome.status_code == 200
    again = read(welcome).form("/profile?x=1")
    data = again.data()
    assert data["name"] == ['Ada "Byron" <b>'] and data["tags"] == ["a", "b"] and data["empty"] == [""]
    assert data["note"][0].split() == ["one", "two"]
    assert "password" not in data and "email" not in data
    sent = client.post(again.action, data=data)
    assert sent.status_code == 303
    assert stored(site, site.ada).name == 'Ada "Byron" <b>'


def test_a_form_survives_the_second_factor_too(site):
    secret, _ = with_second_factor(site)
    client = site.client_of(None)
    form = read(client.post("/profile", data={"name": "Ada L."})).form("/signin")
    asked = client.post("/signin", data=form.data(email=EMAIL, password=GOOD))
    form = read(asked).form("/signin/code")
    welcome = client.post("/signin/code", data=form.data(code=pyotp.TOTP(secret).now()))
    again = read(welcome).form("/profile")
    client.post(again.action, data=again.data())
    assert stored(site, site.ada).name == "Ada L."


@pytest.mark.parametrize("bad", ["", "nonsense", "of another session"])
def test_a_form_without_a_good_token_is_not_taken_and_not_lost(site, bad):
    client = site.client_of(site.ada)
    value = csrf.mask(csrf.new_secret()) if bad == "of another session" else bad
    response = client.post("/profile", data={"name": "Forged", "csrf_token": value})
    assert response.status_code == 400
    assert stored(site, site.ada).name == "Ada Lovelace"
    again = read(response).form("/profile")
    assert again.data()["name"] == ["Forged"]
    assert client.post("/profile", data=again.data()).status_code == 303
    assert stored(site, site.ada).name == "Forged"


def test_files_and_passwords_are_not_carried_but_named(site):
    from io import BytesIO

    client = site.client_of(site.ada)
    data = {"name": "Ada", "old": "kept?", "password": "secret thing", "photo": (BytesIO(b"x"), "me.png")}
    response = client.post("/profile", data=data, content_type="multipart/form-data")
    assert response.status_code == 400
    assert "secret thing" not in response.text
    assert "photo" in response.text and "password" in response.text
    assert "photo" not in read(response).form("/profile").data()


def test_a_form_of_another_site_is_not_carried(site):
    for client in (site.client_of(site.ada), site.client_of(None)):
        response = client.post("/profile", data={"name": "Forged"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert response.status_code in (401, 403)
        assert "Forged" not in response.text


def test_a_carried_form_leads_to_no_other_site(site):
    for path in ("https://evil.example.com/", "//evil.example.com/", "/signout", "/\\evil"):
        response = enter(site.client_of(None), again_path=path, **{"again.name": "x"})
        assert response.status_code == 303
        assert response.headers["Location"] == "/"


def test_a_token_is_accepted_as_header_and_differs_in_each_page(site):
    client = site.client_of(site.ada)
    response = client.post("/profile", data={"name": "By header"}, headers={"X-CSRF-Token": token(client)})
    assert response.status_code == 303
    found = {first(r'name="csrf-token" content="([^"]+)"', client.get("/profile").text) for _ in range(5)}
    assert len(found) == 5
    with site.database.transaction(write=False) as session:
        secret = session.scalars(sa.select(WebSession.csrf)).one()
    assert secret not in client.get("/profile").text


def test_a_part_of_a_page_gets_no_whole_page_when_the_session_ended(site):
    response = site.client_of(None).post("/profile", data={"name": "x"}, headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert "<html" not in response.text


# ---------------------------------------------------------------- lost passwords


@pytest.fixture
def post_office(site):
    """A deployment that can send mail, and the mails it sent."""
    with smtp_sink() as sink:
        url = f"smtp://{sink.host}:{sink.port}"
        site.config = replace(site.config, smtp_url=url, base_url="https://crm.example.org")
        yield sink


def letter(sink):
    mail._postman.submit(lambda: None).result(30)
    return sink.messages[-1].message.get_content()


def test_a_lost_password_is_set_anew_by_a_mail(site, post_office):
    signed_in = site.client_of(site.ada)
    client = site.client_of(None)
    form = read(client.get("/forgot")).form("/forgot")
    response = client.post("/forgot", data=form.data(email=EMAIL.upper()), headers={"Host": "evil.example.com"})
    assert response.status_code == 200
    link = first(r"https://crm\.example\.org(/reset/\S+)", letter(post_office))
    form = read(client.get(link)).form("")
    assert client.post(link, data=form.data(password="short", repeated="short")).status_code == 422
    assert client.post(link, data=form.data(password="yellow submarine", repeated="other")).status_code == 422
    done = client.post(link, data=form.data(password="yellow submarine", repeated="yellow submarine"))
    assert done.status_code == 200
    assert signed_in.get("/profile").status_code == 302
    assert client.get(link).status_code == 404
    assert (
        client.post(link, data=form.data(password="another good one", repeated="another good one")).status_code == 404
    )
    assert enter(client, password="yellow submarine").status_code == 303


def test_asking_for_a_link_tells_nothing_about_accounts(site, post_office):
    gone = site.add_user("gone@example.org", "Gone")
    change(site, gone, active=False)
    texts = set()
    for email in (EMAIL, "nobody@example.org", "gone@example.org"):
        response = site.client_of(None).post("/forgot", data={"email": email})
        texts.add((response.status_code, response.text.replace(email, "")))
    assert len(texts) == 1
    letter(post_office)
    assert [m.recipients for m in post_office.messages] == [(EMAIL,)]


def test_asking_for_links_is_throttled(site, post_office):
    client = site.client_of(None)
    answers = [client.post("/forgot", data={"email": "nobody@example.org"}) for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_without_a_mail_server_the_page_says_so_for_everyone(site):
    for response in (site.client_of(None).get("/forgot"), site.client_of(None).post("/forgot", data={"email": EMAIL})):
        assert response.status_code == 200
        assert "CRM_SMTP_URL" in response.text and "CRM_BASE_URL" in response.text
        assert "crm user set-password" in response.text


def test_a_nonsense_link_is_told_in_words(site):
    for path in ("/reset/x", "/reset/" + "x" * 3000, "/reset/é"):
        response = site.client_of(None).get(path)
        assert response.status_code == 404
        assert 'href="/forgot"' in response.text


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


def with_second_factor(site):
    """Switch Ada's second factor on by the pages; return its secret and the recovery codes."""
    client = site.client_of(site.ada)
    form = read(client.get("/profile/second-factor")).form("/profile/second-factor")
    wrong = client.post(form.action, data=form.data(code="000000"))
    assert wrong.status_code == 422
    again = read(wrong).form("/profile/second-factor")
    secret = first(r'id="totp-key">([A-Z2-7 ]+)<', wrong.text).replace(" ", "")
    shown = client.post(form.action, data=again.data(code=pyotp.TOTP(secret).now()))
    assert shown.status_code == 200
    codes = re.findall(r"<li>([a-z2-9]{5}-[a-z2-9]{5})</li>", shown.text)
    change(site, site.ada, totp_last_step=0)
    return secret, codes


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
