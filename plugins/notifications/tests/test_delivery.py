"""Mails: once, again after a failure, together, not at night, not too many."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
"""For what has nothing to do with the database."""
PARIS = ZoneInfo("Europe/Paris")


def give(ann, bob, *titles):
    for title in titles:
        ann.add("tasks", title=title, assigned_to=bob.id)


def states(crm):
    from crm_notifications.tables import Delivery

    with crm.operation(crm.system_actor("test"), write=False) as ctx:
        return [(d.state, d.tries) for d in ctx.session.query(Delivery).order_by(Delivery.id)]


def tomorrow(hour, minute=0):
    """Return an instant of tomorrow by the clock of Paris."""
    day = dt.datetime.now(PARIS).date() + dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(hour, minute), PARIS).astimezone(dt.UTC)


def test_a_mail_is_sent_by_the_job_once_with_a_link(ann, bob, crm, post):
    give(ann, bob, "Write")
    crm.run_jobs()
    crm.run_jobs()
    assert post.mails == [("bob@example.org", "New task: Write")]
    assert "https://crm.example.org/tasks/" in post.texts[0]
    assert "https://crm.example.org/notifications/preferences" in post.texts[0]


def test_two_processes_that_send_at_the_same_time_send_once(ann, bob, crm, post, deliver):
    from crm_notifications import delivery

    give(ann, bob, "One", "Two")
    with crm.operation(crm.system_actor("first")) as ctx:
        assert len(delivery.claim(ctx, bob.id, "email")) == 2
    deliver()
    assert post.mails == []
    deliver(dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    assert (post.mails, states(crm)) == ([], [("failed", 1)] * 2)


def test_a_mail_that_fails_is_tried_again_later_each_time_and_then_given_up(ann, bob, crm, post, deliver):
    now = dt.datetime.now(dt.UTC)
    give(ann, bob, "Write")
    post.down()
    assert deliver()["later"] == 1
    post.up()
    assert deliver() == {"sent": 0, "later": 0, "failed": 0}
    assert deliver(now + dt.timedelta(minutes=2))["sent"] == 1
    assert len(post.mails) == 1
    give(ann, bob, "Lost")
    post.down()
    moment = now + dt.timedelta(minutes=3)
    outcomes = []
    for _ in range(8):
        outcomes.append(next((k for k, n in deliver(moment).items() if n), ""))
        moment += dt.timedelta(hours=7)
    assert outcomes == ["later"] * 6 + ["failed", ""]
    assert states(crm) == [("sent", 2), ("failed", 7)]


def test_one_mail_a_day_at_the_hour_of_the_persons_clock(ann, bob, post, deliver):
    bob.api("PATCH", "/me", {"timezone": "Europe/Paris"})
    bob.choose(digest_at="06:30")
    give(ann, bob, "One", "Two", "Three")
    deliver()
    assert post.mails == []
    deliver(tomorrow(6, 31))
    assert post.mails == [("bob@example.org", "Your notices: 3")]
    assert all(title in post.texts[0] for title in ("One", "Two", "Three"))
    deliver(tomorrow(9))
    assert len(post.mails) == 1


def test_quiet_hours_hold_back_and_then_it_is_sent(ann, bob, post, deliver):
    bob.api("PATCH", "/me", {"timezone": "Europe/Paris"})
    bob.choose(quiet_from="22:00", quiet_to="07:00")
    give(ann, bob, "Sleep")
    for moment in (tomorrow(22), tomorrow(23, 59), tomorrow(6, 59) + dt.timedelta(days=1)):
        deliver(moment)
    assert post.mails == []
    deliver(tomorrow(7) + dt.timedelta(days=1))
    assert post.mails == [("bob@example.org", "New task: Sleep")]


@pytest.mark.parametrize(
    ("start", "end", "now", "until"),
    [
        ("22:00", "07:00", "2026-03-28T23:00+01:00", "2026-03-29T05:00"),  # a night of eight hours
        ("22:00", "07:00", "2026-10-24T23:00+02:00", "2026-10-25T06:00"),  # a night of ten
        ("22:00", "02:30", "2026-03-28T23:00+01:00", "2026-03-29T01:30"),  # 02:30 is skipped
        ("22:00", "02:30", "2026-10-25T02:15+01:00", "2026-10-25T01:30"),  # 02:30 comes twice
        ("12:00", "14:00", "2026-06-01T13:00+02:00", "2026-06-01T12:00"),
        ("12:00", "14:00", "2026-06-01T14:00+02:00", ""),
        ("22:00", "07:00", "2026-06-01T07:00+02:00", ""),
        ("22:00", "22:00", "2026-06-01T22:30+02:00", ""),
        ("", "", "2026-06-01T22:30+02:00", ""),
    ],
)
def test_quiet_hours_are_as_long_as_the_night(start, end, now, until):
    from crm_notifications.timing import quiet_until

    found = quiet_until(dt.datetime.fromisoformat(now), PARIS, start, end)
    assert (found.strftime("%Y-%m-%dT%H:%M") if found else "") == until


def test_above_the_limit_an_hour_the_rest_is_one_summary(ann, bob, admin, post, deliver):
    admin.api("PATCH", "/settings", {"notifications.per_hour": 2}, status=204)
    give(ann, bob, "A", "B", "C", "D", "E")
    deliver()
    deliver()
    assert [subject for _, subject in post.mails] == ["New task: A", "New task: B"]
    deliver(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=61))
    assert [subject for _, subject in post.mails][2:] == ["Your notices: 3"]


def test_no_mail_about_what_one_may_not_see_any_more_nor_to_who_is_gone(ann, bob, admin, crm, post, deliver):
    contact = ann.contact("Secret", visibility="private", managers=[ann.id, bob.id])
    ann.api("PATCH", f"/contacts/{contact}", {"managers": [ann.id]})
    deliver()
    give(ann, bob, "Gone")
    admin.api("PATCH", f"/users/{bob.id}", {"active": False})
    crm.refresh(force=True)
    deliver()
    assert (post.mails, states(crm)) == ([], [("dropped", 0)] * 2)
