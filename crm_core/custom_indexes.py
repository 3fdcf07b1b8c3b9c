"""The indexes that make custom fields as fast as columns: built beside everyone's work, and safe to start again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from crm_core.contributions import FieldDef
from crm_core.db import KERNEL, Database
from crm_core.db.expressions import json_value
from crm_core.entities import Record
from crm_core.errors import Conflict, Unavailable
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx

Step = Callable[[int, int, str], None]
"""Is told how many indexes are done, of how many, and which is next."""
_LONGEST = 63
_LOCK = 7_233_942_001
"""Key of PostgreSQL's advisory lock that only one builder holds at a time."""
_PATIENCE = 600
_VALID = "select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = to_regclass(:t)"
_PROGRESS = (
    "select c.relname, p.blocks_done, p.blocks_total from pg_stat_progress_create_index p "
    "join pg_class c on c.oid = p.index_relid where p.relid = to_regclass(:t)"
)


def index_name(model: type[Record], field: FieldDef) -> str:
    """Return the name of a custom field's index; one too long for the database ends in a digest."""
    name = f"cf_{model.__tablename__}_{field.attr}"
    if len(name) <= _LONGEST:
        return name
    return f"{name[:52]}_{hashlib.sha256(name.encode()).hexdigest()[:10]}"


def wanted(fields: Iterable[FieldDef], models: Mapping[str, type[Record]]) -> dict[str, FieldDef]:
    """Return the fields that need an index, by its name."""
    found = [f for f in fields if f.indexed and f.storage == "custom" and f.entity in models]
    return {index_name(models[f.entity], f): f for f in found}


def ensure_indexes(
    database: Database, fields: Iterable[FieldDef], models: Mapping[str, type[Record]], step: Step | None = None
) -> list[str]:
    """Build the indexes that are wanted and missing, drop those nobody wants any more; return the names of the built.

    Raises:
        Conflict: a unique field holds a value twice.
    """
    needed = wanted(fields, models)
    present: set[str] = set()
    for model in set(models.values()):
        there = _indexes_of(database, model.__tablename__)
        _drop(database, [n for n in there if _ours(n, model) and n not in needed])
        present |= there
    missing = {name: field for name, field in needed.items() if name not in present}
    for done, field in enumerate(missing.values()):
        if step is not None:
            step(done, len(missing), field.title())
        build_index(database, models[field.entity], field)
    return [*missing]


def _ours(name: str, model: type[Record]) -> bool:
    """Tell whether an index is one of a field made by an administrator; those of plugins wait for their plugin."""
    return name.startswith(f"cf_{model.__tablename__}_cf__")


def build_index(database: Database, model: type[Record], field: FieldDef) -> None:
    """Build the index of a field without blocking writers on PostgreSQL; safe to repeat after a failure.

    Raises:
        Conflict: the field is unique and holds a value twice.
    """
    name, table = index_name(model, field), model.__tablename__
    column: sa.ColumnClause[Any] = sa.literal_column("custom")
    expression = str(json_value(column, field.attr, field.type.kind).compile(dialect=database.engine.dialect))
    postgresql = not database.is_sqlite
    columns = expression if field.unique else f"{expression}{' NULLS FIRST' if postgresql else ''}, id, access_id"
    how = f"{'UNIQUE ' if field.unique else ''}INDEX {'CONCURRENTLY ' if postgresql else ''}IF NOT EXISTS"
    with database.building() as connection, _alone(connection):
        _drop_broken(connection, name)
        try:
            connection.exec_driver_sql(f"CREATE {how} {name} ON {table} ({columns})")
        except IntegrityError as error:
            # A unique index that failed half-way would go on refusing writes.
            _drop_broken(connection, name)
            message = N_("“%(label)s” can't be unique: several records hold the same value")
            raise Conflict(message, params={"label": field.title()}) from error
        connection.exec_driver_sql(f"ANALYZE {table}")


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Keep a second builder out. It asks again and again: one that waited inside a statement would be waited for."""
    if connection.dialect.name != "postgresql":
        yield
        return
    until = time.monotonic() + _PATIENCE
    while not connection.scalar(sa.text("select pg_try_advisory_lock(:key)"), {"key": _LOCK}):
        if time.monotonic() > until:
            raise Unavailable(hint="another process builds indexes")
        time.sleep(0.2)
    try:
        yield
    finally:
        connection.execute(sa.text("select pg_advisory_unlock(:key)"), {"key": _LOCK})


def _drop_broken(connection: Connection, name: str) -> None:
    """Drop what a builder left that was killed: PostgreSQL marks such an index as invalid and never uses it."""
    if connection.dialect.name != "postgresql":
        return
    broken = sa.text("select not indisvalid from pg_index where indexrelid = to_regclass(:name)")
    if connection.scalar(broken, {"name": name}):
        connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _drop(database: Database, names: Iterable[str]) -> None:
    how = "" if database.is_sqlite else "CONCURRENTLY "
    for name in names:
        with database.building() as connection, _alone(connection):
            connection.exec_driver_sql(f"DROP INDEX {how}IF EXISTS {name}")


def _query(sqlite: bool) -> sa.TextClause:
    if sqlite:
        return sa.text("select name from sqlite_master where type = 'index' and tbl_name = :t")
    return sa.text(f"{_VALID} and i.indisvalid")


def _indexes_of(database: Database, table: str) -> set[str]:
    with database.autocommit() as connection:
        return set(connection.scalars(_query(database.is_sqlite), {"t": table}))


@dataclass(frozen=True)
class IndexState:
    """How far the index of a field is; ``percent`` where the database tells."""

    ready: bool
    percent: int | None = None


def states(ctx: Ctx, entity: str) -> dict[str, IndexState]:
    """Return the state of every wanted index of an entity, by field key."""
    model = ctx.registry.entity(entity).model
    sqlite, values = ctx.database.is_sqlite, {"t": model.__tablename__}
    ready = set(ctx.session.scalars(_query(sqlite), values, execution_options=KERNEL))
    parts: dict[str, int] = {}
    if not sqlite:
        rows = ctx.session.execute(sa.text(_PROGRESS), values, execution_options=KERNEL)
        parts = {name: round(100 * done / total) for name, done, total in rows if total}
    found = wanted(ctx.registry.fields(entity).values(), {entity: model})
    return {f.key: IndexState(name in ready, parts.get(name)) for name, f in found.items()}
