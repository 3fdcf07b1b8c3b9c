"""Relative dates: how they are written, and which days or moments they mean for a person in a time zone."""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from dataclasses import dataclass
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from crm_core.filters.tree import MAX_AMOUNT, Relative, problem
from crm_core.i18n import N_

Kind: TypeAlias = Literal["date", "datetime"]
Point: TypeAlias = dt.date | dt.datetime

_DAYS = {"yesterday": -1, "tomorrow": 1}
_WHICH = {"last": -1, "this": 0, "next": 1}
_PERIODS = {"week": "w", "month": "m", "quarter": "q", "year": "y"}
_MONTHS = {"m": 1, "q": 3, "y": 12}

RELATIVE_PATTERN = (
    r"(?ai:(?:this|last|next)_(?:week|month|quarter|year)|yesterday|tomorrow"
    r"|(?:today|now)(?:\s*[+-]\s*[0-9]+\s*(?:min|[hdwmqy]))?|[+-]\s*[0-9]+\s*(?:min|[hdwmqy]))(?![\w.])"
)
DATE_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![\w.:+-])"
DATETIME_PATTERN = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?(?![\w.:+-])"
)
_RELATIVE = re.compile(RELATIVE_PATTERN)
_OFFSET = re.compile(r"(today|now)?(?:([+-])([0-9]+)(min|[hdwmqy]))?")
_ABSOLUTE = re.compile(f"{DATE_PATTERN}|{DATETIME_PATTERN}")


@dataclass(frozen=True, slots=True)
class Span:
    """The days or moments from ``start`` up to, but without, ``end``.

    A comparison with a span asks where a value lies: ``=`` inside, ``<`` before it, ``<=`` before its end,
    ``>`` after it, ``>=`` from its start on. ``!=`` is whatever ``=`` leaves out.
    """

    start: Point
    end: Point

    def bounds(self, op: str) -> tuple[tuple[str, Point], ...]:
        """Return the comparisons with single values that together say ``op`` this span.

        Args:
            op: One of ``= < <= > >=``; evaluate ``!=`` as the complement of ``=``.
        """
        table: dict[str, tuple[tuple[str, Point], ...]] = {
            "=": ((">=", self.start), ("<", self.end)),
            "<": (("<", self.start),),
            "<=": (("<", self.end),),
            ">": ((">=", self.end),),
            ">=": ((">=", self.start),),
        }
        return table[op]


def read_relative(text: str) -> Relative | None:
    """Return the relative date that is written (``today-30d``, ``-2h``, ``last_month`` …), else ``None``.

    A bare offset counts from today, or from now when its unit is shorter than a day.

    Raises:
        FilterError: it is written well but can't be: hours counted from today, or too long ago.
    """
    word = "".join(text.split()).lower()
    if len(text) > 100 or not _RELATIVE.fullmatch(text.strip()):
        return None
    if word in _DAYS:
        return Relative("today", _DAYS[word])
    which, _, name = word.partition("_")
    if name in _PERIODS:
        return Relative("period", _WHICH[which], _PERIODS[name])
    if not (parts := _OFFSET.fullmatch(word)):
        return None
    base, sign, digits, unit = parts.groups()
    kind = base or ("now" if unit in ("min", "h") else "today")
    if kind == "today" and unit in ("min", "h"):
        raise problem(N_('"today" is a whole day; count hours from "now"'))
    amount = min(int((digits or "0")[:20]), MAX_AMOUNT + 1)
    return Relative(kind, -amount if sign == "-" else amount, unit or "d")


def write_relative(value: Relative) -> str:
    """Return the one writing that ``read_relative`` understands as ``value``."""
    if value.kind == "period":
        which = next(word for word, amount in _WHICH.items() if amount == value.amount)
        return f"{which}_{next(name for name, unit in _PERIODS.items() if unit == value.unit)}"
    return f"{value.kind}{value.amount:+d}{value.unit}" if value.amount else value.kind


def is_absolute(text: str) -> bool:
    """Tell whether ``text`` is an ISO date or date and time as it may stand in a filter without quotes."""
    if not _ABSOLUTE.fullmatch(text):
        return False
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def resolve(
    value: Relative | str | Point, *, now: dt.datetime, timezone: ZoneInfo, kind: Kind, week_start: int = 0
) -> Point | Span:
    """Return what a relative date, or an ISO date or date and time, means in a time zone at a moment.

    ==================  =====================  ==========================================
    value               kind ``date``          kind ``datetime`` (always UTC)
    ==================  =====================  ==========================================
    period              span of days           span from local midnight to local midnight
    today ± n, a date   the day                span of that day, 23 to 25 hours long
    now ± n             the local day then     the moment
    a date and time     the local day then     the moment; local time if it has no offset
    ==================  =====================  ==========================================

    Minutes and hours are counted as they pass; days and longer units keep the local time of day. A month that
    is too short gives its last day.

    Args:
        value: What is compared with.
        now: The moment that counts as now; aware.
        timezone: The zone of the person who asks.
        kind: What the field holds.
        week_start: First day of the week, 0 for Monday to 6 for Sunday.

    Raises:
        FilterError: ``value`` is no date, or lies outside the calendar.
        ValueError: ``now`` has no time zone.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    try:
        found = _local(value, now.astimezone(timezone), week_start)
        return _on_calendar(found, timezone) if kind == "date" else _on_clock(found, timezone)
    except (OverflowError, ValueError):
        raise problem(N_("%(date)s is not a date of the calendar"), date=_written(value)) from None


def _local(value: Relative | str | Point, now: dt.datetime, week_start: int) -> Point | Span:
    if isinstance(value, str):
        value = dt.date.fromisoformat(value) if len(value) == 10 else dt.datetime.fromisoformat(value)
    if not isinstance(value, Relative):
        return value
    if value.kind == "period":
        start = _add(_period_start(now.date(), value.unit, week_start), value.amount, value.unit)
        return Span(start, _add(start, 1, value.unit))
    if value.kind == "today":
        return _add(now.date(), value.amount, value.unit)
    if value.unit in ("min", "h"):
        return now.astimezone(dt.UTC) + dt.timedelta(minutes=value.amount * (60 if value.unit == "h" else 1))
    if not value.amount:
        return now
    day = _add(now.date(), value.amount, value.unit)
    return dt.datetime.combine(day, now.time().replace(fold=0), now.tzinfo)


def _period_start(day: dt.date, unit: str, week_start: int) -> dt.date:
    if unit == "w":
        return day - dt.timedelta(days=(day.weekday() - week_start) % 7)
    months = _MONTHS[unit]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def _add(day: dt.date, amount: int, unit: str) -> dt.date:
    if unit in ("d", "w"):
        return day + dt.timedelta(days=amount * (7 if unit == "w" else 1))
    year, month = divmod(day.year * 12 + day.month - 1 + amount * _MONTHS[unit], 12)
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        raise OverflowError(year)
    return dt.date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _on_calendar(found: Point | Span, timezone: ZoneInfo) -> dt.date | Span:
    if isinstance(found, dt.datetime):
        return (found.astimezone(timezone) if found.tzinfo else found).date()
    return found


def _on_clock(found: Point | Span, timezone: ZoneInfo) -> Point | Span:
    if isinstance(found, dt.datetime):
        return (found if found.tzinfo else found.replace(tzinfo=timezone)).astimezone(dt.UTC)
    span = found if isinstance(found, Span) else Span(found, found + dt.timedelta(days=1))
    return Span(_midnight(span.start, timezone), _midnight(span.end, timezone))


def _midnight(day: dt.date, timezone: ZoneInfo) -> dt.datetime:
    # Where clocks skip midnight, fold 0 gives the moment they do; where midnight comes twice, the first.
    return dt.datetime.combine(day, dt.time(), timezone).astimezone(dt.UTC)


def _written(value: Relative | str | Point) -> str:
    if isinstance(value, Relative):
        return write_relative(value)
    return value if isinstance(value, str) else value.isoformat()
