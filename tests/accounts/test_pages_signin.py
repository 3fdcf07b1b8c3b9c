"""The pages before one is signed in: signing in and out, forms that come too late, lost passwords."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pyotp
import pytest
import sqlalchemy as sa

from crm_core import events, mail
from crm_core.accounts import csrf
from crm_core.accounts.web import COOKIE
from crm_core.db import utcnow
from crm_core.models import LoginAttempt, WebSession
from crm_core.testing.services import smtp_sink
from tests.accounts.pages import (
    EMAIL,
    GOOD,
    change,
    cookie_of,
    enter,
    first,
    open_sessions,
    post,
    read,
    stored,
    token,
    with_second_factor,
)

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


def test_the_signal_of_signing_in_is_sent_once_the_session_is_there(site):
    heard = []

    def receive(sender, *, event, deployment):
        with site.database.transaction(write=False) as session:
            open_ones = session.scalar(sa.select(sa.func.count()).select_from(WebSession))
        heard.append((sender, event.name, event.record_id, open_ones))

    with events.signed_in.connected_to(receive):
        enter(site.client_of(None), password="wrong password")
        enter(site.client_of(None))
        assert heard == [("core.user", "signed_in", site.ada, 1)]
        _, codes = with_second_factor(site)
        client, before = site.client_of(None), len(heard)
        form = read(enter(client)).form("/signin/code")
        client.post("/signin/code", data=form.data(code="123"))
        assert len(heard) == before, "the password alone is not enough"
        client.post("/signin/code", data=form.data(code=codes[0]))
        assert [event[:3] for event in heard[before:]] == [("core.user", "signed_in", site.ada)]


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
