"""What an activity takes over from the record it is made on."""

from __future__ import annotations

from typing import Any

from crm_activities.names import CONTACT
from crm_core.api import N_, CrmError, Ctx, gettext, records

_TAKEN = ("company", "contact")


def split(reference: str) -> tuple[str, int]:
    """Return entity and number of ``entity:id``."""
    entity, _, number = reference.partition(":")
    return entity, int(number)


def presets(ctx: Ctx, reference: str) -> dict[str, Any]:
    """Return the links of an activity made on a record: it, and its customer and contact (AC-13, AC-57).

    Raises:
        NotFound: the record is not there for the actor.
    """
    entity, number = split(reference)
    if entity == CONTACT:
        values = records.read(ctx, CONTACT, number, ["kind", "company"]).values
        if values["kind"] == "company":
            return {"company": number}
        return {"contact": number, "company": values["company"] or number}
    keys = _linking(ctx, entity)
    values = records.read(ctx, entity, number, keys).values if keys else {}
    return {"related_to": reference, **{key: value for key, value in values.items() if value}}


def _linking(ctx: Ctx, entity: str) -> list[str]:
    """Return which of customer and contact a kind of record names."""
    known = ctx.registry.fields(entity)
    return [k for k in _TAKEN if k in known and getattr(known[k].type, "target", "") == CONTACT]


def missing(ctx: Ctx, reference: str, given: dict[str, Any]) -> str:
    """Return why no event can be made on a record, nothing where it can (AC-56).

    A record that names a customer and a contact must have both.
    """
    entity, _ = split(reference)
    if entity == CONTACT or entity.startswith("activities."):
        return ""
    known = ctx.registry.fields(entity)
    empty = [known[k].title() for k in _linking(ctx, entity) if not given.get(k)]
    return gettext(N_("Fill in first: %(fields)s"), fields=", ".join(empty)) if empty else ""


def completed(ctx: Ctx, reference: str) -> tuple[dict[str, Any], str]:
    """Return what an event related to a record takes over, and why it can't be made."""
    try:
        given = presets(ctx, reference)
    except (CrmError, ValueError, KeyError):
        return {}, ""
    return given, missing(ctx, reference, given)
