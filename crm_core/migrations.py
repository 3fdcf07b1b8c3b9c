"""Alembic without ``alembic.ini`` and ``env.py``: each plugin has its folder of revisions and its version table.

One transaction a plugin, under one lock a database, so that processes that start together don't collide.
"""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util.exc import CommandError
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SAWarning

from crm_core import search_index
from crm_core.db import CrmSession, Database
from crm_core.db.engine import is_temporary
from crm_core.errors import CrmError
from crm_core.i18n import N_

KERNEL_NAME = "core"
KERNEL_FOLDER = Path(__file__).parent / "revisions"

_LOCK_KEY = 0x43524D31
"""Key of PostgreSQL's advisory lock: one migration at a time in one database."""

_process_lock = threading.RLock()
"""Alembic's ``op`` is one for a whole process."""


class MigrationError(CrmError):
    """A revision failed or the database and the installed package don't fit; the text names the plugin."""

    code, title = "migration", N_("The database can't be brought up to date")


class VersionMismatch(MigrationError):
    """The database holds a revision that the installed package doesn't know."""


def version_table(name: str) -> str:
    """Return the table that keeps a plugin's revision."""
    return f"{name}_alembic_version"


def scripts(folder: Path) -> ScriptDirectory:
    """Return Alembic's view of a folder that holds revision files only."""
    return ScriptDirectory(str(folder), version_locations=[str(folder)])


def context(connection: Connection, name: str, **options: Any) -> MigrationContext:
    """Return a migration context for one plugin's version table."""
    return MigrationContext.configure(connection, opts={"version_table": version_table(name), **options})


def heads(folder: Path) -> tuple[str, ...]:
    """Return the newest revisions of a folder; none where there is no folder."""
    return tuple(scripts(folder).get_heads()) if folder.is_dir() else ()


def current(database: Database, name: str) -> tuple[str, ...]:
    """Return the revision of a plugin in the database; empty when it has never been migrated."""
    with database.translated_errors(), database.reader.connect() as connection:
        return context(connection, name).get_current_heads()


def pending(database: Database, name: str, folder: Path) -> tuple[str, ...]:
    """Return the revisions that still have to run, oldest first.

    Raises:
        MigrationError: the database holds a revision the installed package doesn't know.
    """
    if not folder.is_dir():
        return ()
    now = current(database, name)
    with _explained(name):
        return tuple(s.revision for s in _ahead(scripts(folder), now))


def _ahead(directory: ScriptDirectory, now: tuple[str, ...]) -> list[Script]:
    return [s for s in reversed(list(directory.iterate_revisions("heads", now or "base"))) if s.revision not in now]


def upgrade(database: Database, name: str, folder: Path, to: str = "heads") -> list[str]:
    """Run a plugin's revisions up to ``to``; returns those that ran.

    Raises:
        MigrationError: a revision failed (nothing of the plugin's is kept), or the database is newer.
    """
    if not folder.is_dir():
        return []
    return _run(database, name, folder, lambda directory, rev: directory._upgrade_revs(to, rev))


def downgrade(database: Database, name: str, folder: Path, to: str = "base") -> list[str]:
    """Take a plugin's revisions back to ``to``; returns those that were undone.

    Raises:
        MigrationError: a revision can't be undone; nothing is changed.
    """
    return _run(database, name, folder, lambda directory, rev: directory._downgrade_revs(to, rev))


Steps = Callable[[ScriptDirectory, Any], list[RevisionStep]]


def _run(database: Database, name: str, folder: Path, steps: Steps) -> list[str]:
    directory, done = scripts(folder), list[str]()

    def plan(revision: Any, _: MigrationContext) -> list[RevisionStep]:
        found = steps(directory, revision or None)
        done.extend(s.revision.revision for s in found)
        return found

    with _process_lock, _explained(name), locked(database) as connection:
        running = context(connection, name, fn=plan)
        with Operations.context(running), quiet():
            running.run_migrations()
    return done


@contextlib.contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn Alembic's and the database's complaints into one that names the plugin."""
    try:
        yield
    except CrmError:
        raise
    except DBAPIError as exc:
        if is_temporary(exc):
            raise
        raise _failed(name, str(exc.orig), exc) from exc
    except (CommandError, RevisionError) as exc:
        message = N_("%(name)s: the database and the installed version don't fit: %(reason)s")
        raise VersionMismatch(message, params={"name": name, "reason": str(exc)}, plugin=name) from exc
    except Exception as exc:
        raise _failed(name, f"{type(exc).__name__}: {exc}", exc) from exc


def _failed(name: str, reason: str, exc: Exception) -> MigrationError:
    message = N_("%(name)s: a migration failed and nothing of it was kept: %(reason)s")
    params = {"name": name, "reason": reason.strip().partition("\n")[0]}
    return MigrationError(message, params=params, plugin=name, hint=repr(exc))


@contextlib.contextmanager
def locked(database: Database) -> Iterator[Connection]:
    """Run the block in one transaction that no other migration shares; committed at its end."""
    with database.translated_errors(), database.engine.connect() as connection:
        if database.is_sqlite:
            with _sqlite(connection):
                yield connection
        else:
            with connection.begin():
                alone(connection)
                yield connection


def alone(transaction: Connection | CrmSession) -> None:
    """Wait until no other process sets the database up; holds to the end of the transaction.

    SQLite needs nothing: its writers begin by locking the whole file.
    """
    bind = transaction.get_bind() if isinstance(transaction, CrmSession) else transaction
    if bind.dialect.name == "postgresql":
        transaction.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})


@contextlib.contextmanager
def _sqlite(connection: Connection) -> Iterator[None]:
    """Let tables be made anew: without cascades meanwhile, with what hangs on them restored afterwards.

    SQLite changes a column by copying the table. Dropping the old one would delete what refers to it, and takes
    along its triggers and those indexes on expressions that reflection doesn't see.
    """
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        with connection.begin():
            kept = _expression_indexes(connection)
            yield
            _restore_indexes(connection, kept)
            search_index.repair(connection)
            _check_references(connection)
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _expression_indexes(connection: Connection) -> dict[str, tuple[str, int, str]]:
    """Return name -> (table, its place in the file, SQL) of the indexes on expressions."""
    rows = connection.exec_driver_sql(
        "SELECT i.name, i.tbl_name, t.rootpage, i.sql FROM sqlite_master i JOIN sqlite_master t "
        "ON t.type = 'table' AND t.name = i.tbl_name WHERE i.type = 'index' AND i.sql IS NOT NULL "
        "AND EXISTS (SELECT 1 FROM pragma_index_info(i.name) c WHERE c.cid = -2)"
    )
    return {name: (table, place, sql) for name, table, place, sql in rows}


def _restore_indexes(connection: Connection, kept: dict[str, tuple[str, int, str]]) -> None:
    """Make the indexes again that went with a table that was copied, but not those a revision dropped itself."""
    rows = connection.exec_driver_sql("SELECT name, rootpage FROM sqlite_master WHERE type = 'table'")
    tables: dict[str, int] = {name: page for name, page in rows}
    there = _expression_indexes(connection)
    for name, (table, place, sql) in kept.items():
        if name not in there and table in tables and tables[table] != place:
            connection.exec_driver_sql(sql)


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        message = N_("a row of %(table)s refers to a row of %(other)s that is gone")
        raise MigrationError(message, params={"table": broken[0], "other": broken[2]})


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Don't warn of indexes on expressions, which reflection and comparison leave out on purpose."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection", SAWarning)
        warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified", UserWarning)
        yield
