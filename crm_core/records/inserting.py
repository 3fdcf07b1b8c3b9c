"""Rows of new records and of their lines, written by the bulk writer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.change import Change
from crm_core.contributions import EntityDef, FieldDef
from crm_core.entities import KEY_LENGTH
from crm_core.fieldtypes import Lines
from crm_core.records.bulkwriter import insert_rows
from crm_core.text import sort_key

if TYPE_CHECKING:
    from crm_core.context import Ctx

OWN = (
    "id", "version", "created_at", "updated_at", "created_by_id", "updated_by_id", "access_id", "search_text", "custom",
)  # fmt: skip
"""Columns of a row that no field of a form fills."""


def insert_records(ctx: Ctx, changes: Sequence[Change]) -> None:
    """Write the rows of records that carry their values already, and their lines.

    Raises:
        IntegrityError: a constraint met by two writers at once.
    """
    definition = changes[0].definition
    fields = ctx.registry.fields(definition.key).values()
    columns = [f for f in fields if f.storage == "column" and f.attr not in OWN]
    plain, keyed = (*OWN, *(f.attr for f in columns)), [f.key_attr for f in columns if f.key_attr]
    names = (*plain, *keyed)
    rows = (
        [*(getattr(c.record, name) for name in plain), *(getattr(c.record, name) or "" for name in keyed)]
        for c in changes
    )
    insert_rows(ctx, definition.model.__table__, names, rows)
    insert_lines(ctx, definition, ((change.record.id, change.values) for change in changes))


def insert_lines(ctx: Ctx, definition: EntityDef, owners: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Write the lines among the values of records, given with the records' ids."""
    given = list(owners)
    for one in ctx.registry.fields(definition.key).values():
        if not isinstance(one.type, Lines):
            continue
        owning = [(number, lines) for number, values in given if (lines := values.get(one.key))]
        if owning:
            table, fields = one.type.line.model.__table__, one.type.line.fields
            names, make = _line_maker(fields, given_columns(table, fields, [line for _, ls in owning for line in ls]))
            rows = (make(number, n, line.get) for number, lines in owning for n, line in enumerate(lines))
            insert_rows(ctx, table, names, rows)


def given_columns(
    table: sa.Table, fields: Sequence[FieldDef], values: Sequence[Mapping[str, Any]]
) -> Sequence[FieldDef]:
    """Return the fields whose columns must be named in an insert of many rows.

    A column that no row gives a value gets ``NULL`` without being named; handing it over for every row is work for
    nothing: of a contact's columns a file fills a quarter.
    """
    return [
        f
        for f in fields
        if f.default is not None
        or not (column := table.c[f.attr]).nullable
        or column.server_default is not None
        or any(found.get(f.key) is not None for found in values)
    ]


def _line_maker(fields: Sequence[FieldDef], given: Sequence[FieldDef]) -> tuple[list[str], Callable[..., list[Any]]]:
    """Return the columns of a kind of line, and what makes a row of a line's values."""
    plan = [(f.key, f.default if not callable(f.default) else None) for f in given]
    keyed = [f.key for f in fields if f.key_attr]
    names = ["parent_id", "position", *(f.attr for f in given), *(f.key_attr for f in fields if f.key_attr)]

    def make(parent: int, position: int, get: Callable[..., Any]) -> list[Any]:
        row = [parent, position, *[get(key, default) for key, default in plan]]
        if keyed:
            row += [sort_key(get(key), KEY_LENGTH) or "" for key in keyed]
        return row

    return names, make
