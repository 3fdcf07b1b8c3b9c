"""What is derived and what must hold for events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from crm_activities import attach, series
from crm_activities.names import EVENT, TEMPLATE, WITH_STATUS
from crm_activities.tables import Busy
from crm_core.api import N_, Change, Ctx, ListQuery, Problem, records

_HOUR, _DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
_TAKES = ("starts_at", "ends_at", "all_day", "status", "type", "assigned_to", "guests", "resources")


def derive(ctx: Ctx, change: Change) -> None:
    """Fill in what follows: end, status, direction, who else sees it, and the place in a series."""
    if change.verb == "delete":
        return
    _take_over(ctx, change)
    _times(ctx, change)
    kind = change.get("type")
    if kind in WITH_STATUS:
        if not change.get("status"):
            change.set("status", "planned")
    elif change.get("status"):
        change.set("status", None)
    if kind == "call" and not change.get("direction"):
        change.set("direction", "outbound")
    elif kind != "call" and change.get("direction"):
        change.set("direction", None)
    if change.changed("guests") or change.verb == "create":
        users = [g["user"] for g in change.get("guests") or () if g.get("user")]
        change.set("attendees", list(dict.fromkeys(users)))
    _seen_by(change)
    _reminders(ctx, change)
    series.derive(ctx, change)


def _take_over(ctx: Ctx, change: Change) -> None:
    """Take customer and contact over from the record a new event is made on (AC-57)."""
    if change.verb == "create" and change.get("related_to") and not (change.get("company") or change.get("contact")):
        given, _ = attach.completed(ctx, change.get("related_to"))
        for key in ("company", "contact"):
            if given.get(key):
                change.set(key, given[key])


def _times(ctx: Ctx, change: Change) -> None:
    """End an hour after the start, at midnight for whole days; a moved start moves the end along."""
    start, zone = change.get("starts_at"), ctx.locale.zone
    if start is None:
        return
    if change.get("all_day") and (
        change.changed("all_day") or change.changed("starts_at") or change.changed("ends_at")
    ):
        first = start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        end = change.get("ends_at")
        last = max(first + _DAY, end.astimezone(zone) if end and not _moved_alone(change) else first + _DAY)
        if last.time() != dt.time():
            last = last.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
        change.set("starts_at", first.astimezone(dt.UTC))
        change.set("ends_at", last.astimezone(dt.UTC))
        return
    if _moved_alone(change) and change.old.get("ends_at"):
        change.set("ends_at", start + (change.old["ends_at"] - change.old["starts_at"]))
    elif change.get("ends_at") is None:
        change.set("ends_at", start if change.get("type") == "note" else start + _HOUR)


def _moved_alone(change: Change) -> bool:
    return change.verb == "update" and change.changed("starts_at") and not change.changed("ends_at")


def _seen_by(change: Change) -> None:
    """Let a private event be seen by those who take part alone; others see only that they are busy (AC-63)."""
    if change.get("private"):
        change.set("visibility", "private")
    elif change.changed("private") and change.get("visibility") == "private" and not change.changed("visibility"):
        change.set("visibility", "read")


def _reminders(ctx: Ctx, change: Change) -> None:
    """Fill in mode, audience and the template where there is one to choose."""
    if not change.changed("reminders") or not change.values["reminders"]:
        return
    template = _templates(ctx)
    for line in change.values["reminders"]:
        line["mode"] = line.get("mode") or "before"
        line["audience"] = line.get("audience") or "me"
        line["template"] = line.get("template") or template


def _templates(ctx: Ctx) -> int | None:
    """Return the oldest template for reminders of events."""
    found = records.list_(ctx, TEMPLATE, ListQuery(fields=("name",), sort=(("id", False),), limit=1, count=False))
    return found.items[0].id if found.items else None


def problems(ctx: Ctx, change: Change) -> Iterator[Problem]:
    """Yield what is wrong with an event."""
    if change.verb == "delete":
        return
    start, end = change.get("starts_at"), change.get("ends_at")
    if start and end and end < start:
        yield Problem("ends_at", "order", N_("The end lies before the start"))
    yield from _unattached(ctx, change)
    if change.changed("reminders"):
        yield from _wrong_reminders(change)
    if change.changed("guests"):
        for number, guest in enumerate(change.get("guests") or ()):
            if not (guest.get("contact") or guest.get("user") or guest.get("email")):
                yield Problem(f"guests[{number}].contact", "required", N_("Say who is invited"))
    yield from series.problems(ctx, change)


def _unattached(ctx: Ctx, change: Change) -> Iterator[Problem]:
    """Yield why an event belongs to nothing (AC-50), or can't be made on its record (AC-56)."""
    linked, related = ("company", "contact", "related_to"), change.get("related_to")
    if not any(map(change.get, linked)) and (change.verb == "create" or any(map(change.changed, linked))):
        message = N_("Say what it belongs to: a customer or prospect, a contact, or another record")
        yield Problem("related_to", "unattached", message)
    elif change.record is not None and related == f"{EVENT}:{change.record.id}":
        yield Problem("related_to", "itself", N_("An event can't belong to itself"))
    elif related and change.changed("related_to") and (refused := attach.completed(ctx, related)[1]):
        message = N_("No event can be made on this record. %(why)s")
        yield Problem("related_to", "incomplete", message, {"why": refused})


def _wrong_reminders(change: Change) -> Iterator[Problem]:
    for number, line in enumerate(change.get("reminders") or ()):
        place = f"reminders[{number}]"
        if line.get("mode") == "at" and not line.get("at"):
            yield Problem(f"{place}.at", "required", N_("Say at which date and time it is sent"))
        if line.get("mode") == "before" and line.get("amount") is None:
            yield Problem(f"{place}.amount", "required", N_("Say how long before the start, such as 3 days"))
        if line.get("mode") == "before" and not line.get("unit"):
            yield Problem(f"{place}.unit", "required", N_("Say in which unit: minutes, hours, days or weeks"))
        if not line.get("template"):
            message = N_("A reminder needs a template for reminders of events; there is none yet, ask an administrator")
            yield Problem(f"{place}.template", "no_template", message)


def follow(ctx: Ctx, change: Change) -> None:
    """Write who is taken, and bring the other events of a series along."""
    if change.verb != "delete" and (change.verb == "create" or any(change.changed(k) for k in _TAKES)):
        _take(ctx, change)
    series.follow(ctx, change)


def _take(ctx: Ctx, change: Change) -> None:
    event: Any = change.record
    if change.verb == "update":
        for row in ctx.session.scalars(sa.select(Busy).where(Busy.event_id == event.id)):
            ctx.session.delete(row)
    if change.get("status") == "cancelled" or change.get("type") in ("note", "task"):
        return
    people = {("user", change.get("assigned_to"))}
    for guest in change.get("guests") or ():
        if guest.get("answer") != "no":
            people |= {("user", guest.get("user")), ("contact", guest.get("contact"))}
    people |= {("resource", number) for number in change.get("resources") or ()}
    for kind, target in sorted((k, t) for k, t in people if t):
        ctx.session.add(Busy(
            event_id=event.id, kind=kind, target_id=target, starts_at=change.get("starts_at"),
            ends_at=change.get("ends_at"), all_day=bool(change.get("all_day")),
        ))  # fmt: skip
