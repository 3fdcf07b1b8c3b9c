"""The frame of pages: who gets in, what strangers and other sites can't do, how errors look, what is sent along."""

from __future__ import annotations

import json
import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from crm_core.accounts import csrf
from crm_core.web import lists
from tests.web.helpers import CONTACT, HTMX, send, text_of


@pytest.fixture
def admin(sqlite_crm):
    return sqlite_crm.client_of(sqlite_crm.admin)


def test_every_page_carries_the_strict_policy_and_no_inline_code(sqlite_crm, admin):
    sqlite_crm.make(CONTACT, kind="company", name="Kergoat Boats")
    for path in ("/", "/contacts", "/search?q=ker", "/settings", "/contacts/filter"):
        answer = admin.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert " style=" not in answer.text
        assert " onclick=" not in answer.text
        assert "<script>" not in answer.text


def test_strangers_are_led_to_the_sign_in_page_and_back(sqlite_crm):
    answer = sqlite_crm.client_of(None).get("/contacts?q=a")
    assert answer.status_code == 302
    assert answer.location.startswith("/signin?next=/contacts")


def test_a_page_of_administrators_is_refused_to_users(sqlite_crm):
    user = sqlite_crm.client_of(sqlite_crm.add_user("u@example.org", "Una User"))
    for path in ("/settings", "/settings/lists", "/settings/tags", "/settings/currencies", "/settings/options"):
        assert user.get(path).status_code == 403
    assert "Settings" not in text_of(user.get("/"))


def test_writing_needs_the_token_of_the_session(sqlite_crm, admin):
    assert admin.post("/theme", data={"theme": "dark"}).status_code == 400
    wrong = {csrf.HEADER: csrf.mask(csrf.new_secret())}
    assert admin.post("/theme", data={"theme": "dark"}, headers=wrong).status_code == 400
    assert send(admin, "/theme", theme="dark").status_code == 303
    assert 'data-theme="dark"' in admin.get("/").text


def test_a_form_sent_by_another_site_is_refused(admin):
    headers = {csrf.HEADER: admin.csrf, "Sec-Fetch-Site": "cross-site"}
    assert admin.post("/theme", data={"theme": "dark"}, headers=headers).status_code == 403


def test_the_token_differs_in_each_answer(admin):
    tokens = {admin.get("/").text.split('name="csrf-token" content="')[1].split('"')[0] for _ in range(3)}
    assert len(tokens) == 3


def test_unknown_addresses_answer_404_in_the_frame(admin):
    answer = admin.get("/nothing-here")
    assert answer.status_code == 404
    assert "Main menu" in answer.text
    assert admin.get("/contacts/987654321").status_code == 404


def test_errors_of_parts_come_as_messages(admin):
    answer = admin.get("/nothing-here", headers=HTMX)
    assert answer.status_code == 404
    (item,) = json.loads(answer.headers["HX-Trigger"])["crm:toast"]["items"]
    assert item["kind"] == "error"
    assert item["text"]


def test_a_busy_database_is_tried_again_once_then_answers_503(admin, monkeypatch):
    calls = []
    once = lists.page.__wrapped__ if hasattr(lists.page, "__wrapped__") else lists.page

    def failing(definition, times):
        calls.append(1)
        if len(calls) <= times:
            raise OperationalError("select 1", {}, sqlite3.OperationalError("database is locked"))
        return once(definition)

    views = admin.application.view_functions
    monkeypatch.setitem(views, "list", lambda definition: failing(definition, 1))
    assert admin.get("/contacts").status_code == 200
    assert len(calls) == 2
    calls.clear()
    monkeypatch.setitem(views, "list", lambda definition: failing(definition, 9))
    answer = admin.get("/contacts")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert len(calls) == 2


def test_a_failing_view_is_a_500_page_without_details(admin, monkeypatch):
    def broken(definition):
        raise RuntimeError("secret detail")

    monkeypatch.setitem(admin.application.view_functions, "list", broken)
    answer = admin.get("/contacts")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text


def test_what_a_request_wrote_is_gone_when_it_fails(sqlite_crm, admin):
    record = sqlite_crm.make(CONTACT, kind="company", name="Alpina")
    answer = send(admin, f"/contacts/{record}/row", field="name", value="x")
    assert answer.status_code == 422
    assert "Alpina" in admin.get("/contacts").text


def test_kn_09_create_offers_exactly_what_may_be_created(sqlite_crm, admin):
    page = admin.get("/").text
    assert "/contacts/new" in page
    from crm_core.models import Grant, Role

    with sqlite_crm.database.transaction() as session:
        role = Role(code="reader", name="Reader")
        session.add(role)
        session.flush()
        session.add(Grant(role_id=role.id, entity="*", action="read", level="all"))
    reader = sqlite_crm.client_of(sqlite_crm.add_user("r@example.org", "Rita Reader", "reader"))
    assert "data-create" not in reader.get("/").text
    assert "/contacts/new" not in reader.get("/contacts").text


def test_static_files_are_kept_for_ever_and_sent_compressed(admin):
    page = admin.get("/").text
    css = page.split('rel="stylesheet" href="')[1].split('"')[0]
    with admin.get(css, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Encoding"] == "gzip"
    assert admin.get("/static/../app.py").status_code == 404
    assert admin.get("/static/%2e%2e/app.py").status_code == 404


def test_messages_survive_the_redirect_and_are_shown_once(sqlite_crm, admin):
    send(admin, "/settings/tags", name="VIP")
    assert "There is a tag" in text_of(admin.get("/settings/tags"))
    assert "There is a tag" not in text_of(admin.get("/settings/tags"))


def test_the_page_speaks_the_language_of_the_person(sqlite_crm, admin):
    from crm_core.directory import touch
    from crm_core.models import User

    with sqlite_crm.database.transaction() as session:
        session.get(User, sqlite_crm.admin).language = "fr"
        touch(session)
    assert '<html lang="fr"' in admin.get("/").text
    stranger = sqlite_crm.client_of(None)
    assert '<html lang="fr"' in stranger.get("/signin", headers={"Accept-Language": "fr-CA,en"}).text


def test_names_people_typed_are_escaped(sqlite_crm, admin):
    evil = '<img src=x onerror="alert(1)">'
    sqlite_crm.make(CONTACT, kind="company", name=evil)
    for path in (
        "/contacts",
        "/contacts?look=cards",
        "/search?q=img",
        "/search/suggest?q=img",
        "/search/palette?q=img",
    ):
        answer = admin.get(path)
        assert answer.status_code == 200
        assert "<img src=x" not in answer.text
        assert "img" in answer.text


def test_visits_read_only_and_count_few_statements(sqlite_crm, admin):
    for number in range(60):
        sqlite_crm.make(CONTACT, kind="company", name=f"Company {number}", tags=["VIP"])
    admin.get("/contacts")
    with sqlite_crm.statements() as log:
        assert admin.get("/contacts").status_code == 200
    assert len(log) <= 4
    assert all(s.lstrip().startswith(("SELECT", "WITH")) for s in log)


def test_the_record_looked_at_last_leads_the_list_of_recent_ones(sqlite_crm, admin):
    one, two = (sqlite_crm.make(CONTACT, kind="company", name=n) for n in ("First Co", "Second Co"))
    for record in (one, two, one):
        assert admin.get(f"/contacts/{record}").status_code == 200
    shown = text_of(admin.get("/search/suggest"))
    assert shown.index("First Co") < shown.index("Second Co")
    send(admin, f"/contacts/{one}/delete")
    assert "First Co" not in text_of(admin.get("/search/suggest"))
