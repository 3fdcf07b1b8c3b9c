"""While a module is off: nothing is lost, references keep their names, history stays readable."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from html import unescape
from urllib.parse import quote

from crm_core import customfields, records, switching
from crm_core.accounts import role_admin
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
    found = admin.get(f"/api/v1/views/{view.json['id']}").json
    assert found["filter"] and "Zoo is off" in found["problem"]
    renamed = admin.send("PATCH", f"/api/v1/views/{view.json['id']}", {"name": "Cats", "columns": ["name"]})
    assert (renamed.status_code, renamed.json["filter"]) == (200, found["filter"]), renamed.text
    turn(zoo, on="zoo")
    assert admin.get(f"/api/v1/views/{view.json['id']}").json["problem"] == ""
    kept = admin.get(f"/contacts?view={view.json['id']}").text
    assert "Example" in kept and "Bob" not in kept


def test_what_asks_through_a_module_that_is_off_shows_or_refuses_and_says_what_to_do(zoo, folder, admin):
    turn(zoo, on="zoo")
    values = {"zoo.pet": "lynx", "visibility": "write"}
    zoo.make("contacts.contact", kind="person", first_name="Ada", last_name="Example", **values)
    other = zoo.make("contacts.contact", kind="person", first_name="Bob", last_name="Other")
    view = {"entity": "contacts.contact", "name": "Lynxes", "filter": 'zoo.pet = "lynx"', "sort": "zoo.pet"}
    number = admin.send("POST", "/api/v1/views", view).json["id"]
    turn(zoo, off="zoo")
    reason, remedy = "“zoo.pet” is not available while the module Zoo is off", "Leave it out, or have an administrator"
    asked = ("filter=" + quote('zoo.pet = "lynx"'), "zoo.pet=lynx", f"view={number}")
    for query in asked:
        page = admin.get(f"/contacts?{query}")
        assert (page.status_code, page.text.count(reason)) == (200, 1)
        for action in ("update", "delete"):
            refused = admin.get(f"/contacts/bulk?action={action}&all=1&{query}")
            assert refused.status_code == 400
            assert reason in refused.text and remedy in refused.text and "/settings/plugins" in refused.text
    refused = admin.get(f"/api/v1/contacts?{asked[0]}").json
    assert refused["detail"] == reason and refused["remedy"].startswith(remedy)
    assert admin.get(f"/api/v1/contacts/{other}").status_code == 200


FEEDER = """
@hookimpl
def crm_contribute():
    yield FieldDef(entity="zoo.animal", key="food", type=Text(40), label="Food", filterable=True)
"""


def test_a_board_leaves_out_what_asks_through_a_module_that_is_off_and_says_so(zoo, folder, admin):
    folder("feeder", FEEDER, requires=["zoo"])
    zoo.refresh(force=True)
    turn(zoo, on="zoo")
    turn(zoo, on="feeder")
    zoo.make("zoo.animal", name="Mog", kind="cat", **{"feeder.food": "fish"})
    zoo.make("zoo.animal", name="Rex", kind="cat")
    asked = "filter=" + quote('feeder.food = "fish" and kind = "cat"')
    board = admin.get(f"/animals/board?{asked}").text
    assert "Mog" in board and "Rex" not in board
    view = {"entity": "zoo.animal", "name": "Fishers", "filter": 'feeder.food = "fish"', "sort": "feeder.food"}
    number = admin.send("POST", "/api/v1/views", view).json["id"]
    turn(zoo, off="feeder")
    for query in (asked, f"view={number}", "feeder.food=fish"):
        board = admin.get(f"/animals/board?{query}")
        assert (board.status_code, "Mog" in board.text, "Rex" in board.text) == (200, True, True)
        assert board.text.count("not available while the module Feeder is off; the list is shown without it") == 1
    turn(zoo, on="feeder")
    assert "Rex" not in admin.get(f"/animals/board?view={number}").text


def test_ad_07_a_right_that_asks_through_a_module_that_is_off_grants_nothing_and_says_so(zoo, admin):
    turn(zoo, on="zoo")
    with zoo.as_user(zoo.admin) as ctx:
        role = role_admin.create(ctx, "Keeper").id
    zoo.refresh(force=True)
    kim = zoo.add_user("kim@example.org", "Kim", "keeper")
    wanted = {
        "read": {"level": "all", "where": 'zoo.pet = "lynx" or not zoo.pet = "cat"'},
        "update": {"level": "own"},
    }
    grants = f"/api/v1/roles/{role}/grants/contacts"
    assert admin.send("PUT", grants, wanted).status_code == 204
    zoo.refresh(force=True)
    values = {"kind": "person", "visibility": "read"}
    ada = zoo.make("contacts.contact", first_name="Ada", last_name="Example", **{"zoo.pet": "lynx", **values})
    cat = zoo.make("contacts.contact", first_name="Cat", last_name="Other", **{"zoo.pet": "cat", **values})
    hers = Browser(zoo, kim)
    seen = lambda: {row["id"] for row in hers.get("/api/v1/contacts").json["items"]}  # noqa: E731
    assert seen() == {ada}
    turn(zoo, off="zoo")
    assert seen() == set()
    for number in (ada, cat):
        assert hers.get(f"/api/v1/contacts/{number}").status_code == 404
        assert hers.get(f"/contacts/{number}").status_code == 404
    for path in ("/", "/contacts", "/search?q=Example", "/contacts?filter=" + quote('last_name = "Example"')):
        page = hers.get(path)
        assert page.status_code == 200 and "Ada Example" not in page.text, path
    reason = "“zoo.pet” is not available while the module Zoo is off"
    why = admin.get(f"/api/v1/explain?user={kim}&entity=contacts&record={ada}").json
    assert why["allowed"] is False and any("Keeper" in r and reason in r for r in why["reasons"])
    answer = admin.get(grants).json
    held = answer["actions"]
    assert answer["problems"] == {"read": reason}
    page = admin.get(f"/settings/roles/{role}/grants/contacts")
    assert page.text.count(f"This filter grants nothing meanwhile: {reason}") == 1
    own = {"read": {"level": "own"}}
    changed = {"read": {"level": "team", "where": held["read"]["where"]}, "update": own["read"]}
    assert admin.send("PUT", grants, changed).status_code == 204
    refused = admin.send("PUT", grants, {"read": {"level": "all", "where": 'zoo.pet = "ox"'}})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "read.where")
    assert admin.send("PUT", grants, {**changed, "read": wanted["read"]}).status_code == 204
    turn(zoo, on="zoo")
    assert seen() == {ada}


def test_a_step_offers_no_records_and_no_lists_of_a_module_that_is_off_and_keeps_what_it_says(zoo, admin):
    turn(zoo, on="zoo")
    turn(zoo, on="automations")
    own = (("mascot", "link", {"target": "zoo.animal"}), ("herd", "links", {"target": "zoo.animal"}),
           ("sort", "choice", {"list": "zoo.kind"}))  # fmt: skip
    with zoo.as_user(zoo.admin) as ctx:
        for key, kind, options in own:
            customfields.create(ctx, "contacts.contact", key=key, type=kind, label=key, options=options)
    zoo.refresh(force=True)
    animal = zoo.make("zoo.animal", name="Mog", kind="cat")
    steps = (
        ("set", "cf.mascot", str(animal)), ("set", "cf.herd", f"[{animal}]"), ("set", "cf.sort", "cat"),
        ("set", "zoo.animals", f"[{animal}]"), ("create", "zoo.animal", '{"kind": "cat"}'), ("create", "animals", ""),
        ("create", "contacts.contact", "{}"),
    )  # fmt: skip

    def offered(kind, target, text):
        """Return what the controls beside a text offer, and the text."""
        form = {"name": "x", "watched": "contacts.contact", "trigger": "created", "steps": ""}
        stem = "steps[0]"
        form |= {f"{stem}[kind]": kind, f"{stem}[target]": target, f"{stem}[value]": text, "_of": f"{stem}[value]"}
        page = admin.post("/automations/pickers", **form)
        assert page.status_code == 200
        (kept,) = re.findall(r"<textarea[^>]*>\s*(.*?)</textarea>", page.text, re.S)
        names = re.findall(rf'name="{re.escape(stem)}\[value\]\[([^\]]+)\]', page.text)
        of_zoo = {n for n in names if n in ("cf.mascot", "cf.herd", "cf.sort") or n.startswith("zoo.")}
        return "/animals/options" in page.text or 'value="cat"' in page.text or bool(of_zoo), unescape(kept)

    assert all(offered(*step)[0] or step[1] == "animals" for step in steps)
    turn(zoo, off="zoo")
    for step in steps:
        assert offered(*step) == (False, step[2]), step
    page = admin.get("/automations/new").text
    assert "zoo.animal" not in page
