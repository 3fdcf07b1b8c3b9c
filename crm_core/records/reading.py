"""One record: found when the actor may see it, else not there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from crm_core.access import allowed, check_readable, predicate, readable
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.entities import Record
from crm_core.errors import Forbidden, NotFound
from crm_core.fieldtypes import Computed, Lines, MultiChoice
from crm_core.i18n import N_
from crm_core.records.rows import Row, plan_rows

if TYPE_CHECKING:
    from crm_core.context import Ctx

MAX_ID = 2**63 - 1


def find(ctx: Ctx, definition: EntityDef, record_id: int, action: str = "read", *, lock: bool = False) -> Any:
    """Return the record.

    Raises:
        NotFound: it does not exist or the actor may not read it; both look the same.
        Forbidden: the actor may read it, but not do ``action``.
    """
    model = definition.model
    if not 0 < record_id <= MAX_ID:
        raise _missing(definition)

    def fetch(verb: str) -> Any:
        query = sa.select(model).where(model.id == record_id, predicate(ctx, definition, verb, model))
        if lock and not ctx.database.is_sqlite:
            query = query.with_for_update(of=model)
        options = {"populate_existing": True} if lock else {}
        return ctx.session.scalar(query.execution_options(**options), execution_options=KERNEL)

    found = fetch(action)
    if found is not None:
        return found
    if action != "read" and fetch("read") is not None:
        raise Forbidden(N_("You may read this record but not change it"))
    raise _missing(definition)


def find_many(ctx: Ctx, definition: EntityDef, ids: Iterable[int], *, lock: bool = False) -> dict[int, Any]:
    """Return those of the records that the actor may read, by id: one statement, and one a kind of lines."""
    model = definition.model
    wanted = [number for number in ids if 0 < number <= MAX_ID]
    if not wanted:
        return {}
    query = _with_lines(ctx, definition, wanted).where(predicate(ctx, definition, "read", model))
    if lock and not ctx.database.is_sqlite:
        query = query.with_for_update(of=model)
    query = query.execution_options(populate_existing=lock)
    return {record.id: record for record in ctx.session.scalars(query, execution_options=KERNEL)}


def permitted(ctx: Ctx, definition: EntityDef, ids: Iterable[int], action: str) -> set[int]:
    """Return the ids of those records that the actor may do ``action`` to; one statement."""
    model = definition.model
    query = sa.select(model.id).where(model.id.in_(ids), predicate(ctx, definition, action, model))
    return set(ctx.session.scalars(query, execution_options=KERNEL))


def find_stored(ctx: Ctx, definition: EntityDef, ids: Iterable[int]) -> dict[int, Any]:
    """Return records by id, whether the actor sees them or not; for writers that have just made them."""
    query = _with_lines(ctx, definition, ids)
    return {record.id: record for record in ctx.session.scalars(query, execution_options=KERNEL)}


def _with_lines(ctx: Ctx, definition: EntityDef, ids: Iterable[int]) -> Any:
    model = definition.model
    lines = [f.attr for f in ctx.registry.fields(definition.key).values() if isinstance(f.type, Lines)]
    query = sa.select(model).where(model.id.in_(ids)).order_by(model.id)
    return query.options(*(selectinload(getattr(model, attr)) for attr in lines))


def existing(ctx: Ctx, definition: EntityDef, ids: Iterable[int]) -> set[int]:
    """Return which of the ids are those of records, whether the actor sees them or not."""
    model = definition.model
    return set(ctx.session.scalars(sa.select(model.id).where(model.id.in_(ids)), execution_options=KERNEL))


def _missing(definition: EntityDef) -> NotFound:
    return NotFound(N_("This record does not exist, or you may not see it"))


def get(ctx: Ctx, entity: str, record_id: int) -> Record:
    """Return a record the actor may read, as an instance of its model.

    Raises:
        NotFound: not there for the actor.
    """
    definition = ctx.registry.entity(entity)
    found: Record = find(ctx, definition, record_id)
    return found


def title_of(definition: EntityDef, record: Any) -> str:
    """Return what a record is called."""
    return str(getattr(record, definition.title) or "")


def read(ctx: Ctx, entity: str, record_id: int, fields: Sequence[str] | None = None) -> Row:
    """Return a record's readable values, computed ones included, in one statement and those computing needs.

    Raises:
        NotFound: not there for the actor.
        FilterError: a field that is unknown or unreadable.
    """
    definition = ctx.registry.entity(entity)
    known = ctx.registry.fields(definition.key)
    mask = readable(ctx, definition.key)
    if fields is not None:
        check_readable(ctx, definition.key, fields)
    wanted = [f for k, f in known.items() if k in mask and (fields is None or k in fields)]
    if not 0 < record_id <= MAX_ID or not allowed(ctx, definition.key, "read"):
        raise _missing(definition)
    model = definition.model
    stored = [f for f in wanted if not isinstance(f.type, Computed)]
    plan = plan_rows(ctx, definition, model, stored, editable=True)
    query = sa.select(*plan.columns).where(model.id == record_id, predicate(ctx, definition, "read", model))
    raw = ctx.session.execute(query, execution_options=KERNEL).first()
    if raw is None:
        raise _missing(definition)
    row = plan.row(raw)
    computed = [f for f in wanted if isinstance(f.type, Computed)]
    if computed:
        record = get(ctx, definition.key, record_id)
        row = dataclasses.replace(row, values={**row.values, **{f.key: f.type.function(ctx, record) for f in computed}})  # type: ignore[attr-defined]
    return row


def values_of(ctx: Ctx, definition: EntityDef, record: Any, keys: Sequence[str] | None = None) -> dict[str, Any]:
    """Return a record's stored values by field key, whatever the actor's masks; for writers and hooks."""
    return values_of_many(ctx, definition, [record], keys)[0]


def values_of_many(
    ctx: Ctx, definition: EntityDef, records: Sequence[Any], keys: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Return what :func:`values_of` does for each record, with one statement for the links of all."""
    fields = [f for key, f in ctx.registry.fields(definition.key).items() if keys is None or key in keys]
    found = [{f.key: _own_value(f, record) for f in fields if _is_own(f)} for record in records]
    many = [f for f in fields if not _is_own(f) and f.type.multiple]
    by_id = {r.id: values for r, values in zip(records, found, strict=True) if r.id is not None}
    if many and by_id:
        for values in by_id.values():
            values.update({f.key: [] for f in many})
        _add_links(ctx, definition, by_id, many)
    return found


def _is_own(field: FieldDef) -> bool:
    return field.storage in ("column", "custom") or isinstance(field.type, Lines)


def _own_value(field: FieldDef, record: Any) -> Any:
    if field.storage == "column":
        return getattr(record, field.attr)
    if field.storage == "custom":
        raw = (record.custom or {}).get(field.attr)
        return field.type.load(raw) if raw is not None else None
    kind: Any = field.type
    return [_line_values(kind, line) for line in getattr(record, field.attr)]


def _line_values(kind: Lines, line: Any) -> dict[str, Any]:
    return {"id": line.id, **{f.key: getattr(line, f.attr) for f in kind.line.fields}}


def _add_links(ctx: Ctx, definition: EntityDef, values: dict[int, dict[str, Any]], fields: Sequence[FieldDef]) -> None:
    """Put what the link table holds into the values of records by id."""
    table = definition.model.__links__
    by_key = {f.key: f for f in fields}
    query = (
        sa.select(table.c.record_id, table.c.field, table.c.target_id)
        .where(table.c.record_id.in_(values), table.c.field.in_(by_key))
        .order_by(table.c.record_id, table.c.field, table.c.position, table.c.target_id)
    )
    for record_id, key, target in ctx.session.execute(query, execution_options=KERNEL):
        if isinstance(by_key[key].type, MultiChoice):
            if entry := ctx.directory.entry_by_id(target):
                values[record_id][key].append(entry.code)
        else:
            values[record_id][key].append(target)
