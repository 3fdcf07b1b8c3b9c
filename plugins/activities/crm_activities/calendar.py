"""What a calendar shows: events between two days, and for what one may not see only that somebody is busy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from crm_activities.names import EVENT, HEX
from crm_activities.tables import Busy
from crm_core.api import N_, BadRequest, Cond, Ctx, DateTime, ListQuery, Me, Node, and_, gettext, or_, records

LONGEST = dt.timedelta(days=400)
_FIELDS = (
    "subject", "type", "status", "starts_at", "ends_at", "all_day", "colour", "location", "priority", "assigned_to",
    "contact", "series",
)  # fmt: skip
_PART = 500
MOST = 3000
"""Events of one answer; who needs more asks for shorter times."""
_BY_TYPE = {"meeting": "blue", "call": "green", "note": "grey", "task": "violet", "absence": "orange", "event": "blue"}


def between(ctx: Ctx, start: str, end: str) -> tuple[dt.datetime, dt.datetime]:
    """Return the two moments that a program or a calendar asks for; days are those of the person.

    Raises:
        BadRequest: one can't be read, they stand the wrong way round, or are too far apart.
    """
    found = []
    for name, text in (("from", start), ("to", end)):
        try:
            found.append(DateTime().convert(text, ctx))
        except Exception as error:
            raise BadRequest(N_("%(name)s: give a day or a moment, such as 2026-12-31"), field=name,
                             params={"name": name}) from error  # fmt: skip
    if not found[0] < found[1] or found[1] - found[0] > LONGEST:
        raise BadRequest(N_("to lies after from, at most 400 days"), field="to")
    return found[0], found[1]


def feed(
    ctx: Ctx,
    start: dt.datetime,
    end: dt.datetime,
    *,
    node: Node | None = None,
    people: Collection[int] = (),
    q: str = "",
) -> list[dict[str, Any]]:
    """Return the events that touch a time, the earliest first.

    Args:
        ctx: The operation.
        start: From when.
        end: Until when, without it.
        node: A filter, as lists have it.
        people: Only these people's events, and when they are busy otherwise.
        q: A search.
    """
    touching: list[Node] = [Cond("starts_at", "<", end.isoformat()), Cond("ends_at", ">=", start.isoformat())]
    if people:
        parts = [or_(Cond("assigned_to", "=", n), Cond("attendees", "has", n)) for n in people]
        touching.append(or_(*parts))
    found: list[dict[str, Any]] = []
    after: str | None = None
    while len(found) < MOST:
        query = ListQuery(
            fields=_FIELDS, filter=and_(node, *touching), sort=(("starts_at", False),), limit=_PART, after=after,
            count=False, editable=True, q=q,
        )  # fmt: skip
        page = records.list_(ctx, EVENT, query)
        found += [_shown(ctx, row) for row in page.items]
        after = page.next
        if after is None:
            break
    if people and node is None and not q:
        found += _hidden(ctx, {e["id"] for e in found}, people, start, end)
    return sorted(found, key=lambda e: e["start"])


def _shown(ctx: Ctx, row: Any) -> dict[str, Any]:
    v = row.values
    user = ctx.directory.user(v["assigned_to"]) if v["assigned_to"] else None
    return {
        "id": row.id, "title": row.title, "start": _iso(v["starts_at"]), "end": _iso(v["ends_at"] or v["starts_at"]),
        "all_day": bool(v["all_day"]), "type": v["type"], "status": v["status"], "priority": v["priority"],
        "colour": HEX[v["colour"] or _BY_TYPE[v["type"]]], "location": v["location"],
        "assigned_to": v["assigned_to"], "person": user.name if user else "", "contact": row.labels.get("contact"),
        "url": f"/events/{row.id}", "editable": row.editable, "busy": False, "series": v["series"] is not None,
        "version": row.version,
    }  # fmt: skip


def _hidden(
    ctx: Ctx, seen: set[int], people: Collection[int], start: dt.datetime, end: dt.datetime
) -> list[dict[str, Any]]:
    """Return the times people are busy with what the actor may not see (AC-63)."""
    query = sa.select(Busy).where(
        Busy.kind == "user", Busy.target_id.in_(list(people)), Busy.starts_at < end, Busy.ends_at > start
    )
    found = []
    for row in ctx.session.scalars(query.limit(MOST)):
        user = ctx.directory.user(row.target_id)
        if row.event_id in seen or user is None:
            continue
        found.append({
            "title": gettext(N_("Busy")), "start": _iso(row.starts_at), "end": _iso(row.ends_at),
            "all_day": row.all_day, "colour": HEX["grey"], "assigned_to": user.id, "person": user.name,
            "editable": False, "busy": True,
        })  # fmt: skip
    return found


def _iso(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def mine() -> Node:
    """Return the filter of the actor's own events."""
    return or_(Cond("assigned_to", "=", Me()), Cond("attendees", "has", Me()))
