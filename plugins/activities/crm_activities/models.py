"""Tasks, follow-ups, resources and the templates of reminders."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped

from crm_activities import tones
from crm_activities.fields import TimeOfDay
from crm_activities.names import (
    CONTACT,
    FOLLOW_UP,
    MEDIA,
    MODELS,
    PRIORITIES,
    RESOURCE,
    RESOURCE_KINDS,
    TASK,
    TASK_REMINDERS,
    TASK_STATUSES,
    TEMPLATE,
)
from crm_core import api as crm
from crm_core.api import N_, Ctx, Record, computed, entity, field

TASK_DEFAULT_REMINDER = "1440"
"""A task reminds a day before, whoever makes it and however (AC-07)."""
_DUE_HOUR = 18


def this_evening(ctx: Ctx) -> dt.datetime:
    """Return today at six o'clock in the person's zone: what a task is due at unless somebody says otherwise."""
    local = ctx.now.astimezone(ctx.locale.zone)
    return local.replace(hour=_DUE_HOUR, minute=0, second=0, microsecond=0).astimezone(dt.UTC)


def _me(ctx: Ctx) -> int | None:
    return ctx.actor.id


class Task(Record):
    """Something somebody has to do until a moment."""

    __tablename__ = "activities_task"
    __entity__ = entity(
        TASK, label=N_("Task"), plural=N_("Tasks"), slug="tasks", title="title", icon="check2-square",
        within=("contact", "related_to"),
    )  # fmt: skip
    title: Mapped[str] = field(crm.Text(255), label=N_("Title"), required=True, search=True, index=True)
    category: Mapped[str | None] = field(
        crm.Choice("activities.task_category"), label=N_("Category"), required=True,
        default=lambda ctx: tones.default_entry(ctx, "activities.task_category"),
    )  # fmt: skip
    due_at: Mapped[dt.datetime] = field(
        crm.DateTime(shortcuts=True), label=N_("Due"), required=True, default=this_evening, index=True,
        tone=tones.OF_TASK,
    )  # fmt: skip
    reminder: Mapped[str] = field(
        crm.Choice(choices=TASK_REMINDERS), label=N_("Reminder"), required=True, default=TASK_DEFAULT_REMINDER
    )
    assigned_to_id: Mapped[int | None] = field(
        crm.User(), label=N_("Assigned to"), required=True, default=_me, grants="write", index=True
    )
    notify: Mapped[bool] = field(
        crm.Boolean(), label=N_("Notify"), default=True, help=N_("Tells the responsible person of the new task"),
        filterable=False, tracked=False,
    )  # fmt: skip
    status: Mapped[str] = field(
        crm.Choice(choices=TASK_STATUSES), label=N_("Status"), required=True, default="open", index=True
    )
    priority: Mapped[str] = field(
        crm.Choice(choices=PRIORITIES), label=N_("Priority"), required=True, default="normal", sortable=True
    )
    contact_id: Mapped[int | None] = field(
        crm.Link(CONTACT), label=N_("Contact"), fk="contacts_contact.id", ondelete="CASCADE", index=True
    )
    related_to: Mapped[str | None] = field(crm.Related(), label=N_("Related to"), index=True)
    description: Mapped[str | None] = field(crm.LongText(10_000), label=N_("Description"), search=True)
    closed_at: Mapped[dt.datetime | None] = field(
        crm.DateTime(), label=N_("Closed"), readonly=True, index=True, tracked=False
    )
    overdue = computed(tones.task_is_overdue, label=N_("Overdue"), of=crm.Boolean(), hidden=True)


class FollowUp(Record):
    """A day on which somebody gets in touch with a contact again. Who sees the contact sees it."""

    __tablename__ = "activities_follow_up"
    __entity__ = entity(
        FOLLOW_UP, label=N_("Follow-up"), plural=N_("Follow-ups"), slug="follow-ups", title="title", icon="flag",
        comments=False, tags=False, visibility="write", follows=("contact",),
    )  # fmt: skip
    title: Mapped[str] = field(crm.Text(255), label=N_("Title"), required=True, search=True, index=True)
    due_on: Mapped[dt.date] = field(
        crm.Date(shortcuts=True), label=N_("Date"), required=True, index=True, tone=tones.OF_FOLLOW_UP
    )
    remind_at: Mapped[str | None] = field(
        TimeOfDay(), label=N_("Remind at"), help=N_("A time on that day, such as 14:30; 00:00 is no reminder")
    )
    contact_id: Mapped[int] = field(
        crm.Link(CONTACT), label=N_("Contact"), required=True, fk="contacts_contact.id", ondelete="CASCADE", index=True
    )
    note: Mapped[str | None] = field(crm.LongText(10_000), label=N_("Note"), search=True)
    done: Mapped[bool] = field(crm.Boolean(), label=N_("Done"), default=False, index=True)
    state = computed(tones.follow_up_state, label=N_("State"), of=crm.Choice(choices=tones.STATES), hidden=True)


class Resource(Record):
    """A room, a vehicle or a thing that is booked for events."""

    __tablename__ = "activities_resource"
    __entity__ = entity(
        RESOURCE, label=N_("Resource"), plural=N_("Resources"), slug="resources", icon="door-open",
        admin_actions=("create", "update", "delete"), comments=False, tags=False,
    )  # fmt: skip
    name: Mapped[str] = field(crm.Text(120), label=N_("Name"), required=True, search=True, index=True)
    kind: Mapped[str] = field(crm.Choice(choices=RESOURCE_KINDS), label=N_("Kind"), required=True, default="room")
    seats: Mapped[int | None] = field(crm.Integer(0, 100_000), label=N_("Seats"))
    place: Mapped[str | None] = field(crm.Text(200), label=N_("Place"))
    active: Mapped[bool] = field(crm.Boolean(), label=N_("Can be booked"), default=True)


class ReminderTemplate(Record):
    """What a reminder of an event says (AC-76). It has no recipients: those of the event are used (AC-75)."""

    __tablename__ = "activities_reminder_template"
    __entity__ = entity(
        TEMPLATE, label=N_("Reminder template"), plural=N_("Reminder templates"), slug="reminder-templates",
        icon="envelope-paper", admin_actions=("create", "update", "delete"), comments=False, tags=False,
    )  # fmt: skip
    name: Mapped[str] = field(crm.Text(120), label=N_("Name"), required=True, search=True, index=True)
    model: Mapped[str] = field(crm.Choice(choices=MODELS), label=N_("Model"), required=True, default="EventReminder")
    media: Mapped[str] = field(crm.Choice(choices=MEDIA), label=N_("Media type"), required=True, default="email")
    subject: Mapped[str] = field(
        crm.Text(255), label=N_("Subject"), required=True,
        help=N_("{subject}, {starts}, {location} and {contact} stand for what the event says"),
    )  # fmt: skip
    body: Mapped[str | None] = field(crm.LongText(10_000), label=N_("Text"))
    signature: Mapped[str | None] = field(crm.LongText(2_000), label=N_("Signature"))
