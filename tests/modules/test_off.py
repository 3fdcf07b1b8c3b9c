"""While a module is off: nothing is lost, references keep their names, history stays readable."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from urllib.parse import quote

from crm_core import customfields, records, switching
from crm_core.deployment import Deployment
from crm_core.plugin_states import State
from crm_core.records import ListQuery
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


def test_safe_mode_shows_contacts_and_imports_nothing_of_others(zoo, folder):
    turn(zoo, on="zoo")
    animal = zoo.make("zoo.animal", name="Mog")
    values = {"zoo.pet": "cat", "zoo.animals": [animal], "visibility": "write"}
    contact = zoo.make("contacts.contact", kind="person", first_name="Ada", last_name="Example", **values)
    folder.forget()
    (folder.path / "zoo" / "plugin.py").write_text("raise SystemExit('imported')", "utf-8")
    config = replace(zoo.config, safe_mode=True)
    switching.initialise(zoo.database, config)
    safe = Deployment.open(config)
    assert (safe.statuses["zoo"].state, safe.statuses["contacts"].state) == (State.BLOCKED, State.ACTIVE)
    with safe.operation(safe.system_actor()) as ctx:
        assert [r.title for r in records.list_(ctx, "contacts", ListQuery()).items] == ["Ada Example"]
        assert records.update(ctx, "contacts", contact, {"last_name": "Safe"}).version == 2
    assert not [name for name in sys.modules if name.startswith("crm_local_zoo")]
    safe.close()


def test_lists_that_ask_through_a_module_that_is_off_say_so_and_go_on(zoo, admin):
    turn(zoo, on="zoo")
    with zoo.as_user(zoo.admin) as ctx:
        options = {"target": "zoo.animal"}
        customfields.create(ctx, "contacts.contact", key="mascot", type="link", label="Mascot", options=options)
    animal = zoo.make("zoo.animal", name="Mog")
    values = {"cf.mascot": animal, "zoo.pet": "lynx", "zoo.animals": [animal], "visibility": "write"}
    zoo.make("contacts.contact", kind="person", first_name="Ada", last_name="Example", **values)
    zoo.make("contacts.contact", kind="person", first_name="Bob", last_name="Other")
    asked = {
        "cf.mascot.name": 'cf.mascot.name = "Mog"',
        "zoo.pet": 'zoo.pet = "lynx" and last_name = "Example"',
        "zoo.animals.name": 'not zoo.animals.name = "Mog" or last_name = "Other"',
    }
    for expression in asked.values():
        assert admin.get(f"/api/v1/contacts?filter={quote(expression)}").status_code == 200
    spec = {"filter": asked["cf.mascot.name"], "sort": "cf.mascot"}
    view = admin.send("POST", "/api/v1/views", {"entity": "contacts.contact", "name": "Mogs", **spec})
    assert view.status_code == 201, view.text
    turn(zoo, off="zoo")
    for path, expression in asked.items():
        refused = admin.get(f"/api/v1/contacts?filter={quote(expression)}")
        assert refused.status_code == 400
        (error,) = refused.json["errors"]
        assert (error["field"], error["code"]) == (path, "module_off") and "Zoo is off" in error["message"]
        page = admin.get(f"/contacts?filter={quote(expression)}")
        assert page.status_code == 200
        assert f"“{path}” is not available while the module Zoo is off" in page.text
        assert ("Example" in page.text, "Other</" in page.text) == (
            path != "zoo.animals.name",
            path != "zoo.pet",
        )
    for query in ("sort=cf.mascot", "sort=-zoo.pet,last_name", "fields=zoo.pet", "zoo.pet=lynx"):
        refused = admin.get(f"/api/v1/contacts?{query}")
        assert (refused.status_code, "Zoo is off" in refused.text) == (400, True), refused.text
    assert admin.get("/contacts?sort=cf.mascot").text.count("Zoo is off; the list is shown without it") == 1
    shown = admin.get(f"/contacts?view={view.json['id']}")
    assert (shown.status_code, "Example" in shown.text, "Other" in shown.text) == (200, True, True)
    assert "“cf.mascot.name” is not available" in shown.text
    turn(zoo, on="zoo")
    kept = admin.get(f"/contacts?view={view.json['id']}").text
    assert "Example" in kept and "Bob" not in kept
