"""Records, comments and history from the command line reach what the pages reach."""

from __future__ import annotations

import json

ADA = ("record", "create", "contacts", "kind=person", "first_name=Ada", "last_name=Lovelace")


def create(program, *values):
    return program.json(*ADA, *values)


def test_a_record_is_created_shown_changed_and_deleted(both):
    made = create(both, 'emails=[{"address": "ada@example.com"}]', 'tags=["vip"]')
    number = str(made["id"])
    assert made["emails"][0]["address"] == "ada@example.com"
    shown = both.json("record", "show", "contacts", number)
    assert (shown["name"], shown["version"]) == ("Ada Lovelace", 1)
    changed = both.json("record", "update", "contacts", number, "job_title=Analyst", "--version", "1")
    assert (changed["job_title"], changed["version"]) == ("Analyst", 2)
    text = both.run("record", "show", "contacts.contact", number).stdout
    assert "Ada Lovelace" in text and "Analyst" in text and "vip" in text
    assert both.json("record", "update", "contacts", number, "job_title=")["job_title"] is None
    assert "Ada Lovelace" in both.run("record", "delete", "contacts", number, "--yes").stdout
    assert "does not exist" in both.fails("record", "show", "contacts", number)


def test_the_search_in_everything_reaches_what_the_box_reaches(both):
    for name in ("Babbage", "Byron", "Johnson"):
        create(both, f"last_name={name}")
    shown = both.run("search", "byron").stdout
    assert "Ada Byron" in shown and "Babbage" not in shown
    first = both.json("search", "ada", "--entity", "contacts", "--limit", "2")
    then = both.json("search", "ada", "--entity", "contacts", "--limit", "2", "--after", first["next"])
    assert [h["title"] for h in first["items"] + then["items"]] == ["Ada Babbage", "Ada Byron", "Ada Johnson"]
    near = both.run("search", "jonson").stdout
    assert "Nothing found for “jonson”" in near and "Ada Johnson" in near
    assert both.json("search", "--recent")["items"] == []
    assert "--recent" in both.fails("search")
    assert "contacts" in both.fails("search", "x", "--entity", "contact")


def test_lists_are_filtered_searched_sorted_and_paged(both):
    for name in ("Babbage", "Byron", "Clarke"):
        create(both, f"last_name={name}")
    found = both.json("record", "list", "contacts", "--filter", 'last_name startswith "B"', "--sort", "-name")
    assert [r["name"] for r in found["items"]] == ["Ada Byron", "Ada Babbage"]
    assert found["total"] == {"value": 2, "exact": True}
    assert [r["name"] for r in both.json("record", "list", "contacts", "-q", "clark")["items"]] == ["Ada Clarke"]
    first = both.json("record", "list", "contacts", "--limit", "2", "--sort", "name", "--fields", "name")
    rest = both.json("record", "list", "contacts", "--sort", "name", "--fields", "name", "--after", first["next"])
    names = ["Ada Babbage", "Ada Byron", "Ada Clarke"]
    assert [r["name"] for r in first["items"] + rest["items"]] == names
    table = both.run("record", "list", "contacts", "--fields", "name,kind", "--sort", "name")
    assert [line.split(maxsplit=1)[1] for line in table.stdout.splitlines()] == [
        "name         kind", *(f"{name:<11}  Person" for name in names)
    ]  # fmt: skip
    assert "3 of 3" in table.stderr


def test_values_come_from_a_file_or_standard_input(program, tmp_path):
    path = tmp_path / "ada.json"
    path.write_text(json.dumps({"kind": "person", "last_name": "Lovelace", "first_name": "Augusta"}))
    made = program.json("record", "create", "contacts", "first_name=Ada", "--data", str(path))
    assert made["name"] == "Ada Lovelace"
    made = program.json("record", "create", "contacts", "--data", "-", input=path.read_text())
    assert made["name"] == "Augusta Lovelace"
    assert "not JSON" in program.fails("record", "create", "contacts", "--data", "-", input="{")
    assert "not a JSON object" in program.fails("record", "create", "contacts", "--data", "-", input="[]")


def test_what_is_refused_is_said_in_words_with_every_problem(program):
    text = program.fails(*ADA, 'emails=[{"address": "nope"}]', "kind=ghost", "nmae=x")
    for word in ("Some values need your attention", "nope", "ghost", "nmae"):
        assert word in text
    number = str(create(program)["id"])
    program.run("record", "update", "contacts", number, "job_title=x")
    assert "changed this record" in program.fails(
        "record", "update", "contacts", number, "job_title=y", "--version", "1"
    )
    assert "did you mean name" in program.fails("record", "list", "contacts", "--sort", "nme")
    assert "Column 8" in program.fails("record", "list", "contacts", "--filter", "city = = 3")
    assert "no kind of record called ghosts" in program.fails("record", "list", "ghosts")
    assert "no action called explode" in program.fails("record", "act", "contacts", number, "explode")
    assert "KEY=VALUE" in program.run("record", "update", "contacts", number, "nonsense", code=2).stderr


def test_a_command_acts_as_a_user_when_told_to(sqlite_crm, program):
    sqlite_crm.add_user("bob@example.com", "Bob")
    private = str(create(program, "visibility=private")["id"])
    public = str(create(program, "visibility=read", "last_name=King")["id"])
    as_bob = ("--as", "bob@example.com")
    assert [r["id"] for r in program.json("record", "list", "contacts", *as_bob)["items"]] == [int(public)]
    assert "may not see it" in program.fails("record", "show", "contacts", private, *as_bob)
    assert "may not" in program.run("explain", *as_bob, "read", "contacts", private).stdout
    assert "no user carol@example.com" in program.fails("record", "list", "contacts", "--as", "carol@example.com")
    made = program.json(*ADA, *as_bob)
    assert program.json("history", "contacts", str(made["id"]))[0]["actor"] == "Bob"


def test_ad_05_a_record_is_shared_by_name(sqlite_crm, program):
    sqlite_crm.add_user("bob@example.com", "Bob")
    sqlite_crm.add_user("eve@example.com", "Eve")
    number = str(create(program, "visibility=private")["id"])
    share = ("record", "share", "contacts", number)
    assert program.json(*share) == {"visibility": "private", "owner": None, "shared_with": []}
    assert "may not see it" in program.fails(*share, "--as", "bob@example.com")
    shown = program.run(*share, "--write", "bob@example.com", "--read", "eve@example.com").stdout
    assert "listed" in shown and "Bob: May read and change" in shown and "Eve: May read" in shown
    assert "may read this record but not change it" in program.fails(*share, "--nobody", "--as", "eve@example.com")
    assert "no such user" in program.fails(*share, "--read", "nobody@example.com")
    assert "no such team" in program.fails(*share, "--read", "team:Ghosts")
    program.run("record", "update", "contacts", number, "job_title=x", "--as", "bob@example.com")
    assert program.json(*share, "--nobody")["shared_with"] == []
    assert "may not see it" in program.fails("record", "show", "contacts", number, "--as", "bob@example.com")


def test_history_tells_who_changed_what_by_which_way(program):
    number = str(create(program)["id"])
    program.run("record", "update", "contacts", number, "job_title=Analyst")
    entries = program.json("history", "contacts", number)
    assert [e["action"] for e in entries] == ["update", "create"]
    change = next(c for c in entries[0]["changes"] if c["field"] == "job_title")
    assert (change["old"], change["new"], entries[0]["via"]) == ("", "Analyst", "cli")
    assert "Job title: nothing -> Analyst" in program.run("history", "contacts", number).stdout


def test_ct_26_a_comment_carries_its_channel(program):
    number = str(create(program)["id"])
    program.run("comment", "add", "contacts", number, "Called her", "--channel", "phone")
    (entry,) = program.json("comment", "list", "contacts", number)
    assert (entry["body"], entry["channel"]) == ("Called her", "Phone call")
    assert "pigeon" in program.fails("comment", "add", "contacts", number, "x", "--channel", "pigeon")


def test_kn_21_a_comment_takes_an_added_category_and_keeps_it(program):
    number = str(create(program)["id"])
    program.run("lists", "add", "core.channel", "Trade fair")
    program.run("comment", "add", "contacts", number, "Met at the stand", "--channel", "trade_fair")
    for command, *label in (("rename", "Exhibition"), ("deactivate",)):
        program.run("lists", command, "core.channel", "trade_fair", *label)
        (entry,) = program.json("comment", "list", "contacts", number)
        assert (entry["body"], entry["channel"]) == ("Met at the stand", "Exhibition")


def test_ct_74_connections_are_those_of_rest(both):
    names = {"Kergal": 0, "Lagrange": 0}
    for name in names:
        names[name] = both.json("record", "create", "contacts", "kind=company", f"name={name}")["id"]
    create(both, f"company={names['Kergal']}")
    related = ("relation=supplies", f"other={names['Kergal']}", "direction=forward")
    both.run("record", "act", "contacts", str(names["Lagrange"]), "relate", *related)
    found = both.json("connections", "contacts", str(names["Lagrange"]), "--depth", "2")
    assert {(e["from"]["title"], e["relation"], e["to"]["title"]) for e in found["edges"]} == {
        ("Lagrange", "Supplier of", "Kergal"), ("Ada Lovelace", "Belongs to", "Kergal"),
    }  # fmt: skip
    table = both.run("connections", "contacts.contact", str(names["Kergal"]), "--limit", "2")
    assert table.stdout.splitlines()[0].split() == ["from", "relation", "to"]
    assert "1 more" in table.stderr
    assert "name a record as entity:id" in both.fails("connections", "contacts", "1", "--expand", "x")
