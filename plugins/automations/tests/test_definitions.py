"""Defining automations: checks, dry run, pages, and who may (all on SQLite; nothing here depends on the database)."""

import pytest

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
STAR = {"kind": "set", "target": "score", "value": "5"}


REFUSED: tuple[tuple[dict, str, str], ...] = (
    ({"watched": "contacts.nothing"}, "watched", "is not one of"),
    ({"trigger": "changed"}, "field", "required"),
    ({"trigger": "changed", "field": "nane"}, "field", "nane"),
    ({"trigger": "date", "field": "name"}, "field", "holds no date"),
    ({"trigger": "changed", "field": "score", "to_value": "many"}, "to_value", ""),
    ({"condition": "nane = 1"}, "condition", "nane"),
    ({"condition": "score >"}, "condition", ""),
    ({"steps": []}, "steps", "at least one"),
    ({"steps": [{"kind": "set", "target": "code", "value": "X"}]}, "steps[0].target", "This field can't be set"),
    ({"steps": [STAR, {"kind": "set", "target": "score", "value": "9"}]}, "steps[1].value", "1 and 5"),
    ({"steps": [{"kind": "set"}, STAR, {"kind": "set", "target": "score", "value": "9"}]}, "steps[2].value", "1 and 5"),
    ({"steps": [{"kind": "set", "target": "name", "value": "{nane}"}]}, "steps[0].value", "no field nane"),
    ({"steps": [{"kind": "assign", "value": "x"}]}, "steps[0].user", "Choose a person"),
    ({"steps": [{"kind": "notify", "user": "me"}]}, "steps[0].value", "Write what the person is told"),
    ({"steps": [{"kind": "create", "target": "contacts.contact", "value": "{"}]}, "steps[0].value", "not JSON"),
    (
        {"steps": [{"kind": "create", "target": "contacts.contact", "value": '{"x": 1}'}]},
        "steps[0].value",
        "no field x",
    ),
    ({"steps": [{"kind": "create", "target": "ghosts"}]}, "steps[0].target", "no kind of record called ghosts"),
    ({"steps": [{"kind": "webhook", "target": "ftp://example.org"}]}, "steps[0].target", "no web address"),
    ({"steps": [{"kind": "webhook", "target": "http://a.example.org", "value": "nane"}]}, "steps[0].value", "nane"),
    ({"steps": [{"kind": "action", "target": "explode"}]}, "steps[0].target", "no such action"),
)
"""Values that make an automation impossible, the field that is named, and words of the reason."""


def test_what_could_not_run_is_refused_with_the_reason(admin):
    for values, field, words in REFUSED:
        body = {"name": "Test", "watched": "contacts.contact", "trigger": "created", "steps": [STAR], **values}
        found = admin.api("POST", "/automations", body, status=422)
        assert field in [e["field"] for e in found["errors"]], values
        assert words in " ".join(e["message"] for e in found["errors"]), values


def test_a_dry_run_shows_what_would_match_and_change_and_writes_nothing(admin, ann, crm):
    ann.contact("Other")
    kept = ann.contact("Kergal", score=1)
    made = admin.automation(
        STAR,
        {"kind": "assign", "user": ann.id},
        {"kind": "notify", "user": ann.id, "value": "See {name}"},
        {"kind": "webhook", "target": "https://hooks.example.org/", "value": "name"},
        {"kind": "create", "target": "contacts.contact", "value": '{"name": "{name} 2"}'},
        condition='name startswith "K"',
    )
    crm.run_jobs()
    found = admin.api("POST", f"/automations/{made['id']}/actions/dry_run", {})["result"]
    assert (found["matching"], [i["title"] for i in found["items"]]) == (1, ["Kergal"])
    changes = found["items"][0]["changes"]
    assert [(c["about"], c["old"], c["new"]) for c in changes][:3] == [
        ("Score", "1", "5"), ("Owner", "Ann Example", "Ann Example"), ("Ann Example", "", "See Kergal"),
    ]  # fmt: skip
    assert changes[4]["new"] == "name: Kergal 2"
    crm.run_jobs()
    assert admin.runs() == []
    assert ann.get(f"/contacts/{kept['id']}")["version"] == kept["version"]
    page = admin.page(f"/automations/{made['id']}?tab=dry_run")
    assert "Kergal" in page
    assert "Nothing has been changed" in page
    assert "failed to show" not in page


def test_a_dry_run_reads_with_the_rights_of_the_owner(admin, ann):
    admin.contact("Hidden", visibility="private", managers=[])
    made = admin.automation(STAR, owner=ann.id)
    assert admin.api("POST", f"/automations/{made['id']}/actions/dry_run", {})["result"]["matching"] == 0


def test_automations_are_for_administrators(admin, ann, crm):
    made = admin.automation(STAR)
    ann.contact()
    crm.run_jobs()
    run = admin.items("/automation-runs")[0]
    for method, path in (
        ("GET", "/automations"), ("GET", "/automation-runs"), ("POST", "/automations"),
    ):  # fmt: skip
        ann.api(method, path, {} if method == "POST" else None, status=403)
    for path in (f"/automations/{made['id']}", f"/automation-runs/{run['id']}", f"/automations/{made['id']}/history"):
        ann.get(path, status=404)
    for path in ("/automations", "/automation-runs", "/automations/new"):
        ann.page(path, status=403)
    ann.page(f"/automations/{made['id']}", status=404)
    assert "/automations/new" not in admin.page("/")
    assert "/automations" in admin.page("/settings")
    admin.api("POST", "/automation-runs", {}, status=405)


def test_the_form_and_the_pages_of_an_automation(admin, ann, crm):
    form = admin.page("/automations/new")
    assert "Contacts" in form
    assert "A field changes" in form
    answer = admin.post(
        "/automations/new",
        {"name": "By form", "active": "true", "watched": "contacts.contact", "trigger": "created",
         "condition": "score is null", "steps": "", "steps[0][kind]": "set", "steps[0][target]": "score",
         "steps[0][value]": "3", "owner": str(admin.id)},
    )  # fmt: skip
    ann.contact("Seen")
    crm.run_jobs()
    assert admin.runs() == [("By form", "done")]
    page = admin.page(answer.location.partition("#")[0] + "?tab=runs")
    assert "Seen" in page
    assert "Score: 3" in page
    assert "By form" in admin.page("/automation-runs")


def test_an_automation_of_someone_who_left_fails_and_says_so(admin, ann, crm):
    admin.automation(STAR, owner=ann.id)
    admin.api("PATCH", f"/users/{ann.id}", {"active": False})
    admin.contact()
    crm.run_jobs()
    assert admin.runs() == [("Test", "failed")]


def test_a_switched_off_automation_can_be_changed_whatever_became_of_its_fields(admin):
    made = admin.automation(STAR)
    assert admin.api("PATCH", f"/automations/{made['id']}", {"active": False})["active"] is False
    admin.contact()
    assert admin.items("/jobs?everyone=1") == []
