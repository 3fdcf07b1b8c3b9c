"""What is derived and what must hold, by kind of record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm_activities import event_rules, news, reminders
from crm_activities.names import EVENT, FOLLOW_UP, TASK
from crm_core.api import N_, Change, Ctx, Notice, Problem, gettext, notices


def derive(ctx: Ctx, change: Change) -> None:
    """Write what follows from other values."""
    if change.entity == EVENT:
        event_rules.derive(ctx, change)
    elif change.entity == TASK and change.verb != "delete" and (change.changed("status") or change.verb == "create"):
        closed = change.get("status") == "closed"
        change.values["closed_at"] = ctx.now if closed else None


def problems(ctx: Ctx, change: Change) -> Iterable[Problem]:
    """Return what is wrong with a change."""
    return event_rules.problems(ctx, change) if change.entity == EVENT else ()


def follow(ctx: Ctx, change: Change) -> None:
    """Keep what is due to be sent, who is busy, and the rest of a series in step; tell who was given a task."""
    if change.entity in (TASK, FOLLOW_UP, EVENT):
        reminders.plan(ctx, change)
    if change.entity == EVENT:
        event_rules.follow(ctx, change)
    elif change.entity == TASK:
        _tell(ctx, change)
        _tell_of_end(ctx, change)


def _tell_of_end(ctx: Ctx, change: Change) -> None:
    """Tell whoever made a task that somebody else has done it (NT-09)."""
    task: Any = change.record
    if change.verb == "update" and change.changed("status") and change.get("status") == "closed" and task.created_by_id:
        notices.tell_people(ctx, news.TASK_DONE, TASK, task.id, task.title, {task.created_by_id})


def _tell(ctx: Ctx, change: Change) -> None:
    """Tell the responsible person of a new task (AC-11), not of one's own, and not during imports."""
    person = change.get("assigned_to")
    new = change.verb == "create" or (change.verb == "update" and change.changed("assigned_to"))
    if not (new and person and change.get("notify")) or person == ctx.actor.id or ctx.quiet or ctx.undoing:
        return
    task: Any = change.record
    subject = gettext(N_("New task: %(title)s"), title=task.title)
    key = f"task:{task.id}:{person}:{task.version}"
    notices.tell(ctx, Notice(
        kind=news.TASK_GIVEN.key, key=key, user_id=person, subject=subject, entity=TASK, record_id=task.id,
    ))  # fmt: skip
