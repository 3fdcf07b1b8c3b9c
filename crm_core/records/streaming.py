"""All rows of a list, one after another: what exports read, however many there are.

One statement finds the ids in their order and is read through a cursor; another reads each chunk. So the rows are those
of one moment, an order without an index is sorted once (only ids and sort values, for SQLite sorts in memory), and
memory holds one chunk. No instance of a model is made.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import events
from crm_core.access import predicate, require
from crm_core.access.scope import grants_of
from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.fieldtypes import Lines
from crm_core.records.listing import ListQuery, filters, listed_fields
from crm_core.records.ordering import keys_of, parse_sort
from crm_core.records.rows import Row, plan_rows

if TYPE_CHECKING:
    from crm_core.context import Ctx

CHUNK = 1000


def stream(ctx: Ctx, entity: str, query: ListQuery, *, chunk: int = CHUNK) -> Generator[list[Row]]:
    """Yield the rows of a list that the actor may read and export, in chunks; pages and counts don't apply.

    The operation must stay open while they are read.

    Raises:
        Forbidden: the actor may export none of them.
        FilterError: an unknown or unreadable field in filter, sort or columns.
    """
    definition = ctx.registry.entity(entity)
    require(ctx, definition.key, "read")
    require(ctx, definition.key, "export")
    alias: Any = definition.model
    fields = listed_fields(ctx, definition, query)
    sort = query.sort or parse_sort(ctx.registry.view(definition.key).sort) or ((definition.title, False),)
    keys = keys_of(ctx, definition, alias, sort)
    plan = plan_rows(ctx, definition, alias, fields, editable=False)
    ids = sa.select(alias.id).where(*_conditions(ctx, definition, alias, query))
    ids = ids.order_by(*(key.clause(False) for key in keys))
    rows = sa.select(*plan.columns).where(alias.id.in_(sa.bindparam("ids", expanding=True)))
    ctx.session.flush()
    connection = ctx.session.connection_of_kernel()
    with connection.execute(ids, execution_options={"yield_per": chunk}) as result:
        for part in result.scalars().partitions():
            found = {raw[0]: raw for raw in connection.execute(rows, {"ids": part}).all()}
            events.read(ctx, definition.key, found)
            yield [plan.row(found[number]) for number in part if number in found]


def exportable(ctx: Ctx, entity: str, query: ListQuery) -> int:
    """Return how many rows :func:`stream` gives; all are counted."""
    definition = ctx.registry.entity(entity)
    require(ctx, definition.key, "read")
    require(ctx, definition.key, "export")
    alias: Any = definition.model
    where = _conditions(ctx, definition, alias, query, counting=True)
    return ctx.session.scalar(sa.select(sa.func.count(alias.id)).where(*where), execution_options=KERNEL) or 0


def most_lines(ctx: Ctx, entity: str, query: ListQuery, keys: list[str]) -> dict[str, int]:
    """Return how many lines the rows of :func:`stream` have at most, by field."""
    definition = ctx.registry.entity(entity)
    alias: Any = definition.model
    found = {}
    for key in keys:
        kind = ctx.registry.field(definition.key, key).type
        if not isinstance(kind, Lines):
            continue
        parent = kind.line.model.parent_id
        inside = sa.select(alias.id).where(*_conditions(ctx, definition, alias, query, counting=True))
        counted = sa.select(sa.func.count().label("n")).where(parent.in_(inside)).group_by(parent).subquery()
        found[key] = ctx.session.scalar(sa.select(sa.func.max(counted.c.n)), execution_options=KERNEL) or 0
    return found


def _conditions(
    ctx: Ctx, definition: EntityDef, alias: Any, query: ListQuery, *, counting: bool = False
) -> list[Any]:  # fmt: skip
    """Return the conditions of an export: those of the list, and what the actor may export of it."""
    where = [predicate(ctx, definition, "read", alias, counting=counting), *filters(ctx, definition, alias, query)]
    if not ctx.actor.system and not _same_rights(ctx, definition):
        where.append(predicate(ctx, definition, "export", alias, counting=counting))
    return where


def _same_rights(ctx: Ctx, definition: EntityDef) -> bool:
    """Tell whether whoever may read a record of the entity may export it, so that it need not be asked twice."""
    reading, exporting = (
        (
            {(g.level, g.where) for g in grants_of(ctx, definition.key, action)},
            tuple(ctx.registry.hooks.record_scope(ctx, definition.key, action)),
        )
        for action in ("read", "export")
    )
    return ctx.actor.viewer is None and not definition.follows and reading == exporting
