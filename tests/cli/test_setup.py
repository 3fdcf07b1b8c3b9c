"""What administrators set up from the command line: fields, lists, tags, settings, currencies, plugins."""

from __future__ import annotations

import pytest

from crm_core import kernel
from crm_core.contributions import SettingDef
from crm_core.fieldtypes import Text


def test_kn_12_a_custom_field_is_added_filled_changed_and_retired(both):
    both.run("field", "add", "contacts", "score", "integer", "--label", "Score", "--indexed")
    made = both.json("record", "create", "contacts", "kind=person", "first_name=Ada", "last_name=King", "cf.score=7")
    assert made["cf"]["score"] == 7
    found = both.json("record", "list", "contacts", "--filter", "cf.score > 5", "--fields", "name,cf.score")
    assert [r["cf"]["score"] for r in found["items"]] == [7]
    both.run("field", "change", "contacts", "score", "label=Points", "order=3", "required=true")
    (row,) = both.json("field", "list", "contacts")
    assert (row["label"], row["required"], row["indexed"]) == ("Points", True, True)
    both.run("field", "retire", "contacts", "cf.score")
    assert both.json("field", "list") == []
    assert [r["field"] for r in both.json("field", "list", "--all")] == ["cf.score"]
    assert "cf" not in both.json("record", "show", "contacts", str(made["id"])).get("cf", {})


def test_kn_12_a_field_of_choices_brings_its_list(program):
    program.run(
        "field", "add", "contacts", "tier", "choice", "--label", "Tier", "--label-fr", "Niveau",
        "--choice", "gold=Gold", "--choice", "tin=Tin",
    )  # fmt: skip
    made = program.json(
        "record", "create", "contacts", "kind=person", "first_name=Ada", "last_name=King", "cf.tier=gold"
    )
    assert made["cf"]["tier"] == "gold"
    assert "not one of" in program.fails(
        "record", "create", "contacts", "kind=person", "first_name=Ada", "last_name=King", "cf.tier=lead"
    )


def test_wrong_fields_are_refused(program):
    assert "key" in program.fails("field", "add", "contacts", "Score", "integer", "--label", "x")
    assert "possible" in program.fails("field", "add", "contacts", "score", "nonsense", "--label", "x")
    assert "not JSON" in program.fails("field", "add", "contacts", "score", "integer", "--label", "x", "--options", "{")
    assert "no such field" in program.fails("field", "retire", "contacts", "score")


@pytest.mark.parametrize(
    ("type_", "options", "words"),
    [
        ("text", '{"scale": 2}', "options.scale: This type has no such option; possible: length"),
        ("text", '{"length": "long"}', "options.length: Expected a whole number"),
        ("text", '{"length": 0}', "options.length: Must be between 1 and 65000"),
        ("boolean", '{"length": 3}', "options.length: This type has no options"),
        ("integer", '{"low": 1.5}', "options.low: Expected a whole number"),
        ("integer", '{"low": 5, "high": 1}', "options.low: 5 is above 1"),
        ("decimal", '{"low": "1,5"}', "options.low: 1,5 is not a number"),
        ("decimal", '{"high": 3}', "options.high: Expected text"),
        ("rating", '{"high": 50}', "options.high: Must be between 1 and 10"),
        ("money", '{"currency": "XYZ"}', "options.currency: XYZ is not a currency code"),
        ("money", '{"currency": "field:nothing"}', "options.currency: There is no field nothing"),
        ("link", "{}", "options.target: This is required"),
        ("link", '{"target": "nothing"}', "options.target: There is no kind of record called nothing"),
        ("link", '{"target": "contacts.contact", "where": "name ="}', "options.where"),
        ("choice", '{"list": "nothing"}', "options.list: There is no list nothing"),
    ],
)
def test_options_that_a_type_cannot_have_are_named(program, type_, options, words):
    assert words in program.fails("field", "add", "contacts", "score", type_, "--label", "x", "--options", options)


def test_kn_14_only_administrators_define_fields(sqlite_crm, program):
    sqlite_crm.add_user("bob@example.com", "Bob")
    text = program.fails("field", "add", "contacts", "score", "integer", "--label", "x", "--as", "bob@example.com")
    assert "Only administrators" in text


def test_kn_23_reference_lists_grow_change_and_keep_their_order(program):
    program.run("lists", "add", "contacts.source", "Pigeon", "--fr", "Pigeon voyageur")
    program.run("lists", "rename", "contacts.source", "pigeon", "Carrier pigeon")
    program.run("lists", "change", "contacts.source", "pigeon", "colour=#2266aa")
    program.run("lists", "reorder", "contacts.source", "pigeon")
    first, *_ = program.json("lists", "list", "contacts.source")
    assert (first["code"], first["label"], first["colour"]) == ("pigeon", "Carrier pigeon", "#2266aa")
    assert first["labels"] == {"en": "Carrier pigeon", "fr": "Pigeon voyageur"}
    program.run("lists", "deactivate", "contacts.source", "pigeon")
    assert program.json("lists", "list", "contacts.source")[0]["active"] is False
    program.run("lists", "activate", "contacts.source", "pigeon")
    program.run("lists", "remove", "contacts.source", "pigeon")
    assert "no entry pigeon" in program.fails("lists", "rename", "contacts.source", "pigeon", "x")
    assert "no list contacts.sauce" in program.fails("lists", "list", "contacts.sauce")
    assert "contacts.source" in {r["list"] for r in program.json("lists", "list")}


def test_kn_23_an_entry_is_merged_and_taken_back(program):
    made = program.json("record", "create", "contacts", "kind=company", "name=Alpina", "type=client")
    told = program.run("lists", "merge", "contacts.type", "client", "--into", "partner", "--dry-run").stdout
    assert ("Client becomes Partner" in told, "contacts.contact type: 1" in told) == (True, True)
    done = program.json("lists", "merge", "contacts.type", "client", "--into", "partner", "--yes")
    assert program.json("record", "show", "contacts", str(made["id"]))["type"] == "partner"
    assert "no list" in program.fails("lists", "merge", "contacts.nope", "client", "--into", "partner", "--yes")
    assert "into itself" in program.fails("lists", "merge", "contacts.type", "client", "--into", "partner", "--yes")
    program.run("undo", "--batch", str(done["batch"]), "--yes")
    assert program.json("record", "show", "contacts", str(made["id"]))["type"] == "client"


def test_kn_18_tags_are_renamed_merged_and_deleted_with_their_records(program):
    made = program.json(
        "record", "create", "contacts", "kind=person", "first_name=Ada", "last_name=King", 'tags=["vip", "gold"]'
    )
    program.run("tags", "rename", "vip", "VIP", "--colour", "#aa2222")
    program.run("tags", "merge", "gold", "--into", "VIP")
    assert [(t["name"], t["records"]) for t in program.json("tags", "list")] == [("VIP", 1)]
    assert program.json("tags", "list", "--q", "gold") == []
    assert "1 records lose the tag VIP" in program.run("tags", "delete", "VIP", input="n\n", code=1).stdout
    program.run("tags", "delete", "VIP", "--yes")
    assert program.json("record", "show", "contacts", str(made["id"]))["tags"] == []
    assert "no tag VIP" in program.fails("tags", "delete", "VIP", "--yes")
    program.run("tags", "add", "new", "--colour", "#112233")
    assert [t["colour"] for t in program.json("tags", "list")] == ["#112233"]


def test_settings_are_shown_set_and_put_back(program):
    program.run("settings", "set", "contacts.private", "false")
    assert program.run("settings", "get", "contacts.private").stdout.strip() == "false"
    program.run("settings", "reset", "contacts.private")
    rows = {r["key"]: r for r in program.json("settings", "list")}
    assert (rows["contacts.private"]["value"], rows["contacts.private"]["changed"]) == (True, False)
    assert "did you mean contacts.private" in program.fails("settings", "set", "contacts.privat", "1")
    assert "did you mean contacts.private" in program.fails("settings", "get", "contacts.privat")


def test_ad_08_ad_09_default_currency_and_rates(program):
    program.run("currency", "set-rate", "usd", "0.92", "--day", "2026-01-01")
    program.run("currency", "set-rate", "USD", "0.9")
    assert program.run("currency", "default", "USD").stdout.strip() == "USD"
    assert {r["currency"] for r in program.json("currency", "list")} == {"USD", "EUR"}
    program.run("currency", "remove-rate", "EUR", "2026-01-01")
    assert "2026-01-01" not in {r["since"] for r in program.json("currency", "list")}
    assert "not a currency" in program.fails("currency", "set-rate", "XYZ", "1")
    assert "not a number" in program.fails("currency", "set-rate", "CHF", "much")
    assert "not a day" in program.fails("currency", "set-rate", "CHF", "1", "--day", "soon")


def test_kn_03_a_plugin_is_turned_off_and_on_with_its_data_kept(both):
    made = both.json("record", "create", "contacts", "kind=person", "first_name=Ada", "last_name=King")
    assert {p["name"]: p["state"] for p in both.json("plugin", "list")}["contacts"] == "active"
    both.run("plugin", "disable", "contacts", "--yes")
    assert both.json("plugin", "info", "contacts")["state"] == "disabled"
    assert "no kind of record" in both.fails("record", "list", "contacts")
    both.run("plugin", "enable", "contacts", "--yes")
    assert both.json("record", "show", "contacts", str(made["id"]))["name"] == "Ada King"
    assert "was on already" in both.run("plugin", "enable", "contacts").stdout


def test_plugins_that_are_not_there(program):
    assert "not installed" in program.fails("plugin", "enable", "ghosts")
    assert "no plugin ghosts" in program.fails("plugin", "disable", "ghosts", "--yes")
    assert "no plugin ghosts" in program.fails("plugin", "info", "ghosts")
    assert program.run("plugin", "disable", "contacts", input="n\n", code=1)
    assert program.json("plugin", "info", "contacts")["state"] == "active"


def test_a_secret_is_set_replaced_and_removed_and_never_shown(sqlite_crm, environment, monkeypatch):
    secret = SettingDef(
        key="smtp_password", type=Text(100), label="Password of the post office", default="", secret=True
    )
    own = kernel.contributions()
    monkeypatch.setattr(kernel, "contributions", lambda: (*own, secret))
    program = environment(sqlite_crm)
    for value in ("first-value", "second-value"):
        program.run("settings", "set", "core.smtp_password", value)
        sqlite_crm.refresh(force=True)
        assert sqlite_crm.directory.setting("core.smtp_password") == value
    shown = program.run("settings", "list").stdout + program.run("settings", "get", "core.smtp_password").stdout
    assert "second-value" not in shown
    (row,) = (r for r in program.json("settings", "list") if r["key"] == "core.smtp_password")
    assert (row["value"], row["changed"]) == (None, True)
    program.run("settings", "reset", "core.smtp_password")
    (row,) = (r for r in program.json("settings", "list") if r["key"] == "core.smtp_password")
    assert row["changed"] is False
