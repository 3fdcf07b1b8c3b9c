"""Roles, fields and the question why, from the command line."""

from __future__ import annotations

from crm_core import access
from tests.web.helpers import CONTACT


def test_roles_are_made_granted_masked_and_removed(sqlite_crm, program):
    program.run("role", "create", "Field sales", "--copy", "user")
    program.run(
        "role", "grant", "field_sales", "contacts", "read=all", "update=own", "--where", 'read=kind = "company"'
    )
    held = {row["action"]: row for row in program.json("role", "grants", "field_sales", "contacts")}
    assert (held["read"]["level"], held["read"]["where"]) == ("all", 'kind = "company"')
    assert (held["update"]["level"], held["delete"]["level"]) == ("own", "none")
    masks = program.json("role", "fields", "field_sales", "contacts", "--hide", "description", "--lock", "score")
    assert "description" not in masks["read"] and "score" in masks["read"] and "score" not in masks["edit"]
    sal = sqlite_crm.add_user("sal@example.org", "Sal", "field_sales")
    with sqlite_crm.as_user(sal) as ctx:
        assert "description" not in access.readable(ctx, CONTACT)
    record = sqlite_crm.make(CONTACT, kind="company", name="Alpina", visibility="read")
    why = program.json("explain", "--as", "sal@example.org", "update", "contacts", str(record))
    assert why[0] == "Sal may not edit this record" and any("Field sales" in line for line in why)
    assert "people" in program.fails("role", "remove", "field_sales")
    program.run("role", "grant", "field_sales", "contacts", "--reset")
    assert "There is no role" in program.fails("role", "grants", "nobody")
    assert "not a known choice" in program.fails("role", "grant", "field_sales", "contacts", "read=some")
    assert "Sal" in program.run("role", "list").stdout


def test_fields_are_ordered_retired_brought_back_and_removed(sqlite_crm, program):
    for key in ("one", "two"):
        program.run("field", "add", "contacts", key, "integer", "--label", key.title(), "--indexed")
    program.run("field", "order", "contacts", "sales", "two", "--before", "one")
    program.run("field", "change", "contacts", "two", 'visible_if=kind = "company"', "required=true")
    assert "kindd" in program.fails("field", "change", "contacts", "two", "visible_if=kindd = 1")
    sqlite_crm.make(CONTACT, kind="person", first_name="A", last_name="B", **{"cf.one": 1})
    assert program.json("field", "purge", "contacts", "one") == {"records": 1, "entries": 0, "views": [], "job": None}
    assert "in use" in program.fails("field", "purge", "contacts", "one", "--yes")
    program.run("field", "retire", "contacts", "one")
    program.run("field", "restore", "contacts", "one")
    program.run("field", "retire", "contacts", "one")
    assert program.json("field", "purge", "contacts", "one", "--yes")["job"]
