"""Kinds of news, choices and the list: NT-01, NT-05 to NT-09, NT-11, NT-12, NT-14."""

from __future__ import annotations

import datetime as dt
import json

import pytest

ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
"""For what has nothing to do with the database."""


def test_nt_01_only_what_is_ticked_arrives(ann, bob, post, deliver):
    bob.only("activities.task", "email")
    ann.contact(managers=[ann.id, bob.id])
    ann.add("tasks", title="By mail", assigned_to=bob.id)
    deliver()
    assert (bob.notices(), post.mails) == ([], [("bob@example.org", "New task: By mail")])
    bob.only("contacts.manager", "app")
    ann.contact("Second", managers=[ann.id, bob.id])
    ann.add("tasks", title="Not told", assigned_to=bob.id)
    deliver()
    assert (bob.subjects(), len(post.mails)) == (["You are now a manager of Second"], 1)


def test_nt_01_the_page_and_the_command_keep_what_is_ticked(ann, post, crm):
    page = ann.page("/notifications/preferences")
    assert 'href="/notifications/preferences" aria-current="page">Advanced' in page
    assert "SMS is off" in page
    sent = {"tick": ["contacts.manager app", "activities.task email"], "quiet_from": "22:00", "quiet_to": "07:00"}
    ann.post("/notifications/preferences", sent)
    found = ann.api("GET", "/notifications/preferences")
    ticked = {k["key"]: [c for c, on in k["channels"].items() if on] for k in found["kinds"]}
    assert {k: v for k, v in ticked.items() if v} == {"contacts.manager": ["app"], "activities.task": ["email"]}
    assert (found["quiet_from"], found["quiet_to"]) == ("22:00", "07:00")
    refused = ann.post("/notifications/preferences", {**sent, "quiet_to": "", "digest_at": "25:00"}, status=422).text
    assert "Quiet hours need a beginning and an end" in refused and "Give a time of the day" in refused
    assert 'value="22:00"' in refused


def test_nt_01_what_can_not_be_chosen_is_refused_whole(ann, post):
    def refused(**given):
        return {e["field"]: e["code"] for e in ann.choose(status=422, **given)["errors"]}

    before = ann.api("GET", "/notifications/preferences")
    assert refused(kinds={"no.kind": {"app": True}}, quiet_from="8", phone="nonsense").keys() >= {"kinds", "quiet_from"}
    assert refused(kinds={"activities.task": {"sms": True}})["kinds.activities.task"] == "off"
    assert ann.api("GET", "/notifications/preferences") == before


@ON_SQLITE
def test_nt_01_commands(ann, crm, monkeypatch):
    from click.testing import CliRunner

    from crm_core.cli import cli

    monkeypatch.setenv("CRM_HOME", str(crm.config.home))
    monkeypatch.setenv("CRM_DATABASE_URL", crm.config.url)
    monkeypatch.setenv("CRM_SECRET_KEY", crm.config.secret_key)

    def run(*words):
        done = CliRunner().invoke(cli, ["notifications", *words, "--as", "ann@example.org"])
        assert done.exit_code == 0, done.output
        return done.output

    run("choose", "--kind", "activities.task=app", "--digest-at", "08:00")
    assert "activities.task: app\n" in run("preferences") and "digest_at: 08:00" in run("preferences")
    assert json.loads(run("list", "--json")) == []
    assert run("read").strip() == "0"


def test_nt_05_09_14_tasks_given_and_done(ann, bob):
    quiet = ann.add("tasks", title="Unticked", assigned_to=bob.id, notify=False)
    task = ann.add("tasks", title="Write", assigned_to=bob.id)
    assert bob.subjects() == ["New task: Write"]
    bob.api("POST", f"/tasks/{task}/actions/close", {})
    assert (ann.subjects(), bob.subjects()) == (["Task done: Write"], ["New task: Write"])
    ann.api("POST", f"/tasks/{quiet}/actions/close", {})
    assert ann.subjects() == ["Task done: Write"]


def test_nt_06_07_08_events_and_reminders(ann, bob, admin, crm):
    contact = ann.contact()
    template = admin.add("reminder-templates", name="Standard", subject="Soon: {subject}")
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(minutes=30)).isoformat()
    reminder = {"mode": "before", "amount": 1, "unit": "hours", "audience": "me", "template": template}
    event = {"subject": "Visit", "company": contact, "starts_at": soon, "assigned_to": bob.id, "reminders": [reminder]}
    ann.add("events", **event)
    assert bob.subjects() == ["You are put down for: Visit"]
    bob.api("PATCH", "/me", {"preferences": {"activities.follow_up_reminders": True}})
    now = dt.datetime.now(dt.UTC)
    bob.add("follow-ups", title="Ask", due_on=now.date().isoformat(), remind_at=f"{now:%H:%M}", contact=contact)
    crm.run_jobs()
    from crm_activities import jobs

    with crm.operation(crm.system_actor("test"), now=now + dt.timedelta(minutes=1)) as ctx:
        for row in jobs.claim(ctx):
            jobs._tell(ctx, *row)
    kinds = {n["kind"]: n["subject"] for n in bob.notices()}
    assert kinds["activities.event_reminder"] == "Soon: Visit"
    assert kinds["activities.follow_up_reminder"] == "Follow-up: Ask"


def test_nt_11_12_new_managers_and_those_a_record_is_shared_with(ann, bob, admin, crm):
    bob.api("PATCH", "/me", {"language": "fr"})
    contact = ann.contact("Kergal", visibility="private")
    ann.api("PATCH", f"/contacts/{contact}", {"managers": [ann.id, bob.id]})
    ann.api("PATCH", f"/contacts/{contact}", {"managers": [ann.id, bob.id, admin.id]})
    assert bob.subjects() == ["Vous êtes à présent responsable de Kergal"]
    other = ann.contact("Shared", visibility="private")
    body = {"shared_with": [{"user": bob.id}]}
    ann.api("PUT", f"/contacts/{other}/sharing", body)
    ann.api("PUT", f"/contacts/{other}/sharing", body)
    assert bob.subjects()[0] == "Partagé avec vous : Shared" and len(bob.subjects()) == 2
    assert ann.notices() == []


def test_nobody_is_told_in_bulk_work(ann, bob, crm):
    with crm.as_user(ann.id, quiet=True) as ctx:
        from crm_core import records

        records.create(ctx, "contacts.contact", {"kind": "company", "name": "In bulk", "managers": [ann.id, bob.id]})
        records.create(ctx, "activities.task", {"title": "In bulk", "assigned_to": bob.id})
    assert bob.notices() == []


def test_a_notice_about_a_record_out_of_sight_says_nothing(ann, bob):
    contact = ann.contact("Hidden", visibility="private", managers=[ann.id, bob.id])
    assert bob.notices()[0]["url"] == f"/contacts/{contact}"
    ann.api("PATCH", f"/contacts/{contact}", {"managers": [ann.id]})
    found = bob.notices()[0]
    assert (found["subject"], found["body"], found["record"], found["url"]) == ("", "", "", "")
    page = bob.page("/notifications")
    assert "Hidden" not in page and f"/contacts/{contact}" not in page
    assert "About a record that you can&#39;t see" in page


def test_notices_are_read_one_by_one_and_all_at_once_and_by_their_owner_alone(ann, bob):
    assert "No notices" in bob.page("/notifications")
    for number in range(4):
        ann.add("tasks", title=f"Task {number}", assigned_to=bob.id)
    first, *_, last = bob.notices()
    ann.api("POST", f"/notifications/{first['id']}/read", status=404)
    bob.post(f"/notifications/{first['id']}/read")
    assert [n["read"] for n in bob.notices()] == [True, False, False, False]
    bob.post("/notifications/read", {"until": str(last["id"])})
    assert [n["read"] for n in bob.notices()] == [True, False, False, True]
    page = bob.api("GET", "/notifications?limit=3")
    assert (len(page["items"]), page["unread"]) == (3, 2)
    assert [n["id"] for n in bob.notices(f"before={page['next']}")] == [last["id"]]
    assert bob.api("POST", "/notifications/read") == {"read": 2}
    assert bob.notices("unread=1") == []
    bob.page("/notifications?before=x", status=400)
    assert "Task 0" not in ann.page("/notifications")


def test_the_bell_asks_with_one_statement_and_is_told_when_nothing_changed(ann, bob, crm):
    ann.add("tasks", title="Ring", assigned_to=bob.id)
    poll = {"Crm-Poll": "1", "HX-Request": "true"}
    first = bob.browser.get("/notifications/bell", headers=poll)
    assert "Unread notices: 1" in first.text
    with crm.statements() as sent:
        again = bob.browser.get("/notifications/bell", headers={**poll, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.text) == (304, "")
    assert len([s for s in sent if "notifications_" in s]) == 1
    assert len(sent) <= 3
    bob.api("POST", "/notifications/read")
    changed = bob.browser.get("/notifications/bell", headers={**poll, "If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, "Unread notices: 0" in changed.text) == (200, True)


def test_a_page_that_asks_by_itself_keeps_no_session_alive(bob, crm):
    import sqlalchemy as sa

    from crm_core.models import WebSession

    old = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    mine = WebSession.user_id == bob.id
    with crm.database.transaction() as session:
        session.execute(sa.update(WebSession).where(mine).values(seen_at=old))
    for headers, touched in (({"Crm-Poll": "1"}, False), ({}, True)):
        bob.browser.get("/notifications/bell", headers=headers).close()
        with crm.database.transaction(write=False) as session:
            assert (session.scalar(sa.select(WebSession.seen_at).where(mine)) > old) is touched


def test_old_notices_are_forgotten_and_what_waits_to_be_sent_stays(ann, bob, admin, crm, post):
    ann.add("tasks", title="Old", assigned_to=bob.id)
    bob.only("activities.task", "app")
    ann.add("tasks", title="Older", assigned_to=bob.id)
    from crm_notifications import notices

    class Run:
        deployment = crm

        def check_cancelled(self) -> None:
            """Nobody cancels."""

        def operation(self, **options):
            return crm.operation(now=dt.datetime.now(dt.UTC) + dt.timedelta(days=91), **options)

    assert notices.forget(Run()) == {"forgotten": 1}
    assert bob.subjects() == ["New task: Old"]


def test_what_other_modules_have_of_their_own_is_silent(ann, bob):
    ann.add("tasks", title="Once", assigned_to=bob.id)
    assert bob.api("GET", "/activities/notices")["items"] == []


@ON_SQLITE
def test_a_person_who_is_erased_is_erased_from_notices_too(ann, bob, crm):
    from crm_core import switching

    switching.enable(crm.database, crm.config, "privacy")
    crm.refresh(force=True)
    contact = crm.make("contacts.contact", first_name="Perrine", last_name="Quemeneur", managers=[crm.admin, bob.id])
    ann.add("tasks", title="Call Perrine Quemeneur", assigned_to=bob.id)
    assert all("Perrine Quemeneur" in subject for subject in bob.subjects())
    with crm.as_user(crm.admin) as ctx:
        from crm_core.api import erasing

        erasing.erase(ctx, "contacts.contact", contact, "anonymise")
    assert [s for s in bob.subjects() if "Quemeneur" in s] == []


@ON_SQLITE
def test_the_list_sends_as_many_statements_for_many_notices_as_for_few(ann, bob, crm):
    counts = []
    for more in (2, 20):
        for number in range(more):
            ann.add("tasks", title=f"Task {number}", assigned_to=bob.id)
        ann.contact(managers=[ann.id, bob.id])
        bob.page("/notifications")
        with crm.statements() as sent:
            bob.page("/notifications")
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 8
