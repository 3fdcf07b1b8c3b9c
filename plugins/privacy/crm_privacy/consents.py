"""The log of consents: append only, the newest of a channel is what holds, and a withdrawal opts out at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crm_contacts.api import CONTACT

from crm_core.api import (
    N_,
    ActionDef,
    Change,
    Choice,
    Cond,
    Ctx,
    DateTime,
    FieldDef,
    ListQuery,
    LongText,
    Problem,
    Row,
    Text,
    and_,
    records,
)
from crm_privacy.lists import CHANNEL, STATES
from crm_privacy.models import CONSENT

SHOWN = ("channel", "state", "at", "source", "text", "created_by", "created_at")


def derive(ctx: Ctx, change: Change) -> None:
    """Date a consent."""
    if change.verb == "create" and change.get("at") is None:
        change.set("at", ctx.now)


def problems(ctx: Ctx, change: Change) -> Iterator[Problem]:
    """Yield what is wrong: the log only grows, and nothing in it lies in the future."""
    if change.verb != "create":
        yield Problem(None, "append_only", N_("What was recorded stays; record a new consent instead"))
    elif change.get("at") is not None and change.get("at") > ctx.now:
        yield Problem("at", "future", N_("It lies in the future"))


def follow(ctx: Ctx, change: Change) -> None:
    """Set or clear the opt-out of the contact in the same transaction, when this is what holds now."""
    record = change.record
    entry = ctx.directory.entry(CHANNEL, record.channel)
    target = entry.values.get("opt_out") if entry is not None else None
    if target and newest(ctx, record.contact_id, record.channel) == record.id:
        records.update(ctx, CONTACT, record.contact_id, {target: record.state == "withdrawn"})


def newest(ctx: Ctx, contact_id: int, channel: str) -> int | None:
    """Return the id of the consent that holds on a channel."""
    where = and_(Cond("contact", "=", contact_id), Cond("channel", "=", channel))
    order = (("at", True), ("id", True))
    rows = records.list_(ctx, CONSENT, ListQuery(fields=("at",), filter=where, sort=order, limit=1, count=False)).items
    return rows[0].id if rows else None


def log(ctx: Ctx, contact_id: int) -> list[Row]:
    """Return the consents of a contact, the newest first."""
    order = (("at", True), ("id", True))
    where = Cond("contact", "=", contact_id)
    return list(records.list_(ctx, CONSENT, ListQuery(fields=SHOWN, filter=where, sort=order, limit=500)).items)


def present(rows: list[Row]) -> dict[str, Row]:
    """Return the consent that holds, by channel, of a log."""
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(row.values["channel"], row)
    return found


def record_consent(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Record what a contact allowed or forbade."""
    return {"id": records.create(ctx, CONSENT, {**data, "contact": record.id}).id}


def _form(key: str, kind: Any, label: str, **options: Any) -> FieldDef:
    return FieldDef(entity=CONTACT, key=key, type=kind, label=label, **options)


ACTION = ActionDef(
    entity=CONTACT, name="consent", label=N_("Record a consent"), handler=record_consent, icon="hand-thumbs-up",
    bulk=False,
    form=(
        _form("channel", Choice(CHANNEL), N_("Channel"), required=True),
        _form("state", Choice(choices=STATES), N_("Consent"), required=True, default="given"),
        _form("at", DateTime(), N_("When"), help=N_("Now unless given")),
        _form("source", Text(200), N_("Source"), help=N_("Such as a form, a call, a letter, a business card")),
        _form("text", LongText(10_000), N_("Text shown at the time")),
    ),
)  # fmt: skip
