"""What is overdue or due today, in one queue: tasks, follow-ups and events of the person, the oldest first."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from crm_activities import notices
from crm_activities.attach import split
from crm_activities.names import EVENT, FOLLOW_UP, TASK
from crm_activities.tones import today
from crm_core.api import (
    N_,
    BadRequest,
    Cond,
    Ctx,
    Date,
    DateTime,
    ListQuery,
    Me,
    Node,
    Panel,
    access,
    and_,
    gettext,
    or_,
    records,
    render,
)

SHOWN = 30


@dataclass(frozen=True)
class Item:
    """One line of the queue."""

    record: str
    title: str
    url: str
    kind: str
    at: dt.datetime
    when: str
    overdue: bool
    colour: str
    contact: str
    may_change: bool


def queue(ctx: Ctx, limit: int = SHOWN) -> list[Item]:
    """Return what is overdue and what is due today for the actor, the oldest first."""
    start, end = bounds(ctx)
    found: list[Item] = []
    if access.allowed(ctx, TASK, "read"):
        mine = and_(Cond("status", "=", "open"), Cond("assigned_to", "=", Me()), Cond("due_at", "<", end.isoformat()))
        for row in _rows(ctx, TASK, mine, ("due_at", "contact"), "due_at", limit):
            found.append(_item(ctx, TASK, row, row.values["due_at"], gettext(N_("Task"))))
    if access.allowed(ctx, FOLLOW_UP, "read"):
        due = and_(Cond("done", "=", False), Cond("due_on", "<=", today(ctx).isoformat()), of_my_contacts())
        for row in _rows(ctx, FOLLOW_UP, due, ("due_on", "contact"), "due_on", limit):
            day = row.values["due_on"]
            at = dt.datetime.combine(day, dt.time(), ctx.locale.zone)
            item = _item(ctx, FOLLOW_UP, row, at, gettext(N_("Follow-up")), day=day)
            found.append(item)
    if access.allowed(ctx, EVENT, "read"):
        part = or_(Cond("assigned_to", "=", Me()), Cond("attendees", "has", Me()))
        planned = and_(Cond("status", "=", "planned"), part, Cond("starts_at", "<", end.isoformat()))
        for row in _rows(ctx, EVENT, planned, ("starts_at", "contact", "type"), "starts_at", limit):
            label = ctx.registry.field(EVENT, "type").type.show(row.values["type"], ctx)
            found.append(_item(ctx, EVENT, row, row.values["starts_at"], label))
    return sorted(found, key=lambda item: item.at)[:limit]


def bounds(ctx: Ctx) -> tuple[dt.datetime, dt.datetime]:
    """Return when the person's day begins and ends."""
    start = dt.datetime.combine(today(ctx), dt.time(), ctx.locale.zone)
    end = dt.datetime.combine(today(ctx) + dt.timedelta(days=1), dt.time(), ctx.locale.zone)
    return start.astimezone(dt.UTC), end.astimezone(dt.UTC)


def of_my_contacts() -> Node:
    """Return the filter of follow-ups of contacts that are the actor's, and of those he made (AC-32)."""
    return or_(
        Cond("owner", "=", Me()), Cond("contact.managers", "has", Me()), Cond("contact.salespeople", "has", Me()),
        Cond("contact.account_owner", "=", Me()),
    )  # fmt: skip


def _rows(ctx: Ctx, entity: str, node: Node, fields: tuple[str, ...], sort: str, limit: int) -> list[Any]:
    query = ListQuery(fields=fields, filter=node, sort=((sort, False),), limit=limit, count=False, editable=True)
    return records.list_(ctx, entity, query).items


def _item(ctx: Ctx, entity: str, row: Any, at: dt.datetime, kind: str, day: dt.date | None = None) -> Item:
    overdue = day < today(ctx) if day is not None else at < ctx.now
    slug = ctx.registry.entity(entity).slug
    when = Date().show(day, ctx) if day is not None else DateTime().show(at, ctx)
    return Item(
        record=f"{entity}:{row.id}", title=row.title, url=f"/{slug}/{row.id}", kind=kind, at=at, when=when,
        overdue=overdue, colour="danger" if overdue else "success", contact=str(row.labels.get("contact") or ""),
        may_change=row.editable,
    )  # fmt: skip


_VERBS = {
    (TASK, "done"): "close", (TASK, "postpone"): "postpone", (TASK, "reopen"): "reopen",
    (FOLLOW_UP, "done"): "done", (FOLLOW_UP, "postpone"): "push-back",
    (EVENT, "done"): "done", (EVENT, "postpone"): "reschedule", (EVENT, "cancel"): "cancel",
}  # fmt: skip


def act(ctx: Ctx, reference: str, verb: str) -> Any:
    """Do one line of the queue: ``done``, ``postpone`` (to tomorrow), ``reopen`` or ``cancel``.

    Raises:
        BadRequest: it is not a line of a queue.
        NotFound: the record is not there for the actor.
    """
    try:
        entity, number = split(reference)
        name = _VERBS[entity, verb]
    except (ValueError, KeyError) as error:
        raise BadRequest(N_("This can't be done here"), field="do") from error
    return records.act(ctx, entity, number, name, {})


def panel(ctx: Ctx, subject: Any) -> str:
    """Return the queue as a box of the home page."""
    items = queue(ctx)
    waiting = [{"id": n.id, "subject": n.subject, "url": _url(ctx, n)} for n in notices.unread(ctx)]
    return render("activities/today.html", items=items, more=len(items) >= SHOWN, notices=waiting)


def _url(ctx: Ctx, notice: Any) -> str:
    return f"/{ctx.registry.entity(notice.entity).slug}/{notice.record_id}"


PANEL = Panel(key="today", label=N_("Today"), render=panel, weight=10)
