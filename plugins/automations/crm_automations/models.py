"""Automations and their steps, the log of what they did, and the notices people get from them."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
from typing import Any

from sqlalchemy.orm import Mapped

from crm_automations.choosing import StepValue
from crm_automations.fields import AUTOMATION, EntityChoice
from crm_automations.lists import CHANGED, DATE, KINDS, OUTCOMES, TRIGGERS, UNITS
from crm_core import api as crm
from crm_core.api import N_, Cond, Ctx, Line, Record, entity, field, lines

RUN, NOTICE = "automations.run", "automations.notice"
EVERY_ACTION = ("read", "create", "update", "delete", "export")
WITH_FIELD = Cond("trigger", "in", (CHANGED, DATE))


def signing_key(ctx: Ctx, record: Any) -> str:
    """Return the key that signs what an automation sends: its own, derived from the secret of the deployment."""
    return f"whsec_{base64.b64encode(key_of(ctx.config.secret_key, record.id)).decode()}"


def key_of(secret: str, automation_id: int) -> bytes:
    """Return the bytes of the signing key."""
    return hmac.new(secret.encode(), f"automations:{automation_id}".encode(), hashlib.sha256).digest()


class Step(Line):
    """One thing an automation does; what ``target`` names depends on the kind."""

    __tablename__ = "automations_step"
    __parent__ = "automations_automation"
    __main__ = "kind"
    __significant__ = ("target", "user", "value")
    kind: Mapped[str] = field(crm.Choice(choices=KINDS), label=N_("What to do"), required=True, default="set")
    target: Mapped[str | None] = field(crm.Text(2000), label=N_("Field, kind of record, action or web address"))
    user_id: Mapped[int | None] = field(crm.User(), key="user", label=N_("Person"))
    value: Mapped[str | None] = field(StepValue(10_000), label=N_("Value, text or values"))


class Automation(Record):
    """When something happens to a record, and a filter holds, then do these steps with the owner's rights."""

    __tablename__ = "automations_automation"
    __entity__ = entity(
        AUTOMATION, label=N_("Automation"), plural=N_("Automations"), slug="automations", icon="robot",
        comments=False, tags=False, admin_actions=EVERY_ACTION, for_rules=True,
    )  # fmt: skip
    name: Mapped[str] = field(crm.Text(120), label=N_("Name"), required=True, search=True, index=True)
    active: Mapped[bool] = field(crm.Boolean(), label=N_("Switched on"), default=True)
    watched: Mapped[str] = field(EntityChoice(), label=N_("Kind of record"), section="when", required=True)
    trigger: Mapped[str] = field(crm.Choice(choices=TRIGGERS), label=N_("When"), section="when", required=True)
    field_name: Mapped[str | None] = field(
        crm.Text(120), label=N_("Field"), key="field", section="when", visible_if=WITH_FIELD, required_if=WITH_FIELD,
        help=N_("Its name in filters, such as owner or cf.score"),
    )  # fmt: skip
    to_value: Mapped[str | None] = field(
        crm.Text(500), label=N_("New value"), section="when", visible_if=Cond("trigger", "=", CHANGED),
        help=N_("Without one, any change counts"),
    )  # fmt: skip
    offset: Mapped[int | None] = field(
        crm.Integer(-100_000, 100_000), label=N_("How much later"), section="when", default=0,
        visible_if=Cond("trigger", "=", DATE), help=N_("Less than 0: before the date"),
    )  # fmt: skip
    unit: Mapped[str | None] = field(
        crm.Choice(choices=UNITS), label=N_("Unit"), section="when", default="days",
        visible_if=Cond("trigger", "=", DATE),
    )  # fmt: skip
    condition: Mapped[str | None] = field(
        crm.LongText(10_000), label=N_("Only if this filter holds"), section="if",
        help=N_("As in lists, such as: score >= 3 and not email is null"),
    )  # fmt: skip
    steps = lines(
        Step, label=N_("Steps"), section="then",
        help=N_("{name} in a text stands for the value of the field “name”; a date may be today+7d or now+2h"),
    )  # fmt: skip
    description: Mapped[str | None] = field(crm.LongText(), label=N_("Description"))
    checked_until: Mapped[dt.datetime | None] = field(
        crm.DateTime(), label=N_("Dates looked at until"), readonly=True, hidden=True, tracked=False
    )
    signing_key = crm.computed(signing_key, label=N_("Key that signs calls"), of=crm.Text(100), section="then")


class Run(Record):
    """What became of one automation on one record."""

    __tablename__ = "automations_run"
    __entity__ = entity(
        RUN, label=N_("Run"), plural=N_("Runs"), slug="automation-runs", icon="list-check", creatable=False,
        comments=False, tags=False, admin_actions=EVERY_ACTION,
    )  # fmt: skip
    name: Mapped[str | None] = field(crm.Text(120), label=N_("Name"), readonly=True, search=True, index=True)
    automation_id: Mapped[int | None] = field(
        crm.Link(AUTOMATION), label=N_("Automation"), fk="automations_automation.id", readonly=True, index=True
    )
    record: Mapped[str | None] = field(crm.Related(), label=N_("Record"), readonly=True, index=True)
    event: Mapped[str | None] = field(crm.Choice(choices=TRIGGERS), label=N_("When"), readonly=True)
    outcome: Mapped[str | None] = field(crm.Choice(choices=OUTCOMES), label=N_("Outcome"), readonly=True, index=True)
    detail: Mapped[str | None] = field(crm.LongText(20_000), label=N_("What was done"), readonly=True)
    caused_by: Mapped[str | None] = field(crm.Text(120), label=N_("Caused by"), readonly=True)


class Notice(Record):
    """Something an automation tells one person."""

    __tablename__ = "automations_notice"
    __entity__ = entity(
        NOTICE, label=N_("Notice"), plural=N_("Notices"), slug="notices", icon="bell", creatable=False,
        visibility="private", comments=False, tags=False,
    )  # fmt: skip
    name: Mapped[str | None] = field(crm.Text(500), label=N_("Text"), readonly=True, search=True, index=True)
    record: Mapped[str | None] = field(crm.Related(), label=N_("Record"), readonly=True)
    source: Mapped[str | None] = field(crm.Text(120), label=N_("Sent by"), readonly=True)
    done: Mapped[bool] = field(crm.Boolean(), label=N_("Seen"), default=False)
