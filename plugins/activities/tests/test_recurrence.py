"""Recurrence: AC-77 to AC-82."""

from __future__ import annotations

import datetime as dt

import pytest
from crm_activities.recurrence import moments, normal

from crm_core.api import ValueProblem


def starts(person, series: int) -> list[str]:
    return [e["starts_at"][:16] for e in person.listed("events", f"series={series}&sort=starts_at")]


def days(rule: str, start: str, zone: str = "UTC") -> list[str]:
    found = moments(normal(rule), dt.datetime.fromisoformat(start), zone)
    return [f"{m:%Y-%m-%dT%H:%M}" for m in found]


def test_ac_78_79_80_81_which_moments_a_rule_means():
    at = "2031-03-03T09:00+00:00"  # a Monday
    assert len(days("FREQ=DAILY;COUNT=5", at)) == 5
    assert days("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;COUNT=3", at) == [
        "2031-03-03T09:00", "2031-03-17T09:00", "2031-03-31T09:00"
    ]  # fmt: skip
    assert days("FREQ=WEEKLY;BYDAY=WE,MO;COUNT=5", at)[-1] == "2031-03-17T09:00"
    assert days("FREQ=DAILY;UNTIL=20310305", at)[-1] == "2031-03-05T09:00"
    assert days("FREQ=MONTHLY;COUNT=3", "2031-01-31T09:00+00:00") == [
        "2031-01-31T09:00", "2031-02-28T09:00", "2031-03-31T09:00"
    ]  # fmt: skip
    assert days("FREQ=MONTHLY;BYDAY=5MO;COUNT=3", "2031-03-31T09:00+00:00")[1:] == [
        "2031-04-28T09:00",
        "2031-05-26T09:00",
    ]
    assert days("FREQ=YEARLY;COUNT=2", "2032-02-29T09:00+00:00")[1] == "2033-02-28T09:00"
    # The clock on the wall stays when daylight saving time begins on 30 March 2031 in Paris.
    assert days("FREQ=WEEKLY;BYDAY=SA;COUNT=2", "2031-03-29T08:00+00:00", "Europe/Paris") == [
        "2031-03-29T08:00", "2031-04-05T07:00"
    ]  # fmt: skip
    wrong = (
        "FREQ=WEEKLY", "FREQ=HOURLY;COUNT=2", "COUNT=3", "FREQ=DAILY;INTERVAL=0;COUNT=2", "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=501", "FREQ=DAILY;COUNT=2;UNTIL=20310101", "FREQ=WEEKLY;BYDAY=XX;COUNT=2", "nonsense",
    )  # fmt: skip
    for rule in wrong:
        with pytest.raises(ValueProblem):
            normal(rule)
    for rule in ("FREQ=DAILY;UNTIL=20310302", "FREQ=DAILY;UNTIL=20390101"):
        with pytest.raises(ValueProblem):
            days(rule, at)


def test_ac_77_80_82_a_series_is_five_events_in_all(ann):
    contact = ann.contact()
    ann.api("PATCH", "/me", {"timezone": "Europe/Paris"})
    event = ann.event(contact, starts_at="2031-03-20T08:00:00Z", location="Lyon")
    made = ann.act(f"/events/{event['id']}", "repeat", every="WEEKLY", interval=1, days=["MO"], times=5)["result"]
    assert made["summary"] == "Every week on Monday, 5 times"
    assert starts(ann, event["id"]) == [
        "2031-03-24T08:00", "2031-03-31T07:00", "2031-04-07T07:00", "2031-04-14T07:00", "2031-04-21T07:00"
    ]  # fmt: skip
    assert {e["location"] for e in ann.listed("events")} == {"Lyon"}
    assert "Every week on Monday, 5 times" in ann.page(f"/events/{event['id']}")
    assert ann.get("/events/recurrence?rule=FREQ=DAILY;INTERVAL=2;UNTIL=20310401&start=2031-03-24T08:00Z")[
        "summary"
    ] == ("Every 2 days, until 01/04/2031")
    refused = ann.act(f"/events/{event['id']}", "repeat", every="WEEKLY", status=422)
    assert refused["errors"][0]["field"] == "times"
    refused = ann.act(f"/events/{event['id']}", "repeat", every="DAILY", until="2031-03-01", status=422)
    assert refused["errors"][0]["code"] == "recurrence"


def test_this_one_this_and_following_all(ann):
    contact = ann.contact()
    rule = {"recurrence": "FREQ=DAILY;COUNT=5"}
    first = ann.event(contact, guests=[{"contact": contact}], **rule)["id"]
    ids = [e["id"] for e in ann.listed("events", f"series={first}&sort=starts_at")]
    assert len(ids) == 5 and ids[0] == first
    ann.change(f"/events/{ids[1]}", subject="Alone", starts_at="2031-03-04T15:00:00Z")
    assert [e["subject"] for e in ann.listed("events", "sort=starts_at")] == ["Talk", "Alone", "Talk", "Talk", "Talk"]
    ann.change(f"/events/{ids[3]}", subject="Late ones", apply_to="following")
    assert [e["subject"] for e in ann.listed("events", "sort=starts_at")][2:] == ["Talk", "Late ones", "Late ones"]
    ann.change(f"/events/{first}", subject="Chat", starts_at="2031-03-03T10:00:00Z", apply_to="all")
    found = [(e["subject"], e["starts_at"][5:16]) for e in ann.listed("events", "sort=starts_at")]
    assert found == [
        ("Chat", "03-03T10:00"), ("Alone", "03-04T15:00"), ("Chat", "03-05T10:00"), ("Late ones", "03-06T10:00"),
        ("Late ones", "03-07T10:00"),
    ]  # fmt: skip
    ann.api("DELETE", f"/events/{ids[2]}", status=204)
    assert len(starts(ann, first)) == 4
    ann.act(f"/events/{ids[3]}", "delete-series", apply_to="following")
    assert starts(ann, first) == ["2031-03-03T10:00", "2031-03-04T15:00"]
    ann.act(f"/events/{first}", "delete-series", apply_to="all")
    assert ann.listed("events") == []


def test_a_changed_rule_keeps_what_fits_and_what_is_done(ann):
    contact = ann.contact()
    first = ann.event(contact, recurrence="FREQ=DAILY;COUNT=4")["id"]
    ids = [e["id"] for e in ann.listed("events", f"series={first}&sort=starts_at")]
    ann.act(f"/events/{ids[3]}", "done")
    ann.change(f"/events/{first}", recurrence="FREQ=DAILY;INTERVAL=2;COUNT=3", apply_to="all")
    found = ann.listed("events", "sort=starts_at")
    assert [e["starts_at"][8:10] for e in found] == ["03", "05", "06", "07"]
    assert found[1]["id"] == ids[2] and found[2]["status"] == "done"
    ann.change(f"/events/{ids[2]}", recurrence="FREQ=DAILY;COUNT=2", apply_to="following")
    assert starts(ann, ids[2]) == ["2031-03-05T09:00", "2031-03-06T09:00"]
    assert starts(ann, first)[0] == "2031-03-03T09:00"
    ann.change(f"/events/{first}", recurrence=None)
    assert ann.get(f"/events/{first}")["series"] is None
