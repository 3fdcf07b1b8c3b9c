"""The verbs of tasks and follow-ups, and the task for each of several contacts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from crm_activities.models import TASK_DEFAULT_REMINDER, this_evening
from crm_activities.names import CONTACT, FOLLOW_UP, TASK, TASK_REMINDERS
from crm_activities.tones import today
from crm_core.api import (
    N_,
    ActionDef,
    Boolean,
    Choice,
    Ctx,
    Date,
    DateTime,
    FieldDef,
    LongText,
    Text,
    User,
    gettext,
    records,
)

Data = Mapping[str, Any]


def close(ctx: Ctx, record: Any, data: Data) -> dict[str, Any]:
    """Close a task."""
    records.update(ctx, TASK, record.id, {"status": "closed"})
    return {"status": "closed", "message": gettext(N_("Done: %(title)s"), title=record.title)}


def reopen(ctx: Ctx, record: Any, data: Data) -> dict[str, Any]:
    """Open a closed task again."""
    records.update(ctx, TASK, record.id, {"status": "open"})
    return {"status": "open"}


def later(ctx: Ctx, moment: dt.datetime, days: int = 1) -> dt.datetime:
    """Return the same time of the day, so many days from today where the person is, or later if it is later anyway."""
    zone = ctx.locale.zone
    local = moment.astimezone(zone)
    day = max(local.date(), today(ctx)) + dt.timedelta(days=days)
    return dt.datetime.combine(day, local.time(), zone).astimezone(dt.UTC)


def postpone_task(ctx: Ctx, record: Any, data: Data) -> dict[str, Any]:
    """Give a task a later date: the one given, else tomorrow at the same time."""
    due = data.get("due_at") or later(ctx, record.due_at)
    records.update(ctx, TASK, record.id, {"due_at": due})
    return {"due_at": DateTime().dump(due)}


def finish(ctx: Ctx, record: Any, data: Data) -> dict[str, Any]:
    """Mark a follow-up as done."""
    records.update(ctx, FOLLOW_UP, record.id, {"done": True})
    return {"done": True, "message": gettext(N_("Done: %(title)s"), title=record.title)}


def push_back(ctx: Ctx, record: Any, data: Data) -> dict[str, Any]:
    """Give a follow-up a later day: the one given, else tomorrow (AC-28)."""
    day = data.get("due_on") or max(record.due_on, today(ctx)) + dt.timedelta(days=1)
    records.update(ctx, FOLLOW_UP, record.id, {"due_on": day, "done": False})
    return {"due_on": day.isoformat()}


def task_for(ctx: Ctx, record: Any, data: Data) -> dict[str, Any]:
    """Create a task for a contact; asked for several it is made once for each (AC-15)."""
    values = {key: value for key, value in data.items() if value is not None}
    made = records.create(ctx, TASK, {**values, "contact": record.id})
    return {"task": made.id, "message": gettext(N_("Created: %(title)s"), title=data["title"])}


def _is_open(ctx: Ctx, record: Any) -> bool:
    return bool(record.status == "open")


def _field(key: str, kind: Any, label: str, **more: Any) -> FieldDef:
    return FieldDef(entity=TASK, key=key, type=kind, label=label, **more)


_TASK_FORM = (
    _field("title", Text(255), N_("Title"), required=True),
    _field("category", Choice("activities.task_category"), N_("Category")),
    _field("due_at", DateTime(shortcuts=True), N_("Due"), required=True, default=this_evening),
    _field("reminder", Choice(choices=TASK_REMINDERS), N_("Reminder"), default=TASK_DEFAULT_REMINDER),
    _field("assigned_to", User(), N_("Assigned to"), default=lambda ctx: ctx.actor.id),
    _field("notify", Boolean(), N_("Notify"), default=True),
    _field("description", LongText(10_000), N_("Description")),
)
ACTIONS = (
    ActionDef(
        entity=TASK, name="close", label=N_("Done"), handler=close, icon="check-lg", primary=True, available=_is_open
    ),
    ActionDef(
        entity=TASK, name="reopen", label=N_("Open again"), handler=reopen, icon="arrow-counterclockwise",
        available=lambda ctx, record: record.status == "closed",
    ),
    ActionDef(
        entity=TASK, name="postpone", label=N_("Postpone"), handler=postpone_task, icon="calendar-plus",
        form=(_field("due_at", DateTime(shortcuts=True), N_("New date")),), available=_is_open,
    ),
    ActionDef(
        entity=FOLLOW_UP, name="done", label=N_("Done"), handler=finish, icon="check-lg", primary=True,
        available=lambda ctx, record: not record.done,
    ),
    ActionDef(
        entity=FOLLOW_UP, name="push-back", label=N_("Push back"), handler=push_back, icon="calendar-plus",
        form=(FieldDef(entity=FOLLOW_UP, key="due_on", type=Date(shortcuts=True), label=N_("New date")),),
    ),
    ActionDef(
        entity=CONTACT, name="create-task", label=N_("Create a task"), handler=task_for, icon="check2-square",
        form=_TASK_FORM, needs="read",
    ),
)  # fmt: skip
