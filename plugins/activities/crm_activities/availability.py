"""Who and what is taken when, and what is booked twice: times only, whatever one sees of the events (AC-38, AC-39)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from crm_activities.names import RESOURCE
from crm_activities.tables import Busy
from crm_core.api import Cond, Ctx, ListQuery, records

Who = tuple[str, int]
MOST = 100
"""People and things looked at together."""


@dataclass
class Free:
    """Somebody, or something, and when it is taken within the time looked at."""

    kind: str
    id: int
    name: str
    busy: list[tuple[dt.datetime, dt.datetime]] = field(default_factory=list)


def busy(ctx: Ctx, who: Collection[Who], start: dt.datetime, end: dt.datetime, *, but: int = 0) -> dict[Who, list[Any]]:
    """Return when each of these is taken between two moments, from the earliest on; ``but`` leaves an event out."""
    found: dict[Who, list[Any]] = {one: [] for one in who}
    if not found:
        return found
    parts = [
        sa.and_(Busy.kind == kind, Busy.target_id.in_([n for k, n in found if k == kind]))
        for kind in sorted({k for k, _ in found})
    ]
    query = sa.select(Busy).where(sa.or_(*parts), Busy.starts_at < end, Busy.ends_at > start, Busy.event_id != but)
    for row in ctx.session.scalars(query.order_by(Busy.starts_at, Busy.id)):
        found[row.kind, row.target_id].append(row)
    return found


def availability(
    ctx: Ctx, people: Collection[int], resources: Collection[int], start: dt.datetime, end: dt.datetime, *, but: int = 0
) -> list[Free]:
    """Return people and resources with the times they are taken; those that are not there are left out."""
    users = [u for n in people if (u := ctx.directory.user(n)) is not None]
    names = _names(ctx, resources)
    who: list[tuple[Who, str]] = [(("user", u.id), u.name) for u in users]
    who += [(("resource", n), names[n]) for n in resources if n in names]
    taken = busy(ctx, [key for key, _ in who], start, end, but=but)
    return [Free(key[0], key[1], name, _merged(taken[key])) for key, name in who]


def _names(ctx: Ctx, resources: Collection[int]) -> dict[int, str]:
    if not resources:
        return {}
    query = ListQuery(fields=("name",), filter=Cond("id", "in", tuple(resources)), limit=MOST, count=False)
    return {row.id: row.title for row in records.list_(ctx, RESOURCE, query).items}


def _merged(rows: list[Any]) -> list[tuple[dt.datetime, dt.datetime]]:
    found: list[tuple[dt.datetime, dt.datetime]] = []
    for row in rows:
        if found and row.starts_at <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], row.ends_at))
        else:
            found.append((row.starts_at, row.ends_at))
    return found


def conflicts(ctx: Ctx, event: Any) -> list[Free]:
    """Return who and what an event takes that another event takes at the same time."""
    mine = [(r.kind, r.target_id) for r in ctx.session.scalars(sa.select(Busy).where(Busy.event_id == event.id))]
    looked = [one for one in mine if one[0] != "contact"]
    if not looked or event.ends_at is None:
        return []
    people = [n for kind, n in looked if kind == "user"]
    things = [n for kind, n in looked if kind == "resource"]
    found = availability(ctx, people, things, event.starts_at, event.ends_at, but=event.id)
    return [one for one in found if one.busy]


def words(ctx: Ctx, event: Any) -> Iterator[dict[str, Any]]:
    """Yield what is taken twice, as programs read it."""
    for one in conflicts(ctx, event):
        yield {"kind": one.kind, "id": one.id, "name": one.name, "busy": spans(one.busy)}


def spans(found: Collection[tuple[dt.datetime, dt.datetime]]) -> list[dict[str, str]]:
    """Return times as programs read them."""
    return [{"starts_at": _iso(start), "ends_at": _iso(end)} for start, end in found]


def _iso(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
