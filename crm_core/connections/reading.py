"""The statements of connections: a few for all the records of one step, whatever their number.

What is found may lead to records that are out of sight; :func:`heads` names those that are not, and what it does not
name is left out of everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access import allowed, predicate, readable
from crm_core.columns import alias_of, scalar
from crm_core.connections.ways import Way, every_way
from crm_core.db import KERNEL
from crm_core.fieldtypes import Related
from crm_core.registry import is_main
from crm_core.titles import words_of

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import EntityDef

CAP = 500
"""Most connections that one statement reads; where there are more, counts say "at least"."""
Ref = tuple[str, int]
"""A record: the key of its entity, and its id."""
Ids = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Link:
    """A connection as it is stored. ``value`` is that of the field which names it."""

    start: Ref
    end: Ref
    way: Way
    value: Any = None


@dataclass(frozen=True)
class Head:
    """What a record is shown by."""

    title: str
    icon: str


@dataclass
class Found:
    """The connections of the records of one step; ``exact`` unless a statement had more than :data:`CAP`."""

    links: dict[Link, None] = field(default_factory=dict)
    exact: bool = True

    def add(self, links: Iterable[Link]) -> None:
        """Note connections, each once."""
        self.links.update(dict.fromkeys(links))


def step(ctx: Ctx, refs: Iterable[Ref]) -> Found:
    """Return the connections of records the actor is known to see."""
    ids: dict[str, list[int]] = defaultdict(list)
    for entity, number in refs:
        ids[entity].append(number)
    found = Found()
    ctx.session.flush()
    ways = every_way(ctx)
    _outward(ctx, found, [w for w in ways if w.other is None], ids)
    for way in ways:
        if way.other is not None:
            _between(ctx, found, way, ids)
        elif not way.in_table:
            _inward(ctx, found, way, ids)
    _rows(ctx, found, [w for w in ways if w.in_table], ids)
    return found


def heads(ctx: Ctx, refs: Iterable[Ref]) -> dict[Ref, Head]:
    """Return names and icons of those records that the actor may see; one statement for each kind of record."""
    ids: dict[str, set[int]] = defaultdict(set)
    for entity, number in refs:
        ids[entity].add(number)
    found: dict[Ref, Head] = {}
    for key, numbers in ids.items():
        definition = ctx.registry.entities.get(key)
        if definition is None or not is_main(definition) or not allowed(ctx, key, "read"):
            continue
        model, words = definition.model, words_of(ctx, key)
        kind = ctx.registry.fields(key).get(definition.icon_by) if definition.icon_by in readable(ctx, key) else None
        query = sa.select(
            model.id, getattr(model, definition.title), scalar(kind, model) if kind is not None else sa.null()
        ).where(model.id.in_(sorted(numbers)), predicate(ctx, definition, "read", model))
        for number, title, value in ctx.session.execute(query, execution_options=KERNEL):
            icon = definition.icons.get(value, definition.icon)
            found[key, number] = Head(words(title) or f"#{number}", icon)
    return found


def _read(ctx: Ctx, found: Found, query: Any) -> list[Any]:
    """Return the rows of a statement, no more than may be."""
    rows = list(ctx.session.execute(query.limit(CAP + 1), execution_options=KERNEL))
    found.exact = found.exact and len(rows) <= CAP
    return rows[:CAP]


# ---------------------------------------------------------------- links in a record's own row


def _outward(ctx: Ctx, found: Found, ways: Sequence[Way], ids: Ids) -> None:
    """Add what records link to by fields with one value: one statement for each kind of record."""
    own: dict[str, list[Way]] = defaultdict(list)
    for way in ways:
        if not way.in_table and ids.get(way.holder.key):
            own[way.holder.key].append(way)
    for key, mine in own.items():
        model = mine[0].holder.model
        query = sa.select(model.id, *(scalar(w.link, model) for w in mine)).where(model.id.in_(ids[key]))
        for number, *values in ctx.session.execute(query, execution_options=KERNEL):
            pairs = zip(mine, values, strict=True)
            found.add(Link((key, number), end, w) for w, v in pairs if v and (end := _ref(w, v)))


def _ref(way: Way, value: Any) -> Ref | None:
    """Return the record a stored link leads to."""
    if way.target:
        return way.target, int(value)
    entity, _, number = str(value).partition(":")
    return (entity, int(number)) if number.isdigit() else None


def _inward(ctx: Ctx, found: Found, way: Way, ids: Ids) -> None:
    """Add what links to records by a field with one value."""
    wanted: list[Any] = list(ids.get(way.target, ()))
    if isinstance(way.link.type, Related):
        wanted = [f"{entity}:{number}" for entity, numbers in ids.items() for number in numbers]
    if not wanted:
        return
    model = way.holder.model
    value = scalar(way.link, model)
    query = sa.select(model.id, value).where(value.in_(wanted), predicate(ctx, way.holder, "read", model))
    for number, stored in _read(ctx, found, query.order_by(value, model.id)):
        if end := _ref(way, stored):
            found.add([Link((way.holder.key, number), end, way)])


# ---------------------------------------------------------------- links in the link table


def _rows(ctx: Ctx, found: Found, ways: Sequence[Way], ids: Ids) -> None:
    """Add links of fields with several values, both ways: two statements for each pair of kinds of record."""
    pairs: dict[tuple[str, str], list[Way]] = defaultdict(list)
    for way in ways:
        pairs[way.holder.key, way.target].append(way)
    for (holder, target), mine in pairs.items():
        for side, numbers in (("record_id", ids.get(holder)), ("target_id", ids.get(target))):
            if numbers:
                found.add(_linked(ctx, found, mine, side, numbers))


def _linked(ctx: Ctx, found: Found, ways: Sequence[Way], side: str, numbers: Sequence[int]) -> Iterator[Link]:
    holder, by_key = ways[0].holder, {w.link.key: w for w in ways}
    far: EntityDef = holder if side == "target_id" else ctx.registry.entities[ways[0].target]
    table, other = holder.model.__links__.alias(), alias_of(far.model, f"connected by {holder.key}")
    near, away = table.c[side], table.c["record_id" if side == "target_id" else "target_id"]
    query = (
        sa.select(table.c.record_id, table.c.field, table.c.target_id)
        .join(other, other.id == away)
        .where(table.c.field.in_(by_key), near.in_(numbers), predicate(ctx, far, "read", other))
        .order_by(near, away)
    )
    for record, key, target in _read(ctx, found, query):
        yield Link((holder.key, record), (ways[0].target, target), by_key[key])


# ---------------------------------------------------------------- records between two others


def _between(ctx: Ctx, found: Found, way: Way, ids: Ids) -> None:
    """Add the connections that records of their own stand for, from either side."""
    if way.other is None:
        return
    model = way.holder.model
    first, second = getattr(model, way.link.attr), getattr(model, way.other.attr)
    value = scalar(way.named, model) if way.named is not None else sa.null()
    for column, numbers in ((first, ids.get(way.source)), (second, ids.get(way.target))):
        if not numbers:
            continue
        query = sa.select(first, second, value).where(column.in_(numbers), predicate(ctx, way.holder, "read", model))
        for start, end, word in _read(ctx, found, query.order_by(column, model.id)):
            if start is not None and end is not None:
                found.add([Link((way.source, start), (way.target, end), way, word)])
