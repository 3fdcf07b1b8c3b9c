"""Accounts without pages: a database with the kernel's tables, and operations on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from crm_core import accounts, hooks, kernel
from crm_core.accounts import passwords, roles, users
from crm_core.config import Config
from crm_core.context import Actor, Ctx
from crm_core.db import Database
from crm_core.models import Change, User
from crm_core.registry import build_registry
from crm_core.testing.deployments import TestDeployment
from crm_core.testing.tables import make_tables
from tests.accounts.pages import EMAIL, GOOD, change
from tests.copies import Copies, drop

START = dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
ALONE = build_registry([], dispatcher=hooks.Dispatcher({}), kernel=kernel.contributions())
"""The kernel without a module."""
SYSTEM = Actor(None, "System", system=True, moderator=True, via="cli")


@dataclass
class Bench:
    """A database, a clock that stands still until it is moved, and operations at its time."""

    database: Database
    config: Config
    now: dt.datetime = START
    statements: list[str] = field(default_factory=list)

    def later(self, **delta: float) -> dt.datetime:
        """Move the clock."""
        self.now += dt.timedelta(**delta)
        return self.now

    @contextmanager
    def as_actor(self, actor: Actor = SYSTEM) -> Iterator[Ctx]:
        """Open a writing operation."""
        nothing: Any = None
        with self.database.transaction() as session:
            yield Ctx(actor, session, ALONE, nothing, self.config, self.database, self.now)

    def operation(self) -> AbstractContextManager[Ctx]:
        """Open a writing operation of the system."""
        return self.as_actor(SYSTEM)

    def user(self, email: str = "ada@example.org", name: str = "Ada", *codes: str, password: str | None = None) -> int:
        """Create a user and return his id."""
        with self.operation() as ctx:
            values = {"email": email, "name": name, "roles": list(codes) or [roles.USER]}
            return users.create(ctx, values, password=password).id

    def stored(self, user_id: int) -> User:
        """Return a user as the database has him now."""
        with self.database.transaction(write=False) as session:
            user = session.get(User, user_id)
            assert user is not None
            return user

    def actor(self, user_id: int) -> Actor:
        """Return a signed-in user."""
        with self.database.transaction(write=False) as session:
            codes = roles.of_user(session, user_id)
        moderator = bool(codes & roles.MODERATORS)
        return Actor(user_id, self.stored(user_id).name, roles=tuple(codes), moderator=moderator)

    def history(self) -> list[str]:
        """Return the actions in history, oldest first."""
        with self.database.transaction(write=False) as session:
            return list(session.scalars(sa.select(Change.action).order_by(Change.id)))


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords with little work; the real parameters are looked at in test_passwords."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobody.cache_clear()


def _prepare(url: str) -> None:
    database = Database(url)
    make_tables(database.engine)
    with database.transaction() as session:
        accounts.seed(session)
    database.dispose()


@pytest.fixture(scope="session")
def bench_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    """Databases with the kernel's tables and the seeded roles."""
    made = Copies(tmp_path_factory.mktemp("bench"), _prepare)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def bench(request: pytest.FixtureRequest, bench_copies: Copies, tmp_path: Path) -> Iterator[Bench]:
    """An empty deployment with the seeded roles."""
    url = bench_copies.fresh(request.param, tmp_path)
    database = Database(url)
    yield Bench(database, Config(home=tmp_path))
    database.dispose()
    drop(url)


@pytest.fixture
def site(sqlite_crm: TestDeployment) -> Any:
    """A deployment with Ada, who has a password; ``site.ada`` is her id."""
    found: Any = sqlite_crm
    found.ada = sqlite_crm.add_user(EMAIL, "Ada Lovelace")
    change(found, found.ada, password_hash=passwords.hashed(GOOD))
    return found
