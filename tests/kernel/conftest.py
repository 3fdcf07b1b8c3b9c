"""A small kernel deployment with one entity of its own, for tests that need no bundled plugin."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from crm_core import entities, hooks, kernel, search_index
from crm_core.context import Ctx
from crm_core.contributions import Entry, ListDef, ViewDef
from crm_core.db import Base, Database
from crm_core.directory import load_directory
from crm_core.fieldtypes import Boolean, Choice, Date, DateTime, Decimal, Email, Integer, Link, MultiChoice, Text, Users
from crm_core.registry import PluginInfo, build_registry


class ShelfLabel(entities.Line):
    """A label of a shelf."""

    __tablename__ = "zoo_label"
    __parent__ = "zoo_shelf"
    __main__ = "text"
    text: Mapped[str | None] = entities.field(Text(60), label="Text", index=True, search=True)
    mail: Mapped[str | None] = entities.field(Email(), label="Mail")
    loud: Mapped[bool] = entities.field(Boolean(), label="Loud", default=False, required=True)


class Shelf(entities.Record):
    """An entity with a field of most kinds."""

    __tablename__ = "zoo_shelf"
    __entity__ = entities.entity("zoo.shelf", label="Shelf", plural="Shelves", slug="shelves", title="name")
    name: Mapped[str | None] = entities.field(Text(80), label="Name", required=True, search=True, index=True)
    note: Mapped[str | None] = entities.field(Text(80), label="Note")
    amount: Mapped[Any] = entities.field(Decimal(2), label="Amount", index=True)
    count: Mapped[int | None] = entities.field(Integer(0, 100), label="Count")
    opened: Mapped[Any] = entities.field(Date(), label="Opened", index=True)
    checked: Mapped[Any] = entities.field(DateTime(), label="Checked")
    kind: Mapped[str | None] = entities.field(Choice("zoo.kind"), label="Kind")
    parent_id: Mapped[int | None] = entities.field(Link("zoo.shelf"), label="Parent", search=True, fk="zoo_shelf.id")
    labels = entities.lines(ShelfLabel, label="Labels")
    keepers = entities.many(Users(), label="Keepers", grants="write")
    kinds = entities.many(MultiChoice("zoo.kind"), label="Kinds")
    __table_args__ = ()


CONTRIBUTIONS = (
    Shelf,
    ListDef(key="zoo.kind", label="Kind", entries=(Entry(code="b", label="Big"), Entry(code="a", label="Air"))),
    ViewDef(entity="zoo.shelf", columns=("name", "amount", "parent", "labels", "keepers", "tags"), sort="name"),
)


class Small:
    """A database with the zoo's entity, and operations on it."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        Base.metadata.create_all(self.database.engine)
        with self.database.engine.begin() as connection:
            for table in ("zoo_shelf",):
                for statement in search_index.create_statements(self.database.dialect, table):
                    connection.exec_driver_sql(statement)
        self.modules: list[tuple[str, Any]] = []
        self.rebuild()

    def rebuild(self) -> None:
        """Build registry and directory anew."""
        self.registry = build_registry(
            [(PluginInfo("zoo", "Zoo", "1", None), CONTRIBUTIONS)],
            dispatcher=hooks.Dispatcher(hooks.implementations_of(self.modules)),
            kernel=kernel.contributions(),
        )

    @contextmanager
    def operation(self, user: int | None = None) -> Iterator[Ctx]:
        """Run the block as a user, or as the system."""
        with self.database.transaction(write=False) as session:
            directory = load_directory(session, self.registry)
        yield from ()
