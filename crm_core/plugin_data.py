"""What a plugin has stored, in its tables and beside them: counted, written to an archive, removed for good.

Works from what was noted when the plugin was last on and from the names it must use, so that its package isn't needed.
History is not touched: it is text, and stays readable.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crm_core import models as m
from crm_core import search_index
from crm_core.access.modules import AUDIENCE
from crm_core.db import utcnow
from crm_core.drift import owner_of
from crm_core.i18n import N_
from crm_core.migrations import version_table

Format = Literal["jsonl", "csv"]


@dataclass(frozen=True)
class Belongings:
    """A plugin by name, with what was noted of it and the names of all others."""

    name: str
    inventory: Mapping[str, Any]
    others: frozenset[str]

    @property
    def entities(self) -> list[str]:
        """Return the keys of its kinds of record."""
        return [key for key, _, _ in self.inventory.get("entities", ())]

    def tables(self, connection: Connection) -> list[str]:
        """Return its tables that are there, version table and search tables left out."""
        names = {self.name, *self.others}
        there = sa.inspect(connection).get_table_names()
        own = {t for t in there if owner_of(t, names) == self.name} | set(self.inventory.get("tables", ())) & set(there)
        return sorted(t for t in own if not search_index.is_search_object(t) and not t.endswith("_alembic_version"))

    def named(self, column: Any, known: str = "") -> Any:
        """Return the condition of a key that is the plugin's: ``plugin.…``, or noted under ``known``."""
        listed = self.entities if known == "entities" else self.inventory.get(known, ())
        return sa.or_(column.startswith(f"{self.name}.", autoescape=True), column.in_(list(listed)))


@dataclass(frozen=True)
class Holding:
    """So many things of one kind that would be gone."""

    kind: str
    label: str
    name: str
    count: int


def holdings(connection: Connection, own: Belongings) -> list[Holding]:
    """Count what a plugin has stored; nothing of which there is nothing."""
    found = [Holding("rows", N_("Rows"), t, _size(connection, t)) for t in own.tables(connection)]
    for table, key, count in values(connection, own):
        found.append(Holding("values", N_("Values on other records"), f"{table}: {key}", count))
    for kind, label, table, where in _beside(own):
        count = connection.scalar(sa.select(sa.func.count()).select_from(table).where(where)) or 0
        found.append(Holding(kind, label, "", count))
    return [h for h in found if h.count]


def _size(connection: Connection, table: str) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(sa.table(table))) or 0


def _beside(own: Belongings) -> list[tuple[str, str, Any, Any]]:
    """Return what the kernel's tables hold for a plugin: kind, label, table, condition."""

    def of_entity(kind: str, label: str, model: Any) -> tuple[str, str, Any, Any]:
        return kind, label, model.__table__, own.named(model.__table__.c.entity, "entities")

    entry, setting, sequence = m.ListEntry.__table__.c, m.SettingRow.__table__.c, m.Sequence.__table__.c
    masks = [f"sequence.{key}" for key in own.inventory.get("sequences", ())]
    settings = sa.or_(own.named(setting.key, "settings"), setting.key.in_([AUDIENCE + own.name, *masks]))
    lists = sa.or_(own.named(entry.list, "lists"), *(entry.list.startswith(f"cf.{e}.") for e in own.entities))
    return [
        ("list_entries", N_("Entries of its reference lists"), m.ListEntry.__table__, lists),
        ("settings", N_("Options that were set"), m.SettingRow.__table__, settings),
        ("sequences", N_("Number sequences"), m.Sequence.__table__, own.named(sequence.key, "sequences")),
        of_entity("fields", N_("Own fields of its records"), m.CustomField),
        of_entity("views", N_("Saved views of its records"), m.SavedView),
        of_entity("comments", N_("Comments on its records"), m.Comment),
        of_entity("shares", N_("Shares of its records"), m.Share),
        of_entity("files", N_("Files of its records"), m.StoredFile),
        of_entity("grants", N_("Permissions for its records"), m.Grant),
        of_entity("imports", N_("Imports"), m.Import),
        of_entity("merged", N_("Where merged records are"), m.Merged),
        of_entity("not_duplicates", N_("Pairs that are no duplicates"), m.NotDuplicate),
        of_entity("duplicate_scans", N_("Searches for duplicates"), m.DuplicateScan),
        ("jobs", N_("Background jobs"), m.Job.__table__, m.Job.__table__.c.plugin == own.name),
        ("incidents", N_("Incidents"), m.Incident.__table__, m.Incident.__table__.c.plugin == own.name),
    ]


def values(connection: Connection, own: Belongings) -> Iterator[tuple[str, str, int]]:
    """Yield table, key and number of values that a plugin's fields have on other plugins' records."""
    prefix, postgresql = f"{own.name}__", connection.dialect.name == "postgresql"
    source = "jsonb_object_keys(custom) AS k(key)" if postgresql else "json_each(custom) AS k"
    for table in _with_column(connection, "custom", own):
        query = f'SELECT k.key, count(*) FROM "{table}", {source} WHERE substr(k.key, 1, :n) = :p GROUP BY 1 ORDER BY 1'  # noqa: S608 - a table's name
        for key, count in connection.execute(sa.text(query), {"n": len(prefix), "p": prefix}):
            yield table, key, count
    for table in _with_column(connection, "target_id", own):
        links = _links(table)
        mine = links.c.field.startswith(f"{own.name}.", autoescape=True)
        counted = sa.select(links.c.field, sa.func.count()).where(mine).group_by(links.c.field)
        for key, count in connection.execute(counted):
            yield table, key, count


def _links(table: str) -> Any:
    return sa.table(table, sa.column("record_id"), sa.column("field", sa.String), sa.column("target_id"))


def _with_column(connection: Connection, column: str, own: Belongings) -> list[str]:
    """Return the tables of other plugins that have a column."""
    mine, inspector = set(own.tables(connection)), sa.inspect(connection)
    others = [t for t in inspector.get_table_names() if t not in mine and not t.startswith("core_")]
    return [t for t in others if not search_index.is_search_object(t) and _has(inspector, t, column)]


def _has(inspector: Any, table: str, column: str) -> bool:
    return any(c["name"] == column for c in inspector.get_columns(table))


def referring(connection: Connection, own: Belongings) -> dict[str, str]:
    """Return tables of other plugins with a foreign key to one of its tables, each with that one."""
    mine, inspector = set(own.tables(connection)), sa.inspect(connection)
    found = {}
    for table in inspector.get_table_names():
        if table not in mine and not search_index.is_search_object(table):
            for key in inspector.get_foreign_keys(table):
                if key["referred_table"] in mine:
                    found[table] = str(key["referred_table"])
    return found


# ---------------------------------------------------------------- removing


def purge(connection: Connection, own: Belongings) -> None:
    """Remove all a plugin has stored; history stays."""
    for table in _with_column(connection, "custom", own):
        for index in _indexes(connection, table, f"cf_{table}_{own.name}__"):
            connection.exec_driver_sql(f'DROP INDEX "{index}"')
    for table, key, _ in list(values(connection, own)):
        _remove_values(connection, table, key)
    _retire_links(connection, own)
    for _, _, table, where in _beside(own):
        connection.execute(sa.delete(table).where(where))
    _drop(connection, own)


def _remove_values(connection: Connection, table: str, key: str) -> None:
    if "." in key:
        links = _links(table)
        connection.execute(sa.delete(links).where(links.c.field == key))
    elif connection.dialect.name == "postgresql":
        query = f'UPDATE "{table}" SET custom = custom - :key WHERE jsonb_exists(custom, :key)'  # noqa: S608
        connection.execute(sa.text(query), {"key": key})
    else:
        query = f'UPDATE "{table}" SET custom = json_remove(custom, :path) WHERE json_type(custom, :path) IS NOT NULL'  # noqa: S608
        connection.execute(sa.text(query), {"path": f'$."{key}"'})


def _retire_links(connection: Connection, own: Belongings) -> None:
    """Take administrators' fields that link to its records out of use."""
    table = m.CustomField.__table__
    for row in connection.execute(sa.select(table.c.id, table.c.options)):
        if (row.options or {}).get("target") in own.entities:
            connection.execute(sa.update(table).where(table.c.id == row.id).values(retired_at=utcnow()))  # type: ignore[arg-type]


def _indexes(connection: Connection, table: str, prefix: str) -> list[str]:
    if connection.dialect.name == "postgresql":
        query = "SELECT indexname FROM pg_indexes WHERE tablename = :table AND schemaname = current_schema()"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :table"
    return [n for n in connection.scalars(sa.text(query), {"table": table}) if n.startswith(prefix)]


def _drop(connection: Connection, own: Belongings) -> None:
    """Drop the tables that are left, and the one that kept the revision."""
    cascade = " CASCADE" if connection.dialect.name == "postgresql" else ""
    for table in own.tables(connection):
        for statement in search_index.drop_statements(connection.dialect.name, table):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f'DROP TABLE "{table}"{cascade}')
    connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{version_table(own.name)}"')


# ---------------------------------------------------------------- archive


def export(connection: Connection, own: Belongings, target: Path, form: Format = "jsonl") -> None:
    """Write all a plugin has stored to a zip: a file a table, and what lies beside."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        about = {"plugin": own.name, "written_at": utcnow().isoformat(), "inventory": dict(own.inventory)}
        archive.writestr("plugin.json", json.dumps(about, indent=2))
        for table in own.tables(connection):
            _write(archive, table, _rows(connection, _reflected(connection, table)), form)
        for kind, _, table, where in _beside(own):
            _write(archive, kind, _rows(connection, table, where), form)
        for name, rows in _value_rows(connection, own):
            _write(archive, name, rows, form)


def _reflected(connection: Connection, name: str) -> sa.Table:
    return sa.Table(name, sa.MetaData(), autoload_with=connection)


def _rows(connection: Connection, table: Any, where: Any = None) -> Iterator[dict[str, Any]]:
    query = sa.select(table) if where is None else sa.select(table).where(where)
    for row in connection.execution_options(yield_per=1000).execute(query).mappings():
        yield {str(key): value for key, value in row.items()}


def _value_rows(connection: Connection, own: Belongings) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    found = list(values(connection, own))
    for table in dict.fromkeys(t for t, _, _ in found):
        keys = [k for t, k, _ in found if t == table]
        if "." in keys[0]:
            links = _links(table)
            yield f"values of {table}", _rows(connection, links, links.c.field.in_(keys))
        else:
            yield f"values of {table}", _documents(connection, table, keys)


def _documents(connection: Connection, table: str, keys: list[str]) -> Iterator[dict[str, Any]]:
    reflected = _reflected(connection, table)
    for row in connection.execute(sa.select(reflected.c.id, reflected.c.custom)):
        document = json.loads(row.custom) if isinstance(row.custom, str) else row.custom or {}
        if kept := {k: document[k] for k in keys if k in document}:
            yield {"id": row.id, **kept}


def _write(archive: zipfile.ZipFile, name: str, rows: Iterable[dict[str, Any]], form: Format) -> None:
    first = next(iterator := iter(rows), None)
    if first is None:
        return
    with closing(archive.open(f"{name}.{form}", "w", force_zip64=True)) as raw:
        if form == "jsonl":
            for row in _chain(first, iterator):
                raw.write(orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE))
            return
        text = io.TextIOWrapper(raw, "utf-8", newline="")
        writer = csv.DictWriter(text, list(first), extrasaction="ignore")
        writer.writeheader()
        writer.writerows({k: _cell(v) for k, v in row.items()} for row in _chain(first, iterator))
        text.flush()
        text.detach()


def _chain(first: dict[str, Any], rest: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield first
    yield from rest


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
