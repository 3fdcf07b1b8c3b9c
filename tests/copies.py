"""Databases of tests: copied from one that was prepared once a process, so that no test makes tables."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from crm_core.testing import services

SQLITE, POSTGRESQL = "sqlite", "postgresql"


@cache
def _server(address: str) -> sa.Engine:
    return sa.create_engine(address, isolation_level="AUTOCOMMIT", pool_pre_ping=True)


def on_server(statement: str) -> None:
    """Send a statement to the test run's PostgreSQL server."""
    with _server(services.run_postgres()).connect() as connection:
        connection.exec_driver_sql(statement)


def address_of(name: str) -> str:
    """Return the address of a database of the test run's PostgreSQL server."""
    return sa.make_url(services.run_postgres()).set(database=name).render_as_string(hide_password=False)


def new_postgres(template: str = "template1") -> str:
    """Make a PostgreSQL database and return its address."""
    name = f"copy_{secrets.token_hex(6)}"
    on_server(f"CREATE DATABASE {name} TEMPLATE {template}")
    return address_of(name)


def drop(url: str) -> None:
    """Remove a PostgreSQL database; the file of another goes with the folder it lies in."""
    if url.startswith(POSTGRESQL):
        on_server(f"DROP DATABASE IF EXISTS {sa.make_url(url).database} WITH (FORCE)")


class Copies:
    """Copies of a database that ``prepare(url)`` fills, once a kind."""

    def __init__(self, folder: Path, prepare: Callable[[str], None]) -> None:
        """Prepare nothing before a copy is asked for; ``prepare`` leaves no connection open."""
        self._folder, self._prepare = folder, prepare
        self._made: dict[str, str] = {}

    def fresh(self, kind: str, folder: Path) -> str:
        """Return the address of a new copy; one on SQLite lies in ``folder``."""
        if kind not in self._made:
            self._made[kind] = self._template(kind)
        if kind == POSTGRESQL:
            return new_postgres(self._made[kind])
        shutil.copyfile(self._made[kind], folder / "copy.sqlite3")
        return f"sqlite:///{folder / 'copy.sqlite3'}"

    def close(self) -> None:
        """Remove what copies were made from."""
        if POSTGRESQL in self._made:
            drop(address_of(self._made[POSTGRESQL]))

    def _template(self, kind: str) -> str:
        if kind == POSTGRESQL:
            url = new_postgres()
            self._prepare(url)
            return str(sa.make_url(url).database)
        path = self._folder / "template.sqlite3"
        self._prepare(f"sqlite:///{path}")
        with sa.create_engine(f"sqlite:///{path}").connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return str(path)
