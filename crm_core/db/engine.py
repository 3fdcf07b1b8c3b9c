"""Engines for SQLite and PostgreSQL, and the sessions made from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from crm_core.db.session import CrmSession
from crm_core.db.turns import QueueingConnection, Turns
from crm_core.errors import Unavailable

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-32000",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA temp_store=MEMORY",
)
_BRIEF = 0.25
_BUSY = ("database is locked", "database table is locked", "database is busy")


def is_temporary(exc: DBAPIError) -> bool:
    """Tell whether the same request may succeed when it is tried again."""
    text = str(exc.orig).lower()
    state = getattr(exc.orig, "sqlstate", None) or ""
    return (
        exc.connection_invalidated
        or any(b in text for b in _BUSY)
        or state in {"40001", "40P01", "57P01", "57P02", "57P03", "53300", "55P03"}
        or (isinstance(exc, OperationalError) and not state and "sqlite" not in type(exc.orig).__module__)
    )


def is_passing(error: BaseException) -> bool:
    """Tell whether an error is the database's, whatever code met it, and may be gone at the next try."""
    return isinstance(error, Unavailable) or (isinstance(error, DBAPIError) and is_temporary(error))


@dataclass(frozen=True)
class VisibleSets:
    """The access sets some principals are in, as long as no newer set exists; ``until`` is monotonic time."""

    epoch: int
    sets: tuple[int, ...] | None
    until: float


class Database:
    """One database of a deployment: an engine for writers and a view of it for readers.

    SQLite readers begin plainly and writers begin IMMEDIATE, so that a lock is waited for at the start
    and never met halfway (the driver's own transaction handling is switched off); they wait in the order they came.
    """

    def __init__(self, url: str, *, busy_timeout: float = 10.0, pool_size: int = 12) -> None:
        """Make the engine; no connection is opened yet."""
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if self.url.database and self.url.database != ":memory:":
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = sa.create_engine(
                self.url,
                connect_args={
                    "timeout": busy_timeout,
                    "check_same_thread": False,
                    "factory": QueueingConnection,
                },
                pool_size=pool_size,
                json_deserializer=_sqlite_json,
            )
            _prepare_sqlite(self.engine, busy_timeout)
        else:
            if self.url.drivername == "postgresql":
                self.url = self.url.set(drivername="postgresql+psycopg")
            self.engine = sa.create_engine(
                self.url, pool_pre_ping=True, pool_size=pool_size, max_overflow=10, json_deserializer=orjson.loads
            )
        self.reader = self.engine.execution_options(crm_readonly=True)
        self.access_cache: dict[tuple[tuple[int, ...], bool], VisibleSets] = {}

    @property
    def dialect(self) -> str:
        """Return ``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    def session(self, *, write: bool = True) -> CrmSession:
        """Return a new session; a reading one never waits for writers."""
        return CrmSession(bind=self.engine if write else self.reader, expire_on_commit=False, autoflush=True)

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[CrmSession]:
        """Run the block in one transaction of the system: committed at the end, rolled back on any error.

        Raises:
            Unavailable: the database is locked or gone; nothing was written.
        """
        with self.translated_errors(), self.session(write=write) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Run the block in a transaction of the system that only reads, without the cost of a session.

        Raises:
            Unavailable: the database is locked or gone.
        """
        with self.translated_errors(), self.reader.begin() as connection:
            yield connection

    @contextmanager
    def brief_transaction(self) -> Iterator[CrmSession]:
        """Run the block in a transaction that gives up soon when another writer is at work: for notes nobody misses.

        Raises:
            Unavailable: somebody else is writing; nothing was written.
        """
        brief = self.engine.execution_options(crm_brief=True)
        with self.translated_errors(), CrmSession(bind=brief, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Turn passing database faults into :class:`Unavailable`."""
        try:
            yield
        except DBAPIError as exc:
            if is_temporary(exc):
                raise Unavailable(hint=str(exc.orig)) from exc
            raise

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """Return a connection outside transactions, for maintenance."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection

    @contextmanager
    def building(self) -> Iterator[Connection]:
        """Return a connection to build indexes with: outside transactions, which PostgreSQL's need, or as a writer.

        SQLite would build them outside transactions as well, but there nobody waits in the order they came.
        """
        with self.engine.begin() if self.is_sqlite else self.autocommit() as connection:
            yield connection

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _sqlite_json(text: Any) -> Any:
    """Read a JSON value; a bare number comes out of SQLite as a number, because the column has numeric affinity."""
    return orjson.loads(text) if isinstance(text, str | bytes) else text


def _prepare_sqlite(engine: Engine, busy_timeout: float) -> None:
    turns = Turns()

    @event.listens_for(engine, "connect")
    def on_connect(connection: QueueingConnection, record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        connection.queue_in(turns)
        for pragma in _SQLITE_PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        options: Any = connection.get_execution_options()
        if options.get("isolation_level") == "AUTOCOMMIT":
            return
        if options.get("crm_readonly"):
            connection.exec_driver_sql("BEGIN")
            return
        raw: Any = connection.connection.driver_connection
        with raw.turn(_BRIEF if options.get("crm_brief") else busy_timeout, busy_timeout):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
