"""A small entity with a field of most kinds, for tests that need no bundled plugin."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Mapped

from crm_core import entities
from crm_core.contributions import Entry, ListDef, ViewDef
from crm_core.fieldtypes import (
    Boolean,
    Choice,
    Date,
    DateTime,
    Decimal,
    Email,
    Integer,
    Link,
    Links,
    MultiChoice,
    Text,
    Users,
)


class ShelfLabel(entities.Line):
    """A label of a shelf."""

    __tablename__ = "attic_label"
    __parent__ = "attic_shelf"
    __main__ = "text"
    text: Mapped[str | None] = entities.field(Text(60), label="Text", index=True, search=True)
    mail: Mapped[str | None] = entities.field(Email(), label="Mail")
    loud: Mapped[bool] = entities.field(Boolean(), label="Loud", default=False, required=True)


class Shelf(entities.Record):
    """An entity with a field of most kinds."""

    __tablename__ = "attic_shelf"
    __entity__ = entities.entity("attic.shelf", label="Shelf", plural="Shelves", slug="shelves", title="name")
    name: Mapped[str | None] = entities.field(Text(80), label="Name", required=True, search=True, index=True)
    note: Mapped[str | None] = entities.field(Text(80), label="Note", read_roles=("keeper",))
    amount: Mapped[Any] = entities.field(Decimal(2), label="Amount", index=True)
    count: Mapped[int | None] = entities.field(Integer(0, 100), label="Count")
    opened: Mapped[Any] = entities.field(Date(), label="Opened", index=True)
    checked: Mapped[Any] = entities.field(DateTime(), label="Checked")
    serial: Mapped[str | None] = entities.field(Text(20), label="Serial", unique=True)
    kind: Mapped[str | None] = entities.field(Choice("attic.kind"), label="Kind")
    parent_id: Mapped[int | None] = entities.field(
        Link("attic.shelf"), label="Parent", search=True, fk="attic_shelf.id"
    )
    labels = entities.lines(ShelfLabel, label="Labels")
    keepers = entities.many(Users(), label="Keepers", grants="write")
    friends = entities.many(Links("attic.shelf"), label="Friends")
    kinds = entities.many(MultiChoice("attic.kind"), label="Kinds")


CONTRIBUTIONS = (
    Shelf,
    ListDef(key="attic.kind", label="Kind", entries=(Entry(code="b", label="Big"), Entry(code="a", label="Air"))),
    ViewDef(entity="attic.shelf", columns=("name", "amount", "parent", "labels", "keepers", "tags"), sort="name"),
)
