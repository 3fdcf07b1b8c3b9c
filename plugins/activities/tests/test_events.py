"""Events: AC-36 to AC-76."""

from __future__ import annotations

import datetime as dt

import pytest

START = dt.datetime(2031, 3, 3, 9, tzinfo=dt.UTC)


def test_ac_50_56_57_68_an_event_belongs_to_something(ann):
    body = {"subject": "Nowhere", "starts_at": "2031-03-03T09:00:00Z"}
    assert ann.refused("POST", "/events", body) == {"related_to": "unattached"}
    company = ann.contact()
    person = ann.contact("", kind="person", first_name="Eve", last_name="Moreau", company=company)
    event = ann.add("events", **body, related_to=f"contacts.contact:{person}")
    assert (event["contact"]["id"], event["company"]["id"]) == (person, company)
    for other in (f"activities.event:{event['id']}", f"activities.task:{ann.add('tasks', title='x')['id']}"):
        assert ann.add("events", **body, related_to=other)["related_to"]
    assert ann.refused("PATCH", f"/events/{event['id']}", {"related_to": f"activities.event:{event['id']}"}) == {
        "related_to": "itself"
    }
    tab = ann.page(f"/contacts/{person}?tab=events")
    assert f"contact={person}&amp;company={company}" in tab or f"company={company}&amp;contact={person}" in tab
    form = ann.page(f"/events/new?contact={person}&company={company}&type=call")
    assert "Eve Moreau" in form and "Kergal" in form


def test_ac_36_37_46_51_83_tab_buttons_past_events_and_calendar(ann):
    contact = ann.contact()
    ann.event(contact, subject="Long ago", starts_at="2020-01-01T10:00:00Z")
    ann.event(contact, subject="To come")
    tab = ann.page(f"/contacts/{contact}?tab=events")
    assert "Long ago" in tab and "To come" in tab
    for kind in ("meeting", "call", "task", "note"):
        assert f"type={kind}" in tab
    assert "type=absence" not in tab
    assert "To come" in ann.page(f"/contacts/{contact}")
    feed = ann.get("/events/calendar?from=2031-03-03&to=2031-03-04")["items"]
    assert [(e["title"], e["busy"]) for e in feed] == [("To come", False)]


def test_ac_52_to_55_types_are_fixed_and_categories_go_with_them(admin, ann):
    contact = ann.contact()
    ann.api("POST", "/lists/activities.event_category", {"label": "Fair"}, status=403)
    for values in ({}, {"code": "F"}, {"type": "meeting"}, {"code": "F", "type": "party"}):
        admin.api("POST", "/lists/activities.event_category", {"label": "Fair", "values": values}, status=422)
    body = {"label": "Fair", "values": {"code": "FAI", "type": "event"}}
    code = admin.api("POST", "/lists/activities.event_category", body, status=201)["code"]
    refused = {"subject": "x", "company": contact, "type": "meeting", "category": code}
    assert ann.refused("POST", "/events", refused) == {"category": "choice"}
    assert ann.event(contact, type="event", category=code)["category"] == code
    assert ann.refused("POST", "/events", {"subject": "x", "company": contact, "type": "party"}) == {"type": "choice"}
    form = ann.page(f"/events/new?type=meeting&company={contact}")
    assert 'data-of="event" hidden disabled' in form and 'data-of="meeting">' in form
    assert form.count('name="type"') >= 1
    assert "/settings/lists/activities.event_category" in admin.page("/settings/lists")
    assert 'name="type"' in admin.page("/settings/lists/activities.event_category")


def test_ac_58_59_60_status_of_certain_types_with_done_and_cancel(ann, bob):
    contact = ann.contact()
    event = ann.event(contact)
    assert (event["status"], event["assigned_to"]["id"]) == ("planned", ann.id)
    assert ann.event(contact, type="note")["status"] is None
    assert ann.event(contact, assigned_to=bob.id)["assigned_to"]["id"] == bob.id
    path = f"/events/{event['id']}"
    page = ann.page(path)
    assert f"{path}/actions/done" in page and f"{path}/actions/cancel" in page
    ann.act(path, "done")
    assert ann.get(path)["status"] == "done"
    assert f"{path}/actions/done" not in ann.page(path)
    other = f"/events/{ann.event(contact)['id']}"
    ann.act(other, "cancel")
    assert ann.get(other)["status"] == "cancelled"


def test_ac_63_a_private_event_is_busy_for_others_everywhere(ann, bob):
    contact = ann.contact()
    event = ann.event(contact, subject="Surgery", location="Clinic", private=True)
    path = f"/events/{event['id']}"
    assert [e["title"] for e in ann.get("/events/calendar?from=2031-03-03&to=2031-03-04")["items"]] == ["Surgery"]
    for answer in (bob.get(path, status=404), bob.get(f"{path}/history", status=404)):
        assert answer["status"] == 404
    assert bob.listed("events") == [] == bob.listed("events", "q=Surgery")
    assert bob.get("/search?q=Surgery")["items"] == []
    seen = [bob.page(p) for p in ("/events?view=all", f"/contacts/{contact}?tab=events", f"/contacts/{contact}")]
    assert not any("Surgery" in text or "Clinic" in text for text in seen)
    feed = bob.get(f"/events/calendar?from=2031-03-03&to=2031-03-04&people={ann.id}")["items"]
    assert [(e["title"], e["busy"], e.get("id")) for e in feed] == [("Busy", True, None)]
    ann.change(path, private=False)
    assert bob.get(path)["subject"] == "Surgery"


def test_ac_64_65_guests_answer_yes_no_or_maybe(ann, bob):
    contact = ann.contact()
    guests = [{"user": bob.id}, {"contact": contact, "answer": "yes"}, {"email": "guest@example.org"}]
    event = ann.event(contact, private=True, guests=guests)
    path = f"/events/{event['id']}"
    bob.act(path, "answer", answer="perhaps", status=422)
    bob.act(path, "answer", answer="maybe")
    assert ann.get(path)["guests"][1]["contact"]["title"] == "Kergal"
    assert [g["answer"] for g in ann.get(path)["guests"]] == ["maybe", "yes", None]
    refused = ann.api("PATCH", path, {"guests": [{"user": bob.id, "answer": "never"}]}, status=422)
    assert refused["errors"][0]["field"].startswith("guests")
    ann.change(path, guests=[])
    bob.get(path, status=404)


def test_ac_38_39_availability_of_people_and_resources(admin, ann, bob):
    contact = ann.contact()
    room = admin.add("resources", name="Room 1", seats=8)["id"]
    first = ann.event(contact, resources=[room], guests=[{"user": bob.id}])
    assert first["conflicts"] == []
    query = f"from=2031-03-03T09:30:00Z&to=2031-03-03T10:30:00Z&people={ann.id},{bob.id}&resources={room}"
    found = bob.get(f"/events/availability?{query}")["items"]
    assert [(f["kind"], f["id"], f["free"]) for f in found] == [
        ("user", ann.id, False), ("user", bob.id, False), ("resource", room, False)
    ]  # fmt: skip
    assert found[1]["busy"] == [{"starts_at": "2031-03-03T09:00:00Z", "ends_at": "2031-03-03T10:00:00Z"}]
    later = query.replace("T09:30", "T10:00").replace("T10:30", "T11:00")
    assert all(f["free"] for f in bob.get(f"/events/availability?{later}")["items"])
    double = bob.event(contact, resources=[room], starts_at="2031-03-03T09:30:00Z")
    assert [(c["kind"], c["id"]) for c in bob.get(f"/events/{double['id']}")["conflicts"]] == [
        ("user", bob.id), ("resource", room)
    ]  # fmt: skip
    page = bob.page(f"/events/{double['id']}")
    assert "Room 1" in page and "Taken twice" in page
    ann.act(f"/events/{first['id']}", "cancel")
    assert bob.get(f"/events/{double['id']}")["conflicts"] == []


def test_ac_41_42_47_call_back_timer_reschedule(crm, ann):
    contact = ann.contact()
    call = ann.event(contact, type="call", subject="Ask")
    path = f"/events/{call['id']}"
    assert call["direction"] == "outbound"
    ann.act(path, "call-back", status=409)
    ann.act(path, "done")
    made = ann.act(path, "call-back")["result"]["event"]
    back = ann.get(f"/events/{made}")
    assert (back["type"], back["status"], back["contact"] or back["company"]["id"]) == ("call", "planned", contact)
    assert str(call["id"]) in str(back["related_to"])
    ann.act(path, "start-timer")
    ann.act(path, "start-timer", status=409)
    ann.act(path, "stop-timer")
    found = ann.get(path)
    assert found["timer_started_at"] is None and found["duration"] is not None
    ann.act(path, "reschedule", starts_at="2031-04-01T08:00:00Z")
    moved = ann.get(path)
    assert (moved["starts_at"], moved["ends_at"]) == ("2031-04-01T08:00:00Z", "2031-04-01T09:00:00Z")
    assert moved["status"] == "planned"


def test_ac_43_44_48_61_62_priority_colour_place_and_filters(ann, bob):
    contact = ann.contact()
    ann.event(contact, subject="A", priority="urgent", colour="red", location="Lyon", description="Bring it")
    ann.event(contact, subject="B", assigned_to=bob.id, starts_at="2031-05-05T09:00:00Z")

    def names(query):
        return [e["subject"] for e in ann.listed("events", query)]

    assert names("priority=urgent") == ["A"]
    assert names("sort=-priority,subject") == ["A", "B"]
    assert names(f"assigned_to={bob.id}&starts_at__gte=2031-05-01") == ["B"]
    assert names(f"assigned_to={ann.id}&starts_at__gte=2031-05-01") == []
    page = ann.page("/events?view=all")
    assert "Red" in page
    feed = ann.get("/events/calendar?from=2031-03-01&to=2031-04-01")["items"]
    assert [(e["title"], e["colour"], e["location"]) for e in feed] == [("A", "#b3261e", "Lyon")]


def test_ac_69_to_73_reminders_of_events(ann, bob, template, tell):
    contact = ann.contact(emails=[{"address": "kergal@example.org", "primary": True}])
    base = {"subject": "x", "company": contact, "starts_at": "2031-03-03T09:00:00Z"}
    wrong = [
        ({"mode": "before", "unit": "days"}, "reminders[0].amount"),
        ({"mode": "before", "amount": 3}, "reminders[0].unit"),
        ({"mode": "at"}, "reminders[0].at"),
    ]
    for line, field in wrong:
        assert ann.refused("POST", "/events", {**base, "reminders": [line]}) == {field: "required"}
    refused = ann.api("POST", "/events", {**base, "reminders": [{"mode": "after"}]}, status=422)
    assert refused["errors"][0]["field"].startswith("reminders")
    guests = [{"user": bob.id}, {"contact": contact}, {"email": "no@example.org", "answer": "no"}]
    ann.event(
        contact, subject="Board", guests=guests,
        reminders=[
            {"mode": "before", "amount": 3, "unit": "days", "audience": "all"},
            {"mode": "at", "at": "2031-03-03T06:00:00Z", "audience": "me"},
        ],
    )  # fmt: skip
    assert tell(START - dt.timedelta(days=3, seconds=1)) == []
    told = tell(START - dt.timedelta(days=3))
    assert [(user, mail) for user, mail, _, _ in told] == [
        (ann.id, "ann@example.org"), (bob.id, "bob@example.org"), (None, "kergal@example.org")
    ]  # fmt: skip
    assert told[0][2:] == ("Board at 03/03/2031 09:00", "See you.\n\nThe team")
    assert [user for user, _, _, _ in tell(START - dt.timedelta(hours=3))] == [ann.id]
    assert tell(START) == []


def test_ac_74_76_a_reminder_needs_a_template_of_the_administrators(admin, ann):
    contact = ann.contact()
    body = {"subject": "x", "company": contact, "reminders": [{"mode": "before", "amount": 1, "unit": "hours"}]}
    refused = ann.api("POST", "/events", body, status=422)["errors"][0]
    assert (refused["field"], refused["code"]) == ("reminders[0].template", "no_template")
    assert "template" in refused["message"]
    ann.api("POST", "/reminder-templates", {"name": "x", "subject": "y"}, status=403)
    assert set(admin.refused("POST", "/reminder-templates", {})) == {"name", "subject"}
    made = admin.add("reminder-templates", name="N", subject="S", signature="Sig")
    assert (made["model"], made["media"], made["signature"]) == ("EventReminder", "email", "Sig")
    assert ann.add("events", **body)["reminders"][0]["template"]


def test_reminders_come_once_and_late_ones_say_so(crm, ann, bob, template, tell):
    contact = ann.contact()
    late = {
        "reminders": [{"mode": "before", "amount": 1, "unit": "hours", "audience": "all"}],
        "guests": [{"user": bob.id}],
    }
    event = ann.event(contact, subject="Missed", **late)
    gone = ann.event(contact, subject="Cancelled", **late)
    ann.act(f"/events/{gone['id']}", "cancel")
    moved = ann.event(contact, subject="Moved", **late)
    ann.change(f"/events/{moved['id']}", starts_at="2031-06-06T09:00:00Z")
    ann.change(f"/events/{event['id']}", guests=[])
    told = tell(START + dt.timedelta(hours=5))
    assert [(user, subject) for user, _, subject, _ in told] == [(ann.id, "Missed at 03/03/2031 09:00")]
    assert "late" in told[0][3]
    assert tell(START + dt.timedelta(hours=6)) == []
    assert len(tell(dt.datetime(2031, 6, 6, 8, tzinfo=dt.UTC))) == 2


def test_the_job_sends_mail_through_the_server(crm, ann, template):
    past = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
    at = past.isoformat()
    ann.event(ann.contact(), subject="Now", reminders=[{"mode": "at", "at": at}])
    with crm.as_user(crm.admin) as ctx:
        from crm_core import jobs

        jobs.enqueue(ctx, "activities.remind", {})
        jobs.enqueue(ctx, "activities.remind", {})
    crm.run_jobs()
    assert ann.page("/").count(">Now at ") == 1


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_queue_of_today(ann, bob):
    contact = ann.contact()
    now = dt.datetime.now(dt.UTC)
    ann.add("tasks", title="Old task", due_at=(now - dt.timedelta(days=2)).isoformat())
    ann.add("follow-ups", title="Ask", due_on=now.date().isoformat(), contact=contact)
    ann.add("tasks", title="Far task", due_at=(now + dt.timedelta(days=9)).isoformat())
    event = ann.event(
        contact, subject="Yesterday's call", type="call", starts_at=(now - dt.timedelta(days=1)).isoformat()
    )
    bob.add("tasks", title="Bob's")
    items = ann.get("/activities/queue")["items"]
    assert [i["title"] for i in items] == ["Old task", "Yesterday's call", "Ask"]
    home = ann.page("/")
    assert home.index("Old task") < home.index("Yesterday&#39;s call") < home.index("Ask")
    assert "Far task" not in home.partition("Changes to your records")[0] and "Bob's" not in home
    ann.post("/activities/queue", {"record": f"activities.event:{event['id']}", "do": "done"})
    ann.post("/activities/queue", {"record": items[0]["record"], "do": "postpone"})
    ann.post("/activities/queue", {"record": items[2]["record"], "do": "postpone"})
    assert ann.get("/activities/queue")["items"] == []
    assert ann.browser.post("/activities/queue", data={"record": "x", "do": "y"},
                            headers={"X-CSRF-Token": ann.browser.csrf}).status_code == 400  # fmt: skip
