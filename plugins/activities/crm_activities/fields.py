"""Field types that only activities need: a time of day, and a rule of recurrence."""

from __future__ import annotations

import datetime as dt
from typing import Any

from crm_activities.recurrence import in_words, normal
from crm_core.api import N_, Ctx, LongText, Text, ValueProblem


class TimeOfDay(Text):
    """A time of the day as ``HH:MM``, without zone: that of whoever looks."""

    custom = False

    def __init__(self) -> None:
        """Five characters."""
        super().__init__(5)

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return ``HH:MM``; seconds are left out."""
        if isinstance(raw, dt.time):
            return f"{raw:%H:%M}"
        try:
            return f"{dt.time.fromisoformat(str(raw).strip().rjust(5, '0')):%H:%M}"
        except ValueError as error:
            raise ValueProblem("time", N_("%(value)s is not a time; write it as 14:30"), value=str(raw)[:20]) from error

    def options(self) -> dict[str, Any]:
        """Return nothing."""
        return {}


class Rule(Text):
    """A rule of recurrence as in RFC 5545, such as ``FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=5``."""

    custom = False

    def __init__(self) -> None:
        """As long as a rule with everything in it."""
        super().__init__(200)

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the rule in one spelling."""
        text = super().convert(raw, ctx)
        return normal(text) if text else None

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the rule as a sentence (AC-82)."""
        return in_words(value, ctx) if value else ""

    def options(self) -> dict[str, Any]:
        """Return nothing."""
        return {}


class TakenTwice(LongText):
    """People and resources that are taken by another event at the same time; worked out, never stored."""

    custom = False

    def dump(self, value: Any) -> Any:
        """Return the list."""
        return list(value or ())

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the names."""
        return ", ".join(one["name"] for one in value or ())

    def schema(self) -> dict[str, Any]:
        """Return an array of objects."""
        return {"type": "array", "items": {"type": "object"}}
