"""Kinds of record of the tests' own, which link to contacts in every way there is."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from crm_core.contributed_merges import DuplicateRule, MergeRule
from crm_core.contributions import FieldDef
from crm_core.db import Base, Identifier
from crm_core.entities import Line, Record, entity, field, lines, many
from crm_core.errors import Problem
from crm_core.fieldtypes import Email, Link, Links, LongText, Phone, Related, Text

CONTACT, DEAL, CARD, SEAT, LEAD = "contacts.contact", "test.deal", "test.card", "test.seat", "test.lead"


class DealPart(Line):
    __tablename__ = "test_deal_part"
    __parent__ = "test_deal"
    __main__ = "what"
    what: Mapped[str | None] = field(Text(80), label="What", required=True)
    who_id: Mapped[int | None] = field(Link(CONTACT), label="Who", fk="contacts_contact.id")


class Deal(Record):
    """Links by a column with a foreign key, one without, several values, lines, and to any entity."""

    __tablename__ = "test_deal"
    __entity__ = entity(DEAL, label="Deal", plural="Deals", slug="deals")
    name: Mapped[str] = field(Text(120), label="Name", required=True, search=True, index=True)
    contact_id: Mapped[int | None] = field(Link(CONTACT), label="Contact", fk="contacts_contact.id", search=True)
    loose_id: Mapped[int | None] = field(Link(CONTACT), label="Loose")
    about: Mapped[str | None] = field(Related(), label="About")
    guests = many(Links(CONTACT), label="Guests")
    parts = lines(DealPart, label="Parts")


class Card(Record):
    """At most one for each contact, and gone with it."""

    __tablename__ = "test_card"
    __entity__ = entity(CARD, label="Card", plural="Cards", slug="cards")
    name: Mapped[str] = field(Text(120), label="Name", required=True)
    note: Mapped[str | None] = field(LongText(), label="Note")
    contact_id: Mapped[int] = field(
        Link(CONTACT), label="Contact", required=True, unique=True, fk="contacts_contact.id", ondelete="CASCADE"
    )


class Seat(Record):
    """A contact sits in a room once."""

    __tablename__ = "test_seat"
    __entity__ = entity(SEAT, label="Seat", plural="Seats", slug="seats", title="room")
    __table_args__ = (sa.UniqueConstraint("room", "contact_id"),)
    room: Mapped[str] = field(Text(40), label="Room", required=True)
    contact_id: Mapped[int | None] = field(Link(CONTACT), label="Contact", fk="contacts_contact.id")


class Lead(Record):
    """What a module would call a lead: nothing but the kernel's own mechanisms serve it."""

    __tablename__ = "test_lead"
    __entity__ = entity(LEAD, label="Lead", plural="Leads", slug="leads", title="name", visibility="read")
    name: Mapped[str] = field(Text(120), label="Name", required=True, search=True, index=True)
    company_name: Mapped[str | None] = field(Text(120), label="Company", index=True)
    job_title: Mapped[str | None] = field(Text(120), label="Job title")
    email: Mapped[str | None] = field(Email(), label="E-mail")
    phone: Mapped[str | None] = field(Phone(), label="Phone")
    code: Mapped[str | None] = field(Text(20), label="Code", unique=True)
    secret: Mapped[str | None] = field(Text(40), label="Secret", read_roles=("crm_admin",))
    note: Mapped[str | None] = field(LongText(), label="Note")
    contact_id: Mapped[int | None] = field(Link(CONTACT), label="Contact", fk="contacts_contact.id")


BARE = sa.Table(
    "test_bare", Base.metadata,
    sa.Column("room", sa.String(20), primary_key=True),
    sa.Column("contact_id", Identifier, sa.ForeignKey("contacts_contact.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("note", sa.String(40)),
)  # fmt: skip
"""A table that no field describes, as a module that is off leaves it."""


def _check(ctx: Any, merge: Any) -> list[Problem]:
    held = any("frozen" in (record.name or "") for record in (merge.survivor, *merge.others))
    return [Problem(None, "frozen", "Frozen leads stay apart")] if held else []


def _after(ctx: Any, merge: Any) -> None:
    if merge.survivor.name == "Trouble":
        raise RuntimeError("the rule is broken")


MODELS = (Deal, Card, Seat, Lead)
PARTS = (
    *MODELS,
    FieldDef(entity=CONTACT, key="test.friend", attr="test__friend", type=Link(CONTACT), label="Friend"),
    FieldDef(entity=CONTACT, key="test.pals", attr="test__pals", type=Links(CONTACT), label="Pals", storage="links"),
    FieldDef(entity=CONTACT, key="test.topic", attr="test__topic", type=Related(), label="Topic"),
    MergeRule(entity=LEAD, check=_check, after=_after),
    DuplicateRule(entity=LEAD, on=("name", "email", "phone"), names=("name",), warn=("email",), message="Known lead"),
)
