"""Which moments a record reminds of: rows that wait, written with the record in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from crm_activities.names import FOLLOW_UP, TASK
from crm_activities.tables import Due
from crm_core.api import Change, Ctx

UNITS: Mapping[str, dt.timedelta] = {
    "minutes": dt.timedelta(minutes=1), "hours": dt.timedelta(hours=1), "days": dt.timedelta(days=1),
    "weeks": dt.timedelta(weeks=1),
}  # fmt: skip
STALE = dt.timedelta(days=1)
"""A moment that lies further back when it is written is not reminded of: the record is entered afterwards."""
_MATTERS = {
    "task": {"due_at", "reminder", "status", "assigned_to"},
    "follow_up": {"due_on", "remind_at", "done", "contact", "owner"},
    "event": {"starts_at", "reminders", "status", "type", "all_day"},
}


def plan(ctx: Ctx, change: Change) -> None:
    """Write the moments of a record anew when something they depend on has changed; those handed over stay."""
    if change.verb == "update" and not any(change.changed(k) for k in _MATTERS[change.entity.partition(".")[2]]):
        return
    record_id = change.record.id
    if change.verb != "create":
        old = sa.select(Due).where(Due.entity == change.entity, Due.record_id == record_id, Due.sent_at.is_(None))
        for row in ctx.session.scalars(old):
            ctx.session.delete(row)
    if change.verb == "delete":
        return
    for line, moment in moments(ctx, change):
        missed = moment <= ctx.now and not _is_news(change)
        if not missed and moment > ctx.now - STALE:
            ctx.session.add(Due(entity=change.entity, record_id=record_id, line=line, at=moment, sent_at=None))


def _is_news(change: Change) -> bool:
    """Tell whether the moment itself is new: then one that has just passed is still due."""
    return change.verb == "create" or any(
        change.changed(k) for k in ("due_at", "reminder", "due_on", "remind_at", "starts_at", "reminders")
    )


def moments(ctx: Ctx, change: Change) -> Iterator[tuple[int, dt.datetime]]:
    """Yield (line, instant) for each reminder of a record as it will be."""
    if change.entity == TASK:
        if change.get("status") == "open" and (code := change.get("reminder")) not in (None, "never"):
            due: dt.datetime = change.get("due_at")
            # Where the reminder's moment has passed already, the due date itself is left to remind at.
            early = due - dt.timedelta(minutes=int(code))
            yield 0, early if early > ctx.now else due
    elif change.entity == FOLLOW_UP:
        clock = change.get("remind_at")
        if not change.get("done") and clock not in (None, "00:00"):
            moment = dt.datetime.combine(change.get("due_on"), dt.time.fromisoformat(clock))
            yield 0, moment.replace(tzinfo=zone_of(ctx, change.get("owner"))).astimezone(dt.UTC)
    elif change.get("status") in (None, "planned"):
        for number, line in enumerate(change.get("reminders") or ()):
            if moment_of := moment_of_line(line, change.get("starts_at")):
                yield number, moment_of


def zone_of(ctx: Ctx, user_id: int | None) -> dt.tzinfo:
    """Return the time zone of a person, that of the actor for nobody."""
    user = ctx.directory.user(user_id) if user_id else None
    return user.locale.zone if user is not None else ctx.locale.zone


def moment_of_line(line: Mapping[str, Any], start: dt.datetime) -> dt.datetime | None:
    """Return when a reminder of an event is due (AC-71, AC-72)."""
    if line.get("mode") == "at":
        at: dt.datetime | None = line.get("at")
        return at
    if line.get("amount") is None or not line.get("unit"):
        return None
    before: dt.timedelta = line["amount"] * UNITS[line["unit"]]
    return start - before
