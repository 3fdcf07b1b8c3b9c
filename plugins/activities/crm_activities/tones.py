"""What is overdue, due today or ahead, by the calendar of whoever looks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from crm_core.api import N_, Ctx, Tone

STATES: Mapping[str, str] = {
    "overdue": N_("Overdue"), "today": N_("Today"), "upcoming": N_("Upcoming"), "done": N_("Done"),
}  # fmt: skip
_COLOURS = {"overdue": "danger", "today": "success", "upcoming": "info", "done": "muted"}
"""Red, green and blue (AC-25 to AC-27)."""


def today(ctx: Ctx) -> dt.date:
    """Return the day it is where the person is."""
    return ctx.now.astimezone(ctx.locale.zone).date()


def state_of_day(ctx: Ctx, day: dt.date, *, done: bool) -> str:
    """Return one of ``STATES``: a day is today from 00:00 to 24:00 in the person's zone (AC-26)."""
    if done:
        return "done"
    now = today(ctx)
    if day < now:
        return "overdue"
    return "today" if day == now else "upcoming"


def follow_up_state(ctx: Ctx, record: Any) -> str:
    """Return the state of a follow-up."""
    return state_of_day(ctx, record.due_on, done=bool(record.done))


def task_is_overdue(ctx: Ctx, record: Any) -> bool:
    """Tell whether a task is open and its moment has passed (AC-19)."""
    return bool(record.status == "open" and record.due_at < ctx.now)


def _of_follow_up(ctx: Ctx, values: Mapping[str, Any]) -> tuple[str, str] | None:
    day = values.get("due_on")
    if day is None:
        return None
    state = state_of_day(ctx, day, done=bool(values.get("done")))
    return _COLOURS[state], STATES[state]


def _of_task(ctx: Ctx, values: Mapping[str, Any]) -> tuple[str, str] | None:
    due = values.get("due_at")
    if due is None or values.get("status") != "open":
        return None
    if due < ctx.now:
        return "danger", STATES["overdue"]
    state = state_of_day(ctx, due.astimezone(ctx.locale.zone).date(), done=False)
    return _COLOURS[state], STATES[state]


def default_entry(ctx: Ctx, key: str) -> str | None:
    """Return the entry of a list that carries the role ``default``, else its first active one."""
    entries = [e for e in ctx.directory.entries(key) if e.active]
    chosen = next((e for e in entries if e.role == "default"), entries[0] if entries else None)
    return chosen.code if chosen else None


OF_FOLLOW_UP = Tone(of=_of_follow_up, needs=("done",))
OF_TASK = Tone(of=_of_task, needs=("status",))


def _of_event(ctx: Ctx, values: Mapping[str, Any]) -> tuple[str, str] | None:
    starts = values.get("starts_at")
    return ("danger", STATES["overdue"]) if starts and values.get("status") == "planned" and starts < ctx.now else None


OF_EVENT = Tone(of=_of_event, needs=("status",))
