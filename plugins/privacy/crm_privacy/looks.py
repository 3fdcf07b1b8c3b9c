"""Who looked: the opening of a contact that is marked as sensitive is written down, once an hour and person."""

from __future__ import annotations

import datetime as dt
from typing import Any

from crm_contacts.api import CONTACT

from crm_core.api import (
    N_,
    Boolean,
    Change,
    Cond,
    Ctx,
    FieldDef,
    ListQuery,
    NotFound,
    Problem,
    Tab,
    and_,
    events,
    records,
    render,
)
from crm_privacy.models import LOOK

SENSITIVE = "privacy.sensitive"
PAUSE = dt.timedelta(hours=1)
SHOWN = 200

FIELD = FieldDef(
    entity=CONTACT, key="sensitive", type=Boolean(), label=N_("Sensitive"), section="privacy",
    help=N_("Who opens the contact is written down; administrators see it"),
)  # fmt: skip


@events.record_viewed.connect
def looked(sender: str, event: Any, deployment: Any) -> None:
    """Write down that a person opened a sensitive contact."""
    person = event.data.get("viewer") or event.actor_id
    if sender != CONTACT or person is None:
        return
    system = deployment.system_actor("looks")
    with deployment.operation(system, write=False) as ctx:
        if not _is_new(ctx, event.record_id, person):
            return
    with deployment.operation(system) as ctx:
        user = ctx.directory.user(person)
        values = {"contact": event.record_id, "person": person, "name": user.name if user else "", "at": ctx.now}
        records.create(ctx, LOOK, values)


def _is_new(ctx: Ctx, contact_id: int, person: int) -> bool:
    """Tell whether the contact is sensitive and the person has not been written down within the hour."""
    try:
        if not records.read(ctx, CONTACT, contact_id, (SENSITIVE,)).values[SENSITIVE]:
            return False
    except NotFound:
        return False
    since = Cond("at", ">", (ctx.now - PAUSE).isoformat())
    where = and_(Cond("contact", "=", contact_id), Cond("person", "=", person), since)
    return not records.list_(ctx, LOOK, ListQuery(fields=("at",), filter=where, limit=1, count=False)).items


def problems(ctx: Ctx, change: Change) -> list[Problem]:
    """Return what is wrong: the log only grows."""
    if change.verb == "create":
        return []
    return [Problem(None, "append_only", N_("Only the program itself writes this log"))]


def tab(ctx: Ctx, record: Any) -> str:
    """Return who opened a contact."""
    query = ListQuery(
        fields=("name", "at"), filter=Cond("contact", "=", record.id), sort=(("at", True),), limit=SHOWN, count=False
    )
    return render("privacy/looks.html", rows=records.list_(ctx, LOOK, query).items, zone=ctx.locale.zone)


def is_shown(ctx: Ctx, record: Any) -> bool:
    """Tell whether the tab is there: for administrators, on a contact that is sensitive."""
    if not ctx.actor.is_admin or ctx.actor.viewer is not None:
        return False
    return bool(records.values_of(ctx, ctx.registry.entity(CONTACT), record)[SENSITIVE])


TAB = Tab(entity=CONTACT, key="looks", label=N_("Who looked"), render=tab, visible=is_shown, weight=81)
