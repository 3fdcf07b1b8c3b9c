"""Events with their guests and reminders."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped

from crm_activities import availability, names, tones
from crm_activities.fields import Rule, TakenTwice
from crm_activities.names import CONTACT, EVENT, RESOURCE, TEMPLATE
from crm_core import api as crm
from crm_core.api import N_, Cond, Ctx, Line, Record, computed, entity, field, lines, many

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
        crm.DateTime(), label=N_("Timer runs since"), readonly=True, section="information"
    )
    recurrence: Mapped[str | None] = field(
        Rule(), label=N_("Repeats"), section="recurrence",
        help=N_("Such as FREQ=WEEKLY;BYDAY=MO,WE;COUNT=5; the button “Repeat” asks for it in words"),
    )  # fmt: skip
    apply_to: Mapped[str | None] = field(
        crm.Choice(choices=names.SCOPES), label=N_("Change applies to"), section="recurrence", tracked=False,
        visible_if=Cond("recurrence", "is not null"), filterable=False, sortable=False,
    )  # fmt: skip
    series: Mapped[int | None] = field(crm.Integer(1), label=N_("Series"), readonly=True, offered=never, index=True)
    occurrence_at: Mapped[dt.datetime | None] = field(
        crm.DateTime(), label=N_("Place in the series"), readonly=True, offered=never
    )
    zone: Mapped[str | None] = field(crm.Text(60), label=N_("Time zone"), readonly=True, offered=never, tracked=False)
    reminders: Mapped[list[Reminder]] = lines(Reminder, label=N_("Reminders"), section="reminders")
    conflicts = computed(
        lambda ctx, record: list(availability.words(ctx, record)), label=N_("Taken twice"), of=TakenTwice(), hidden=True
    )
    repeats = computed(
        lambda ctx, record: Rule().show(record.recurrence, ctx), label=N_("Repeats"), of=crm.Text(), hidden=True
    )
