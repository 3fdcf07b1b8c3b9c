"""Tasks and follow-ups: AC-01 to AC-35."""

from __future__ import annotations

import datetime as dt

import pytest

NOW = dt.datetime(2031, 3, 3, 12, tzinfo=dt.UTC)


def iso(moment: dt.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def test_ac_01_02_05_07_10_12_a_task_and_its_defaults(ann):
    assert ann.refused("POST", "/tasks", {"due_at": "2031-03-03T12:00:00Z"}) == {"title": "required"}
    made = ann.add("tasks", title="Write", category="demo", due_at="2031-03-03T12:00:00+01:00", description="short")
    assert (made["category"], made["due_at"], made["description"]) == ("demo", "2031-03-03T11:00:00Z", "short")
    assert (made["reminder"], made["assigned_to"]["id"], made["notify"], made["status"]) == (
        "1440",
        ann.id,
        True,
        "open",
    )
    assert ann.refused("PATCH", f"/tasks/{made['id']}", {"due_at": None}) == {"due_at": "required"}


def test_ac_03_categories_are_the_administrators(admin, ann):
    body = {"label": "Site visit"}
    ann.api("POST", "/lists/activities.task_category", body, status=403)
    code = admin.api("POST", "/lists/activities.task_category", body, status=201)["code"]
    assert ann.add("tasks", title="Go", category=code)["category"] == code


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_ac_06_the_form_offers_today_three_days_and_a_week(ann):
    today = dt.datetime.now(dt.UTC).date()
    page = ann.page("/tasks/new")
    for days in (0, 3, 7):
        assert f'data-shortcut="{today + dt.timedelta(days=days):%d/%m/%Y}"' in page


def test_ac_08_09_reminders_have_seven_choices_and_come_at_their_distance(ann, tell):
    assert ann.refused("POST", "/tasks", {"title": "x", "reminder": "7"}) == {"reminder": "choice"}
    for code in ("never", "5", "15", "30", "60", "120", "1440"):
        ann.add("tasks", title=f"in {code}", due_at=iso(NOW), reminder=code)
    told = []
    for minutes in (1440, 120, 60, 30, 15, 5, 0, -600):
        moment = NOW - dt.timedelta(minutes=minutes)
        assert tell(moment - dt.timedelta(seconds=1)) == []
        told.append([subject.partition(",")[0] for _, _, subject, _ in tell(moment)])
    assert told == [[f"Task: in {n}"] for n in (1440, 120, 60, 30, 15, 5)] + [[], []]


def test_ac_10_11_the_responsible_person_is_told_of_a_new_task(ann, bob, tell):
    ann.add("tasks", title="Mine")
    ann.add("tasks", title="Quiet", assigned_to=bob.id, notify=False)
    task = ann.add("tasks", title="Yours", assigned_to=bob.id)
    told = [(user, subject) for user, _, subject, _ in tell(NOW - dt.timedelta(days=3000))]
    assert told == [(bob.id, "New task: Yours")]
    assert "New task: Yours" in bob.page("/")
    bob.change(f"/tasks/{task['id']}", title="Still mine")
    ann.get(f"/tasks/{task['id']}")


def test_ac_04_13_18_a_task_follows_its_record_and_goes(ann, bob):
    contact = ann.contact(visibility="private")
    task = ann.add("tasks", title="Call Kergal", contact=contact)["id"]
    related = ann.add("tasks", title="Offer", related_to=f"contacts.contact:{contact}")["id"]
    assert "Call Kergal" in ann.page(f"/contacts/{contact}?tab=tasks")
    assert "Offer" in ann.page(f"/contacts/{contact}?tab=tasks")
    for number in (task, related):
        bob.get(f"/tasks/{number}", status=404)
    assert bob.listed("tasks") == []
    ann.change(f"/tasks/{task}", assigned_to=bob.id)
    assert [t["title"] for t in bob.listed("tasks")] == ["Call Kergal"]
    assert bob.get(f"/tasks/{task}")["contact"] is None
    ann.api("DELETE", f"/tasks/{related}", status=204)
    ann.get(f"/tasks/{related}", status=404)


def test_ac_15_one_task_for_each_selected_contact(ann):
    contacts = [ann.contact(f"Firm {n}") for n in range(4)]
    body = {"action": "create-task", "ids": contacts, "data": {"title": "Send wishes", "due_at": "2031-12-20T10:00Z"}}
    done = ann.api("POST", "/contacts/bulk", body)
    assert (done["done"], done["failed"]) == (4, 0)
    tasks = ann.listed("tasks", "fields=title,contact,reminder&sort=id")
    assert [(t["title"], t["reminder"]) for t in tasks] == [("Send wishes", "1440")] * 4
    assert sorted(t["contact"]["id"] if isinstance(t["contact"], dict) else t["contact"] for t in tasks) == contacts


def test_ac_16_17_19_toggling_in_the_list_and_what_is_overdue(ann):
    late = ann.add("tasks", title="Late", due_at="2020-01-01T10:00Z")["id"]
    ann.add("tasks", title="Soon", due_at="2099-01-01T10:00Z")
    assert [t["title"] for t in ann.listed("tasks")] == ["Late", "Soon"]
    assert ann.get(f"/tasks/{late}")["overdue"] is True
    assert "tone-danger" in ann.page("/tasks?view=overdue")
    ann.post(f"/tasks/{late}/set", {"field": "status", "value": "closed"})
    closed = ann.get(f"/tasks/{late}")
    assert (closed["status"], closed["overdue"]) == ("closed", False) and closed["closed_at"]
    ann.act(f"/tasks/{late}", "reopen")
    assert ann.get(f"/tasks/{late}")["closed_at"] is None
    changes = [list(c["changes"]) if isinstance(c.get("changes"), dict) else c for c in
               ann.get(f"/tasks/{late}/history")["items"]]  # fmt: skip
    assert str(changes).count("status") >= 2
    board = ann.page("/tasks/board")
    assert "Late" in board and "Soon" in board


def test_ac_20_21_23_24_follow_ups_of_a_contact(ann, bob):
    contact = ann.contact(visibility="private")
    assert ann.refused("POST", "/follow-ups", {"contact": contact, "due_on": "2031-01-01"}) == {"title": "required"}
    first = ann.add("follow-ups", title="Ask again", due_on="2031-01-01", contact=contact)["id"]
    ann.add("follow-ups", title="And again", due_on="2031-02-01", contact=contact)
    page = ann.page(f"/contacts/{contact}")
    assert "Ask again" in page and "And again" in page
    assert "Ask again" in ann.page("/follow-ups?view=all")
    assert bob.listed("follow-ups") == []
    ann.post(f"/activities/follow-ups/{first}/delete", {"next": f"/contacts/{contact}"})
    assert [f["title"] for f in ann.listed("follow-ups")] == ["And again"]


def test_ac_25_to_28_colours_by_the_calendar_of_whoever_looks(ann):
    contact = ann.contact()
    ann.api("PATCH", "/me", {"timezone": "Pacific/Kiritimati"})
    here = dt.datetime.now(dt.timezone(dt.timedelta(hours=14))).date()
    made = {}
    for name, days in (("overdue", -1), ("today", 0), ("upcoming", 1)):
        day = (here + dt.timedelta(days=days)).isoformat()
        made[name] = ann.add("follow-ups", title=f"is {name}", due_on=day, contact=contact)["id"]
    assert {k: ann.get(f"/follow-ups/{v}")["state"] for k, v in made.items()} == {k: k for k in made}
    page = ann.page("/follow-ups?view=all")
    assert [page.count(f"tone-{c}") for c in ("danger", "success", "info")] == [1, 1, 1]
    ann.act(f"/follow-ups/{made['overdue']}", "push-back")
    assert ann.get(f"/follow-ups/{made['overdue']}")["state"] == "upcoming"
    ann.act(f"/follow-ups/{made['overdue']}", "done")
    assert ann.get(f"/follow-ups/{made['overdue']}")["state"] == "done"


def test_ac_26_today_lasts_from_midnight_to_midnight(crm, ann):
    from crm_activities.tones import state_of_day

    zone = dt.timezone(dt.timedelta(hours=-5))
    day = dt.date(2031, 3, 3)
    crm_zone = "America/Lima"
    actor = ann.crm.system_actor("test")
    from dataclasses import replace

    from crm_core.api import Locale

    found = []
    for clock in ("02T23:59", "03T00:00", "03T23:59", "04T00:00"):
        moment = dt.datetime.fromisoformat(f"2031-03-{clock}").replace(tzinfo=zone)
        with crm.operation(replace(actor, locale=Locale(timezone=crm_zone)), now=moment.astimezone(dt.UTC)) as ctx:
            found.append(state_of_day(ctx, day, done=False))
    assert found == ["upcoming", "today", "today", "overdue"]


def test_ac_29_to_32_the_list_of_follow_ups_by_period(ann, bob):
    today = dt.datetime.now(dt.UTC).date()
    mine = ann.contact("Mine")
    foreign = bob.contact("Foreign", visibility="read")
    for contact, who in ((mine, ann), (foreign, bob)):
        who.add("follow-ups", title="now", due_on=today.isoformat(), contact=contact)
        who.add("follow-ups", title="past", due_on=(today - dt.timedelta(days=40)).isoformat(), contact=contact)
    page = ann.page("/activities/follow-ups?period=today")
    assert "Mine" in page and "Foreign" not in page and "past" not in page
    assert "Foreign" in ann.page("/activities/follow-ups?period=today&whose=all")
    assert "past" in ann.page("/activities/follow-ups?period=overdue")
    assert ann.browser.get("/activities/follow-ups?period=nonsense").status_code == 400


def test_ac_33_34_35_a_follow_up_with_a_time_reminds_who_allowed_it(ann, bob, tell):
    for who in (ann, bob):
        who.api("PATCH", "/me", {"timezone": "Europe/Paris"})
    ann.api("PATCH", "/me", {"preferences": {"activities.follow_up_reminders": True}})
    assert bob.get("/me")["preferences"] == {"activities.follow_up_reminders": False}
    for who in (ann, bob):
        contact = who.contact(f"of {who.id}")
        for clock in ("00:00", "00:01", "14:30"):
            who.add("follow-ups", title=f"at {clock}", due_on="2031-03-03", remind_at=clock, contact=contact)
    assert ann.refused("POST", "/follow-ups", {"title": "x", "due_on": "2031-03-03", "remind_at": "25:00",
                                               "contact": contact}) == {"remind_at": "time"}  # fmt: skip
    midnight = dt.datetime(2031, 3, 2, 23, tzinfo=dt.UTC)
    assert tell(midnight) == []
    assert [(u, s) for u, _, s, _ in tell(midnight + dt.timedelta(minutes=1))] == [(ann.id, "Follow-up: at 00:01")]
    assert tell(midnight + dt.timedelta(hours=14, minutes=29)) == []
    assert [s for _, _, s, _ in tell(midnight + dt.timedelta(hours=14, minutes=30))] == ["Follow-up: at 14:30"]
