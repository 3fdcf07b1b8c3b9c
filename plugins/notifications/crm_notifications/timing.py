"""When something may be sent: quiet hours and the hour of the daily mail, on the clock where the person is.

Both ends of the quiet hours are turned into instants, so that a night of 23 or 25 hours is as long as it is: an end
that the clock shows twice is the second one, one that it skips is an hour later on the clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

_DAY = dt.timedelta(days=1)


def clock(text: str) -> dt.time:
    """Read ``HH:MM``.

    Raises:
        ValueError: it is no time of a day.
    """
    if len(text) != 5 or text[2] != ":":
        raise ValueError(text)
    return dt.time.fromisoformat(text)


def quiet_until(now: dt.datetime, zone: dt.tzinfo, start: str, end: str) -> dt.datetime | None:
    """Return when the quiet hours end that lie around an instant, nothing when it lies in none."""
    if not start or not end or start == end:
        return None
    for first, last in _nights(now.astimezone(zone).date(), zone, clock(start), clock(end)):
        if first <= now < last:
            return last
    return None


def _nights(day: dt.date, zone: dt.tzinfo, start: dt.time, end: dt.time) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    for begin in (day - _DAY, day):
        close = begin if end > start else begin + _DAY
        yield _instant(begin, start, zone, fold=0), _instant(close, end, zone, fold=1)


def _instant(day: dt.date, time: dt.time, zone: dt.tzinfo, fold: int) -> dt.datetime:
    moment = dt.datetime.combine(day, time, zone)
    skipped = moment.astimezone(dt.UTC).astimezone(zone).time() != time
    return moment.replace(fold=0 if skipped else fold).astimezone(dt.UTC)


def next_at(now: dt.datetime, zone: dt.tzinfo, time: str) -> dt.datetime:
    """Return the next instant at which the clock shows a time."""
    today = now.astimezone(zone).date()
    moments = (_instant(day, clock(time), zone, fold=0) for day in (today, today + _DAY))
    return next(moment for moment in moments if moment > now)
