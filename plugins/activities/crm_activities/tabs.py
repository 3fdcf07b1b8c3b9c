"""What record pages show of activities: a tab for each kind, follow-ups on top of a contact, the timeline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import flask

from crm_activities import attach, availability
from crm_activities.names import CONTACT, EVENT, FOLLOW_UP, OFFERED, TASK, TYPES
from crm_core.api import (
    N_,
    Cond,
    Ctx,
    Fragment,
    ListQuery,
    Node,
    Tab,
    TimelineEvent,
    TimelineSource,
    access,
    and_,
    gettext,
    or_,
    records,
    render,
)

SHOWN = 100
_EVENT_FIELDS = ("subject", "type", "status", "starts_at", "ends_at", "all_day", "assigned_to", "colour", "priority")
_TASK_FIELDS = ("title", "status", "due_at", "category", "assigned_to", "priority")
_FOLLOW_UP_FIELDS = ("title", "due_on", "remind_at", "done", "note")


def reference(ctx: Ctx, record: Any) -> str:
    """Return ``entity:id`` of a record."""
    definition = ctx.registry.entity_of(type(record))
    return f"{definition.key}:{record.id}" if definition is not None else ""


def _is_contact(ctx: Ctx, record: Any) -> bool:
    return reference(ctx, record).startswith(f"{CONTACT}:")


def tasks_of(ctx: Ctx, record: Any) -> Node:
    """Return the filter of the tasks that belong to a record."""
    related: Node = Cond("related_to", "=", reference(ctx, record))
    return or_(Cond("contact", "=", record.id), related) if _is_contact(ctx, record) else related


def events_of(ctx: Ctx, record: Any) -> Node:
    """Return the filter of the events that belong to a record."""
    related: Node = Cond("related_to", "=", reference(ctx, record))
    if not _is_contact(ctx, record):
        return related
    return or_(Cond("contact", "=", record.id), Cond("company", "=", record.id), related)


def _rows(ctx: Ctx, entity: str, node: Node, fields: tuple[str, ...], sort: tuple[str, bool]) -> Any:
    query = ListQuery(fields=fields, filter=node, sort=(sort,), limit=SHOWN, editable=True, count=False)
    return records.list_(ctx, entity, query)


def _url(ctx: Ctx, record: Any, tab: str) -> str:
    definition = ctx.registry.entity_of(type(record))
    return f"/{definition.slug}/{record.id}?tab={tab}" if definition is not None else "/"


def tasks(ctx: Ctx, record: Any) -> str:
    """Return the tasks of a record, open ones first by date."""
    page = _rows(ctx, TASK, tasks_of(ctx, record), _TASK_FIELDS, ("due_at", False))
    given = {k: v for k, v in attach.presets(ctx, reference(ctx, record)).items() if k != "company"} or {
        "contact": record.id
    }
    rows = sorted(page.items, key=lambda row: row.values["status"] != "open")
    return render(
        "activities/tasks.html", rows=rows, more=page.next, fields=ctx.registry.fields(TASK),
        next=_url(ctx, record, "tasks"),
        new=f"/tasks/new?{urlencode(given)}" if access.may(ctx, TASK, "create") else "",
    )  # fmt: skip


def events(ctx: Ctx, record: Any) -> str:
    """Return the events of a record: those ahead soonest first, then those that are over (AC-83)."""
    page = _rows(ctx, EVENT, events_of(ctx, record), _EVENT_FIELDS, ("starts_at", True))
    ahead = [row for row in reversed(page.items) if row.values["starts_at"] >= ctx.now]
    past = [row for row in page.items if row.values["starts_at"] < ctx.now]
    new, refused = "", ""
    if access.may(ctx, EVENT, "create"):
        given, refused = attach.completed(ctx, reference(ctx, record))
        new = f"/events/new?{urlencode(given)}"
    return render(
        "activities/events.html", ahead=ahead, past=past, more=page.next, fields=ctx.registry.fields(EVENT), new=new,
        refused=refused, offered=[(code, TYPES[code]) for code in OFFERED], next=_url(ctx, record, "events"),
    )  # fmt: skip


def follow_ups(ctx: Ctx, record: Any) -> str:
    """Return every follow-up of a contact."""
    page = _rows(ctx, FOLLOW_UP, Cond("contact", "=", record.id), _FOLLOW_UP_FIELDS, ("due_on", False))
    return render(
        "activities/follow_ups.html", rows=page.items, fields=ctx.registry.fields(FOLLOW_UP), contact=record.id,
        next=_url(ctx, record, "follow-ups"), may_add=_may_add_follow_up(ctx, record),
    )  # fmt: skip


def _may_add_follow_up(ctx: Ctx, record: Any) -> bool:
    return access.may(ctx, FOLLOW_UP, "create") and access.may(ctx, CONTACT, "update", record)


def fragments(ctx: Ctx, slot: str, subject: Any) -> Iterator[Fragment]:
    """Yield the follow-ups that wait, on top of a contact (AC-22); a mail to the guests of an event (AC-47)."""
    if not flask.has_request_context():
        return
    table = getattr(subject, "__tablename__", "")
    if slot == "record.header" and table == "contacts_contact" and access.allowed(ctx, FOLLOW_UP, "read"):
        waiting = and_(Cond("contact", "=", subject.id), Cond("done", "=", False))
        rows = _rows(ctx, FOLLOW_UP, waiting, _FOLLOW_UP_FIELDS, ("due_on", False)).items
        yield Fragment(render(
            "activities/header.html", rows=rows, fields=ctx.registry.fields(FOLLOW_UP), next=f"/contacts/{subject.id}",
            contact=subject.id, may_add=_may_add_follow_up(ctx, subject),
        ), weight=20)  # fmt: skip
    elif slot == "record.actions" and table == "activities_event":
        yield Fragment(
            render("activities/mail.html", addresses=addresses(ctx, subject), subject=subject.subject), weight=30
        )
    elif slot == "record.main" and table == "activities_event":
        series = Cond("series", "=", subject.series) if subject.series else None
        count = records.count(ctx, EVENT, ListQuery(filter=series))[0] if series else 0
        yield Fragment(
            render(
                "activities/event.html",
                event=subject,
                count=count,
                sentence=_sentence(ctx, subject),
                conflicts=list(availability.conflicts(ctx, subject)),
            ),
            weight=10,
        )
    elif slot == "list.actions" and getattr(subject, "key", "") in (EVENT, FOLLOW_UP):
        yield Fragment(render("activities/links.html", entity=subject.key), weight=10)


def _sentence(ctx: Ctx, event: Any) -> str:
    return ctx.registry.field(EVENT, "recurrence").type.show(event.recurrence, ctx) if event.recurrence else ""


def addresses(ctx: Ctx, event: Any) -> list[str]:
    """Return where a mail to everybody in an event goes, as far as the actor may see the contacts."""
    guests = records.read(ctx, EVENT, event.id, ["guests"]).values["guests"] or []
    users = [ctx.directory.user(g["user"]) for g in guests if g.get("user")]
    found = [u.email for u in users if u is not None and u.active and u.id != ctx.actor.id]
    found += [g["email"] for g in guests if g.get("email")]
    numbers = [g["contact"] for g in guests if g.get("contact")] or [n for n in (event.contact_id,) if n]
    if numbers:
        query = ListQuery(fields=("emails",), filter=Cond("id", "in", tuple(numbers)), limit=500, count=False)
        for row in records.list_(ctx, CONTACT, query).items:
            found += [e["address"] for e in (row.values["emails"] or [])[:1]]
    return list(dict.fromkeys(found))


def count_of(entity: str, node: Any) -> Any:
    """Return the counter of a tab."""
    return lambda ctx, record: records.count(ctx, entity, ListQuery(filter=node(ctx, record)))[0]


def sees(entity: str) -> Any:
    """Return the function that tells whether the actor may read a kind of activity at all."""
    return lambda ctx, record: access.allowed(ctx, entity, "read")


def happened(ctx: Ctx, record: Any, before: dt.datetime | None, limit: int) -> Iterator[TimelineEvent]:
    """Yield the events of a record, past ones and those ahead."""
    if not access.allowed(ctx, EVENT, "read"):
        return
    wanted = [events_of(ctx, record)]
    if before is not None:
        wanted.append(Cond("starts_at", "<", before.isoformat()))
    newest = ListQuery(
        fields=_EVENT_FIELDS, filter=and_(*wanted), sort=(("starts_at", True),), limit=min(limit, 500), count=False
    )
    for row in records.list_(ctx, EVENT, newest).items:
        user = ctx.directory.user(row.values["assigned_to"]) if row.values["assigned_to"] else None
        yield TimelineEvent(
            at=row.values["starts_at"], actor=user.name if user else "", kind="event", icon="calendar-event",
            title=f"{gettext(TYPES[row.values['type']])}: {row.title}", url=f"/events/{row.id}",
        )  # fmt: skip


def _tab(entity: str, key: str, label: str, show: Any, node: Any, of: str, weight: int) -> Tab:
    return Tab(
        entity=entity, key=key, label=label, render=show, count=count_of(of, node), visible=sees(of), weight=weight
    )


TABS = (
    _tab("*", "events", N_("Events"), events, events_of, EVENT, 20),
    _tab("*", "tasks", N_("Tasks"), tasks, tasks_of, TASK, 21),
    _tab(EVENT, "events", N_("Events"), events, events_of, EVENT, 20),
    _tab(EVENT, "tasks", N_("Tasks"), tasks, tasks_of, TASK, 21),
    _tab(
        CONTACT, "follow-ups", N_("Follow-ups"), follow_ups, lambda ctx, record: Cond("contact", "=", record.id),
        FOLLOW_UP, 22,
    ),
)  # fmt: skip
TIMELINE = TimelineSource(entity="*", key="events", label=N_("Events"), fetch=happened)
