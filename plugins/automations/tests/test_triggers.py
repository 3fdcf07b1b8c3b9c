"""When, if, then: what sets automations off, and what they do."""

import dataclasses
import datetime as dt
import time

import pytest

from crm_core import switching
from crm_core.api import jobs, records
from crm_core.testing.services import smtp_sink

ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
"""For what has nothing to do with the database."""
STAR = {"kind": "set", "target": "score", "value": "5"}


def test_a_created_record_is_changed_when_the_filter_holds(admin, ann, crm):
    admin.automation(STAR, name="Stars", condition='name startswith "K"')
    first, second = ann.contact("Kergal"), ann.contact("Other")
    crm.run_jobs()
    assert ann.get(f"/contacts/{first['id']}")["score"] == 5
    assert ann.get(f"/contacts/{second['id']}")["score"] is None
    assert admin.runs() == [("Stars", "done")]
    run = admin.items("/automation-runs")[0]
    assert run["record"] == {"entity": "contacts.contact", "id": first["id"], "title": "Kergal"}
    assert (run["detail"], run["caused_by"], run["event"]) == ("Score: 5", "Ann Example", "created")
    entry = ann.items(f"/contacts/{first['id']}/history")[0]
    assert (entry["actor"]["name"] if isinstance(entry["actor"], dict) else entry["actor"]) == "Automation: Stars"
    assert entry["via"] == "automation"


def test_a_changed_field_sets_off_once_it_has_the_value(admin, ann, crm):
    admin.automation(STAR, name="Any", trigger="changed", field="temperature")
    admin.automation(STAR, name="Customer", trigger="changed", field="nature", to_value="customer")
    path = f"/contacts/{ann.contact(nature=['prospect'])['id']}"
    crm.run_jobs()
    assert admin.runs() == []
    ann.api("PATCH", path, {"description": "no matter"})
    ann.api("PATCH", path, {"nature": ["prospect", "supplier"]})
    ann.api("PATCH", path, {"nature": ["prospect", "customer"]})
    ann.api("PATCH", path, {"nature": ["customer"]})
    crm.run_jobs()
    assert admin.runs() == [("Customer", "done")]


def test_a_date_is_reached_once(admin, crm):
    zone = crm.directory.user(crm.admin).locale.zone
    today = dt.datetime.now(zone).date()
    made = admin.automation(STAR, name="Before", trigger="date", field="birthday", offset=-2)
    person = {"kind": "person", "first_name": "Ina", "visibility": "write"}
    ids = {}
    for days in (1, 2, 3):
        born = (today + dt.timedelta(days=days)).isoformat()
        new = admin.api("POST", "/contacts", {**person, "last_name": f"In {days}", "birthday": born}, status=201)
        ids[days] = new["id"]

    def look():
        """Look for dates as if the last look had been yesterday."""
        with crm.as_user(None) as ctx:
            from crm_automations.models import Automation

            row = ctx.session.get(Automation, made["id"])
            row.checked_until = ctx.now - dt.timedelta(days=1)
            jobs.enqueue(ctx, "automations.dates")
        crm.run_jobs()
        return [run["record"]["id"] for run in admin.items("/automation-runs?sort=id")]

    assert look() == [ids[2]]
    with crm.as_user(None) as ctx:
        jobs.enqueue(ctx, "automations.dates")
    crm.run_jobs()
    assert len(admin.runs()) == 1


def test_a_moment_is_reached_after_its_offset(admin, crm):
    made = admin.automation(STAR, name="Later", trigger="date", field="created_at", offset=1, unit="hours")
    contact = admin.contact()
    with crm.as_user(None) as ctx:
        from crm_automations.models import Automation
        from crm_contacts.api import Contact

        ctx.session.get(Contact, contact["id"]).created_at = ctx.now - dt.timedelta(minutes=61)
        ctx.session.get(Automation, made["id"]).checked_until = ctx.now - dt.timedelta(minutes=5)
        jobs.enqueue(ctx, "automations.dates")
    crm.run_jobs()
    assert admin.runs() == [("Later", "done")]


def test_a_button_is_on_the_page_and_in_the_api(admin, ann, crm):
    button = admin.automation(STAR, name="Give stars", trigger="button", condition="score is null")
    path = f"/contacts/{ann.contact()['id']}"
    assert "Give stars</span>" in ann.page(path)
    ann.post(f"{path}/actions/automate", {"automation": button["id"]})
    crm.run_jobs()
    assert ann.get(path)["score"] == 5
    ann.api("POST", f"{path}/actions/automate", {"automation": str(button["id"])})
    crm.run_jobs()
    assert admin.runs() == [("Give stars", "done"), ("Give stars", "skipped")]
    ann.api("POST", f"{path}/actions/automate", {"automation": "4711"}, status=422)
    admin.api("PATCH", f"/automations/{button['id']}", {"active": False})
    assert "actions/automate" not in ann.page(path)


def test_every_kind_of_step_is_done_in_one_go(admin, ann, crm):
    admin.automation(
        {"kind": "assign", "user": admin.id},
        {"kind": "create", "target": "contacts.contact",
         "value": '{"kind": "person", "first_name": "Desk", "last_name": "of {name}", "company": "{id}"}'},
        {"kind": "set", "target": "description", "value": "{name} of {owner}"},
        {"kind": "set", "target": "tags", "value": "new, hot"},
        {"kind": "action", "target": "make_private"},
        {"kind": "notify", "user": ann.id, "value": "Look at {name}"},
        name="All", condition='kind = "company"',
    )  # fmt: skip
    made = ann.contact("Kergal")
    crm.run_jobs()
    found = admin.get(f"/contacts/{made['id']}")
    assert found["description"] == f"Kergal of {found['owner']['name']}"
    assert (found["owner"]["id"], found["visibility"], sorted(found["tags"])) == (admin.id, "private", ["hot", "new"])
    desk = admin.items("/contacts?last_name=of Kergal")[0]
    assert (desk["name"], desk["company"]["id"]) == ("Desk of Kergal", made["id"])
    assert admin.runs() == [("All", "done")]
    notices = ann.items("/notices")
    assert [(n["name"], n["source"], n["done"]) for n in notices] == [("Look at Kergal", "All", False)]
    assert "New notices: 1" in ann.page("/")
    assert admin.items("/notices?filter=owner = me") == []
    ann.api("POST", f"/notices/{notices[0]['id']}/actions/read", {})
    assert "New notices" not in ann.page("/")


@ON_SQLITE
def test_who_is_told_gets_a_mail_too_where_mail_is_set_up(admin, ann, crm):
    admin.automation({"kind": "notify", "user": ann.id, "value": "Look at {name}"})
    made = admin.contact("Kergal")
    with smtp_sink() as sink:
        url = f"smtp://{sink.host}:{sink.port}"
        crm.config = dataclasses.replace(crm.config, smtp_url=url, base_url="https://crm.example.org")
        crm.run_jobs()
        end = time.monotonic() + 90
        while not sink.messages and time.monotonic() < end:
            time.sleep(0.05)
    assert [m.recipients for m in sink.messages] == [("ann@example.org",)]
    assert f"https://crm.example.org/contacts/{made['id']}" in sink.messages[0].message.get_content()


@ON_SQLITE
def test_a_date_field_may_be_set_relative_to_now(admin, ann, crm):
    admin.automation({"kind": "set", "target": "birthday", "value": "today-7d"}, condition='kind = "person"')
    body = {"kind": "person", "first_name": "A", "last_name": "B", "visibility": "write"}
    made = ann.api("POST", "/contacts", body, status=201)
    crm.run_jobs()
    day = dt.datetime.now(crm.directory.user(crm.admin).locale.zone).date() - dt.timedelta(days=7)
    assert ann.get(f"/contacts/{made['id']}")["birthday"] == day.isoformat()


def test_what_a_rule_refuses_undoes_the_run_and_not_the_save(admin, ann, crm):
    create = {"kind": "create", "target": "contacts.contact", "value": '{"kind": "person", "first_name": "Only"}'}
    admin.automation(STAR, create, name="Broken")
    made = ann.contact()
    crm.run_jobs()
    assert ann.get(f"/contacts/{made['id']}")["score"] is None
    assert admin.runs() == [("Broken", "failed")]
    assert "Last name is required" in admin.items("/automation-runs")[0]["detail"]


def test_a_run_has_the_rights_of_the_owner_and_no_more(admin, ann, crm):
    admin.automation(STAR, name="As Ann", owner=ann.id)
    hidden = admin.contact("Hidden", visibility="private", managers=[])
    listed = admin.contact("Read only", visibility="read", managers=[])
    crm.run_jobs()
    assert admin.get(f"/contacts/{hidden['id']}")["score"] is None
    assert admin.get(f"/contacts/{listed['id']}")["score"] is None
    assert admin.runs() == [("As Ann", "failed")]


def test_loops_are_stopped_and_written_down(admin, ann, crm):
    admin.automation({"kind": "set", "target": "score", "value": "1"}, name="One", trigger="changed", field="score")
    admin.automation({"kind": "set", "target": "score", "value": "2"}, name="Two", trigger="changed", field="score")
    path = f"/contacts/{ann.contact()['id']}"
    ann.api("PATCH", path, {"score": 5})
    assert crm.run_jobs() < 20
    outcomes = admin.runs()
    assert ("One", "stopped") in outcomes
    assert ("Two", "stopped") in outcomes
    assert "It ran on this record already" in admin.items("/automation-runs?outcome=stopped")[0]["detail"]


@ON_SQLITE
def test_endless_creation_is_stopped_by_its_depth(admin, ann, crm):
    value = '{"kind": "company", "name": "{name} again"}'
    admin.automation({"kind": "create", "target": "contacts.contact", "value": value}, name="Breed")
    ann.contact("A")
    crm.run_jobs()
    assert [outcome for _, outcome in admin.runs()] == ["done"] * 5 + ["stopped"]


@ON_SQLITE
def test_imported_records_count_and_tell_nobody(admin, ann, crm):
    admin.automation(STAR, {"kind": "notify", "user": ann.id, "value": "{name}"}, name="Import")
    with crm.as_user(ann.id, quiet=True) as ctx:
        records.bulk_create(ctx, "contacts.contact", [{"kind": "company", "name": n} for n in ("A", "B")])
    crm.run_jobs()
    assert admin.runs() == [("Import", "done")] * 2
    assert ann.items("/notices") == []


@ON_SQLITE
def test_off_is_gone_and_on_is_back(admin, ann, crm):
    admin.automation(STAR, name="Stars")
    switching.disable(crm.database, crm.config, "automations")
    crm.refresh(force=True)
    made = Again(ann).contact("While off")
    crm.run_jobs()
    assert Again(ann).get(f"/contacts/{made['id']}")["score"] is None
    Again(admin).get("/automations", status=404)
    switching.enable(crm.database, crm.config, "automations")
    crm.refresh(force=True)
    Again(ann).contact("While on")
    crm.run_jobs()
    assert Again(admin).runs() == [("Stars", "done")]


def Again(person):
    """Return the person signed in to the application as it is now."""
    return type(person)(person.crm, person.id)
