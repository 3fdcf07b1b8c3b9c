"""The verbs: a vehicle is given back, with what its meter shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_core.api import N_, ActionDef, Cond, Ctx, FieldDef, Integer, ListQuery, Row, and_, gettext, records
from crm_fleet.models import ASSIGNMENT, VEHICLE


def open_assignments(ctx: Ctx, vehicle_id: int) -> list[Row]:
    """Return the assignment that has no end yet, if there is one."""
    wanted = and_(Cond("vehicle", "=", vehicle_id), Cond("until", "is null"))
    return records.list_(ctx, ASSIGNMENT, ListQuery(fields=("since",), filter=wanted, count=False)).items


def give_back(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """End the assignment today; the vehicle is free again."""
    if data.get("mileage"):
        records.update(ctx, VEHICLE, record.id, {"mileage": data["mileage"]})
    ended = open_assignments(ctx, record.id)
    for row in ended:
        records.update(ctx, ASSIGNMENT, row.id, {"until": max(ctx.now.date(), row.values["since"])})
    return {"ended": len(ended), "message": gettext(N_("%(plate)s is back"), plate=record.plate)}


GIVE_BACK = ActionDef(
    entity=VEHICLE,
    name="give-back",
    label=N_("Give back"),
    handler=give_back,
    form=(FieldDef(entity=VEHICLE, key="mileage", type=Integer(0), label=N_("Mileage")),),
    icon="fleet/return",
    available=lambda ctx, record: record.status == "driven",
)
