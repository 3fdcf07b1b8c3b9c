"""Consents, archives, erasures, rules for how long data is kept and their runs, and who looked."""

from __future__ import annotations

import datetime as dt
from typing import Any

from crm_contacts.api import CONTACT
from sqlalchemy.orm import Mapped

from crm_core import api as crm
from crm_core.api import N_, Choice, Ctx, PersonalData, Record, entity, field, gettext
from crm_privacy.lists import CHANNEL, HOW, JOB_STATES, REASONS, STATES

CONSENT, ARCHIVE, ERASURE = "privacy.consent", "privacy.archive", "privacy.erasure"
RULE, RUN, LOOK = "privacy.rule", "privacy.run", "privacy.look"
FILE_BYTES = 1 << 50
EVERYTHING = ("read", "create", "update", "delete", "export")


class PersonalChoice(Choice):
    """A kind of record that is about people."""

    custom = False

    def entries(self, ctx: Ctx, *, all: bool = False) -> list[tuple[str, str]]:  # noqa: A002
        """Return key and name of each."""
        keys = {item.entity for item in ctx.registry.of(PersonalData)}
        return sorted((key, gettext(ctx.registry.entities[key].plural)) for key in keys if key in ctx.registry.entities)

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the key of a kind of record given by its key, slug or name."""
        return super().convert(ctx.registry.slugs.get(str(raw).strip(), raw), ctx)

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the name; the key while its module is off."""
        return dict(self.entries(ctx)).get(value, str(value or ""))


class Consent(Record):
    """What a person allowed or forbade on one channel, once; nothing of it changes."""

    __tablename__ = "privacy_consent"
    __entity__ = entity(
        CONSENT, label=N_("Consent"), plural=N_("Consents"), slug="consents", icon="hand-thumbs-up", title="channel",
        visibility="write", comments=False, tags=False, creatable=False, follows=("contact",),
    )  # fmt: skip
    contact_id: Mapped[int] = field(
        crm.Link(CONTACT), label=N_("Contact"), required=True, fk="contacts_contact.id", ondelete="CASCADE", index=True
    )
    channel: Mapped[str] = field(Choice(CHANNEL), label=N_("Channel"), required=True)
    state: Mapped[str] = field(Choice(choices=STATES), label=N_("Consent"), required=True, default="given")
    at: Mapped[dt.datetime | None] = field(crm.DateTime(), label=N_("When"), index=True, help=N_("Now unless given"))
    source: Mapped[str | None] = field(
        crm.Text(200), label=N_("Source"), help=N_("Such as a form, a call, a letter, a business card")
    )
    text: Mapped[str | None] = field(crm.LongText(10_000), label=N_("Text shown at the time"))


class Archive(Record):
    """All that the CRM holds of one person, in a file that only who asked for it can fetch."""

    __tablename__ = "privacy_archive"
    __entity__ = entity(
        ARCHIVE, label=N_("Archive of a person"), plural=N_("Archives of persons"), slug="person-archives",
        icon="file-earmark-zip", visibility="private", comments=False, tags=False, creatable=False, follows=("record",),
    )  # fmt: skip
    name: Mapped[str | None] = field(crm.Text(200), label=N_("Name"), readonly=True, index=True)
    record: Mapped[str] = field(crm.Related(), label=N_("Person"), required=True, index=True)
    state: Mapped[str | None] = field(Choice(choices=JOB_STATES), label=N_("State"), readonly=True)
    records: Mapped[int | None] = field(crm.Integer(), label=N_("Records"), readonly=True)
    file_id: Mapped[int | None] = field(crm.File(max_bytes=FILE_BYTES), key="file", label=N_("File"), readonly=True)
    ended_at: Mapped[dt.datetime | None] = field(crm.DateTime(), label=N_("Ended"), readonly=True, index=True)
    error: Mapped[str | None] = field(crm.LongText(), label=N_("What went wrong"), readonly=True)
    job: Mapped[int | None] = field(crm.Integer(), label=N_("Job"), readonly=True, tracked=False)


class Erasure(Record):
    """What was erased when and by whom, in numbers: the trace that stays. Making one does it."""

    __tablename__ = "privacy_erasure"
    __entity__ = entity(
        ERASURE, label=N_("Erasure"), plural=N_("Erasures"), slug="erasures", icon="eraser", title="subject",
        visibility="read", comments=False, tags=False, creatable=False,
    )  # fmt: skip
    subject: Mapped[str] = field(
        crm.Text(100), label=N_("Record"), required=True, index=True, help=N_("Kind and number, such as contacts:5")
    )
    how: Mapped[str] = field(Choice(choices=HOW), label=N_("How"), required=True, default="anonymise")
    with_comments: Mapped[bool | None] = field(
        crm.Boolean(), label=N_("Comments too"), default=True, key="with_comments",
        help=N_("Otherwise name and addresses are masked in them"),
    )  # fmt: skip
    with_mentions: Mapped[bool | None] = field(
        crm.Boolean(), label=N_("Mask in other records too"), default=True, key="with_mentions",
        help=N_("Name, numbers and addresses, where they stand in texts of other records"),
    )  # fmt: skip
    reason: Mapped[str | None] = field(Choice(choices=REASONS), label=N_("Why"), default="request")
    rule: Mapped[int | None] = field(crm.Integer(), label=N_("Number of the rule"), readonly=True)
    fields: Mapped[int | None] = field(crm.Integer(), label=N_("Fields emptied"), readonly=True)
    records: Mapped[int | None] = field(crm.Integer(), label=N_("Records deleted"), readonly=True)
    comments: Mapped[int | None] = field(crm.Integer(), label=N_("Comments deleted"), readonly=True)
    history: Mapped[int | None] = field(crm.Integer(), label=N_("Lines of history scrubbed"), readonly=True)
    files: Mapped[int | None] = field(crm.Integer(), label=N_("Files removed"), readonly=True)
    mentions: Mapped[int | None] = field(crm.Integer(), label=N_("Mentions masked"), readonly=True)


class Rule(Record):
    """How long records are kept: what the filter finds is made anonymous or deleted every night."""

    __tablename__ = "privacy_rule"
    __entity__ = entity(
        RULE, label=N_("Retention rule"), plural=N_("Retention rules"), slug="retention-rules", icon="hourglass-bottom",
        visibility="read", comments=False, tags=False, admin_actions=EVERYTHING,
    )  # fmt: skip
    name: Mapped[str] = field(crm.Text(200), label=N_("Name"), required=True, search=True, index=True)
    source: Mapped[str] = field(PersonalChoice(), label=N_("Kind of record"), required=True,
                                default="contacts.contact")  # fmt: skip
    filter: Mapped[str] = field(
        crm.LongText(10_000), label=N_("Records that this filter finds"), required=True,
        help=N_("As in lists, such as: updated_at < -1095d and nature is null"),
    )  # fmt: skip
    how: Mapped[str] = field(Choice(choices=HOW), label=N_("What happens"), required=True, default="anonymise")
    active: Mapped[bool | None] = field(
        crm.Boolean(),
        label=N_("Runs every night"),
        default=False,
        help=N_("Try it first: the page lists what it finds"),
    )


class Run(Record):
    """What one run of a rule did."""

    __tablename__ = "privacy_run"
    __entity__ = entity(
        RUN, label=N_("Run of a rule"), plural=N_("Runs of rules"), slug="retention-runs", icon="list-check",
        visibility="read", comments=False, tags=False, creatable=False, admin_actions=EVERYTHING,
    )  # fmt: skip
    name: Mapped[str] = field(crm.Text(200), label=N_("Rule"), required=True, index=True)
    rule_id: Mapped[int | None] = field(crm.Link(RULE), label=N_("Retention rule"), fk="privacy_rule.id", index=True)
    how: Mapped[str | None] = field(Choice(choices=HOW), label=N_("What happens"))
    found: Mapped[int | None] = field(crm.Integer(), label=N_("Found"))
    done: Mapped[int | None] = field(crm.Integer(), label=N_("Done"))
    kept: Mapped[int | None] = field(crm.Integer(), label=N_("Kept by a rule"))
    failed: Mapped[int | None] = field(crm.Integer(), label=N_("Failed"))
    ended_at: Mapped[dt.datetime | None] = field(crm.DateTime(), label=N_("Ended"))
    error: Mapped[str | None] = field(crm.LongText(), label=N_("What went wrong"))


class Look(Record):
    """That somebody opened a sensitive contact; once an hour and person."""

    __tablename__ = "privacy_look"
    __entity__ = entity(
        LOOK, label=N_("Look"), plural=N_("Looks"), slug="looks", icon="eye", title="name", visibility="read",
        comments=False, tags=False, creatable=False, admin_actions=EVERYTHING, follows=("contact",),
    )  # fmt: skip
    contact_id: Mapped[int] = field(
        crm.Link(CONTACT), label=N_("Contact"), required=True, fk="contacts_contact.id", ondelete="CASCADE", index=True
    )
    name: Mapped[str] = field(crm.Text(120), label=N_("Who"), required=True, index=True)
    person_id: Mapped[int | None] = field(crm.User(), label=N_("Account"), index=True)
    at: Mapped[dt.datetime] = field(crm.DateTime(), label=N_("When"), required=True, index=True)
