"""A prepared SQLite database copied into PostgreSQL: the same rows for both, without building them twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import sqlalchemy as sa

from crm_core import switching
from crm_core.config import load_config
from crm_core.db import Base, Database

_BATCH = 5000
Indexes = list[tuple[str, str]]


def copy(source: Database, target_url: str, say: Callable[[str], None] = print) -> None:
    """Make the tables in an empty PostgreSQL database and copy every row, column by column as text."""
    target = Database(target_url)
    switching.initialise(target, load_config({}, database_url=target_url))
    lite = sqlite3.connect(source.url.database or "")
    present = {name for (name,) in lite.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    tables = [t for t in Base.metadata.sorted_tables if t.name in present]
    with target.autocommit() as connection:
        there = set(sa.inspect(connection).get_table_names())
        tables = [t for t in tables if t.name in there]
        connection.exec_driver_sql(f"TRUNCATE {', '.join(t.name for t in tables)} CASCADE")
        connection.exec_driver_sql("SET session_replication_role = replica")
        connection.exec_driver_sql("SET TIME ZONE 'UTC'")
        indexes = _drop_indexes(connection)
        for table in tables:
            rows = _copy_table(lite, connection, table)
            if rows > 100_000:
                say(f"  {table.name}: {rows:,} rows copied")
        connection.exec_driver_sql("SET maintenance_work_mem = '512MB'")
        for name, statement in indexes:
            connection.exec_driver_sql(statement)
            if name.endswith("_search"):
                say(f"  {name} made")
    lite.close()
    target.dispose()


def _drop_indexes(connection: sa.Connection) -> Indexes:
    listed = sa.text(
        "SELECT i.indexname, i.indexdef FROM pg_indexes i LEFT JOIN pg_constraint c ON c.conname = i.indexname "
        "WHERE i.tablename LIKE 'contacts%' AND c.conname IS NULL"
    )
    found = [(str(name), str(statement)) for name, statement in connection.execute(listed)]
    for name, _ in found:
        connection.exec_driver_sql(f'DROP INDEX "{name}"')
    return found


def _copy_table(lite: sqlite3.Connection, connection: sa.Connection, table: sa.Table) -> int:
    names = [c.name for c in table.columns]
    columns = ", ".join(f'"{n}"' for n in names)
    cursor = lite.execute(f'SELECT {columns} FROM "{table.name}"')
    driver = connection.connection.driver_connection
    assert driver is not None
    rows = 0
    with driver.cursor() as target, target.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as stream:
        while batch := cursor.fetchmany(_BATCH):
            rows += len(batch)
            for row in batch:
                stream.write_row(row)
    if "id" in table.c and table.c.id.autoincrement is not False and isinstance(table.c.id.type, sa.Integer):
        sequence = connection.exec_driver_sql(f"SELECT pg_get_serial_sequence('{table.name}', 'id')").scalar()
        if sequence:
            connection.exec_driver_sql(f"SELECT setval('{sequence}', (SELECT coalesce(max(id), 1) FROM {table.name}))")
    return rows
