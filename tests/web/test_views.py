"""Saved views: keeping, sharing, changing and deleting them, and which one is shown first."""

from __future__ import annotations

import re

import pytest

from tests.web.helpers import CONTACT, headings, send, text_of, titles


@pytest.fixture
def boss(sqlite_crm):
    for name, city in (("Alpina", "Lyon"), ("Kergoat", "Brest")):
        sqlite_crm.make(CONTACT, kind="company", name=name, addresses=[{"city": city}], visibility="read")
    return sqlite_crm.client_of(sqlite_crm.admin)


@pytest.fixture
def user(sqlite_crm, boss):
    return sqlite_crm.client_of(sqlite_crm.add_user("u@example.org", "Una User"))


BREST = "/contacts/views/new?addresses.city=Brest&sort=-name"


def test_a_view_keeps_filter_order_and_columns(boss):
    made = send(boss, BREST + "&columns=name,owner", name="In Brest")
    assert made.status_code == 303
    shown = boss.get(made.location)
    assert titles(shown) == ["Kergoat"]
    assert headings(shown) == ["Name", "Owner"]
    assert 'aria-current="page">In Brest' in shown.text


def test_views_are_ones_own_unless_shared(boss, user):
    own = send(boss, BREST, name="In Brest").location
    assert "In Brest" not in text_of(user.get("/contacts"))
    assert user.get(own).status_code == 404
    send(boss, BREST, name="For all", shared="1")
    assert "For all" in text_of(user.get("/contacts"))


def test_only_administrators_share(user):
    answer = send(user, BREST, name="Mine for all", shared="1")
    assert answer.status_code == 403
    assert "Mine for all" not in text_of(user.get("/contacts"))


def test_a_view_needs_a_name(boss):
    answer = send(boss, BREST, htmx=True, name="  ")
    assert answer.status_code == 422
    assert "name" in text_of(answer)


def test_views_are_renamed_shared_and_deleted_by_their_owner(boss, user):
    number = re.search(r"view=(\d+)", send(boss, BREST, name="In Brest").location)[1]
    assert send(user, f"/contacts/views/{number}", name="Stolen").status_code == 404
    send(boss, f"/contacts/views/{number}", name="By the sea", shared="1")
    assert "By the sea" in text_of(user.get("/contacts"))
    assert send(user, f"/contacts/views/{number}", do="delete").status_code == 404
    send(boss, f"/contacts/views/{number}", do="delete")
    assert f'id="view-{number}"' not in boss.get("/contacts").text


def test_changes_to_a_view_are_marked_and_saved_on_demand(boss):
    own = send(boss, BREST, name="In Brest").location
    changed = boss.get(f"{own}&filter=")
    assert titles(changed) == ["Kergoat", "Alpina"]
    assert "changed" in text_of(changed)
    number = re.search(r"view=(\d+)", own)[1]
    send(boss, f"/contacts/views/{number}/keep?view={number}&filter=")
    assert titles(boss.get(own)) == ["Kergoat", "Alpina"]


def test_the_view_shown_first_is_the_persons_choice(boss, user):
    number = re.search(r"view=(\d+)", send(boss, BREST, name="In Brest", shared="1").location)[1]
    send(user, "/contacts/views/default", view=number)
    assert titles(user.get("/contacts")) == ["Kergoat"]
    assert titles(boss.get("/contacts")) == ["Alpina", "Kergoat"]
    assert titles(user.get("/contacts?view=all")) == ["Alpina", "Kergoat"]
    send(boss, f"/contacts/views/{number}", do="delete")
    assert titles(user.get("/contacts")) == ["Alpina", "Kergoat"]


def test_shipped_filters_are_tabs(boss):
    page = boss.get("/contacts?view=companies&sort=name")
    assert titles(page) == ["Alpina", "Kergoat"]
    assert titles(boss.get("/contacts?view=persons")) == []
    assert "Companies" in text_of(page)


def test_a_view_whose_filter_can_no_longer_be_read_says_so(sqlite_crm, boss):
    from crm_core.models import SavedView

    with sqlite_crm.database.transaction() as session:
        row = SavedView(entity=CONTACT, user_id=sqlite_crm.admin, name="Old", spec={"filter": {"odd": 1}})
        session.add(row)
        session.flush()
        number = row.id
    page = boss.get(f"/contacts?view={number}")
    assert page.status_code == 200
    assert "can't be read any more" in text_of(page)
