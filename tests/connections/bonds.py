"""Kinds of record of the tests' own, which link to contacts in every way there is."""

from sqlalchemy.orm import Mapped

from crm_core.contributed_connections import Connection
from crm_core.entities import Record, entity, field, many
from crm_core.fieldtypes import Choice, Link, Links, Related, Text

CONTACT, PROJECT, ROLE, NOTE = "contacts.contact", "bond.project", "bond.role", "bond.note"


class Project(Record):
    """A main kind of record."""

    __tablename__ = "bond_project"
    __entity__ = entity(PROJECT, label="Project", plural="Projects", slug="projects")
    name: Mapped[str] = field(Text(120), label="Name", required=True)
    customer_id: Mapped[int | None] = field(Link(CONTACT), label="Customer", index=True)
    slow_id: Mapped[int | None] = field(Link(CONTACT), label="Slow")
    secret_id: Mapped[int | None] = field(Link(CONTACT), label="Secret", index=True, read_roles=("owner",))
    about: Mapped[str | None] = field(Related(), label="About", index=True)
    guests = many(Links(CONTACT), label="Guests")


class Role(Record):
    """What a contact does in a project: stands between the two."""

    __tablename__ = "bond_role"
    __entity__ = entity(ROLE, label="Role", plural="Roles", slug="project-roles", title="what",
                        follows=("project", "contact"))  # fmt: skip
    what: Mapped[str | None] = field(Choice(choices={"lead": "Leads", "tests": "Tests"}), label="What")
    project_id: Mapped[int] = field(Link(PROJECT), label="Project", required=True, index=True)
    contact_id: Mapped[int] = field(Link(CONTACT), label="Takes part", required=True, index=True)


class Note(Record):
    """Follows a contact and so is no record of its own in a graph."""

    __tablename__ = "bond_note"
    __entity__ = entity(NOTE, label="Note", plural="Notes", slug="bond-notes", follows=("contact",))
    name: Mapped[str] = field(Text(120), label="Name", required=True)
    contact_id: Mapped[int] = field(Link(CONTACT), label="Contact", required=True, index=True)


MODELS = (Project, Role, Note)
PARTS = (*MODELS, Connection(entity=PROJECT, field="guests", label="Invites", reverse="Is a guest of"))
