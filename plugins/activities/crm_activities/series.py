"""Series of events: every occurrence is an event of its own; a rule makes them, and changes reach as many as asked.

``series`` is the number of the series' first event, ``occurrence_at`` the place an event has in it, whatever its
start is now. An occurrence that was moved or changed by itself keeps what was changed (AC-77 to AC-82).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from crm_activities.names import EVENT
from crm_activities.recurrence import DAYS, moments
from crm_core.api import Change, Cond, Ctx, ListQuery, Problem, ValueProblem, and_, records

_PLACE, _SCOPE = "activities.place", "activities.scope"
COPIED = (
    "type", "subject", "category", "direction", "all_day", "company", "contact", "related_to", "assigned_to", "guests",
    "resources", "priority", "colour", "location", "description", "private", "reminders", "visibility", "owner", "team",
    "tags",
)  # fmt: skip


@contextmanager
def placed(ctx: Ctx, **values: Any) -> Iterator[None]:
    """Write events inside the block as occurrences: these values are theirs, and nothing spreads from them."""
    before = ctx.cache.get(_PLACE)
    ctx.cache[_PLACE] = values
    try:
        yield
    finally:
        ctx.cache[_PLACE] = before


def derive(ctx: Ctx, change: Change) -> None:
    """Put an event in its place, keep what the change applies to apart, and complete a rule by the event's own day."""
    place = ctx.cache.get(_PLACE)
    scope = change.values.pop("apply_to", None)
    if place is not None:
        change.values.update(place)
        if change.verb == "create":
            change.set("occurrence_at", change.get("starts_at"))
        return
    if change.verb == "update" and change.old.get("series"):
        ctx.cache[_SCOPE, change.record.id] = scope or ("all" if change.changed("recurrence") else "this")
    if not change.get("zone"):
        change.set("zone", ctx.locale.timezone)
    rule = change.get("recurrence")
    if not rule or not (change.changed("recurrence") or _moves_series(ctx, change)):
        return
    start = change.get("starts_at")
    local = start.astimezone(ZoneInfo(change.get("zone")))
    if rule.startswith("FREQ=WEEKLY") and "BYDAY" not in rule:
        head, _, tail = rule.rpartition(";")
        rule = f"{head};BYDAY={DAYS[local.weekday()]};{tail}"
        change.set("recurrence", rule)
    try:
        first = moments(rule, start, change.get("zone"))[0]
    except ValueProblem:
        return
    if first != start:
        change.set("ends_at", change.get("ends_at") + (first - start))
        change.set("starts_at", first)


def _moves_series(ctx: Ctx, change: Change) -> bool:
    return change.changed("starts_at") and _scope_of(ctx, change) != "this"


def _scope_of(ctx: Ctx, change: Change) -> str:
    return str(ctx.cache.get((_SCOPE, change.record.id), "this")) if change.record is not None else "this"


def problems(ctx: Ctx, change: Change) -> Iterator[Problem]:
    """Yield why a rule can't be followed."""
    if ctx.cache.get(_PLACE) is not None or not change.changed("recurrence") or not change.get("recurrence"):
        return
    try:
        moments(change.get("recurrence"), change.get("starts_at"), change.get("zone") or ctx.locale.timezone)
    except ValueProblem as problem:
        yield problem.at("recurrence")


def follow(ctx: Ctx, change: Change) -> None:
    """Make the other events of a new rule, or bring those of a series along."""
    if ctx.cache.get(_PLACE) is not None or ctx.undoing or change.verb == "delete":
        return
    event: Any = change.record
    scope = ctx.cache.pop((_SCOPE, event.id), "this")
    if not change.old.get("series"):
        if change.get("recurrence"):
            _begin(ctx, event)
        return
    if scope == "this":
        return
    if change.changed("recurrence"):
        _again(ctx, change, scope)
    else:
        _spread(ctx, change, scope)


def _begin(ctx: Ctx, event: Any) -> None:
    """Make the first event of a series the first of all its events."""
    times = moments(event.recurrence, event.starts_at, event.zone)
    mark(ctx, event.id, series=event.id, occurrence_at=times[0])
    _make(ctx, event, times[1:], event.id)


def mark(ctx: Ctx, event_id: int, **place: Any) -> None:
    """Write the place of an event in its series."""
    with placed(ctx, **place):
        records.update(ctx, EVENT, event_id, {})


def _make(ctx: Ctx, event: Any, times: list[dt.datetime], series: int) -> None:
    """Make occurrences like an event at these moments."""
    like = _copy(ctx, event)
    length = event.ends_at - event.starts_at
    with placed(ctx, series=series, recurrence=event.recurrence, zone=event.zone):
        for start in times:
            shifted = [_shifted(line, start - event.starts_at) for line in like["reminders"]]
            records.create(ctx, EVENT, {**like, "reminders": shifted, "starts_at": start, "ends_at": start + length})


def _shifted(line: Mapping[str, Any], by: dt.timedelta) -> dict[str, Any]:
    return {**line, "at": line["at"] + by} if line.get("at") else dict(line)


def _copy(ctx: Ctx, event: Any) -> dict[str, Any]:
    known = [key for key in COPIED if key in ctx.registry.fields(EVENT)]
    values = records.read(ctx, EVENT, event.id, known).values
    found = {key: values.get(key) for key in known}
    for key in ("guests", "reminders"):
        found[key] = [{k: v for k, v in line.items() if k not in ("id", "answer")} for line in found[key] or ()]
    return found


def of_series(ctx: Ctx, series: int, *, after: dt.datetime | None = None, fields: tuple[str, ...] = ()) -> list[Any]:
    """Return the events of a series the actor may see, in order; ``after`` leaves out those up to that place."""
    wanted = [Cond("series", "=", series)]
    if after is not None:
        wanted.append(Cond("occurrence_at", ">", after.isoformat()))
    keys = ("starts_at", "ends_at", "occurrence_at", "status", *fields)
    query = ListQuery(fields=keys, filter=and_(*wanted), sort=(("starts_at", False),), limit=500, count=False)
    return records.list_(ctx, EVENT, query).items


def _reached(ctx: Ctx, change: Change, scope: str, fields: tuple[str, ...] = ()) -> list[Any]:
    after = change.old["occurrence_at"] if scope == "following" else None
    found = of_series(ctx, change.old["series"], after=after, fields=fields)
    return [row for row in found if row.id != change.record.id]


def _spread(ctx: Ctx, change: Change, scope: str) -> None:
    """Give others of the series the values that were changed, unless they were changed there by themselves."""
    keys = tuple(k for k in COPIED if k in change.values and change.changed(k) and k not in ("guests", "reminders"))
    lists = tuple(k for k in ("guests", "reminders") if change.changed(k))
    by = change.get("starts_at") - change.old["starts_at"]
    length = change.get("ends_at") - change.get("starts_at")
    moved = by or length != change.old["ends_at"] - change.old["starts_at"]
    zone = ZoneInfo(change.get("zone"))
    if moved:
        mark(ctx, change.record.id, occurrence_at=change.get("starts_at"))
    for row in _reached(ctx, change, scope, keys):
        values = {k: change.get(k) for k in keys if row.values.get(k) == change.old.get(k)}
        for key in lists:
            lines = [{k: v for k, v in line.items() if k != "id"} for line in change.get(key) or ()]
            values[key] = [_shifted(x, row.values["starts_at"] - change.get("starts_at")) for x in lines]
        place = {}
        if moved and row.values["starts_at"] == row.values["occurrence_at"]:
            start = _moved(row.values["starts_at"], change, zone)
            values |= {"starts_at": start, "ends_at": start + length}
            place = {"occurrence_at": start}
        if values:
            with placed(ctx, **place):
                records.update(ctx, EVENT, row.id, values)


def _moved(start: dt.datetime, change: Change, zone: ZoneInfo) -> dt.datetime:
    """Move an occurrence as far on the wall as the changed one was moved."""
    old, new = (m.astimezone(zone).replace(tzinfo=None) for m in (change.old["starts_at"], change.get("starts_at")))
    wall: dt.datetime = start.astimezone(zone).replace(tzinfo=None) + (new - old)
    return wall.replace(tzinfo=zone).astimezone(dt.UTC)


def _again(ctx: Ctx, change: Change, scope: str) -> None:
    """Follow a changed rule: occurrences that no longer fit go unless they are done, missing ones are made.

    ``following`` begins a series of its own at the changed event; those before it end where they end now.
    """
    event: Any = change.record
    rule = change.get("recurrence")
    rest = _reached(ctx, change, scope)
    if not rule:
        _drop(ctx, rest)
        mark(ctx, event.id, series=None, occurrence_at=None)
        return
    number = event.id if scope == "following" else change.old["series"]
    start = event.starts_at if scope == "following" else min([event.starts_at, *(r.values["starts_at"] for r in rest)])
    times = moments(rule, start, event.zone)
    mark(ctx, event.id, series=number, occurrence_at=event.starts_at)
    there = {row.values["occurrence_at"]: row for row in rest}
    keep = [row for moment, row in there.items() if moment in times]
    for row in keep:
        mark(ctx, row.id, series=number, recurrence=rule)
    _drop(ctx, [row for row in rest if row not in keep])
    _make(ctx, event, [t for t in times if t not in there and t != event.starts_at], number)


def _drop(ctx: Ctx, rows: list[Any]) -> None:
    for row in rows:
        if row.values.get("status") in (None, "planned"):
            with placed(ctx):
                records.delete(ctx, EVENT, row.id)


def delete(ctx: Ctx, event: Any, scope: str) -> int:
    """Delete an event of a series and, as asked, those after it or all.

    Returns:
        How many were deleted.
    """
    after = event.occurrence_at if scope == "following" else None
    rows = [] if scope == "this" or not event.series else of_series(ctx, event.series, after=after)
    numbers = list(dict.fromkeys([event.id, *(row.id for row in rows)]))
    with placed(ctx):
        for number in numbers:
            records.delete(ctx, EVENT, number)
    return len(numbers)
