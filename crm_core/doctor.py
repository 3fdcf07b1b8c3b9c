"""Checks of a deployment: what is wrong, and what to do about it."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from crm_core import mail, migrations, search_index
from crm_core.accounts import keys
from crm_core.config import Config
from crm_core.db import Database, utcnow
from crm_core.discovery import installed
from crm_core.drift import drift
from crm_core.errors import CrmError, Unavailable
from crm_core.filestore import store_of
from crm_core.i18n import N_, gettext
from crm_core.lifecycle import assemble
from crm_core.plugin_states import RUNNING, State

Level = Literal["ok", "warning", "error"]
CLOCK_SKEW = 5.0
"""Seconds between this machine's clock and the database's from which on times in the history look wrong."""
SPACE = 500 * 1024 * 1024


@dataclass(frozen=True)
class Check:
    """One finding: what was looked at, how it is, and the next step where there is one."""

    name: str
    level: Level
    text: str
    next_step: str = ""


def examine(database: Database, config: Config) -> list[Check]:
    """Return every finding, in the order of a deployment's life. Nothing is changed but a missing key file."""
    found = [_database(database)]
    if found[0].level != "error":
        for check in (_tables, _plugins, _drift, _search, _clock):
            found += _guarded(check, database, config)
    for local in (_files, _key, _mail, _address):
        found += _guarded(local, database, config)
    return found


Checker = Callable[[Database, Config], Iterator[Check]]


def _guarded(check: Checker, database: Database, config: Config) -> list[Check]:
    try:
        return list(check(database, config))
    except Exception as exc:
        text = exc.text() if isinstance(exc, CrmError) else f"{type(exc).__name__}: {exc}"
        return [Check(check.__name__.strip("_"), "error", text)]


def _database(database: Database) -> Check:
    shown = database.url.render_as_string(hide_password=True)
    try:
        with database.reader.connect() as connection:
            query = "SELECT sqlite_version()" if database.is_sqlite else "SHOW server_version"
            version = connection.scalar(sa.text(query))
    except Exception as exc:
        reason = str(getattr(exc, "orig", None) or exc).strip().partition("\n")[0]
        text = gettext(N_("%(url)s does not answer: %(reason)s"), url=shown, reason=reason)
        return Check("database", "error", text, gettext(N_("Start it, or correct CRM_DATABASE_URL")))
    return Check("database", "ok", f"{shown} ({database.dialect} {version})")


def _tables(database: Database, config: Config) -> Iterator[Check]:
    waiting = migrations.pending(database, migrations.KERNEL_NAME, migrations.KERNEL_FOLDER)
    if waiting:
        text = gettext(N_("%(n)s migrations of the kernel wait"), n=len(waiting))
        yield Check("tables", "error", text, gettext(N_("Run: crm init")))
    else:
        yield Check("tables", "ok", gettext(N_("The kernel's tables are up to date")))


def _plugins(database: Database, config: Config) -> Iterator[Check]:
    statuses = assemble(database, config).statuses
    for status in statuses.values():
        if status.state in RUNNING:
            yield Check(f"plugin {status.name}", "ok", gettext(N_("active, version %(v)s"), v=status.version))
        elif status.wanted or status.state is State.BROKEN:
            level: Level = "error" if status.wanted else "warning"
            text = f"{status.title}: {status.words}. {status.reason.text()}"
            yield Check(f"plugin {status.name}", level, text, status.next_step.text())


def _drift(database: Database, config: Config) -> Iterator[Check]:
    active = set(assemble(database, config).registry.plugins)
    names = [f.name for f in installed(config.plugins)]
    found = {name: drift(database, name, names) for name in (migrations.KERNEL_NAME, *sorted(active))}
    step = gettext(N_("Run: crm migrate. If it stays, a table was changed by hand or a revision is missing"))
    for name, differences in found.items():
        for difference in differences:
            yield Check(f"drift {name}", "warning", difference, step)
    if not any(found.values()):
        yield Check("drift", "ok", gettext(N_("Every table is as its plugin describes it")))


def _search(database: Database, config: Config) -> Iterator[Check]:
    with database.reader.connect() as connection:
        trigrams, broken = search_index.has_trigrams(connection), search_index.broken(connection)
    for table in broken:
        text = gettext(N_("The search index of %(table)s does not follow its rows"), table=table)
        yield Check("search", "error", text, gettext(N_("Run: crm doctor --repair")))
    if not trigrams:
        step = gettext(N_("As a database administrator run: CREATE EXTENSION pg_trgm; then: crm doctor --repair"))
        yield Check("search", "warning", gettext(N_("pg_trgm is missing: searching parts of words is slow")), step)
    elif not broken:
        yield Check("search", "ok", gettext(N_("Parts of words are found by an index")))


def _clock(database: Database, config: Config) -> Iterator[Check]:
    query = "SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')" if database.is_sqlite else "SELECT clock_timestamp()"
    with database.reader.connect() as connection:
        answer = connection.scalar(sa.text(query))
    theirs = dt.datetime.fromisoformat(answer) if isinstance(answer, str) else answer
    skew = abs((utcnow() - theirs).total_seconds())
    if skew > CLOCK_SKEW:
        text = gettext(N_("The clocks of this machine and the database differ by %(n)s seconds"), n=round(skew))
        yield Check("clock", "warning", text, gettext(N_("Let both follow a time server")))
    else:
        yield Check("clock", "ok", gettext(N_("The clocks agree")))


def _files(database: Database, config: Config) -> Iterator[Check]:
    try:
        store_of(config).check()
        config.files.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=config.files):
            free = shutil.disk_usage(config.files).free
    except Unavailable as exc:
        step = gettext(N_("Check CRM_FILES_URL, CRM_FILES_OPTIONS and the storage itself"))
        yield Check("files", "error", f"{exc.text()} ({exc.hint})", step)
        return
    except OSError as exc:
        params = {"folder": str(config.files), "reason": exc.strerror or str(exc)}
        step = gettext(N_("Let the account of the CRM write there, or set CRM_HOME"))
        yield Check("files", "error", gettext(N_("%(folder)s can't be written to: %(reason)s"), **params), step)
        return
    if free < SPACE:
        text = gettext(N_("Only %(n)s MB are free in %(folder)s"), n=free >> 20, folder=str(config.files))
        yield Check("files", "warning", text, gettext(N_("Make room")))
    else:
        yield Check("files", "ok", gettext(N_("%(folder)s can be written to"), folder=str(config.files)))


def _key(database: Database, config: Config) -> Iterator[Check]:
    keys.mac(config, "doctor", "")  # raises when the setting is too short or the file can't be read
    path = config.home / keys.KEY_FILE
    if config.secret_key:
        yield Check("key", "ok", gettext(N_("CRM_SECRET_KEY is set")))
    elif os.name == "posix" and path.stat().st_mode & 0o077:
        text = gettext(N_("%(file)s can be read by other accounts"), file=str(path))
        yield Check("key", "warning", text, f"chmod 600 {path}")
    else:
        yield Check("key", "ok", gettext(N_("The secret key is in %(file)s"), file=str(path)))


def _mail(database: Database, config: Config) -> Iterator[Check]:
    if missing := mail.missing(config):
        text = gettext(N_("No mail can be sent: %(names)s is not set"), names=", ".join(missing))
        yield Check("mail", "warning", text, gettext(N_("Without it nobody can set a forgotten password by mail")))
    else:
        server = mail.server(config.smtp_url)
        yield Check("mail", "ok", gettext(N_("Mail goes out by %(host)s"), host=f"{server.host}:{server.port}"))


def _address(database: Database, config: Config) -> Iterator[Check]:
    secure = config.base_url.startswith("https://")
    if secure and not config.secure_cookies:
        text = gettext(N_("CRM_BASE_URL is https, but cookies are sent without it too"))
        yield Check("address", "warning", text, gettext(N_("Set CRM_SECURE_COOKIES=1")))
    elif config.base_url:
        yield Check("address", "ok", config.base_url)


def repair(database: Database) -> list[str]:
    """Mend what can be mended without a choice: search indexes that don't follow; returns the tables."""
    with migrations.locked(database) as connection:
        return search_index.rebuild(connection)
