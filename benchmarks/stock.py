"""Prepared databases: built once through the records door, kept in a folder, opened by every measurement.

SQLite files stay in ``CRM_BENCH_HOME`` (default ``instance/bench``); PostgreSQL's live as long as the run.
"""

from __future__ import annotations

import gc
import hashlib
import itertools
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import crm_core
from benchmarks import names, people, transfer
from benchmarks.people import Cast
from crm_core import accounts, custom_indexes, customfields, records, switching, tags
from crm_core.config import load_config
from crm_core.db import Database
from crm_core.directory import touch
from crm_core.models import Role, User, UserRole
from crm_core.testing import services
from crm_core.testing.deployments import TestDeployment

Make = Callable[[str], str]
"""Makes an empty PostgreSQL database of a name and returns its address."""
Say = Callable[[str], None]
CONTACT = "contacts.contact"
CHUNK = 2000
KEEP_INDEXES = 200_000
"""Up to so many contacts are written with every index in place."""
SALESPEOPLE = 100
SERVER = {"shared_buffers": "4GB", "effective_cache_size": "8GB", "random_page_cost": "1.1", "work_mem": "16MB"}
"""What ``docs/how-to/run-in-production.md`` tells to set, for a machine with some 16 GB for the database."""
SECRET = "benchmarks-only-secret-of-no-value-0123"
FIELDS: tuple[dict[str, Any], ...] = (
    {"key": "score", "type": "integer", "label": "Score", "indexed": True},
    {"key": "tier", "type": "text", "label": "Tier", "indexed": True},
    {"key": "amount", "type": "decimal", "label": "Amount", "indexed": True},
    {"key": "motto", "type": "text", "label": "Motto"},
)


@dataclass(frozen=True)
class Built:
    """What building took: contacts, seconds, contacts a second; and the people of the data set."""

    size: int
    seconds: float
    rate: float
    cast: dict[str, Any]


@dataclass
class Stock:
    """One prepared database, open."""

    kind: str
    size: int
    deployment: TestDeployment
    built: Built

    @property
    def cast(self) -> Cast:
        """Return the people of the data set."""
        known = self.built.cast
        return Cast(tuple(known["salespeople"]), known["half"], known["everything"], tuple(known["tags"]))


def home() -> Path:
    """Return the folder of prepared databases."""
    return Path(os.environ.get("CRM_BENCH_HOME", "instance/bench")).absolute()


@contextmanager
def postgresql() -> Iterator[Make]:
    """Run a throw-away server; yields what makes an empty database and returns its address."""
    with services.postgres(SERVER) as server:

        def make(name: str) -> str:
            engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
            engine.dispose()
            return sa.make_url(server).set(database=name).render_as_string(hide_password=False)

        yield make


@contextmanager
def opened(kind: str, size: int, make: Make | None = None, say: Say = print) -> Iterator[Stock]:
    """Open the prepared database of a size, made first where there is none.

    SQLite is written through the records door; PostgreSQL gets a copy of its rows.
    """
    folder = home() / f"sqlite-{size}"
    built = _known(folder / "built.json")
    if built is None:
        say(f"building {size:,} contacts")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        built = build(folder, f"sqlite:///{folder / 'crm.sqlite3'}", size, say)
        (folder / "built.json").write_text(json.dumps({"signature": signature(), **asdict(built)}))
    url = f"sqlite:///{folder / 'crm.sqlite3'}"
    _warm(folder / "crm.sqlite3")
    if kind == "postgresql":
        assert make is not None
        say(f"copying {size:,} contacts to PostgreSQL")
        url = _copied(folder, url, make(f"bench_{size}"), say)
    deployment = open_deployment(folder, url)
    try:
        yield Stock(kind, size, deployment, built)
    finally:
        deployment.close()


def _warm(path: Path) -> None:
    """Read a file once: what is measured is the CRM, not the disk that a new machine reads it from first."""
    with path.open("rb") as source:
        while source.read(1 << 24):
            pass


def _copied(folder: Path, source: str, target: str, say: Say) -> str:
    database = Database(source)
    transfer.copy(database, target, say)
    database.dispose()
    found = open_deployment(folder, target)
    _indexes(found)
    settle(found)
    with found.database.autocommit() as connection:
        connection.exec_driver_sql("CREATE EXTENSION pg_prewarm")
        connection.exec_driver_sql(
            "SELECT pg_prewarm(oid) FROM pg_class WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace"
        )
    found.close()
    return target


def _known(note: Path) -> Built | None:
    if not note.exists():
        return None
    found = json.loads(note.read_text())
    return Built(**found) if found.pop("signature") == signature() else None


def signature() -> str:
    """Return a digest of what a prepared database depends on: its tables and the making of its rows."""
    kernel = Path(crm_core.__file__).parent
    contacts = kernel.parent / "plugins" / "contacts" / "crm_contacts"
    sources = [*sorted(kernel.glob("revisions/*.py")), *sorted(contacts.glob("migrations/*.py"))]
    sources += [Path(people.__file__), Path(names.__file__)]
    digest = hashlib.sha256()
    for path in sources:
        digest.update(path.read_bytes())
    return digest.hexdigest() + repr(FIELDS)


def open_deployment(folder: Path, url: str) -> TestDeployment:
    """Return a deployment on a database that is there."""
    config = load_config({}, home=folder, database_url=url, secret_key=SECRET, worker="manual")
    found = TestDeployment(config)
    with found.database.transaction(write=False) as session:
        found.admin = session.scalar(sa.select(sa.func.min(User.id))) or 0
    return found


def empty(folder: Path, url: str) -> tuple[TestDeployment, Cast]:
    """Return a new deployment with users, tags and indexed custom fields, and no contact."""
    config = load_config({}, home=folder, database_url=url, secret_key=SECRET, worker="manual")
    database = Database(config.url)
    switching.initialise(database, config)
    with database.transaction() as session:
        accounts.seed(session)
        accounts.first_run(session)
    database.dispose()
    found = open_deployment(folder, url)
    with found.as_user(found.admin) as ctx:
        tag_ids = tuple(tags.create(ctx, name).id for name in names.TAGS)
        for options in FIELDS:
            customfields.create(ctx, CONTACT, **options)
    users = _users(found)
    found.refresh(force=True)
    _indexes(found)
    return found, Cast(tuple(users[:SALESPEOPLE]), users[-2], users[-1], tag_ids)


def _users(found: TestDeployment) -> list[int]:
    with found.database.transaction() as session:
        role = session.scalar(sa.select(Role.id).where(Role.code == "user"))
        made = [User(email=f"seller{i}@example.org", name=f"Seller {i}") for i in range(SALESPEOPLE)]
        made += [User(email="half@example.org", name="Half"), User(email="all@example.org", name="Everything")]
        session.add_all(made)
        session.flush()
        session.add_all(UserRole(user_id=u.id, role_id=role) for u in made)
        touch(session)
        return [u.id for u in made]


def _indexes(found: TestDeployment) -> None:
    """Index the custom fields, and the real column ``score`` as ``field(…, index=True)`` would, to compare them."""
    definition = found.registry.entity(CONTACT)
    fields = list(found.registry.fields(CONTACT).values())
    custom_indexes.ensure_indexes(found.database, fields, {CONTACT: definition.model})
    nulls = "" if found.database.is_sqlite else " NULLS FIRST"
    with found.database.autocommit() as connection:
        connection.exec_driver_sql(f"CREATE INDEX ix_bench_score ON contacts_contact (score{nulls}, id, access_id)")


def build(folder: Path, url: str, size: int, say: Say = print) -> Built:
    """Make a database and write its contacts through ``records.bulk_create``, indexes and history kept."""
    found, cast = empty(folder, url)
    begin = time.perf_counter()
    rates: list[float] = []
    with _without_indexes(found) if size > KEEP_INDEXES else nullcontext():
        first = load(found, people.companies(size, cast), rates)
        load(found, people.persons(size, cast, first), rates, say)
    seconds = time.perf_counter() - begin
    settle(found)
    found.close()
    known = {"salespeople": cast.salespeople, "half": cast.half, "everything": cast.everything, "tags": cast.tags}
    return Built(size, seconds, size / seconds, known)


@contextmanager
def _without_indexes(found: TestDeployment) -> Iterator[None]:
    """Take the indexes of the contacts' tables away while a large data set is written, and make them again."""
    if found.database.is_sqlite:
        listed = sa.text(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name LIKE 'contacts%'"
        )
    else:
        listed = sa.text(
            "SELECT i.indexname, i.indexdef FROM pg_indexes i LEFT JOIN pg_constraint c ON c.conname = i.indexname "
            "WHERE i.tablename LIKE 'contacts%' AND c.conname IS NULL"
        )
    with found.database.autocommit() as connection:
        known = [(name, sql) for name, sql in connection.execute(listed)]
        for name, _ in known:
            connection.exec_driver_sql(f'DROP INDEX "{name}"')
    yield
    with found.database.autocommit() as connection:
        if not found.database.is_sqlite:
            connection.exec_driver_sql("SET maintenance_work_mem = '512MB'")
        for _, sql in known:
            connection.exec_driver_sql(sql)


def load(
    found: TestDeployment, items: Iterator[dict[str, Any]], rates: list[float], say: Say | None = None
) -> list[int]:
    """Write contacts in chunks, each in a transaction of its own; return their ids and note contacts a second."""
    ids: list[int] = []
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    actor = found.actor(found.admin)
    while chunk := list(itertools.islice(items, CHUNK)):
        begin = time.perf_counter()
        with found.operation(actor, quiet=True) as ctx:
            outcomes = records.bulk_create(ctx, CONTACT, chunk)
        rates.append(len(chunk) / (time.perf_counter() - begin))
        refused = [o for o in outcomes if not isinstance(o, int)]
        assert not refused, refused[0]
        ids += [o for o in outcomes if isinstance(o, int)]
        if say and len(ids) % 100_000 < CHUNK:
            say(f"  {len(ids)} written, {rates[-1]:.0f}/s")
    return ids


def settle(found: TestDeployment) -> None:
    """Do what a database server does by itself in time: statistics and a compact file."""
    with found.database.autocommit() as connection:
        if found.database.is_sqlite:
            connection.exec_driver_sql("INSERT INTO contacts_contact_fts(contacts_contact_fts) VALUES ('optimize')")
            connection.exec_driver_sql("ANALYZE")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            connection.exec_driver_sql("VACUUM ANALYZE")
