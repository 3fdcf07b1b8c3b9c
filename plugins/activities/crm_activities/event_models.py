"""Events with their guests and reminders, and three plain tables: who is busy, what is due to be sent, notices."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm_activities import names, tones
from crm_activities.fields import Rule
from crm_activities.names import CONTACT, EVENT, RESOURCE, TEMPLATE
from crm_core import api as crm
from crm_core.api import N_, Base, Cond, Ctx, Identifier, Line, Record, computed, entity, field, lines, many

_STATUS_HOLDS = Cond("type", "in", names.WITH_STATUS)
_IS_CALL = Cond("type", "=", "call")


def next_hour(ctx: Ctx) -> dt.datetime:
    """Return the next full hour: when an event begins unless somebody says otherwise."""
    return ctx.now.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)


def never(ctx: Ctx) -> bool:
    """For programs only."""
    return False


class Guest(Line):
    """Somebody invited: a user, a contact, or an address; with the answer (AC-64, AC-65)."""

    __tablename__ = "activities_guest"
    __parent__ = "activities_event"
    __main__ = "contact"
    __significant__ = ("contact", "user", "email")
    contact_id: Mapped[int | None] = field(crm.Link(CONTACT), label=N_("Contact"))
    user_id: Mapped[int | None] = field(crm.User(), label=N_("User"))
    email: Mapped[str | None] = field(crm.Email(), label=N_("E-mail"))
    answer: Mapped[str | None] = field(crm.Choice(choices=names.ANSWERS), label=N_("Answer"))


class Reminder(Line):
    """When somebody is reminded of an event, and who (AC-69 to AC-74)."""

    __tablename__ = "activities_event_reminder"
    __parent__ = "activities_event"
    __main__ = "mode"
    mode: Mapped[str] = field(crm.Choice(choices=names.MODES), label=N_("Mode"))
    amount: Mapped[int | None] = field(crm.Integer(0, 100_000), label=N_("How long before"))
    unit: Mapped[str | None] = field(crm.Choice(choices=names.UNITS), label=N_("Unit"))
    at: Mapped[dt.datetime | None] = field(crm.DateTime(), label=N_("Send at"))
    audience: Mapped[str | None] = field(crm.Choice(choices=names.AUDIENCES), label=N_("Who"))
    template_id: Mapped[int | None] = field(crm.Link(TEMPLATE), label=N_("Template"))


class Event(Record):
    """An appointment, a call, a note or an absence; one of a series has ``recurrence`` and ``series``."""

    __tablename__ = "activities_event"
    __entity__ = entity(
        EVENT, label=N_("Event"), plural=N_("Events"), slug="events", title="subject", icon="calendar-event",
        within=("company", "contact", "related_to"),
    )  # fmt: skip
    type: Mapped[str] = field(
        crm.Choice(choices=names.TYPES), label=N_("Type"), required=True, default="meeting", index=True
    )
    subject: Mapped[str] = field(crm.Text(255), label=N_("Subject"), required=True, search=True, index=True)
    category: Mapped[str | None] = field(
        crm.Choice("activities.event_category", by="type"), label=N_("Category"), index=True
    )
    status: Mapped[str | None] = field(
        crm.Choice(choices=names.STATUSES), label=N_("Status"), visible_if=_STATUS_HOLDS, index=True
    )
    direction: Mapped[str | None] = field(
        crm.Choice(choices=names.DIRECTIONS), label=N_("Direction"), visible_if=_IS_CALL
    )
    starts_at: Mapped[dt.datetime] = field(
        crm.DateTime(shortcuts=True), label=N_("Start"), required=True, default=next_hour, index=True,
        tone=tones.OF_EVENT,
    )  # fmt: skip
    ends_at: Mapped[dt.datetime | None] = field(
        crm.DateTime(), label=N_("End"), help=N_("An hour after the start unless you say otherwise"), index=True
    )
    all_day: Mapped[bool] = field(crm.Boolean(), label=N_("All day"), default=False)
    company_id: Mapped[int | None] = field(
        crm.Link(CONTACT), label=N_("Customer or prospect"), section="attached", fk="contacts_contact.id", index=True
    )
    contact_id: Mapped[int | None] = field(
        crm.Link(CONTACT), label=N_("Contact"), section="attached", fk="contacts_contact.id", index=True
    )
    related_to: Mapped[str | None] = field(crm.Related(), label=N_("Related to"), section="attached", index=True)
    assigned_to_id: Mapped[int | None] = field(
        crm.User(), label=N_("Assigned to"), required=True, default=lambda ctx: ctx.actor.id, grants="write",
        section="people", index=True,
    )  # fmt: skip
    guests: Mapped[list[Guest]] = lines(Guest, label=N_("Guests"), section="people")
    attendees = many(
        crm.Users(), label=N_("Invited users"), readonly=True, grants="read", offered=never, section="people"
    )
    resources = many(crm.Links(RESOURCE, "active = true"), label=N_("Resources"), section="people")
    priority: Mapped[str] = field(
        crm.Choice(choices=names.PRIORITIES), label=N_("Priority"), required=True, default="normal", sortable=True,
        section="information",
    )  # fmt: skip
    colour: Mapped[str | None] = field(crm.Choice(choices=names.COLOURS), label=N_("Colour"), section="information")
    location: Mapped[str | None] = field(
        crm.Text(255),
        label=N_("Place"),
        search=True,
        section="organisation",
        help=N_("An address, or where to dial in"),
    )
    description: Mapped[str | None] = field(crm.LongText(20_000), label=N_("Description"), search=True)
    private: Mapped[bool] = field(
        crm.Boolean(), label=N_("Private"), default=False, section="information",
        help=N_("Others see only that you are busy"),
    )  # fmt: skip
    duration: Mapped[int | None] = field(crm.Duration(), label=N_("Time spent"), section="information")
    timer_started_at: Mapped[dt.datetime | None] = field(
        crm.DateTime(), label=N_("Timer runs since"), readonly=True, section="information", tracked=False
    )
    recurrence: Mapped[str | None] = field(
        Rule(), label=N_("Repeats"), section="recurrence",
        help=N_("Such as FREQ=WEEKLY;BYDAY=MO,WE;COUNT=5; the button “Repeat” asks for it in words"),
    )  # fmt: skip
    apply_to: Mapped[str | None] = field(
        crm.Choice(choices=names.SCOPES), label=N_("Change applies to"), section="recurrence", tracked=False,
        visible_if=Cond("recurrence", "is not null"), filterable=False, sortable=False,
    )  # fmt: skip
    series: Mapped[int | None] = field(
        crm.Integer(1), label=N_("Series"), readonly=True, offered=never, index=True, tracked=False
    )
    occurrence_at: Mapped[dt.datetime | None] = field(
        crm.DateTime(), label=N_("Place in the series"), readonly=True, offered=never, tracked=False
    )
    zone: Mapped[str | None] = field(crm.Text(60), label=N_("Time zone"), readonly=True, offered=never, tracked=False)
    reminders: Mapped[list[Reminder]] = lines(Reminder, label=N_("Reminders"), section="reminders")
    repeats = computed(
        lambda ctx, record: Rule().show(record.recurrence, ctx), label=N_("Repeats"), of=crm.Text(), hidden=True
    )


class Busy(Base):
    """When a user or a resource is taken: times only, so that whoever plans may look (AC-38, AC-39, AC-63)."""

    __tablename__ = "activities_busy"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    event_id: Mapped[int] = mapped_column(
        Identifier, sa.ForeignKey("activities_event.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(crm.SortText(10))
    target_id: Mapped[int] = mapped_column(Identifier)
    starts_at: Mapped[dt.datetime] = mapped_column(crm.UtcDateTime)
    ends_at: Mapped[dt.datetime] = mapped_column(crm.UtcDateTime)
    all_day: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (sa.Index("ix_activities_busy_when", "kind", "target_id", "starts_at", "ends_at"),)


class Due(Base):
    """A reminder that waits for its moment, or was handed over; one row for each moment and record."""

    __tablename__ = "activities_due"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    entity: Mapped[str] = mapped_column(crm.SortText(60))
    record_id: Mapped[int] = mapped_column(Identifier)
    line: Mapped[int] = mapped_column(default=0)
    at: Mapped[dt.datetime] = mapped_column(crm.UtcDateTime)
    sent_at: Mapped[dt.datetime | None] = mapped_column(crm.UtcDateTime)
    __table_args__ = (
        sa.Index("ix_activities_due_waiting", "sent_at", "at"),
        sa.Index("ix_activities_due_record", "entity", "record_id"),
    )


class Notice(Base):
    """What a person was told, until a module for notices takes it over; ``mail`` is how far its mail is."""

    __tablename__ = "activities_notice"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    key: Mapped[str] = mapped_column(crm.SortText(120), unique=True)
    user_id: Mapped[int | None] = mapped_column(Identifier, index=True)
    email: Mapped[str] = mapped_column(sa.String(254), default="")
    subject: Mapped[str] = mapped_column(sa.String(400))
    body: Mapped[str] = mapped_column(sa.Text, default="")
    entity: Mapped[str] = mapped_column(crm.SortText(60))
    record_id: Mapped[int] = mapped_column(Identifier)
    created_at: Mapped[dt.datetime] = mapped_column(crm.UtcDateTime)
    read_at: Mapped[dt.datetime | None] = mapped_column(crm.UtcDateTime)
    mail: Mapped[str] = mapped_column(crm.SortText(10), default="none", index=True)
