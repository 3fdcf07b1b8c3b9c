"""Modules come and go as the rows of the specification say."""

from __future__ import annotations

import pytest

from tests.modules.conftest import Browser, turn

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])  # what is stored where is tested elsewhere


def test_kn_01_a_tab_and_the_routes_of_a_module_follow_it(zoo, admin):
    number = zoo.make("contacts.contact", kind="person", first_name="Ada", last_name="Example")
    for visible in (False, True, False, True):
        if visible:
            turn(zoo, on="zoo")
        elif "zoo" in zoo.registry.plugins:
            turn(zoo, off="zoo")
        assert ("Zoo visits" in admin.get(f"/contacts/{number}").text) is visible
        assert admin.get("/api/v1/animals").status_code == (200 if visible else 404)
        assert admin.get("/animals").status_code == (200 if visible else 404)


def test_kn_02_a_field_of_a_module_follows_it_in_form_and_schema(zoo, admin):
    def seen() -> tuple[bool, bool]:
        schema = admin.get("/api/v1/openapi.json").text
        return "Favourite animal" in admin.get("/contacts/new?kind=person").text, '"pet"' in schema

    assert seen() == (False, False)
    turn(zoo, on="zoo")
    assert seen() == (True, True)
    turn(zoo, off="zoo")
    assert seen() == (False, False)


def test_kn_03_a_module_turned_off_takes_menu_and_pages_along_and_brings_all_back(zoo, admin):
    turn(zoo, on="zoo")
    number = zoo.make("zoo.animal", name="Mog", kind="cat")
    contact = zoo.make("contacts.contact", kind="person", first_name="Ada", last_name="Example", **{"zoo.pet": "cat"})
    assert 'href="/animals"' in admin.get("/").text
    assert admin.post("/settings/plugins/zoo/disable").status_code == 303
    assert 'href="/animals"' not in admin.get("/").text
    assert [admin.get(p).status_code for p in ("/animals", f"/animals/{number}", "/api/v1/animals")] == [404] * 3
    answer = admin.send("PATCH", f"/api/v1/contacts/{contact}", {"last_name": "Edited"})
    assert answer.status_code == 200 and "zoo" not in answer.json
    admin.post("/settings/plugins/zoo/enable")
    assert admin.get(f"/api/v1/animals/{number}").json["name"] == "Mog"
    assert admin.get(f"/api/v1/contacts/{contact}").json["zoo"]["pet"] == "cat"
    assert 'href="/animals"' in admin.get("/").text


CHECKLISTS = """
@hookimpl
def crm_contribute():
    return [
        SettingDef(key="statuses", type=Boolean(), label="Manage statuses", default=False),
        MenuItem(label="Prospect statuses", url="/settings/lists/ark.status", option="statuses"),
        ListDef(key="ark.status", label="Statuses", option="statuses"),
        FieldDef(entity="contacts.contact", key="status", type=Text(40), label="Ark status", option="statuses"),
    ]
"""


def test_kn_04_an_option_adds_and_removes_menu_entries_and_fields(crm, folder, admin):
    folder("ark", CHECKLISTS)
    turn(crm, on="ark")

    def seen() -> tuple[bool, bool]:
        return "Prospect statuses" in admin.get("/").text, "Ark status" in admin.get("/contacts/new?kind=person").text

    assert seen() == (False, False)
    assert "Prospect statuses" in admin.get("/settings/plugins/ark").text  # it is said to wait for the option
    assert admin.send("PATCH", "/api/v1/settings", {"ark.statuses": True}).status_code == 204
    assert seen() == (True, True)
    contact = crm.make(
        "contacts.contact", kind="person", first_name="Ada", last_name="Example", **{"ark.status": "hot"}
    )
    admin.send("PATCH", "/api/v1/settings", {"ark.statuses": False})
    assert seen() == (False, False)
    assert admin.send("PATCH", f"/api/v1/contacts/{contact}", {"last_name": "Edited"}).status_code == 200
    admin.send("PATCH", "/api/v1/settings", {"ark.statuses": True})
    assert admin.get(f"/api/v1/contacts/{contact}").json["ark"]["status"] == "hot"


def test_ad_07_who_is_not_in_the_list_neither_sees_the_module_nor_opens_it(zoo, admin):
    turn(zoo, on="zoo")
    animal = zoo.make("zoo.animal", name="Mog")
    contact = zoo.make(
        "contacts.contact",
        kind="person",
        first_name="Ada",
        last_name="Example",
        visibility="read",
        **{"zoo.pet": "cat"},
    )
    team_member = Browser(zoo, zoo.add_user("ann@example.org", "Ann", teams=["Keepers"]))
    named = zoo.add_user("bob@example.org", "Bob")
    bob, eve = Browser(zoo, named), Browser(zoo, zoo.add_user("eve@example.org", "Eve"))
    team = zoo.directory.team_by_name("Keepers").id
    sent = admin.send("PUT", "/api/v1/plugins/zoo/audience", {"users": [named], "teams": [team]})
    assert sent.status_code == 204
    paths = ("/animals", f"/animals/{animal}", "/animals/new", "/api/v1/animals", f"/api/v1/animals/{animal}")
    for person, status in ((admin, 200), (team_member, 200), (bob, 200), (eve, 403)):
        assert [person.get(p).status_code for p in paths] == [status] * 5
        seen = status == 200
        assert ('href="/animals"' in person.get("/").text) is seen
        assert ("Zoo visits" in person.get(f"/contacts/{contact}").text) is seen
        assert ('"zoo":' in person.get(f"/api/v1/contacts/{contact}").text) is seen
    assert eve.send("POST", "/api/v1/animals", {"name": "Stray"}).status_code == 403
    assert eve.send("PUT", "/api/v1/plugins/zoo/audience", {}).status_code == 403
    admin.post("/settings/plugins/zoo/audience")
    assert eve.get("/animals").status_code == 200


def test_cg_01_a_module_that_is_off_by_default_has_no_menu_entry_until_it_is_turned_on(zoo, admin):
    assert 'href="/animals"' not in admin.get("/").text
    assert admin.get("/animals").status_code == 404
    admin.post("/settings/plugins/zoo/enable")
    assert 'href="/animals"' in admin.get("/").text
