"""Links follow a merge: a few statements a place that holds links, whatever the number of records that link.

What links is asked of the database, not of the actor's view: a record that he can't see follows as well, and he is told
nothing of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import history
from crm_core.db import KERNEL
from crm_core.link_places import place_of
from crm_core.merging import foreign
from crm_core.merging.spots import Spot, others_by_key, spots
from crm_core.models import Change
from crm_core.records.bulkwriter import insert_rows

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import EntityDef

RELINK = "relink"
"""What the history calls the change of a record that linked to one that was merged."""
PART = 500
_AT_ONCE = 20_000
"""Lines of history that are put together before they are written."""
_SILENT: Mapping[str, Any] = {**KERNEL, "synchronize_session": False}
Meet = Callable[[str, int, int], None]
"""Is told of two records (entity, the one that stays, the other) which a rule keeps apart once both link to one."""


@dataclass
class Moved:
    """What was moved from one record to the survivor, as JSON an undo can use."""

    entries: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    links: int = 0

    def add(self, other: int, entry: Mapping[str, Any], count: int = 0) -> None:
        """Note that something of a record was moved."""
        self.entries[other].append(dict(entry))
        self.links += count


def links(ctx: Ctx, definition: EntityDef, survivor: int, others: Sequence[int], moved: Moved, meet: Meet) -> None:
    """Point every link to one of ``others`` to the survivor; what the merged records link to each other is left out."""
    found = spots(ctx, definition)
    for spot in found:
        if spot.place.kind == "rows":
            _rows(ctx, definition, spot, survivor, others, moved)
        else:
            _values(ctx, definition, spot, survivor, others, moved, meet)
    for table, column in others_by_key(ctx, definition, found):
        for other in others:
            if entry := foreign.move(ctx, table, column, survivor, other):
                moved.add(other, {"foreign": entry}, len(entry["moved"]))


# ---------------------------------------------------------------- columns and keys of JSON


def _values(
    ctx: Ctx, definition: EntityDef, spot: Spot, survivor: int, others: Sequence[int], moved: Moved, meet: Meet
) -> None:
    table, owner = spot.table, spot.table.c[spot.place.owner]
    outside = _outside(definition, spot, owner, (survivor, *others))
    query = sa.select(table.c.id, owner, spot.value(table)).where(_linked(spot, table, others), *outside)
    rows = ctx.session.execute(query.order_by(table.c.id), execution_options=KERNEL).all()
    for other in others:
        mine = [(number, holder) for number, holder, value in rows if spot.number(value) == other]
        if mine:
            gone = {pair[1] for rule in spot.unique_sets() for pair in _meet(ctx, spot, rule, survivor, other, meet)}
            mine = [(number, holder) for number, holder in mine if holder not in gone]
        if mine:
            where = (spot.value(table) == spot.link(other), *outside)
            holding = sa.select(owner).where(*where)
            moved.add(other, {"place": spot.place.document(), "rows": [number for number, _ in mine]}, len(mine))
            if spot.active:
                pair = ([spot.link(other)], [spot.link(survivor)])
                _tell(ctx, spot, holding, dict.fromkeys((holder for _, holder in mine), pair), single=True)
            _touch(ctx, spot, holding)
            _run(ctx, sa.update(table).where(*where).values(spot.assigned(table, survivor)))


def _linked(spot: Spot, table: Any, others: Collection[int]) -> Any:
    return spot.value(table).in_([spot.link(other) for other in others])


def _outside(definition: EntityDef, spot: Spot, owner: Any, merged: Collection[int]) -> tuple[Any, ...]:
    """Return the condition that the linking record is none of those that are merged: their values are chosen."""
    own = spot.place.records == definition.model.__tablename__
    return (owner.not_in(merged),) if own else ()


def _meet(
    ctx: Ctx, spot: Spot, rule: Sequence[str], survivor: int, other: int, meet: Meet
) -> list[tuple[int, int]]:  # fmt: skip
    """Tell of the records that a rule of the table keeps apart, once both link to the survivor; return who went."""
    names = {column.name: column.type for column in spot.table.c}
    wide = sa.table(spot.place.table, *(sa.column(n, k) for n, k in names.items()),
                    *(sa.column(c) for c in rule if c not in names))  # fmt: skip
    theirs, ours = wide.alias("theirs"), wide.alias("ours")
    same = [theirs.c[c] == ours.c[c] for c in rule]
    both = sa.select(ours.c[spot.place.owner], theirs.c[spot.place.owner])
    both = both.select_from(sa.join(ours, theirs, sa.and_(sa.true(), *same))).where(
        spot.value(theirs) == spot.link(other), spot.value(ours) == spot.link(survivor)
    )
    found = [(stays, goes) for stays, goes in ctx.session.execute(both, execution_options=KERNEL)]
    for stays, goes in found:
        meet(spot.place.entity, stays, goes)
    return found


# ---------------------------------------------------------------- rows of link tables


def _rows(
    ctx: Ctx, definition: EntityDef, spot: Spot, survivor: int, others: Sequence[int], moved: Moved
) -> None:  # fmt: skip
    """Move rows of a link table; a record that links to both keeps one link."""
    table, name = spot.table, spot.place.name
    outside = (table.c.field == name, *_outside(definition, spot, table.c.record_id, (survivor, *others)))
    holding = sa.select(table.c.record_id).where(table.c.target_id.in_(others), *outside)
    query = sa.select(table.c.record_id, table.c.target_id, table.c.position).where(
        table.c.field == name, table.c.record_id.in_(holding)
    )
    query = query.order_by(table.c.record_id, table.c.position, table.c.target_id)
    before: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for record, target, position in ctx.session.execute(query, execution_options=KERNEL):
        before[record].append((target, position))
    if not before:
        return
    _note_rows(spot, survivor, others, before, moved)
    if spot.active:
        gone = set(others)
        _tell(ctx, spot, holding, {
            record: ([t for t, _ in links], list(dict.fromkeys(survivor if t in gone else t for t, _ in links)))
            for record, links in before.items()
        })  # fmt: skip
    _touch(ctx, spot, holding)
    has = table.alias("has")
    for other in others:
        both = sa.exists().where(has.c.record_id == table.c.record_id, has.c.field == name, has.c.target_id == survivor)
        _run(ctx, sa.delete(table).where(table.c.target_id == other, *outside, both))
        _run(ctx, sa.update(table).where(table.c.target_id == other, *outside).values(target_id=survivor))


def _note_rows(
    spot: Spot, survivor: int, others: Sequence[int], before: Mapping[int, Sequence[tuple[int, int]]], moved: Moved
) -> None:
    """Note for each record that goes whose rows became the survivor's, and which went because it had one."""
    kept: dict[int, list[int]] = defaultdict(list)
    dropped: dict[int, list[list[int]]] = defaultdict(list)
    for record, found in before.items():
        positions = dict(found)
        has = survivor in positions
        for other in others:
            if other in positions:
                if has:
                    dropped[other].append([record, positions[other]])
                else:
                    kept[other].append(record)
                    has = True
    for other in others:
        if kept[other] or dropped[other]:
            entry = {"place": spot.place.document(), "rows": kept[other], "dropped": dropped[other]}
            moved.add(other, entry, len(kept[other]) + len(dropped[other]))


# ---------------------------------------------------------------- history


def _run(ctx: Ctx, statement: Any) -> None:
    ctx.session.execute(statement, execution_options=_SILENT)


def _touch(ctx: Ctx, spot: Spot, owners: Any) -> None:
    """Count the records that link as changed: whoever edits one of them is told."""
    records = spot.records
    values = {"version": records.c.version + 1, "updated_at": ctx.now, "updated_by_id": ctx.actor.id}
    _run(ctx, sa.update(records).where(records.c.id.in_(owners)).values(values))


def _tell(ctx: Ctx, spot: Spot, owners: Any, changes: Mapping[int, tuple[Any, Any]], *, single: bool = False) -> None:
    """Write the history of records that link (``owners`` finds their ids).

    Not part of the batch: its undoing moves all links back together.
    """
    definition = ctx.registry.entities.get(spot.place.entity)
    if definition is None or not spot.place.tracked or not changes:
        return
    model, inside, line = definition.model, replace(ctx, batch_id=None), spot.place.owner == "parent_id"
    query = sa.select(model.id, getattr(model, definition.title)).where(model.id.in_(owners)).order_by(model.id)
    found = ctx.session.execute(query, execution_options=KERNEL)
    while titles := found.fetchmany(_AT_ONCE):
        rows = []
        for number, title in titles:
            if number not in changes:
                continue
            old, new = changes[number]
            diff = None if line else {spot.place.key: [old[0], new[0]] if single else [old, new]}
            row = history.row(inside, definition.key, number, str(title or ""), RELINK, diff)
            rows.append({k: v for k, v in row.items() if k not in ("batch_id", "undoes_id")})
        if rows:
            insert_rows(ctx, Change.__table__, list(rows[0]), [tuple(row.values()) for row in rows])  # type: ignore[arg-type]


# ---------------------------------------------------------------- back


def back(ctx: Ctx, entity: str, survivor: int, other: int, entry: Mapping[str, Any]) -> int:
    """Point links to a record that is back, where nothing newer is in the way; return how many stay."""
    if "foreign" in entry:
        return foreign.move_back(ctx, entry["foreign"], survivor, other)
    place = place_of(entry["place"])
    spot = Spot(place, entity, active=place.entity in ctx.registry.entities)
    left = 0
    for start in range(0, len(entry["rows"]), PART):
        left += _part_back(ctx, spot, survivor, other, entry["rows"][start : start + PART])
    if dropped := entry.get("dropped"):
        _dropped_back(ctx, spot, other, dropped)
    return left


def _part_back(ctx: Ctx, spot: Spot, survivor: int, other: int, rows: Sequence[int]) -> int:
    table, place = spot.table, spot.place
    row, owner = (table.c.record_id,) * 2 if place.kind == "rows" else (table.c.id, table.c[place.owner])
    extra = (table.c.field == place.name,) if place.kind == "rows" else ()
    where = (row.in_(rows), spot.value(table) == spot.link(survivor), *extra)
    owners = ctx.session.scalars(sa.select(owner).where(*where), execution_options=KERNEL).all()
    if not owners:
        return len(rows)
    _touch(ctx, spot, owners)
    if spot.active and place.kind != "rows":
        pair = ([spot.link(survivor)], [spot.link(other)])
        _tell(ctx, spot, owners, dict.fromkeys(owners, pair), single=True)
    elif spot.active:
        _tell(ctx, spot, owners, dict.fromkeys(owners, ([survivor], [other])))
    _run(ctx, sa.update(table).where(*where).values(spot.assigned(table, other)))
    return len(rows) - len(owners)


def _dropped_back(ctx: Ctx, spot: Spot, other: int, dropped: Sequence[Sequence[int]]) -> None:
    """Give records that linked to both their second link again, those that are still there."""
    table, records = spot.table, spot.records
    there: set[int] = set()
    numbers = [record for record, _ in dropped]
    for start in range(0, len(numbers), PART):
        query = sa.select(records.c.id).where(records.c.id.in_(numbers[start : start + PART]))
        there |= set(ctx.session.scalars(query, execution_options=KERNEL))
    rows = [
        {"record_id": record, "field": spot.place.name, "target_id": other, "position": position}
        for record, position in dropped
        if record in there
    ]
    if rows:
        ctx.session.execute(sa.insert(table), rows, execution_options=KERNEL)
