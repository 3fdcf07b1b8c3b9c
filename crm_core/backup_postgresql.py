"""The database part of an archive on PostgreSQL: ``pg_dump`` where it serves, else COPY of every table.

The engine of background jobs keeps its own schema; it is left out, and jobs are handed to it anew.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crm_core import migrations
from crm_core.db import Database
from crm_core.discovery import installed, make_importable
from crm_core.errors import CrmError
from crm_core.i18n import N_
from crm_core.manifest import in_order

_JOBS_SCHEMA = "crm_jobs"
_CHUNK = 1 << 20


def dump(database: Database, place: Path) -> tuple[str, dict[str, list[str]]]:
    """Write the database to ``place``; returns how (``pg_dump`` or ``copy``) and the columns of copied tables."""
    if _pg_dump(database, place):
        return "pg_dump", {}
    return "copy", _copy_out(database, place)


def _pg_dump(database: Database, place: Path) -> bool:
    """Try the server's own program; an older one than the server refuses, and COPY does as well."""
    program = shutil.which("pg_dump")
    if program is None:
        return False
    options = ["--format=custom", "--no-owner", "--no-privileges", f"--exclude-schema={_JOBS_SCHEMA}"]
    done = _run(database, [program, *options, f"--file={place}"])
    if done.returncode:
        place.unlink(missing_ok=True)
    return not done.returncode


def _run(database: Database, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs on the database; the password goes by the environment, unseen in lists."""
    url = database.url.set(drivername="postgresql")
    environment = {**os.environ, "PGPASSWORD": str(url.password)} if url.password else dict(os.environ)
    address = url._replace(password=None).render_as_string(hide_password=False)
    return subprocess.run(  # noqa: S603 - a program of the PATH, with arguments of our own
        [*command, f"--dbname={address}"], env=environment, capture_output=True, text=True, check=False
    )


def _copy_out(database: Database, place: Path) -> dict[str, list[str]]:
    """Write every table in one snapshot; returns the columns by table."""
    columns: dict[str, list[str]] = {}
    folder = place.with_name("tables")
    folder.mkdir()
    with database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        inspector = sa.inspect(connection)
        for table in inspector.get_table_names():
            if not table.endswith(migrations.version_table("")):
                columns[table] = [c["name"] for c in inspector.get_columns(table)]
                _copy_table(connection, table, columns[table], folder / table)
    with tarfile.open(place, "w") as tar:
        tar.add(folder, "tables")
    shutil.rmtree(folder)
    return columns


def _copy_table(connection: Connection, table: str, columns: Sequence[str], path: Path) -> None:
    driver: Any = connection.connection.dbapi_connection
    query = f"COPY {_named(table, columns)} TO STDOUT"
    with driver.cursor() as cursor, cursor.copy(query) as copy, path.open("wb") as handle:
        for block in copy:
            handle.write(block)


def _named(table: str, columns: Sequence[str]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f'"{table}" ({names})'


def load(
    database: Database,
    place: Path,
    kind: str,
    revisions: Mapping[str, str],
    columns: Mapping[str, list[str]],
    *,
    plugins: Path,
) -> None:
    """Put a dumped database in the place of what is there; ``plugins`` is the deployment's own folder of them.

    Raises:
        CrmError: a program is missing or failed, or a plugin of the archive is not installed.
    """
    if kind == "pg_dump":
        _pg_restore(database, place)
    else:
        _copy_in(database, place, revisions, columns, plugins)


def _pg_restore(database: Database, place: Path) -> None:
    program = shutil.which("pg_restore")
    if program is None:
        raise CrmError(N_("This archive needs the program pg_restore of PostgreSQL"))
    listing = [program, "--list", str(place)]
    check = subprocess.run(listing, capture_output=True, text=True, check=False)  # noqa: S603 - arguments of our own
    if check.returncode:
        raise _failed(check)
    _clear(database)
    options = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    done = _run(database, [program, *options, str(place)])
    if done.returncode:
        raise _failed(done)


def _failed(done: subprocess.CompletedProcess[str]) -> CrmError:
    lines = done.stderr.strip().splitlines() or ["?"]
    return CrmError(N_("pg_restore failed: %(reason)s"), params={"reason": lines[0]}, hint=done.stderr)


def _clear(database: Database) -> None:
    """Drop every table of the CRM's schema, and the extension a dump makes itself."""
    with database.engine.begin() as connection:
        for table in sa.inspect(connection).get_table_names():
            connection.exec_driver_sql(f'DROP TABLE "{table}" CASCADE')
    database.dispose()


def _copy_in(
    database: Database, place: Path, revisions: Mapping[str, str], columns: Mapping[str, list[str]], plugins: Path
) -> None:
    """Make the tables by the archive's revisions, then fill them with foreign keys out of the way."""
    manifests = in_order(f.manifest for f in installed(plugins) if f.manifest and f.name in revisions)[0]
    folders = {m.name: m.migrations for m in manifests}
    folders = {migrations.KERNEL_NAME: migrations.KERNEL_FOLDER, **folders}
    if gone := sorted(set(revisions) - set(folders)):
        raise CrmError(N_("The archive needs the plugin %(name)s, which is not installed"), params={"name": gone[0]})
    _clear(database)
    for manifest in manifests:
        make_importable(manifest)
    for name, folder in folders.items():
        if revisions.get(name):
            migrations.upgrade(database, name, folder, revisions[name])
    with database.engine.begin() as connection, tarfile.open(place) as tar:
        keys = _drop_foreign_keys(connection)
        for table, names in columns.items():
            _fill(connection, table, names, tar)
        for statement in keys:
            connection.exec_driver_sql(statement)
        _advance_sequences(connection, columns)
        connection.exec_driver_sql("ANALYZE")


def _fill(connection: Connection, table: str, columns: Sequence[str], tar: tarfile.TarFile) -> None:
    driver: Any = connection.connection.dbapi_connection
    source = tar.extractfile(f"tables/{table}")
    with driver.cursor() as cursor, cursor.copy(f"COPY {_named(table, columns)} FROM STDIN") as copy:
        while source is not None and (block := source.read(_CHUNK)):
            copy.write(block)


def _drop_foreign_keys(connection: Connection) -> list[str]:
    """Drop every foreign key; returns the statements that make them again."""
    rows = connection.execute(
        sa.text(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
        )
    ).all()
    for table, name, _ in rows:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for table, name, definition in rows]


def _advance_sequences(connection: Connection, columns: Mapping[str, list[str]]) -> None:
    for table in (t for t, names in columns.items() if "id" in names):
        sequence = connection.scalar(sa.text("SELECT pg_get_serial_sequence(:t, 'id')"), {"t": f'"{table}"'})
        if sequence:
            highest = f'(SELECT coalesce(max(id), 0) + 1 FROM "{table}")'  # noqa: S608 - a table of the database
            connection.exec_driver_sql(f"SELECT setval('{sequence}', {highest}, false)")
