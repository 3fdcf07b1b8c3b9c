"""While a module is off: nothing is lost, references keep their names, history stays readable."""

from __future__ import annotations

import re

from crm_core import customfields
from tests.modules.conftest import Browser, turn


def test_references_to_records_of_a_module_that_is_off_keep_their_names_and_survive_edits(zoo, admin):
    turn(zoo, on="zoo")
    ann = zoo.add_user("ann@example.org", "Ann")
    with zoo.as_user(zoo.admin) as ctx:
        for key, kind in (("mascot", "link"), ("herd", "links")):
            options = {"target": "zoo.animal"}
            customfields.create(ctx, "contacts.contact", key=key, type=kind, label=key, options=options)
    open_one, secret = zoo.make("zoo.animal", name="Mog"), zoo.make("zoo.animal", name="Spy", visibility="private")
    values = {"cf.mascot": open_one, "cf.herd": [open_one, secret], "visibility": "write"}
    contact = zoo.make("contacts.contact", kind="person", first_name="Ada", last_name="Example", **values)
    turn(zoo, off="zoo")
    page = admin.get(f"/contacts/{contact}").text
    assert "Mog (Zoo is off)" in page and "Spy (Zoo is off)" in page
    seen_by_ann = Browser(zoo, ann).get(f"/contacts/{contact}").text
    assert "Mog (Zoo is off)" in seen_by_ann and "Spy" not in seen_by_ann
    form = admin.get(f"/contacts/{contact}/edit").text
    names = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', form))
    sent = admin.post(f"/contacts/{contact}/edit", **{**names, "last_name": "Edited", "kind": "person"})
    assert sent.status_code == 303, sent.text
    assert admin.get("/contacts?sort=-updated_at&cols=cf.mascot").status_code == 200
    turn(zoo, on="zoo")
    row = admin.get(f"/api/v1/contacts/{contact}").json
    assert row["last_name"] == "Edited"
    assert row["cf"]["mascot"]["id"] == open_one
    assert [one["id"] for one in row["cf"]["herd"]] == [open_one, secret]


def test_history_of_what_a_module_did_stays_readable(zoo, admin):
    turn(zoo, on="zoo")
    contact = zoo.make("contacts.contact", kind="person", first_name="Ada", last_name="Example")
    admin.send("PATCH", f"/api/v1/contacts/{contact}", {"zoo": {"pet": "lynx"}})
    turn(zoo, off="zoo")
    assert "lynx" in admin.get(f"/api/v1/contacts/{contact}/history").text
    assert admin.get(f"/contacts/{contact}?tab=history").status_code == 200
