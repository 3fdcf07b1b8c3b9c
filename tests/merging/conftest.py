"""People at work on contacts, with modules of the tests' own that link to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from crm_core import history, kernel, merging, records, search_index, undo
from crm_core.access.scope import ACTIONS
from crm_core.accounts import role_admin
from crm_core.db import KERNEL, Base
from crm_core.models import Role
from tests.merging.deals import BARE, CONTACT, MODELS, PARTS

OWN = kernel.contributions


class Desk:
    """Makes, merges and reads records, as the administrator unless somebody is named."""

    def __init__(self, crm: Any) -> None:
        self.crm = crm
        self.ann = crm.add_user("ann@example.com", "Ann User")

    def new(self, entity: str = CONTACT, by: int | None = None, **values: Any) -> int:
        """Make a record; contacts are companies that everybody may write."""
        if entity == CONTACT:
            values = {"kind": "company", "name": "Kergal", "visibility": "write", **values}
        return int(self.crm.make(entity, by=by, **values))

    def merge(self, survivor: int, *others: int, entity: str = CONTACT, by: int | None = None, **choices: Any) -> Any:
        """Merge records."""
        with self.crm.as_user(by or self.crm.admin) as ctx:
            return merging.merge(ctx, entity, survivor, others, choices)

    def values(self, entity: str, record: int, *keys: str) -> list[Any]:
        """Return values as the administrator reads them."""
        with self.crm.as_user(self.crm.admin, write=False) as ctx:
            row = records.read(ctx, entity, record, keys)
            return [row.values[key] for key in keys]

    def let_delete(self, entity: str) -> None:
        """Let users delete every record of a kind that they may change, not only their own."""
        with self.crm.as_user(self.crm.admin) as ctx:
            role = ctx.session.scalar(sa.select(Role.id).where(Role.code == "user"), execution_options=KERNEL)
            everything = dict.fromkeys(ACTIONS, role_admin.GrantText("all"))
            role_admin.set_grants(ctx, role, entity, everything)

    def undo(self, batch: int, by: int | None = None) -> Any:
        """Undo a merge; return what came of it."""
        with self.crm.as_user(by or self.crm.admin) as ctx:
            return undo.start(ctx, batch).outcome

    def history(self, entity: str, record: int) -> list[Any]:
        """Return a record's history."""
        with self.crm.as_user(self.crm.admin, write=False) as ctx:
            return history.entries(ctx, entity, record)


@pytest.fixture
def parts() -> tuple[Any, ...]:
    """What the tests' own modules contribute."""
    return PARTS


@pytest.fixture
def crm(crm: Any, monkeypatch: pytest.MonkeyPatch, parts: tuple[Any, ...]) -> Any:
    """A deployment with the tests' own kinds of record."""
    monkeypatch.setattr(kernel, "contributions", lambda: (*OWN(), *parts))
    names = [name for model in MODELS for name in (model.__tablename__, f"{model.__tablename__}_link")]
    tables = [Base.metadata.tables[name] for name in (*names, "test_deal_part", BARE.name)]
    Base.metadata.create_all(crm.database.engine, tables=tables)
    with crm.database.engine.begin() as connection:
        for model in MODELS:
            for statement in search_index.create_statements(crm.database.dialect, model.__tablename__):
                connection.exec_driver_sql(statement)
    crm.refresh(force=True)
    return crm


@pytest.fixture
def desk(crm: Any) -> Iterator[Desk]:
    """People at work."""
    yield Desk(crm)
