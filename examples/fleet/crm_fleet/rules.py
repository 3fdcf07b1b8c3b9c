"""What is derived and what must hold for vehicles and assignments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crm_core.api import N_, Change, Cond, Ctx, ListQuery, Problem, and_, history, not_, records
from crm_fleet.models import ASSIGNMENT, CONTACT, VEHICLE

_PLATE = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)*")


def derive(ctx: Ctx, change: Change) -> None:
    """Write plates alike, follow the mileage of services, and name assignments."""
    if change.verb == "delete":
        return
    if change.entity == VEHICLE:
        if change.get("plate"):
            change.set("plate", re.sub(r"[\s-]+", "-", change.get("plate").strip().upper()))
        read = [line["mileage"] for line in change.get("services") or () if line.get("mileage")]
        if read and max(read) > (change.get("mileage") or 0):
            change.set("mileage", max(read))
    elif change.entity == ASSIGNMENT and change.get("vehicle") and change.get("contact"):
        titles = (_title(ctx, VEHICLE, change.get("vehicle")), _title(ctx, CONTACT, change.get("contact")))
        change.set("name", ": ".join(titles))


def _title(ctx: Ctx, entity: str, record_id: int) -> str:
    found = records.list_(ctx, entity, ListQuery(filter=Cond("id", "=", record_id), limit=1, count=False)).items
    return found[0].title if found else ""


def problems(ctx: Ctx, change: Change) -> Iterator[Problem]:
    """Yield what is wrong with a write."""
    if change.verb == "delete":
        return
    if change.entity == VEHICLE and change.changed("plate") and not _PLATE.fullmatch(change.get("plate") or ""):
        yield Problem("plate", "format", N_("A plate has letters, digits and hyphens only"))
    if change.entity == ASSIGNMENT and change.get("until") and change.get("until") < change.get("since"):
        yield Problem("until", "order", N_("The end lies before the beginning"))
    if change.entity == ASSIGNMENT and not change.get("until") and _taken(ctx, change):
        yield Problem("vehicle", "taken", N_("Somebody drives this vehicle already; give it back first"))


def _taken(ctx: Ctx, change: Change) -> bool:
    others = and_(Cond("vehicle", "=", change.get("vehicle")), Cond("until", "is null"))
    if change.record is not None:
        others = and_(others, not_(Cond("id", "=", change.record.id)))
    with history.as_system(ctx, reason="whether somebody else drives a vehicle") as system:
        return records.count(system, ASSIGNMENT, ListQuery(filter=others))[0] > 0


def follow(ctx: Ctx, change: Change) -> None:
    """Let a vehicle's status follow its assignments."""
    if change.entity != ASSIGNMENT or change.verb == "delete":
        return
    status = "free" if change.get("until") else "driven"
    with history.as_system(ctx, reason="the status of a vehicle follows its assignments") as system:
        records.update(system, VEHICLE, change.get("vehicle"), {"status": status})
