import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import FilterError
from crm_core.filters import Span, resolve
from crm_core.filters.relative import read_relative

from .strategies import relatives

PARIS = ZoneInfo("Europe/Paris")
NOW = dt.datetime(2026, 5, 20, 22, 30, tzinfo=dt.UTC)  # Thursday 21 May, 0:30 in Paris


def utc(*args: int) -> dt.datetime:
    return dt.datetime(*args, tzinfo=dt.UTC)  # type: ignore[misc]


def on(text, kind, now=NOW, timezone=PARIS, **kw):
    return resolve(read_relative(text) or text, now=now, timezone=timezone, kind=kind, **kw)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", dt.date(2026, 5, 21)),
        ("now", dt.date(2026, 5, 21)),
        ("-30d", dt.date(2026, 4, 21)),
        ("+2w", dt.date(2026, 6, 4)),
        ("today-3m", dt.date(2026, 2, 21)),
        ("today+1q", dt.date(2026, 8, 21)),
        ("now-1h", dt.date(2026, 5, 20)),
        ("now-1y", dt.date(2025, 5, 21)),
        ("2026-12-31", dt.date(2026, 12, 31)),
        ("2026-12-31T23:30Z", dt.date(2027, 1, 1)),
        ("2026-12-31T23:30", dt.date(2026, 12, 31)),
    ],
)
def test_days(text, day):
    assert on(text, "date") == day


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("this_week", (2026, 5, 18), (2026, 5, 25)),
        ("last_week", (2026, 5, 11), (2026, 5, 18)),
        ("this_month", (2026, 5, 1), (2026, 6, 1)),
        ("last_month", (2026, 4, 1), (2026, 5, 1)),
        ("this_quarter", (2026, 4, 1), (2026, 7, 1)),
        ("next_quarter", (2026, 7, 1), (2026, 10, 1)),
        ("this_year", (2026, 1, 1), (2027, 1, 1)),
        ("last_year", (2025, 1, 1), (2026, 1, 1)),
    ],
)
def test_periods(text, start, end):
    assert on(text, "date") == Span(dt.date(*start), dt.date(*end))


def test_the_week_can_start_on_sunday():
    assert on("this_week", "date", week_start=6) == Span(dt.date(2026, 5, 17), dt.date(2026, 5, 24))
    sunday = utc(2026, 5, 17, 12)
    assert on("this_week", "date", now=sunday).start == dt.date(2026, 5, 11)
    assert on("this_week", "date", now=sunday, week_start=6).start == dt.date(2026, 5, 17)


def test_months_that_are_too_short_give_their_last_day():
    march = utc(2026, 3, 31, 12)
    assert on("today-1m", "date", now=march) == dt.date(2026, 2, 28)
    assert on("today-1q", "date", now=march) == dt.date(2025, 12, 31)
    assert on("today-1y", "date", now=utc(2024, 2, 29, 12)) == dt.date(2023, 2, 28)


def test_moments():
    assert on("now", "datetime") == NOW
    assert on("-2h", "datetime") == NOW - dt.timedelta(hours=2)
    assert on("now-90min", "datetime") == NOW - dt.timedelta(minutes=90)
    assert on("2026-12-31T10:00", "datetime") == utc(2026, 12, 31, 9)
    assert on("2026-12-31T10:00+05:00", "datetime") == utc(2026, 12, 31, 5)
    assert on("now", "datetime").tzinfo is dt.UTC


def test_a_day_is_a_span_of_moments():
    assert on("today", "datetime") == Span(utc(2026, 5, 20, 22), utc(2026, 5, 21, 22))
    assert on("2026-12-31", "datetime") == Span(utc(2026, 12, 30, 23), utc(2026, 12, 31, 23))
    assert on("this_year", "datetime") == Span(utc(2025, 12, 31, 23), utc(2026, 12, 31, 23))
    day = dt.date(2026, 12, 31)
    assert resolve(day, now=NOW, timezone=PARIS, kind="datetime") == on("2026-12-31", "datetime")


def test_days_of_the_change_to_and_from_summer_time():
    spring, autumn = utc(2026, 3, 29, 12), utc(2026, 10, 25, 12)
    short, long = on("today", "datetime", now=spring), on("today", "datetime", now=autumn)
    assert short == Span(utc(2026, 3, 28, 23), utc(2026, 3, 29, 22))
    assert long == Span(utc(2026, 10, 24, 22), utc(2026, 10, 25, 23))
    assert on("this_month", "datetime", now=spring) == Span(utc(2026, 2, 28, 23), utc(2026, 3, 31, 22))


def test_days_back_keep_the_time_of_day_and_hours_do_not():
    monday = utc(2026, 3, 30, 8)  # 10:00 in summer
    assert on("now-2d", "datetime", now=monday) == utc(2026, 3, 28, 9)  # 10:00 in winter
    assert on("now-48h", "datetime", now=monday) == utc(2026, 3, 28, 8)


def test_an_hour_that_does_not_exist_or_comes_twice():
    assert on("now-1d", "datetime", now=utc(2026, 3, 30, 0, 30)) == utc(2026, 3, 29, 1, 30)  # 2:30 was skipped
    second = utc(2026, 10, 25, 1, 30)  # 2:30 for the second time
    assert on("now", "datetime", now=second) == second
    assert on("now+1d", "datetime", now=second) == utc(2026, 10, 26, 1, 30)
    assert on("now-1d", "datetime", now=utc(2026, 10, 26, 1, 30)) == utc(2026, 10, 25, 0, 30)


def test_midnights_that_do_not_exist_or_come_twice():
    cairo, havana = ZoneInfo("Africa/Cairo"), ZoneInfo("America/Havana")
    assert on("2024-04-26", "datetime", timezone=cairo) == Span(utc(2024, 4, 25, 22), utc(2024, 4, 26, 21))
    assert on("2025-11-02", "datetime", timezone=havana) == Span(utc(2025, 11, 2, 4), utc(2025, 11, 3, 5))


def test_how_operators_meet_a_span():
    span = on("this_month", "date")
    first, after = dt.date(2026, 5, 1), dt.date(2026, 6, 1)
    assert span.bounds("=") == ((">=", first), ("<", after))
    assert span.bounds("<") == (("<", first),)
    assert span.bounds("<=") == (("<", after),)
    assert span.bounds(">") == ((">=", after),)
    assert span.bounds(">=") == ((">=", first),)


@pytest.mark.parametrize("text", ["today-9999y", "today+99999m", "9999-12-31", "0001-01-01", "2026-13-01", "soon"])
def test_outside_the_calendar(text):
    with pytest.raises(FilterError, match="not a date of the calendar"):
        on(text, "datetime", timezone=PARIS)


def test_now_must_be_aware():
    with pytest.raises(ValueError, match="aware"):
        on("today", "date", now=NOW.replace(tzinfo=None))


@given(relatives, st.sampled_from(["date", "datetime"]), st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2090, 1, 1)))
def test_spans_have_length_and_moments_are_utc(value, kind, now):
    found = resolve(value, now=now.replace(tzinfo=dt.UTC), timezone=PARIS, kind=kind)
    points = (found.start, found.end) if isinstance(found, Span) else (found,)
    assert all(isinstance(p, dt.datetime) == (kind == "datetime") for p in points)
    assert all(p.tzinfo is dt.UTC for p in points if isinstance(p, dt.datetime))
    if isinstance(found, Span):
        assert found.start < found.end
