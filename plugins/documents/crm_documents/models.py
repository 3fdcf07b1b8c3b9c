"""Documents, and the versions of their files."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from crm_core import api as crm
from crm_core.api import N_, Record, entity, field
from crm_documents.fields import FileSize, FoundText
from crm_documents.kinds import KINDS
from crm_documents.rules import DOCUMENT, VERSION, discard

TEXT_LENGTH = 60_000
"""Letters of a file's text that are searched."""
LARGEST = 1 << 40
NOBODY = ("nobody",)
"""A role that nobody has; what administrators may set all the same is refused by a rule."""
TEXT_STATES = {
    "waiting": N_("Waiting to be read"),
    "read": N_("Searched"),
    "none": N_("No text in it"),
    "skipped": N_("Not read"),
}
REASONS = {
    "protected": N_("It is protected by a password"),
    "damaged": N_("It can't be read; it may be damaged"),
    "unpacks": N_("It unpacks to more than is read"),
    "entities": N_("It defines entities of its own, which are not read"),
    "slow": N_("Reading it took too long or too much memory"),
}


def _never(ctx: crm.Ctx) -> bool:
    """For programs only."""
    return False


class Document(Record):
    """A file on a record, under one name through all its versions. Who may see the record may see the document."""

    __tablename__ = "documents_document"
    __entity__ = entity(
        DOCUMENT, label=N_("Document"), plural=N_("Documents"), slug="documents", icon="file-earmark-text",
        visibility="write", comments=False, creatable=False, follows=("record",), discard=discard,
    )  # fmt: skip
    name: Mapped[str] = field(crm.Text(150), label=N_("Name"), required=True, search=True, index=True)
    record: Mapped[str] = field(crm.Related(), label=N_("Belongs to"), required=True, index=True)
    description: Mapped[str | None] = field(crm.LongText(10_000), label=N_("Description"), search=True)
    kind: Mapped[str | None] = field(crm.Choice(choices=KINDS), label=N_("Kind"), section="file", readonly=True)
    content_type: Mapped[str | None] = field(
        crm.Text(120), label=N_("Content type"), section="file", readonly=True, tracked=False
    )
    size: Mapped[int | None] = field(FileSize(0, LARGEST), label=N_("Size"), section="file", readonly=True)
    number: Mapped[int | None] = field(crm.Integer(0), label=N_("Version"), section="file", readonly=True)
    pages: Mapped[int | None] = field(crm.Integer(0), label=N_("Pages"), section="file", readonly=True, tracked=False)
    file_id: Mapped[int | None] = field(
        crm.Integer(0),
        label=N_("Number of the file"),
        key="file_id",
        section="file",
        readonly=True,
        tracked=False,
        offered=_never,
    )
    text_state: Mapped[str | None] = field(
        crm.Choice(choices=TEXT_STATES), label=N_("Text of the file"), section="file", readonly=True
    )
    text_note: Mapped[str | None] = field(
        crm.Choice(choices=REASONS), label=N_("Why it was not read"), section="file", readonly=True, tracked=False
    )
    text: Mapped[str | None] = field(
        FoundText(TEXT_LENGTH), label=N_("Text"), section="file", readonly=True, tracked=False, search=True,
        filterable=False,
    )  # fmt: skip
    trashed_at: Mapped[dt.datetime | None] = field(
        crm.DateTime(), label=N_("Put into the trash"), section="file", readonly=True, index=True
    )
    orphaned_at: Mapped[dt.datetime | None] = field(
        crm.DateTime(), label=N_("Its record was missed"), readonly=True, hidden=True, tracked=False, index=True
    )


class Version(Record):
    """One state of a document's file; nothing in it changes."""

    __tablename__ = "documents_version"
    __entity__ = entity(
        VERSION, label=N_("Version"), plural=N_("Versions"), slug="document-versions", icon="clock-history",
        visibility="write", comments=False, tags=False, creatable=False, follows=("document",),
    )  # fmt: skip
    __table_args__ = (sa.UniqueConstraint("document_id", "number", name="uq_documents_version_number"),)
    document_id: Mapped[int] = field(
        crm.Link(DOCUMENT), label=N_("Document"), required=True, fk="documents_document.id", ondelete="CASCADE",
        index=True, edit_roles=NOBODY,
    )  # fmt: skip
    number: Mapped[int | None] = field(crm.Integer(1), label=N_("Number"), readonly=True)
    name: Mapped[str] = field(crm.Text(150), label=N_("File name"), required=True, index=True, edit_roles=NOBODY)
    file_id: Mapped[int | None] = field(crm.File(LARGEST), label=N_("File"), readonly=True)
    content_type: Mapped[str | None] = field(crm.Text(120), label=N_("Content type"), readonly=True)
    size: Mapped[int | None] = field(FileSize(0, LARGEST), label=N_("Size"), readonly=True)
    note: Mapped[str | None] = field(crm.Text(500), label=N_("Remark"))
