"""Who looked: whoever opens or takes away a contact that is marked as sensitive is written down, once an hour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
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
    Node,
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
PART = 500
"""Contacts that are asked about at once."""

FIELD = FieldDef(
    entity=CONTACT, key="sensitive", type=Boolean(), label=N_("Sensitive"), section="privacy",
    help=N_("Who opens or exports the contact is written down; administrators see it"),
)  # fmt: skip


@events.record_viewed.connect_via(CONTACT)
def looked(sender: str, event: Any, deployment: Any) -> None:
    """Write down that a person opened a sensitive contact."""
    _note(event, deployment, (event.record_id,))


@events.records_read.connect_via(CONTACT)
def took(sender: str, event: Any, deployment: Any) -> None:
    """Write down which sensitive contacts a person was given by a list of the API, or an export."""
    ids = event.data["ids"]
    for start in range(0, len(ids), PART):
        _note(event, deployment, ids[start : start + PART])


def _note(event: Any, deployment: Any, ids: Sequence[int]) -> None:
    """Write a look down for each of the contacts that is sensitive, unless there is one within the hour.

    A few statements for many contacts; where none is sensitive, one.
    """
    person = event.data.get("viewer") or event.actor_id
    if person is None:
        return
    system = deployment.system_actor("looks")
    with deployment.operation(system, write=False) as ctx:
        wanted = _new(ctx, ids, person)
    if not wanted:
        return
    with deployment.operation(system) as ctx:
        user = ctx.directory.user(person)
        values = {"person": person, "name": user.name if user else "", "at": ctx.now}
        records.bulk_create(ctx, LOOK, [{**values, "contact": number} for number in wanted], action="create")


def _new(ctx: Ctx, ids: Sequence[int], person: int) -> list[int]:
    """Return which contacts are sensitive without the person having been written down within the hour."""
    marked = and_(Cond("id", "in", tuple(ids)), Cond(SENSITIVE, "=", True))
    found = [row.id for row in records.list_(ctx, CONTACT, _all(("id",), marked)).items]
    if not found:
        return []
    since = Cond("at", ">", (ctx.now - PAUSE).isoformat())
    before = and_(Cond("contact", "in", tuple(found)), Cond("person", "=", person), since)
    known = {row.values["contact"] for row in records.list_(ctx, LOOK, _all(("contact",), before)).items}
    return [number for number in found if number not in known]


def _all(fields: tuple[str, ...], where: Node) -> ListQuery:
    return ListQuery(fields=fields, filter=where, sort=(("id", False),), limit=PART, count=False)


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
    return render("privacy/looks.html", rows=records.list_(ctx, LOOK, query).items)


def is_shown(ctx: Ctx, record: Any) -> bool:
    """Tell whether the tab is there: for administrators, on a contact that is sensitive."""
    if not ctx.actor.is_admin or ctx.actor.viewer is not None:
        return False
    return bool(records.values_of(ctx, ctx.registry.entity(CONTACT), record)[SENSITIVE])


TAB = Tab(entity=CONTACT, key="looks", label=N_("Who looked"), render=tab, visible=is_shown, weight=81)
