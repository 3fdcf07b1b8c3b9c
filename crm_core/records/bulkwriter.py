"""The fastest honest way to put many rows into a table: prepared ids, and COPY where the database has it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from crm_core.context import Ctx


def allocate_ids(ctx: Ctx, table: sa.Table, count: int) -> list[int]:
    """Return ids no other row of the table has or had, in order.

    PostgreSQL takes them from the column's sequence; on SQLite the writer holds the only write lock.
    """
    connection = ctx.session.connection_of_kernel()
    if ctx.database.is_sqlite:
        last = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).scalar() or 0
        return list(range(last + 1, last + 1 + count))
    query = sa.text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
    return sorted(connection.scalars(query, {"name": table.name, "count": count}))


def insert_rows(ctx: Ctx, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all have the same keys."""
    connection = ctx.session.connection_of_kernel()
    if ctx.database.is_sqlite:
        names, processors = _processors(table, tuple(rows[0]), connection.dialect)
        marks = ", ".join("?" * len(names))
        columns = ", ".join(f'"{n}"' for n in names)
        statement = f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})'  # noqa: S608 - names of our own tables
        connection.exec_driver_sql(statement, [_bound(row, names, processors) for row in rows])
        return
    names, processors = _processors(table, tuple(rows[0]), connection.dialect)
    columns = ", ".join(f'"{n}"' for n in names)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(_bound(row, names, processors))


Processor = Callable[[Any], Any] | None


def _bound(row: dict[str, Any], names: Sequence[str], processors: Sequence[Processor]) -> tuple[Any, ...]:
    return tuple(row[n] if p is None or row[n] is None else p(row[n]) for n, p in zip(names, processors, strict=True))


@lru_cache(maxsize=256)
def _processors(table: sa.Table, keys: tuple[str, ...], dialect: Any) -> tuple[tuple[str, ...], tuple[Processor, ...]]:
    """Return the columns of rows with these keys, and how each value is bound; columns with a default are added."""
    names = tuple(keys)
    return names, tuple(_processor(table.c[n], dialect) for n in names)


def _processor(column: Any, dialect: Any) -> Processor:
    found: Processor = column.type.dialect_impl(dialect).bind_processor(dialect)
    if dialect.name == "postgresql" and isinstance(column.type, sa.JSON):
        import orjson

        return lambda value: orjson.dumps(value).decode()
    if found is None and isinstance(column.type, sa.Date) and dialect.name == "sqlite":
        return dt.date.isoformat
    return found
