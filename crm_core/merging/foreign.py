"""What the database itself says of foreign keys, and the rows of tables that no field describes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.db import KERNEL

if TYPE_CHECKING:
    from crm_core.context import Ctx

_SQLITE = """
SELECT m.name, f."from" FROM sqlite_master m, pragma_foreign_key_list(m.name) f
WHERE m.type = 'table' AND f."table" = :name ORDER BY 1, 2
"""
_POSTGRESQL = """
SELECT r.relname, a.attname FROM pg_constraint c
JOIN pg_class r ON r.oid = c.conrelid JOIN pg_class t ON t.oid = c.confrelid
JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = current_schema()
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND t.relname = :name AND array_length(c.conkey, 1) = 1 ORDER BY 1, 2
"""
_OPTIONS: Mapping[str, Any] = {**KERNEL, "synchronize_session": False}


def tables(ctx: Ctx) -> set[str]:
    """Return the names of the database's tables; one statement."""
    if ctx.database.is_sqlite:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    return set(ctx.session.scalars(sa.text(query), execution_options=KERNEL))


def references(ctx: Ctx, table: str) -> list[tuple[str, str]]:
    """Return (table, column) of every foreign key to a table; one statement."""
    query = sa.text(_SQLITE if ctx.database.is_sqlite else _POSTGRESQL)
    return [(name, column) for name, column in ctx.session.execute(query, {"name": table}, execution_options=KERNEL)]


def move(ctx: Ctx, table: str, column: str, survivor: int, other: int) -> dict[str, Any] | None:
    """Point the rows of a table that no field describes to another record.

    Where a rule of the table keeps two rows apart, the row of the record that goes is dropped.

    Returns:
        What :func:`move_back` needs, ``None`` where there was nothing.
    """
    light = sa.table(table, sa.column(column))
    there = sa.select(sa.literal(1)).select_from(light).where(light.c[column] == other).limit(1)
    if ctx.session.scalar(there, execution_options=KERNEL) is None:
        return None
    reflected = _reflected(ctx, table)
    link = reflected.c[column]
    rows = _rows(ctx, sa.select(reflected).where(link == other))
    taken = _rows(ctx, sa.select(reflected).where(link == survivor))
    rules = _rules(ctx, reflected, column)
    dropped = [row for row in rows if any(_same(row, one, rule) for rule in rules for one in taken)]
    keys = [c.name for c in reflected.primary_key]
    for row in dropped:
        gone = sa.and_(link == other, *(reflected.c[k] == row[k] for k in keys))
        ctx.session.execute(sa.delete(reflected).where(gone), execution_options=_OPTIONS)
    ours = sa.update(reflected).where(link == other).values({column: survivor})
    ctx.session.execute(ours, execution_options=_OPTIONS)
    moved = [{k: row[k] for k in keys if k != column} for row in rows if row not in dropped]
    return {"table": table, "column": column, "moved": moved, "dropped": [_plain(row) for row in dropped]}


def move_back(ctx: Ctx, kept: Mapping[str, Any], survivor: int, other: int) -> int:
    """Point rows to a record that is back, where they still point to the survivor; return how many don't."""
    reflected = _reflected(ctx, str(kept["table"]))
    link, left = reflected.c[str(kept["column"])], 0
    if moved := list(kept["moved"]):
        where = sa.and_(link == survivor, *(reflected.c[k] == sa.bindparam(f"of_{k}") for k in moved[0]))
        rows = [{f"of_{k}": v for k, v in row.items()} for row in moved]
        statement = sa.update(reflected).where(where).values({link.name: other})
        done: Any = ctx.session.execute(statement, rows, execution_options=_OPTIONS)
        left = len(moved) - done.rowcount
    if kept["dropped"]:
        types = {c.name: c.type for c in reflected.c}
        again = [{k: _loaded(types[k], v) for k, v in row.items()} for row in kept["dropped"]]
        ctx.session.execute(sa.insert(reflected), again, execution_options=KERNEL)
    return left


def _rows(ctx: Ctx, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in ctx.session.execute(query, execution_options=KERNEL).mappings()]


def _reflected(ctx: Ctx, name: str) -> sa.Table:
    return sa.Table(name, sa.MetaData(), autoload_with=ctx.session.connection_of_kernel(), resolve_fks=False)


def _rules(ctx: Ctx, table: sa.Table, column: str) -> list[tuple[str, ...]]:
    rules = [tuple(c.name for c in table.primary_key)]
    rules += [tuple(c.name for c in k.columns) for k in table.constraints if isinstance(k, sa.UniqueConstraint)]
    rules += [tuple(c.name for c in i.columns) for i in table.indexes if i.unique]
    return [tuple(c for c in rule if c != column) for rule in rules if column in rule]


def _same(row: Mapping[str, Any], other: Mapping[str, Any], columns: Sequence[str]) -> bool:
    return all(row[c] is not None and row[c] == other[c] for c in columns)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as JSON; instants and the like as text."""
    plain = (str, int, float, bool, type(None), dict, list)
    return {k: v if isinstance(v, plain) else str(v) for k, v in row.items()}


def _loaded(kind: Any, value: Any) -> Any:
    import datetime as dt

    if isinstance(value, str) and isinstance(kind, sa.DateTime):
        return dt.datetime.fromisoformat(value)
    return dt.date.fromisoformat(value) if isinstance(value, str) and isinstance(kind, sa.Date) else value
