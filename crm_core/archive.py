"""All data as one zip that other programs can read and an empty system can take in, on either database.

``manifest.json`` says what is inside; ``data/<table>.jsonl`` holds the rows of each table, one object a line;
``files/`` the stored files by their digest. Passwords, second factors, tokens, sessions, jobs and secret settings are
left out. So are the tables of modules that are off: what their columns mean only their code knows; the manifest names
them (``left_out``), and whoever asks for the archive is told.
A backup is something else: it restores a deployment as it was, secrets included, on the same kind of database.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from crm_core import __version__, kernel
from crm_core import models as m
from crm_core.db import Base, Database
from crm_core.directory import touch
from crm_core.errors import Conflict, CrmError, Forbidden, Invalid, Problem
from crm_core.fieldtypes.numbers import ExactDecimal
from crm_core.filestore import FileStore, arriving, store_of
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.config import Config
    from crm_core.context import Ctx
    from crm_core.registry import Registry

FORMAT = 1
_PIECE = 1 << 20
CHUNK = 1000
MANIFEST = "manifest.json"
LEFT_OUT = frozenset(
    table.__tablename__ for table in (
        m.WebSession, m.ApiToken, m.LoginAttempt, m.PasswordReset, m.Job, m.Worker, m.Incident, m.IdempotencyKey,
        m.Import, m.ImportProblem, m.Stamp, m.PluginRow,
    )
)  # fmt: skip
"""Tables that belong to one deployment, not to its data."""
BLANKED: Mapping[str, Mapping[str, Any]] = {
    "core_user": {"password_hash": "", "totp_secret": "", "totp_last_step": 0, "recovery_codes": []},
}
_PEOPLE = ("core_user", "core_role", "core_user_role")
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Manifest:
    """What an archive says about itself: rows by table, tables by kind of record, and how many files.

    ``left_out`` are the rows of modules that are off, by module and table.
    """

    written_at: str
    tables: Mapping[str, int]
    entities: Mapping[str, str]
    files: int
    left_out: Mapping[str, Mapping[str, int]] = dataclasses.field(default_factory=dict)


# ---------------------------------------------------------------- out


def write(ctx: Ctx, target: IO[bytes], told: Told | None = None) -> Manifest:
    """Write everything to a zip; ``told`` hears how many tables of how many are written.

    Raises:
        Forbidden: the actor is no administrator.
    """
    if not ctx.actor.is_admin:
        raise Forbidden(N_("Only administrators export all data"))
    connection = ctx.session.connection_of_kernel()
    tables = _tables(connection, ctx.registry)
    counts: dict[str, int] = {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for number, table in enumerate(tables):
            counts[table.name] = _write_table(archive, connection, table, ctx.registry)
            if told is not None:
                told(number + 1, len(tables))
        kept = _write_files(archive, connection, store_of(ctx.config))
        entities = {key: found.model.__tablename__ for key, found in ctx.registry.entities.items()}
        found = Manifest(ctx.now.isoformat(), counts, entities, kept, left_out(ctx))
        about = {
            "format": FORMAT, "version": __version__, "written_at": found.written_at, "tables": counts,
            "entities": entities, "files": kept, "plugins": sorted(ctx.registry.plugins),
            "left_out": found.left_out,
        }  # fmt: skip
        archive.writestr(MANIFEST, json.dumps(about, indent=2))
    return found


def _tables(connection: sa.Connection, registry: Registry) -> list[sa.Table]:
    """Return the tables with data, those first that others refer to."""
    there = set(sa.inspect(connection).get_table_names())
    prefixes = ("core_", *(f"{name}_" for name in registry.plugins))
    found = (t for t in Base.metadata.sorted_tables if t.name in there and t.name not in LEFT_OUT)
    return [t for t in found if t.name.startswith(prefixes)]


def left_out(ctx: Ctx) -> dict[str, dict[str, int]]:
    """Return the tables with rows that an archive written now would not hold, by the name of their module that is off.

    Raises:
        Forbidden: the actor is no administrator.
    """
    if not ctx.actor.is_admin:
        raise Forbidden(N_("Only administrators export all data"))
    connection = ctx.session.connection_of_kernel()
    prefixes = ("core_", *(f"{name}_" for name in ctx.registry.plugins))
    off = sorted(set(connection.scalars(sa.select(m.PluginRow.name)).all()) - set(ctx.registry.plugins), key=len)
    found: dict[str, dict[str, int]] = {}
    for table in sorted(sa.inspect(connection).get_table_names()):
        module = next((name for name in reversed(off) if table.startswith(f"{name}_")), "")
        if not module or table.startswith(prefixes):
            continue
        rows = int(connection.scalar(sa.select(sa.func.count()).select_from(sa.table(table))) or 0)
        if rows:
            found.setdefault(module, {})[table] = rows
    return found


def _write_table(archive: zipfile.ZipFile, connection: sa.Connection, table: sa.Table, registry: Registry) -> int:
    blanked = BLANKED.get(table.name, {})
    query = sa.select(table).order_by(*table.primary_key.columns)
    if table.name == m.SettingRow.__tablename__:
        query = query.where(table.c.key.not_in([key for key, s in registry.settings.items() if s.secret]))
    rows = 0
    with archive.open(f"data/{table.name}.jsonl", "w", force_zip64=True) as stream:
        result = connection.execute(query, execution_options={"yield_per": CHUNK})
        for part in result.mappings().partitions():
            found = ({**{str(k): _out(v) for k, v in row.items()}, **blanked} for row in part)
            stream.write(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in found))
            rows += len(part)
    return rows


def _out(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _write_files(archive: zipfile.ZipFile, connection: sa.Connection, store: FileStore) -> int:
    digests = connection.scalars(sa.select(m.StoredFile.digest).where(m.StoredFile.entity != "").distinct()).all()
    kept = 0
    for digest in sorted(digests):
        with suppress(FileNotFoundError), store.open(digest) as source:
            info = zipfile.ZipInfo(f"files/{digest}")  # stored as it is: pictures and documents are packed already
            with archive.open(info, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, _PIECE)
            kept += 1
    return kept


# ---------------------------------------------------------------- in


def read(database: Database, config: Config, registry: Registry, source: Path, told: Told | None = None) -> Manifest:
    """Take an archive into a system without records; ids, times, links and history are those of the archive.

    People of the archive come without passwords, except those whose address is known here already. It is all or
    nothing, in one transaction.

    Raises:
        Invalid: the file is no such archive.
        Conflict: there are records here, or a table of the archive is missing because a module is off.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            about = json.loads(archive.read(MANIFEST))
            if about.get("format") != FORMAT:
                raise _unreadable("format")
            _read_files(archive, config)
            with database.transaction() as session:
                _Reading(session.connection_of_kernel(), registry, archive, about).go(told)
                touch(session)
                touch(session, "registry")
    except (zipfile.BadZipFile, KeyError, ValueError) as exc:
        if isinstance(exc, CrmError):
            raise
        raise _unreadable(f"{type(exc).__name__}: {exc}"[:200]) from exc
    kernel.build_indexes(database, registry)
    left = about.get("left_out", {})
    return Manifest(about["written_at"], about["tables"], about["entities"], about["files"], left)


def _unreadable(reason: str) -> Invalid:
    message = N_("This is no archive of all data: %(reason)s")
    return Invalid([Problem("file", "unreadable", message, {"reason": reason})])


def _read_files(archive: zipfile.ZipFile, config: Config) -> None:
    store = store_of(config)
    for info in archive.infolist():
        digest = info.filename.removeprefix("files/")
        if not info.filename.startswith("files/") or len(digest) != 64 or not digest.isalnum():
            continue
        with arriving(config.files) as target:
            found = hashlib.sha256()
            with archive.open(info) as stream:
                while piece := stream.read(_PIECE):
                    found.update(piece)
                    target.write(piece)
            target.flush()
            if found.hexdigest() != digest:
                raise _unreadable(info.filename)
            store.put(Path(target.name), digest)


class _Reading:
    """One archive on its way into the tables."""

    def __init__(
        self, connection: sa.Connection, registry: Registry, archive: zipfile.ZipFile, about: Mapping[str, Any]
    ) -> None:
        self.connection, self.registry, self.archive, self.about = connection, registry, archive, about
        self.tables = _tables(connection, registry)

    def go(self, told: Told | None) -> None:
        self._check()
        people = self._people()
        for table in reversed(self.tables):
            self.connection.execute(sa.delete(table))
        for number, table in enumerate(self.tables):
            if table.name in self.about["tables"]:
                self._fill(table)
            if told is not None:
                told(number + 1, len(self.tables))
        for table in self.tables:
            self._point(table)
            self._continue_ids(table)
        self._keep_people(people)

    def _check(self) -> None:
        """Refuse where there are records already, and where something of the archive has no place."""
        known = {table.name for table in self.tables}
        missing = sorted(name for name, rows in self.about["tables"].items() if rows and name not in known)
        if missing:
            message = N_("There is no table for %(names)s; turn the modules on that the archive was written with")
            raise Conflict(message, params={"names": ", ".join(missing)})
        for definition in self.registry.entities.values():
            if self.connection.scalar(sa.select(definition.model.id).limit(1)) is not None:
                message = N_("There are %(plural)s here already; an archive is read into an empty system")
                raise Conflict(message, params={"plural": definition.plural})

    def _rows(self, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
        columns = {c.name: _in(c) for c in table.columns}
        part: list[dict[str, Any]] = []
        with self.archive.open(f"data/{table.name}.jsonl") as stream:
            for line in stream:
                row = orjson.loads(line)
                part.append({name: columns[name](value) for name, value in row.items() if name in columns})
                if len(part) == CHUNK:
                    yield part
                    part = []
        if part:
            yield part

    def _fill(self, table: sa.Table) -> None:
        later = self._later(table)
        for part in self._rows(table):
            self.connection.execute(sa.insert(table), [row | dict.fromkeys(later) for row in part])

    def _later(self, table: sa.Table) -> list[str]:
        """Return the columns that refer to rows which are not there yet when the table is filled."""
        place = {found.name: n for n, found in enumerate(self.tables)}
        own = place[table.name]
        return [k.parent.name for k in table.foreign_keys if place.get(k.column.table.name, -1) >= own]

    def _point(self, table: sa.Table) -> None:
        later = self._later(table)
        if not later or table.name not in self.about["tables"]:
            return
        statement = sa.update(table).where(table.c.id == sa.bindparam("row_id"))
        statement = statement.values({name: sa.bindparam(f"to_{name}") for name in later})
        for part in self._rows(table):
            found = [
                {"row_id": row["id"], **{f"to_{n}": row[n] for n in later}}
                for row in part if any(row[n] is not None for n in later)
            ]  # fmt: skip
            if found:
                self.connection.execute(statement, found)

    def _continue_ids(self, table: sa.Table) -> None:
        """Let the next id be one that no row had; SQLite does so by itself."""
        if self.connection.dialect.name != "postgresql" or "id" not in table.c:
            return
        name = self.connection.scalar(sa.text("SELECT pg_get_serial_sequence(:t, 'id')"), {"t": table.name})
        if name:
            highest = sa.select(sa.func.coalesce(sa.func.max(table.c.id), 1)).scalar_subquery()
            self.connection.execute(sa.select(sa.func.setval(name, highest)))

    def _people(self) -> list[tuple[dict[str, Any], list[str]]]:
        """Return who can sign in here, with the codes of the roles they have."""
        users, roles, has = (Base.metadata.tables[name] for name in _PEOPLE)
        codes = sa.select(has.c.user_id, roles.c.code).join(roles, roles.c.id == has.c.role_id)
        held: dict[int, list[str]] = {}
        for user_id, code in self.connection.execute(codes):
            held.setdefault(user_id, []).append(code)
        return [(dict(row), held.get(row["id"], [])) for row in self.connection.execute(sa.select(users)).mappings()]

    def _keep_people(self, people: Iterable[tuple[dict[str, Any], list[str]]]) -> None:
        """Let those sign in on as before who could: nobody locks himself out."""
        users, roles, has = (Base.metadata.tables[name] for name in _PEOPLE)
        for row, codes in people:
            kept = {name: row[name] for name in BLANKED["core_user"]}
            changed = self.connection.execute(sa.update(users).where(users.c.email == row["email"]).values(**kept))
            if changed.rowcount:
                continue
            del row["id"]
            made = self.connection.execute(sa.insert(users).values(**row).returning(users.c.id)).scalar_one()
            for role_id in self.connection.scalars(sa.select(roles.c.id).where(roles.c.code.in_(codes))).all():
                self.connection.execute(sa.insert(has).values(user_id=made, role_id=role_id))


def _in(column: sa.Column[Any]) -> Callable[[Any], Any]:
    """Return what makes a column's value of its JSON."""
    for known, read in _READ:
        if isinstance(column.type, known) or isinstance(getattr(column.type, "impl", None), known):
            return lambda value: None if value is None else read(value)
    return lambda value: value


def _instant(text: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)


_READ: tuple[tuple[type[Any], Callable[[Any], Any]], ...] = (
    (ExactDecimal, Decimal), (sa.DateTime, _instant), (sa.Date, dt.date.fromisoformat), (sa.Numeric, Decimal),
    (sa.LargeBinary, base64.b64decode),
)  # fmt: skip
