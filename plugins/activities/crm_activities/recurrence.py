"""Recurrence as in RFC 5545, by python-dateutil: which moments a rule means, and the rule as a sentence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from crm_core.api import N_, Ctx, ValueProblem, gettext

MOST = 500
"""Occurrences of a series; they are records, each with its own state and guests."""
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES: Mapping[str, tuple[str, str]] = {
    "DAILY": (N_("Every day"), N_("Every %(n)s days")),
    "WEEKLY": (N_("Every week"), N_("Every %(n)s weeks")),
    "MONTHLY": (N_("Every month"), N_("Every %(n)s months")),
    "YEARLY": (N_("Every year"), N_("Every %(n)s years")),
}
_PARTS = ("FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "COUNT", "UNTIL")
_PLACES = {1: N_("first"), 2: N_("second"), 3: N_("third"), 4: N_("fourth"), -1: N_("last")}


def normal(text: str) -> str:
    """Return a rule in one spelling.

    ``FREQ``, ``INTERVAL``, ``BYDAY``, ``BYMONTHDAY`` and either ``COUNT`` or ``UNTIL`` (a day) are understood.

    Raises:
        ValueProblem: the rule can't be read, never ends, or repeats more than ``MOST`` times (AC-81).
    """
    parts = _parts(text)
    freq = parts.get("FREQ", "")
    if freq not in FREQUENCIES:
        raise _wrong(N_("Say how often: FREQ is DAILY, WEEKLY, MONTHLY or YEARLY"))
    found = {"FREQ": freq}
    if (interval := _number(parts, "INTERVAL", 1, 366)) not in (None, 1):
        found["INTERVAL"] = str(interval)
    if days := parts.get("BYDAY"):
        found["BYDAY"] = ",".join(sorted((_day(d, freq) for d in days.split(",")), key=_weekday))
    if (monthday := _number(parts, "BYMONTHDAY", 1, 31)) is not None:
        found["BYMONTHDAY"] = str(monthday)
    if ("COUNT" in parts) == ("UNTIL" in parts):
        raise _wrong(N_("Say when it ends: after a number of repetitions, or at a date"))
    if (count := _number(parts, "COUNT", 1, MOST)) is not None:
        found["COUNT"] = str(count)
    else:
        found["UNTIL"] = f"{_until(parts['UNTIL']):%Y%m%d}"
    return ";".join(f"{key}={found[key]}" for key in _PARTS if key in found)


def _parts(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for piece in text.upper().removeprefix("RRULE:").strip("; ").split(";"):
        key, sign, value = piece.partition("=")
        if not sign or key.strip() not in _PARTS or key.strip() in found:
            raise _wrong(N_("A rule looks like FREQ=WEEKLY;BYDAY=MO;COUNT=5"))
        found[key.strip()] = value.strip()
    return found


def _wrong(message: str) -> ValueProblem:
    return ValueProblem("recurrence", message)


def _number(parts: Mapping[str, str], key: str, low: int, high: int) -> int | None:
    if key not in parts:
        return None
    text = parts[key]
    if not (text.isascii() and text.isdigit() and len(text) < 6 and low <= int(text) <= high):
        message = N_("%(key)s is a whole number from %(low)s to %(high)s")
        raise ValueProblem("recurrence", message, key=key, low=low, high=high)
    return int(text)


def _day(text: str, freq: str) -> str:
    place, day = text.strip()[:-2], text.strip()[-2:]
    if day not in DAYS or (place and freq != "MONTHLY") or place not in ("", "1", "2", "3", "4", "5", "-1"):
        raise _wrong(N_("Days are MO TU WE TH FR SA SU; in a month also 1MO to 5MO or -1MO"))
    return f"{'-1' if place == '5' else place}{day}"  # a fifth one, else the fourth: the last


def _weekday(day: str) -> tuple[str, int]:
    return day[:-2], DAYS.index(day[-2:])


def _until(text: str) -> dt.date:
    try:
        return dt.datetime.strptime(text[:8], "%Y%m%d").date()
    except ValueError as error:
        raise _wrong(N_("UNTIL is a day, such as 20261231")) from error


def moments(rule: str, start: dt.datetime, zone: str) -> list[dt.datetime]:
    """Return the instants a rule means, in UTC; the first is the first fitting one from ``start`` on.

    The clock on the wall stays the same when daylight saving time begins or ends. ``COUNT`` is how many there are in
    all (AC-80). The 29th to 31st of a month is its last day where the month is shorter.

    Raises:
        ValueProblem: it ends before it begins, or has more than ``MOST``.
    """
    from dateutil.rrule import rrulestr

    place = ZoneInfo(zone)
    first = start.astimezone(place).replace(tzinfo=None)
    parts = _parts(rule)
    if until := parts.pop("UNTIL", None):
        if _until(until) < first.date():
            raise ValueProblem("recurrence", N_("It ends before it begins"))
        parts["UNTIL"] = f"{_until(until):%Y%m%d}T235959"
    if parts["FREQ"] in ("MONTHLY", "YEARLY") and "BYDAY" not in parts:
        day = int(parts.pop("BYMONTHDAY", first.day))
        if parts["FREQ"] == "YEARLY":
            parts["BYMONTH"] = str(first.month)
        days = range(28, day + 1) if day > 28 else [day]
        parts |= {"BYMONTHDAY": ",".join(map(str, days)), "BYSETPOS": "-1"}
    found: list[dt.datetime] = []
    for moment in rrulestr(";".join(f"{k}={v}" for k, v in parts.items()), dtstart=first):
        if len(found) >= MOST:
            message = N_("It would repeat more than %(most)s times; let it end earlier")
            raise ValueProblem("recurrence", message, most=MOST)
        found.append(moment.replace(tzinfo=place).astimezone(dt.UTC))
    if not found:
        raise ValueProblem("recurrence", N_("No day fits this rule"))
    return found


def in_words(rule: str, ctx: Ctx) -> str:
    """Return the rule as a sentence, such as "Every week on Monday, 5 times" (AC-82)."""
    from crm_core.api import Date

    parts = _parts(rule)
    one, several = FREQUENCIES[parts["FREQ"]]
    interval = int(parts.get("INTERVAL", 1))
    words = gettext(several, n=interval) if interval > 1 else gettext(one)
    if days := parts.get("BYDAY"):
        words = gettext(N_("%(often)s on %(days)s"), often=words, days=_days_in_words(days, ctx.locale.language))
    elif day := parts.get("BYMONTHDAY"):
        words = gettext(N_("%(often)s on day %(day)s"), often=words, day=day)
    if count := parts.get("COUNT"):
        return gettext(N_("%(often)s, %(count)s times"), often=words, count=count)
    return gettext(N_("%(often)s, until %(day)s"), often=words, day=Date().show(_until(parts["UNTIL"]), ctx))


def _days_in_words(days: str, language: str) -> str:
    from babel.dates import get_day_names

    names = get_day_names("wide", locale=language)
    found = []
    for day in days.split(","):
        name = names[DAYS.index(day[-2:])]
        place = int(day[:-2]) if day[:-2] else 0
        found.append(gettext(N_("the %(place)s %(day)s"), place=gettext(_PLACES[place]), day=name) if place else name)
    return ", ".join(found)
