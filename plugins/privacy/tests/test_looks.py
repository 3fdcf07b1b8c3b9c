"""Who looked at a sensitive contact."""

from __future__ import annotations

from crm_core import switching


def test_who_opens_a_sensitive_contact_is_written_down_once_an_hour_for_administrators(
    crm, admin, ann, program
) -> None:
    values = {"first_name": "Lena", "last_name": "Tangi", "visibility": "read"}
    plain, number = (admin.api("POST", "/contacts", values, status=201)["id"] for _ in range(2))
    admin.api("PATCH", f"/contacts/{number}", {"privacy": {"sensitive": True}})
    for _ in range(2):
        ann.page(f"/contacts/{number}")
        ann.get(f"/contacts/{number}")
    ann.get("/contacts")
    ann.page(f"/contacts/{plain}")
    found = admin.get("/looks")["items"]
    assert [(look["name"], look["contact"]["id"]) for look in found] == [("Ann Example", number)]
    assert "Ann Example" in admin.page(f"/contacts/{number}?tab=looks")
    assert {look["name"] for look in admin.get("/looks")["items"]} == {"Ann Example", "Administrator"}
    assert len(program("record", "list", "looks", "--json")["items"]) == 2
    ann.get("/looks", status=403)
    ann.page(f"/contacts/{number}?tab=looks", status=404)
    admin.api("DELETE", f"/looks/{found[0]['id']}", status=409)


def test_exports_and_lists_of_the_api_tell_who_took_sensitive_contacts_in_a_few_statements(
    crm, admin, ann, program
) -> None:
    switching.enable(crm.database, crm.config, "transfer")
    admin, ann = type(admin)(crm, admin.id), type(ann)(crm, ann.id)
    bob = type(ann)(crm, crm.add_user("bob@example.org", "Bob"))
    values = {"first_name": "Lena", "last_name": "Tangi", "visibility": "read"}
    some = [crm.make("contacts.contact", **values, **{"privacy.sensitive": n < 3}) for n in range(6)]

    def looks() -> set[tuple[str, int]]:
        return {(look["name"], look["contact"]["id"]) for look in admin.get("/looks")["items"]}

    assert len(ann.get("/contacts?fields=name")["items"]) == 6
    assert looks() == {("Ann Example", number) for number in some[:3]}
    bob.api("GET", "/contacts/export?fields=name")
    wanted = {(who, number) for who in ("Ann Example", "Bob") for number in some[:3]}
    assert looks() == wanted
    with crm.statements() as again:
        ann.get("/contacts?fields=name")
    assert looks() == wanted and not any("INSERT INTO privacy_look" in s for s in again)
    with crm.statements() as plain:
        ann.get(f"/contacts?fields=name&id__in={some[3]},{some[4]}")
    assert len(plain) <= len(again) - 1, "nothing more is asked where nothing is sensitive"
