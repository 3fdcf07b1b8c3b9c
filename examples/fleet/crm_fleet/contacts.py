"""What the fleet adds to contacts: a field, and a tab with the vehicles a contact drives."""

from __future__ import annotations

from typing import Any

from crm_core.api import N_, Cond, Ctx, FieldDef, ListQuery, Tab, Text, records, render
from crm_fleet.models import ASSIGNMENT, CONTACT


def _of(contact_id: int, *, limit: int = 50) -> ListQuery:
    shown = ("vehicle", "since", "until")
    return ListQuery(fields=shown, filter=Cond("contact", "=", contact_id), sort=(("since", True),), limit=limit)


def vehicles(ctx: Ctx, record: Any) -> str:
    """Return the vehicles of a contact, the present one first."""
    rows = records.list_(ctx, ASSIGNMENT, _of(record.id)).items
    return render("fleet/contact.html", rows=rows, fields=ctx.registry.fields(ASSIGNMENT), contact=record.id)


def count(ctx: Ctx, record: Any) -> int:
    """Return how many times a contact was given a vehicle."""
    return records.count(ctx, ASSIGNMENT, _of(record.id))[0]


LICENCE = FieldDef(entity=CONTACT, key="licence", type=Text(20), label=N_("Driving licence"), section="more")
VEHICLES = Tab(entity=CONTACT, key="vehicles", label=N_("Vehicles"), render=vehicles, count=count, weight=90)
