"""Records that hold an entry of a list, or a tag, are given another: a few statements a field, each history told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import history
from crm_core.columns import storage_key
from crm_core.db import KERNEL
from crm_core.db.expressions import JsonWith
from crm_core.list_usage import Place
from crm_core.models import Change
from crm_core.records.bulkwriter import insert_rows
from crm_core.records.rows import plan_rows

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.directory import ListEntryView
    from crm_core.models import Tag

    Held = ListEntryView | Tag

CHUNK = 1000
"""Records whose several values or lines are read at once, to tell their history."""


def move(ctx: Ctx, place: Place, source: Held, target: Held | None) -> None:
    """Give the records that hold ``source`` in a field ``target`` instead; nobody has it twice.

    Without a target a field of several values loses it.
    """
    if target is not None and place.part is None and not place.field.type.multiple:
        _tell_at_once(ctx, place, source, target)
        _touch(ctx, place, source, {_column(place): _new_value(place, target)})
        return
    _tell_each(ctx, place, source, target)
    _touch(ctx, place, source, {})
    if target is not None and place.part is not None:
        column = place.lines.c[place.part.attr]
        _run(ctx, sa.update(place.lines).where(column == place.held(source)).values({column: place.held(target)}))
    else:
        _move_links(ctx, place, source, target)


def _run(ctx: Ctx, statement: Any) -> None:
    ctx.session.execute(statement, execution_options=KERNEL)


def _column(place: Place) -> Any:
    custom = place.field.storage == "custom"
    return place.records.c.custom if custom else place.records.c[place.field.attr]


def _new_value(place: Place, target: Held) -> Any:
    if place.field.storage == "custom":
        return JsonWith(place.records.c.custom, storage_key(place.field), place.held(target))
    return place.held(target)


def _touch(ctx: Ctx, place: Place, source: Held, values: dict[Any, Any]) -> None:
    """Count the records as changed, with the values that change in their own row."""
    table = place.records
    common = {table.c.version: table.c.version + 1, table.c.updated_at: ctx.now, table.c.updated_by_id: ctx.actor.id}
    _run(ctx, sa.update(table).where(table.c.id.in_(place.holding(source))).values({**common, **values}))


def _move_links(ctx: Ctx, place: Place, source: Held, target: Held | None) -> None:
    links = place.entity.model.__links__
    own = sa.and_(links.c.field == place.field.key, links.c.target_id == source.id)
    if target is None:
        _run(ctx, sa.delete(links).where(own))
        return
    has = links.alias()
    both = sa.exists().where(
        has.c.record_id == links.c.record_id, has.c.field == links.c.field, has.c.target_id == target.id
    )
    _run(ctx, sa.delete(links).where(own, both))
    _run(ctx, sa.update(links).where(own).values(target_id=target.id))


def _tell_at_once(ctx: Ctx, place: Place, source: Held, target: Held) -> None:
    """Write the history of every record with one statement: what changes is the same for all."""
    if not place.field.tracked:
        return
    diff = {place.field.key: [place.held(source), place.held(target)]}
    common = _common(ctx, place, diff)
    table: Any = Change.__table__
    title = sa.func.substr(sa.func.coalesce(_title(place, place.entity.model), ""), 1, 200)
    constants = [sa.literal(value, table.c[name].type) for name, value in common.items()]
    rows = sa.select(place.entity.model.id, title, *constants).where(place.value == place.held(source))
    _run(ctx, sa.insert(table).from_select(["record_id", "title", *common], rows))


def _common(ctx: Ctx, place: Place, diff: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of history that all records share; those without a value are left to the table."""
    row = history.row(ctx, place.entity.key, 0, "", "update", diff)
    return {k: v for k, v in row.items() if k not in ("record_id", "title") and v is not None}


def _title(place: Place, model: Any) -> Any:
    return getattr(model, place.entity.title)


def _tell_each(ctx: Ctx, place: Place, source: Held, target: Held | None) -> None:
    """Write the history of records whose values stand among others: read and told in chunks."""
    if not place.field.tracked:
        return
    ids = ctx.session.scalars(place.holding(source), execution_options=KERNEL).all()
    old, new = place.held(source), place.held(target) if target is not None else None
    for start in range(0, len(ids), CHUNK):
        _tell_chunk(ctx, place, old, new, ids[start : start + CHUNK])


def _tell_chunk(ctx: Ctx, place: Place, old: Any, new: Any, ids: Sequence[int]) -> None:
    alias = sa.orm.aliased(place.entity.model)
    plan = plan_rows(ctx, place.entity, alias, [place.field], editable=False)
    query = sa.select(*plan.columns, _title(place, alias).label("raw_title")).where(alias.id.in_(ids))
    rows = []
    names: list[str] = []
    for raw in ctx.session.execute(query, execution_options=KERNEL):
        before = plan.row(raw).values[place.field.key]
        after = _exchanged(place, before, old, new)
        stored = [history.stored(place.field, value) for value in (before, after)]
        common = _common(ctx, place, {place.field.key: stored})
        names = ["record_id", "title", *common]
        rows.append((raw[0], str(raw.raw_title or "")[:200], *common.values()))
    if rows:
        insert_rows(ctx, Change.__table__, names, rows)  # type: ignore[arg-type]


def _exchanged(place: Place, value: Any, old: Any, new: Any) -> Any:
    if place.part is None:
        kept = [new if held == old else held for held in value if held != old or new is not None]
        return list(dict.fromkeys(kept))
    key = place.part.key
    return [{**line, key: new} if line[key] == old else line for line in value]
