"""Settings → Roles and rights: grants, filters, field masks, copies, who has a role, and why somebody can or can't."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from crm_core import access, records
from crm_core.errors import NotFound
from crm_core.models import Change, Role
from tests.web.helpers import CONTACT, send, text_of, titles

ROLES = "/settings/roles"
ACTIONS = ("read", "create", "update", "delete", "export")


@pytest.fixture
def boss(crm):
    return crm.client_of(crm.admin)


def number(crm, code):
    with crm.database.transaction(write=False) as session:
        return session.scalar(sa.select(Role.id).where(Role.code == code))


def grant(client, role, entity, level="all", **other):
    data = {f"{action}.level": other.get(action, level) for action in ACTIONS}
    data |= {f"{action}.where": other.get(f"{action}_where", "") for action in ACTIONS}
    return send(client, f"{ROLES}/{role}/grants/{entity}", **data)


def shown_fields(client, role):
    """Return the fields the page of a role offers to read, and to edit."""
    page = client.get(f"{ROLES}/{role}/fields/contacts").text
    return [set(re.findall(rf'name="{what}" value="([^"]+)"', page)) for what in ("read", "edit")]


def test_a_role_grants_by_level_and_filter(crm, boss):
    assert send(boss, f"{ROLES}/new", name="Field sales").status_code == 303
    role = number(crm, "field_sales")
    ann = crm.add_user("ann@example.org", "Ann", "field_sales", teams=["North"])
    bob = crm.add_user("bob@example.org", "Bob", "field_sales", teams=["North"])
    team = crm.directory.team_by_name("North").id
    for name, values in (
        ("Mine", {"owner": ann}),
        ("Ours", {"owner": bob, "team": team}),
        ("Theirs", {"owner": bob, "industry": None}),
    ):
        crm.make(CONTACT, kind="company", name=name, **{"visibility": "write", **values})
    crm.make(CONTACT, kind="person", first_name="Sol", last_name="Solo", visibility="write", owner=bob)
    client = crm.client_of(ann)
    assert client.get("/contacts").status_code == 403
    for level, seen in (("own", {"Mine"}), ("team", {"Mine", "Ours"}), ("all", {"Mine", "Ours", "Theirs", "Sol Solo"})):
        assert grant(boss, role, "contacts", level).status_code == 303
        assert set(titles(client.get("/contacts"))) == seen, level
    assert grant(boss, role, "contacts", read_where='kind = "company"', update="none").status_code == 303
    assert set(titles(client.get("/contacts"))) == {"Mine", "Ours", "Theirs"}
    assert client.get("/contacts/1/edit").status_code == 403
    send(boss, f"{ROLES}/{role}/grants/contacts", do="reset")
    assert client.get("/contacts").status_code == 403
    grant(boss, role, "all", "own")
    assert set(titles(client.get("/contacts"))) == {"Mine"}
    page = text_of(boss.get(f"{ROLES}/{role}"))
    assert "Ann" in page and "Bob" in page and "Own records" in page


def test_a_filter_that_does_not_fit_is_told_and_changes_nothing(sqlite_crm):
    boss, role = sqlite_crm.client_of(sqlite_crm.admin), number(sqlite_crm, "user")
    for wrong in ("kindd = 1", "kind =", "nature has", "city > (", "x" * 11_000):
        answer = grant(boss, role, "contacts", read_where=wrong)
        assert answer.status_code == 422 and "f-read.where" in answer.text, wrong
    assert grant(boss, role, "contacts", "everything").status_code == 422
    assert grant(boss, role, "all", read_where='kind = "company"').status_code == 422
    assert grant(boss, role, "no-such").status_code == 404
    assert boss.get(f"{ROLES}/987654").status_code == 404
    assert sqlite_crm.directory.roles_by_id[role].grants[0].level == "all"


def test_a_role_is_copied_renamed_and_removed_when_nobody_has_it(sqlite_crm):
    boss, crm = sqlite_crm.client_of(sqlite_crm.admin), sqlite_crm
    user = number(crm, "user")
    read, edit = shown_fields(boss, user)
    shown = {"read": sorted(read - {"description"}), "edit": sorted(edit)}
    assert send(boss, f"{ROLES}/{user}/fields/contacts", **shown).status_code == 303
    send(boss, f"{ROLES}/new", name="Trainee", copy_of=str(user))
    trainee = number(crm, "trainee")
    assert [(g.entity, g.action, g.level) for g in crm.directory.roles_by_id[trainee].grants] == [
        (g.entity, g.action, g.level) for g in crm.directory.roles_by_id[user].grants
    ]
    tim = crm.add_user("tim@example.org", "Tim", "trainee")
    crm.make(CONTACT, kind="company", name="Alpina", visibility="read", description="Sealed words")
    assert titles(crm.client_of(tim).get("/contacts")) == ["Alpina"]
    assert "Sealed words" not in crm.client_of(tim).get("/contacts/1").text
    assert send(boss, f"{ROLES}/new", name="trainee").status_code == 422
    assert send(boss, f"{ROLES}/new", name=" ").status_code == 422
    send(boss, f"{ROLES}/{trainee}", name="Apprentice")
    assert "Apprentice" in text_of(boss.get(ROLES))
    assert send(boss, f"{ROLES}/{trainee}/remove").status_code == 409
    send(boss, f"/settings/users/{tim}", name="Tim", email="tim@example.org", roles=["user"])
    assert send(boss, f"{ROLES}/{trainee}/remove").status_code == 303
    assert number(crm, "trainee") is None
    assert send(boss, f"{ROLES}/{user}/remove").status_code == 409


@pytest.mark.parametrize("database_kind", ["sqlite"])  # the database does not matter here
def test_a_field_hidden_from_a_role_is_nowhere_for_it(crm, boss):
    role, ann = number(crm, "user"), crm.add_user("ann@example.org", "Ann")
    read, edit = shown_fields(boss, role)
    record = crm.make(CONTACT, kind="company", name="Alpina", visibility="write", description="Sealed words", score=3)
    shown = {"read": sorted(read - {"description"}), "edit": sorted(edit - {"description", "score"})}
    assert send(boss, f"{ROLES}/{role}/fields/contacts", **shown).status_code == 303
    client = crm.client_of(ann)
    headers = {"Authorization": f"Bearer {crm.token_of(ann)}"}
    found = client.get(f"/api/v1/contacts/{record}", headers=headers).json
    assert "description" not in found and found["score"] == 3
    assert "Sealed words" not in client.get(f"/contacts/{record}").text
    asked = {"filter": 'description contains "Sealed"'}
    assert client.get("/api/v1/contacts", query_string=asked, headers=headers).status_code == 400
    refused = client.patch(f"/api/v1/contacts/{record}", json={"score": 4}, headers=headers)
    assert refused.status_code == 422
    assert "Sealed words" in boss.get(f"/contacts/{record}").text
    send(boss, f"{ROLES}/{role}/fields/contacts", read=sorted(read), edit=sorted(edit))
    assert "Sealed words" in client.get(f"/contacts/{record}").text
    hidden = send(boss, f"{ROLES}/{role}/fields/contacts", read=[], edit=[])
    assert hidden.status_code == 422 and "can't be hidden" in text_of(hidden)
    assert send(boss, f"{ROLES}/{number(crm, 'crm_admin')}/fields/contacts", read=["name"]).status_code == 409
    with crm.database.transaction(write=False) as session:
        diffs = session.scalars(sa.select(Change.diff).where(Change.entity == "core.role", Change.action == "update"))
        assert any("contacts.contact.description" in (diff or {}) for diff in diffs)


def test_only_owners_change_the_role_of_owners(sqlite_crm):
    deputy = sqlite_crm.client_of(sqlite_crm.add_user("d@example.org", "Deputy", "crm_admin"))
    owner = number(sqlite_crm, "owner")
    assert grant(deputy, owner, "contacts", "none").status_code == 403
    assert send(deputy, f"{ROLES}/new", name="Copy", copy_of=str(owner)).status_code == 403
    assert grant(deputy, number(sqlite_crm, "user"), "contacts", "own").status_code == 303


@pytest.fixture
def people(crm):
    """A user, and records he may and may not see."""
    ann = crm.add_user("ann@example.org", "Ann")
    return ann, {
        "open": crm.make(CONTACT, kind="company", name="Open", visibility="read"),
        "closed": crm.make(CONTACT, kind="company", name="Closed", visibility="private"),
        "own": crm.make(CONTACT, by=ann, kind="company", name="Own", visibility="private"),
    }


@pytest.mark.parametrize("database_kind", ["sqlite"])  # the database does not matter here
def test_why_somebody_can_or_cannot_is_told_in_words(crm, boss, people):
    ann, made = people

    def why(record, action="read", user=ann):
        args = {"user": user, "action": action, "entity": "contacts", "record": record}
        return text_of(boss.get("/settings/explain", query_string=args))

    assert "Ann may read this record" in why(made["open"])
    assert "The role User grants it for every record" in why(made["open"])
    assert "Ann may not read this record" in why(made["closed"])
    assert "access list does not include" in why(made["closed"])
    assert "Ann may edit this record" in why(made["own"], "update")
    assert "Ann may not delete this record" in why(made["open"], "delete")
    assert "records one owns, which this one is not" in why(made["open"], "delete")
    grant(boss, number(crm, "user"), "contacts", read_where='name = "Other"')
    assert 'where name = "Other", which does not hold here' in why(made["open"])
    assert "There is no such record" in why(987654)
    assert "moderates" in why(made["closed"], user=crm.admin)
    assert boss.get("/settings/explain?user=987654&record=1&entity=contacts&action=read").status_code == 404
    send(boss, f"/settings/users/{ann}/active", active="0")
    assert "Ann is deactivated" in why(made["open"])


def test_what_is_explained_is_what_happens(crm, boss, people):
    ann, made = people
    for name, record in made.items():
        for action in ("read", "update", "delete"):
            args = {"user": ann, "action": action, "entity": "contacts", "record": record}
            says = "Ann may not" not in text_of(boss.get("/settings/explain", query_string=args))
            with crm.as_user(ann) as ctx:
                try:
                    row = records.get(ctx, CONTACT, record)
                    really = access.may(ctx, CONTACT, action, row)
                except NotFound:
                    really = False
            assert says == really, (name, action)
