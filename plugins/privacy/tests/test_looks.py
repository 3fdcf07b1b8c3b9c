"""Who looked at a sensitive contact."""

from __future__ import annotations


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
