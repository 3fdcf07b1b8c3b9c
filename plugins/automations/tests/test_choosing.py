"""Values of steps are chosen with the controls of record forms (SQLite: nothing here depends on the database)."""

import html
import json
import re
from typing import Any

import pytest

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
STEP = "steps[0][value]"


def filled(admin, kind, target, text="", **picked):
    """Return a posted automation with one step; ``picked`` are the values chosen."""
    return {
        "name": "By form", "active": "true", "watched": "contacts.contact", "trigger": "created", "steps": "",
        "steps[0][kind]": kind, "steps[0][target]": target, STEP: text, "owner": str(admin.id),
        **{f"{STEP}[{key}]": value for key, value in picked.items()},
    }  # fmt: skip


def saved(admin, *data, **picked):
    """Save a new automation by its form and return its address and the value of its step."""
    path = admin.post("/automations/new", filled(admin, *data, **picked)).location.partition("#")[0]
    return path, admin.get(path)["steps"][0]["value"]


def part(page, name):
    """Return what the page has for a control, up to the next label."""
    return re.split('<div class="field|<label class="form-label"', page.partition(f'name="{name}"')[2])[0]


def text_box(page):
    return re.search(rf'<textarea[^>]*name="{re.escape(STEP)}"[^>]*>\s*(.*?)</textarea>', page, re.S)[1]


def test_the_value_of_a_field_is_chosen_with_its_own_control(admin, ann, crm):
    firm = admin.contact("Kergal")["id"]
    cases = (
        ("company", str(firm), str(firm), ("selected>Kergal</option>", 'data-source="/contacts/options')),
        ("owner", str(ann.id), str(ann.id), ("selected>Ann Example</option>",)),
        ("type", "client", "client", ('value="client" selected',)),
        ("nature", ["supplier", "factor"], '["supplier", "factor"]', ()),
        ("key_account", "true", "true", ('value="true" selected',)),
        ("birthday", "31/12/1999", "1999-12-31", ('value="31/12/1999"',)),
    )
    for key, chosen, stored, shown in cases:
        path, value = saved(admin, "set", key, **{key: chosen})
        assert value == stored, key
        page = admin.page(f"{path}/edit")
        assert all(words in part(page, f"{STEP}[{key}]") for words in shown), (key, part(page, f"{STEP}[{key}]"))
        assert text_box(page) == "", key


def test_a_text_with_places_and_a_moment_stay_texts(admin):
    for key, text in (("owner", "{owner}"), ("birthday", "today+7d"), ("owner", "me"), ("company", "{company}")):
        path, value = saved(admin, "set", key, text)
        page = admin.page(f"{path}/edit")
        assert (value, text_box(page)) == (text, text)
        assert " selected" not in part(page, f"{STEP}[{key}]")


def test_a_created_records_values_are_chosen_beside_what_is_written(admin, ann):
    firm = admin.contact("Kergal")["id"]
    path, value = saved(
        admin, "create", "contacts.contact", '{"last_name": "{name}"}', company=str(firm), nature=["supplier"],
        key_account="false", birthday="2001-02-03", owner=str(ann.id),
    )  # fmt: skip
    assert json.loads(value) == {
        "last_name": "{name}", "company": firm, "nature": ["supplier"], "key_account": False, "birthday": "2001-02-03",
        "owner": ann.id,
    }  # fmt: skip
    page = admin.page(f"{path}/edit")
    assert "Kergal</option>" in part(page, f"{STEP}[company]")
    assert "Ann Example</option>" in part(page, f"{STEP}[owner]")
    assert text_box(page) == "{&#34;last_name&#34;: &#34;{name}&#34;}"


def test_a_wrong_choice_is_told_at_its_control(admin):
    for kind, target, key, value, words in (
        ("set", "company", "company", "999999", "There is no such record"),
        ("set", "owner", "owner", "999999", "There is no such user"),
        ("set", "birthday", "birthday", "31/02/2026", "is not a date"),
        ("set", "type", "type", "nonsense", "is not one of"),
        ("create", "contacts.contact", "company", "999999", "There is no such record"),
    ):
        page = admin.post("/automations/new", filled(admin, kind, target, **{key: value}), status=422).text
        error = re.search(rf'id="f-steps-0-value-{key}-error">(.*?)</div>', page, re.S)
        assert error is not None, (kind, key)
        assert words in error[1], (kind, key)
        assert f'href="#f-steps-0-value-{key}"' in page


def test_a_value_both_chosen_and_written_is_refused_and_the_text_kept(admin, ann):
    for data in (("set", "owner", "{owner}"), ("create", "contacts.contact", '{"owner": "{owner}"}')):
        page = admin.post("/automations/new", filled(admin, *data, owner=str(ann.id)), status=422).text
        assert "not both" in page
        assert "{owner}" in text_box(page)
    page = admin.post(
        "/automations/new", filled(admin, "create", "contacts.contact", "{", owner=str(ann.id)), status=422
    )
    assert "not JSON" in page.text


def test_what_a_program_wrote_stays_as_it_was_written_until_it_is_changed(admin, ann):
    texts = (
        ("set", "owner", "ann@example.org"),
        ("create", "contacts.contact", '{"owner":"ann@example.org", "kind":"company",  "name": "{name}"}'),
    )
    for kind, target, text in texts:
        made = admin.automation({"kind": kind, "target": target, "value": text})
        path = f"/automations/{made['id']}"
        page = admin.page(f"{path}/edit")
        assert f'value="{ann.id}" selected' in part(page, f"{STEP}[owner]")
        base = json.loads(html.unescape(re.search(r'name="_base" value="([^"]*)"', page)[1]))
        rest = {"kind": "company", "name": "{name}"}
        data = filled(admin, kind, target, "" if kind == "set" else json.dumps({"name": "{name}"}), owner=str(ann.id))
        if kind == "create":
            data[f"{STEP}[kind]"] = rest["kind"]
        data |= {"name": "Renamed", "version": str(made["version"]), "_base": json.dumps(base),
                 "steps[0][id]": str(made["steps"][0]["id"])}  # fmt: skip
        admin.post(f"{path}/edit", data)
        found = admin.get(path)
        assert (found["name"], found["steps"][0]["value"]) == ("Renamed", text)


def test_a_record_that_the_owner_of_the_rule_may_not_see_is_no_choice(admin, ann):
    hidden = admin.contact("Hidden", visibility="private", managers=[])["id"]
    step = {"kind": "set", "target": "company", "value": str(hidden)}
    found = admin.automation(step, owner=ann.id, status=422)
    assert [e["field"] for e in found["errors"]] == ["steps[0].value.company"]
    admin.automation(step)


def test_the_controls_follow_what_is_changed_in_the_form(admin, ann):
    data = {**filled(admin, "set", "owner", str(ann.id)), "_of": STEP}
    page = admin.post("/automations/pickers", data, status=200).text
    assert "Ann Example</option>" in part(page, f"{STEP}[owner]")
    plain = admin.post("/automations/pickers", {**data, "steps[0][target]": "name"}, status=200).text
    assert (f"{STEP}[" in plain, text_box(plain)) == (False, str(ann.id))
    admin.post("/automations/pickers", {**data, "_of": "steps[7][value]"}, status=404)
    ann.post("/automations/pickers", data, status=403)
    again = admin.post("/automations/new", {**filled(admin, "set", "owner"), "_edit": "1"}, status=200).text
    assert f'name="{STEP}[owner]"' in again


def lines_of(*steps):
    """Return the posted lines of steps, each of kind, target, text and what was chosen."""
    found: dict[str, Any] = {}
    for number, (kind, target, text, picked) in enumerate(steps):
        stem = f"steps[{number}]"
        found |= {f"{stem}[kind]": kind, f"{stem}[target]": target, f"{stem}[value]": text}
        found |= {f"{stem}[value][{key}]": value for key, value in picked.items()}
    return found


def errors_at(page):
    """Return the id of each control an error stands at."""
    return re.findall(r'id="(f-steps-[^"]+)-error"', page)


def test_every_error_of_a_step_stands_at_its_control_and_what_was_typed_stays(admin):
    steps: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        ("set", "", "", {}), ("set", "score", "9", {}), ("set", "", "", {}), ("set", "code", "A-1", {}),
        ("assign", "x", "", {}), ("notify", "", "", {}),
        ("create", "contacts.contact", "{ oops", {"nature": ["supplier"]}),
        ("webhook", "ftp://example.org", "name", {}), ("action", "explode", "", {}),
        ("set", "owner", "{owner}", {"owner": str(admin.id)}),
    )  # fmt: skip
    data = {**filled(admin, "set", ""), **lines_of(*steps), "steps[5][user]": str(admin.id)}
    page = admin.post("/automations/new", data, status=422).text
    # The two lines that hold nothing are gone from the form; the others moved up.
    assert errors_at(page) == [
        "f-steps-0-value", "f-steps-1-target", "f-steps-2-user", "f-steps-3-value", "f-steps-4-value",
        "f-steps-5-target", "f-steps-6-target", "f-steps-7-value",
    ]  # fmt: skip
    texts = re.findall(r"<textarea[^>]*>\s*(.*?)</textarea>", page, re.S)
    assert {"9", "{ oops", "{owner}"} <= set(texts)
    for text in ("code", "x", "ftp://example.org", "explode"):
        assert f'value="{text}"' in page, text
    assert re.search(r'name="steps\[4\]\[value\]\[nature\]" value="supplier" checked', page)
    assert f'value="{admin.id}" selected' in part(page, "steps[7][value][owner]")
    assert "Steps 3, Person" in page and "Steps 8, Value" in page


def test_an_emptied_line_does_not_shift_the_errors(admin):
    made = admin.automation({"kind": "set", "target": "score", "value": "1"})
    data = {**filled(admin, "set", ""), "version": str(made["version"]), "steps[0][id]": str(made["steps"][0]["id"])}
    data |= lines_of(("set", "", "", {}), ("set", "code", "A-1", {}))
    page = admin.post(f"/automations/{made['id']}/edit", data, status=422).text
    assert errors_at(page) == ["f-steps-1-target"]
