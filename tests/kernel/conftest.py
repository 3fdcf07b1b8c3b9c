"""The zoo on both databases: three people, one entity, operations for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crm_core import accounts, customfields, hooks, kernel, search_index
from crm_core import models as m
from crm_core.access import guard_for
from crm_core.config import load_config
from crm_core.context import Actor, Ctx
from crm_core.db import Database, utcnow
from crm_core.directory_reading import load_directory
from crm_core.registry import PluginInfo, build_registry
from crm_core.testing.tables import make_tables
from tests.copies import Copies, drop
from tests.kernel.zoo import CONTRIBUTIONS

ADMIN, ANN, BOB = 1, 2, 3


class Small:
    """A database with the zoo's entity, and operations on it."""

    def __init__(self, url: str, *, prepare: bool = False) -> None:
        self.database = Database(url)
        self.modules: list[tuple[str, Any]] = []
        if prepare:
            self._tables()
            self._people()

    def _tables(self) -> None:
        make_tables(self.database.engine, "attic_")
        with self.database.engine.begin() as connection:
            if not self.database.is_sqlite:
                connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            for statement in search_index.create_statements(self.database.dialect, "attic_shelf"):
                connection.exec_driver_sql(statement)

    def _people(self) -> None:
        with self.database.transaction() as session:
            accounts.seed(session)
            for name, role in (("Admin", "crm_admin"), ("Ann", "user"), ("Bob", "user")):
                user = m.User(email=f"{name.lower()}@example.org", name=name)
                session.add(user)
                session.flush()
                role_id = session.scalar(sa.select(m.Role.id).where(m.Role.code == role))
                session.add(m.UserRole(user_id=user.id, role_id=role_id))
            for order, code in enumerate("ba"):
                session.add(m.ListEntry(list="attic.kind", code=code, label={"en": code.upper()}, order=order))

    @contextmanager
    def operation(self, user: int | None = ADMIN, *, write: bool = True) -> Iterator[Ctx]:
        """Run the block as a user, or as the system, in one transaction."""
        with self.database.transaction(write=False) as session:
            registry = build_registry(
                [(PluginInfo("attic", "Attic", "1", None), CONTRIBUTIONS)],
                dispatcher=hooks.Dispatcher(hooks.implementations_of(self.modules)),
                kernel=kernel.contributions(),
                custom_fields=customfields.definitions(session),
            )
            directory = load_directory(session, registry)
        actor = directory.actor(user) if user else Actor(id=None, name="System", system=True, moderator=True)
        with self.database.session(write=write) as session:
            ctx = Ctx(
                actor=actor, session=session, registry=registry, directory=directory, config=load_config({}),
                database=self.database, now=utcnow(), locale=actor.locale,
            )  # fmt: skip
            session.guard = None if actor.system else guard_for(ctx)
            with session.begin():
                yield ctx


@pytest.fixture(scope="session")
def zoo_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    """Prepared zoos."""
    made = Copies(tmp_path_factory.mktemp("zoo"), lambda url: Small(url, prepare=True).database.dispose())
    yield made
    made.close()


@pytest.fixture
def small(database_kind: str, zoo_copies: Copies, tmp_path: Path) -> Iterator[Small]:
    """The zoo on a fresh database."""
    url = zoo_copies.fresh(database_kind, tmp_path)
    found = Small(url)
    yield found
    found.database.dispose()
    drop(url)
