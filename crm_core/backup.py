"""One archive with everything: the database as of one instant, the stored files, the secret key.

A ``.tar.gz`` that begins with ``manifest.json``. What belongs to the machine (``crm.toml``, environment) is not in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crm_core import __version__, backup_postgresql, filestore, migrations
from crm_core.accounts.keys import KEY_FILE
from crm_core.config import Config
from crm_core.db import Database, utcnow
from crm_core.errors import Conflict, CrmError
from crm_core.filestore import store_of
from crm_core.i18n import N_

FORMAT = 1
_MANIFEST = "manifest.json"
_DATABASE = "database"
_FILES = "files"
_STORED = "[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"
"""Where stored files lie, by their digest; previews and uploads under way are left out."""


class BackupError(CrmError):
    """An archive can't be written or read; nothing was changed unless the text says so."""

    code, title = "backup", N_("The archive can't be used")


@dataclass(frozen=True)
class Archive:
    """What an archive says about itself.

    ``database`` is how its database was written: ``sqlite``, ``pg_dump`` or ``copy``.
    """

    version: str
    created_at: str
    database: str
    revisions: Mapping[str, str]
    files: int
    tables: Mapping[str, list[str]]


def backup(database: Database, config: Config, target: Path) -> Archive:
    """Write an archive; the CRM may go on working meanwhile.

    Files are read after the database: they never change, so that all that it names are among them.

    Raises:
        BackupError: the archive can't be written; a file of that name is left as it was.
    """
    target = target.absolute()
    try:
        with tempfile.TemporaryDirectory(prefix=".crm-backup-", dir=target.parent) as folder:
            place = Path(folder, _DATABASE)
            kind, tables = _dump(database, place)
            stored = list(store_of(config).digests())
            made = Archive(__version__, utcnow().isoformat(), kind, _revisions(database), len(stored), tables)
            archive = Path(folder, "archive")
            with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
                _write(tar, made, place, config, stored)
            archive.chmod(0o600)
            archive.replace(target)
    except (OSError, tarfile.TarError) as exc:
        raise BackupError(N_("The archive can't be written: %(reason)s"), params={"reason": str(exc)}) from exc
    return made


def _dump(database: Database, place: Path) -> tuple[str, dict[str, list[str]]]:
    if not database.is_sqlite:
        return backup_postgresql.dump(database, place)
    with database.autocommit() as connection:
        connection.execute(sa.text("VACUUM INTO :path"), {"path": str(place)})
    return "sqlite", {}


def _write(tar: tarfile.TarFile, made: Archive, place: Path, config: Config, stored: list[str]) -> None:
    manifest = place.with_name(_MANIFEST)
    manifest.write_text(json.dumps({"format": FORMAT, **made.__dict__}, indent=2), "utf-8")
    tar.add(manifest, _MANIFEST)
    tar.add(place, _DATABASE)
    if (key := config.home / KEY_FILE).is_file():
        tar.add(key, KEY_FILE)
    store = store_of(config)
    for digest in stored:
        with contextlib.suppress(FileNotFoundError):  # swept away meanwhile, because nothing names it
            path = store.local(digest)
            tar.add(path, f"{_FILES}/{filestore.place(digest)}")
            if store.remote:
                path.unlink(missing_ok=True)


def _revisions(database: Database) -> dict[str, str]:
    suffix = migrations.version_table("")
    with database.reader.connect() as connection:
        names = [t.removesuffix(suffix) for t in sa.inspect(connection).get_table_names() if t.endswith(suffix)]
    return {name: next(iter(migrations.current(database, name)), "") for name in sorted(names)}


def restore(database: Database, config: Config, source: Path, *, force: bool = False) -> Archive:
    """Read an archive into this deployment; end its web and worker processes first.

    Args:
        database: where to; without tables unless forced.
        config: whose files folder and key are filled.
        source: the archive.
        force: overwrite what is there.

    Raises:
        Conflict: the database is not empty.
        BackupError: not an archive, of another kind of database, or damaged.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="crm-restore-") as folder, _opened(source) as tar:
            archive = _manifest(tar)
            _check(database, archive, force)
            tar.extractall(folder, filter="data")
            _load(database, config, Path(folder, _DATABASE), archive)
            _put_back(Path(folder), config)
    except (OSError, EOFError, tarfile.TarError) as exc:
        raise _unreadable(source, str(exc)) from exc
    return archive


@contextlib.contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    with tarfile.open(source, "r:gz") as tar:
        yield tar


def _manifest(tar: tarfile.TarFile) -> Archive:
    """Read the first member."""
    first = tar.next()
    handle = tar.extractfile(first) if first is not None and first.name == _MANIFEST else None
    try:
        values: dict[str, Any] = json.loads(handle.read()) if handle else {}
        if values.pop("format", None) != FORMAT:
            raise ValueError("format")
        return Archive(**values)
    except (ValueError, TypeError) as exc:
        raise BackupError(N_("This is not an archive of this version of the CRM")) from exc


def _check(database: Database, archive: Archive, force: bool) -> None:
    if (archive.database == "sqlite") != database.is_sqlite:
        message = N_("The archive holds a database of another kind (%(kind)s); set CRM_DATABASE_URL to one of its kind")
        raise BackupError(message, params={"kind": archive.database})
    with database.translated_errors(), database.reader.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
    if tables and not force:
        raise Conflict(N_("The database is not empty; give --force to overwrite it"))


def _load(database: Database, config: Config, place: Path, archive: Archive) -> None:
    if not database.is_sqlite:
        backup_postgresql.load(
            database, place, archive.database, archive.revisions, archive.tables, plugins=config.plugins
        )
        return
    database.dispose()
    with contextlib.closing(sqlite3.connect(place)) as stored:
        if stored.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise _unreadable(place, "integrity_check")
        # SQLite's own backup keeps its locks: a process that still reads sees the old or the new, never a mix.
        with contextlib.closing(sqlite3.connect(str(database.url.database), timeout=10)) as target:
            stored.backup(target)


def _put_back(folder: Path, config: Config) -> None:
    config.files.mkdir(parents=True, exist_ok=True)
    store = store_of(config)
    for path in sorted((folder / _FILES).glob(_STORED)):
        with filestore.arriving(config.files) as target:
            shutil.copyfile(path, target.name)
            store.put(Path(target.name), path.name)
    if (key := folder / KEY_FILE).is_file():
        fresh = config.home / f"{KEY_FILE}.restored"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
            handle.write(key.read_bytes())
        fresh.replace(config.home / KEY_FILE)


def _unreadable(source: Path, reason: str) -> BackupError:
    return BackupError(N_("%(file)s can't be read: %(reason)s"), params={"file": str(source), "reason": reason})
