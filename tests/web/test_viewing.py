"""Looking at the CRM as another user: read-only, with a way back, written down, and never to gain a right."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from crm_core.accounts import sessions
from crm_core.db import utcnow
from crm_core.models import Change, User, WebSession
from tests.web.helpers import CONTACT, send, text_of, titles
from tests.web.test_settings_roles import grant, number

BANNER = "data-viewing"


@pytest.fixture
def boss(crm):
    return crm.client_of(crm.admin)


@pytest.fixture
def ann(crm):
    return crm.add_user("ann@example.org", "Ann Other")


def look(client, user):
    return send(client, f"/settings/users/{user}/view-as")


def noted(crm):
    with crm.database.transaction(write=False) as session:
        query = sa.select(Change.action, Change.actor_id, Change.record_id)
        return list(map(tuple, session.execute(query.where(Change.action.in_(("viewed_as", "view_ended"))))))


def test_an_administrator_sees_what_a_user_sees_and_comes_back(crm, boss, ann):
    crm.make(CONTACT, kind="company", name="Hidden", visibility="private")
    crm.make(CONTACT, by=ann, kind="company", name="Own", visibility="private")
    record = crm.make(CONTACT, kind="company", name="Open", visibility="read")
    assert titles(boss.get("/contacts")) == ["Hidden", "Open", "Own"]
    assert look(boss, ann).status_code == 303
    assert titles(boss.get("/contacts")) == ["Open", "Own"]
    for path in ("/", "/contacts", f"/contacts/{record}", "/search?q=open", "/contacts/987654", "/nowhere"):
        page = boss.get(path)
        assert BANNER in page.text and "Ann Other" in text_of(page), path
    assert boss.get("/settings").status_code == 403 and BANNER in boss.get("/settings").text
    assert boss.get("/profile/").status_code in (403, 404) and boss.get("/profile").status_code == 403
    assert noted(crm) == [("viewed_as", crm.admin, ann)]
    assert send(boss, "/view-as/end").headers["Location"] == f"/settings/users/{ann}"
    back = boss.get("/contacts")
    assert titles(back) == ["Hidden", "Open", "Own"] and BANNER not in back.text
    assert noted(crm) == [("viewed_as", crm.admin, ann), ("view_ended", crm.admin, ann)]
    assert "An administrator began to look as this user" in text_of(boss.get(f"/settings/users/{ann}"))


@pytest.mark.parametrize("database_kind", ["sqlite"])  # the database does not matter here
def test_nothing_is_changed_meanwhile_not_even_by_looking(crm, boss, ann):
    record = crm.make(CONTACT, by=ann, kind="company", name="Own", visibility="write")
    look(boss, ann)
    for url, data in (
        (f"/contacts/{record}/edit", {"name": "Changed"}),
        (f"/contacts/{record}/delete", {}),
        ("/contacts/new", {"name": "New"}),
        ("/contacts/columns", {"columns": "name"}),
        ("/theme", {"theme": "dark"}),
        ("/settings/tags", {"name": "X"}),
        (f"/settings/users/{ann}/view-as", {}),
    ):
        assert send(boss, url, **data).status_code == 403, url
    boss.get(f"/contacts/{record}")
    with crm.database.transaction(write=False) as session:
        user = session.get(User, ann)
        assert user and not user.preferences and user.last_seen_at is None
    with crm.as_user(ann) as ctx:
        assert ctx.session.scalar(sa.select(crm.registry.entity(CONTACT).model.name)) == "Own"


def test_rest_refuses_a_session_that_looks_as_somebody(sqlite_crm):
    boss, ann = sqlite_crm.client_of(sqlite_crm.admin), sqlite_crm.add_user("ann@example.org", "Ann")
    assert boss.get("/api/v1/contacts").status_code == 200
    look(boss, ann)
    refused = boss.get("/api/v1/contacts")
    assert refused.status_code == 403 and refused.mimetype == "application/problem+json"
    headers = {"Authorization": f"Bearer {sqlite_crm.token_of(sqlite_crm.admin)}"}
    assert sqlite_crm.client_of(None).get("/api/v1/contacts", headers=headers).status_code == 200
    send(boss, "/view-as/end")
    assert boss.get("/api/v1/contacts").status_code == 200


def test_nobody_looks_as_somebody_with_more_rights(sqlite_crm):
    crm = sqlite_crm
    boss, deputy_id = crm.client_of(crm.admin), crm.add_user("d@example.org", "Deputy", "crm_admin")
    deputy, ann = crm.client_of(deputy_id), crm.add_user("ann@example.org", "Ann")
    assert look(deputy, crm.admin).status_code == 403  # an owner
    assert look(boss, deputy_id).status_code == 303
    send(boss, "/view-as/end")
    assert look(crm.client_of(ann), deputy_id).status_code == 403
    grant(boss, number(crm, "crm_admin"), "contacts", "all", export="none")
    assert look(deputy, ann).status_code == 403
    grant(boss, number(crm, "user"), "contacts", "all", export="none")
    assert look(deputy, ann).status_code == 303
    crm.make(CONTACT, kind="company", name="Open", visibility="read")
    assert titles(deputy.get("/contacts")) == ["Open"]
    grant(boss, number(crm, "crm_admin"), "contacts", "own")
    page = deputy.get("/contacts")
    assert BANNER not in page.text and titles(page) == []
    assert look(boss, crm.admin).status_code == 403
    assert look(boss, 987654).status_code == 404


def test_every_end_is_written_down(sqlite_crm):
    crm, ann = sqlite_crm, sqlite_crm.add_user("ann@example.org", "Ann")
    first, second, third = (crm.client_of(crm.admin) for _ in range(3))
    for client in (first, second, third):
        look(client, ann)
    send(first, "/signout")
    assert noted(crm)[3:] == [("view_ended", crm.admin, ann)]
    with crm.database.transaction() as session:
        oldest = session.scalar(sa.select(sa.func.min(WebSession.id)).where(WebSession.viewed_id == ann))
        past = utcnow() - dt.timedelta(minutes=1)
        session.execute(sa.update(WebSession).where(WebSession.id == oldest).values(expires_at=past))
        sessions.purge(session, utcnow())
    assert len(noted(crm)) == 5
    other = crm.client_of(crm.admin)
    send(other, f"/settings/users/{ann}/active", active="0")
    page = third.get("/contacts")
    assert page.status_code == 200 and BANNER not in page.text
    assert noted(crm)[3:] == [("view_ended", crm.admin, ann)] * 3
