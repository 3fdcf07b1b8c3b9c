"""The timeline of a record: its history, its comments and what plugins add, newest first (KN-19, KN-26, CT-69).

Of the history it shows what administrators want recorded (KN-20).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import comments, history, recording
from crm_core.contributions import TimelineEvent, TimelineSource
from crm_core.db import KERNEL
from crm_core.db.engine import is_passing
from crm_core.i18n import N_, gettext
from crm_core.models import Change as ChangeRow

if TYPE_CHECKING:
    from crm_core.comments import CommentEntry
    from crm_core.context import Ctx
    from crm_core.history import HistoryEntry

RECENT = dt.timedelta(days=30)
"""What is younger counts as recent activity, what is older as past (CT-69)."""


@dataclass(frozen=True, kw_only=True)
class CommentEvent(TimelineEvent):
    """A comment in the timeline."""

    comment: CommentEntry


@dataclass(frozen=True, kw_only=True)
class ChangeEvent(TimelineEvent):
    """A line of history in the timeline."""

    entry: HistoryEntry


@dataclass(frozen=True, kw_only=True)
class FailedSource(TimelineEvent):
    """Stands for a source that raised; administrators see it."""

    plugin: str


@dataclass(frozen=True)
class Activity:
    """A timeline in its three parts; ``upcoming`` is soonest first, the others newest first."""

    upcoming: tuple[TimelineEvent, ...]
    recent: tuple[TimelineEvent, ...]
    past: tuple[TimelineEvent, ...]
    more: dt.datetime | None = None
    """Where the next page starts, ``None`` on the last one."""


def record(ctx: Ctx, entity: str, record_id: int, key: str, text: str = "") -> bool:
    """Write an event that a module declares (``RecordedEvent``) to a record's timeline, if it is on; tell whether.

    Args:
        ctx: The operation; the entry stands or falls with it.
        entity: Key of the record's entity; nothing is written while its module is off.
        record_id: The record. Whether the actor may see it is not asked: what happened, happened.
        key: The event's key.
        text: What it was, such as a number; read by whoever may read the record.

    Raises:
        CrmError: no active module declares the event.
    """
    definition = ctx.registry.entities.get(entity)
    if definition is None:
        return False
    event = recording.declared(ctx, entity, key)
    if not recording.is_on(ctx, event):
        return False
    model = definition.model
    title = sa.select(getattr(model, definition.title)).where(model.id == record_id)
    row = ctx.session.execute(title, execution_options=KERNEL).first()
    if row is not None:
        history.note_event(ctx, event, record_id, str(row[0] or ""), text)
    return row is not None


def timeline(
    ctx: Ctx, entity: str, record: Any, before: dt.datetime | None = None, limit: int = 50, *, only: str = "all"
) -> list[TimelineEvent]:
    """Return what happened to a visible record, newest first.

    Args:
        ctx: The operation.
        entity: Key or slug of the record's entity.
        record: The record, as ``records.get`` returns it: that the actor may read it is not asked again.
        before: Only what is older.
        limit: How many; events of the same instant as the last one come on top, so that a page never splits them.
        only: ``comments`` (CT-27), ``changes`` or ``all``.
    """
    definition = ctx.registry.entity(entity)
    asked = limit + 1
    found: list[TimelineEvent] = []
    if only != "comments":
        found += map(_changed, _history(ctx, definition.key, record.id, before, asked))
    if definition.comments and only != "changes":
        found += map(_commented, comments.of_visible(ctx, definition.key, record.id, before, asked))
    for source in ctx.registry.of(TimelineSource):
        if source.entity == definition.key and only == "all":
            found += _asked(ctx, source, record, before, asked)
    found.sort(key=lambda event: instant(event.at), reverse=True)
    cut = found[:limit]
    return cut + [e for e in found[limit:] if instant(e.at) == instant(cut[-1].at)]


def activity(
    ctx: Ctx, entity: str, record: Any, before: dt.datetime | None = None, limit: int = 30, *, only: str = "all"
) -> Activity:
    """Return a page of the timeline split into upcoming, recent and past."""
    found = timeline(ctx, entity, record, before, limit, only=only)
    recent = ctx.now - RECENT
    return Activity(
        upcoming=tuple(reversed([e for e in found if instant(e.at) > ctx.now])),
        recent=tuple(e for e in found if recent <= instant(e.at) <= ctx.now),
        past=tuple(e for e in found if instant(e.at) < recent),
        more=instant(found[-1].at) if len(found) >= limit else None,
    )


def instant(at: Any) -> dt.datetime:
    """Return a moment as an aware instant; a day counts from its start in UTC."""
    if isinstance(at, dt.datetime):
        return at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return dt.datetime.combine(at, dt.time(), dt.UTC)


def _history(ctx: Ctx, entity: str, record_id: int, before: dt.datetime | None, limit: int) -> Iterable[HistoryEntry]:
    cursor: int | None = None
    if before is not None:
        later = sa.select(sa.func.min(ChangeRow.id)).where(
            ChangeRow.entity == entity,
            ChangeRow.record_id.in_(history.part_of(entity, record_id)),
            ChangeRow.at >= before,
        )
        cursor = ctx.session.scalar(later, execution_options=KERNEL)
    return history.of_visible(ctx, entity, record_id, cursor, limit, recorded=True)


def _changed(entry: HistoryEntry) -> TimelineEvent:
    if entry.action == "create":
        icon = "plus-circle"
    elif entry.action == "update":
        icon = "pencil"
    else:
        icon = "lightning"
    return ChangeEvent(at=entry.at, actor=entry.actor, kind="change", title=entry.verb, icon=icon, entry=entry)


def _commented(entry: CommentEntry) -> TimelineEvent:
    title = entry.channel_label or gettext(N_("Comment"))
    return CommentEvent(
        at=entry.at, actor=entry.author, kind="comment", title=title, icon="chat-left-text", comment=entry
    )


def _asked(
    ctx: Ctx, source: TimelineSource, record: Any, before: dt.datetime | None, limit: int
) -> list[TimelineEvent]:
    try:
        found = list(source.fetch(ctx, record, before, limit))
        return [e for e in found if before is None or instant(e.at) < before]
    except Exception as error:
        if is_passing(error):
            raise
        ctx.registry.hooks.incident(source.plugin, f"timeline {source.key}", error)
        return [FailedSource(at=ctx.now, actor="", kind="failed", title=source.label, plugin=source.plugin)]
