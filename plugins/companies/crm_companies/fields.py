"""What group companies add to every kind of record: the field that says whose it is."""

from __future__ import annotations

from crm_companies.models import COMPANY
from crm_companies.standing import standing
from crm_core.api import N_, Ctx, FieldDef, Links

KEY = "group"
FIELD = f"companies.{KEY}"
"""The field as filters, REST and imports name it."""


def preset(ctx: Ctx | None) -> list[int]:
    """Return the companies a new record belongs to."""
    return standing(ctx).preset if ctx is not None else []


def has_field(ctx: Ctx, entity: str) -> bool:
    """Tell whether records of an entity belong to companies."""
    return entity in ctx.registry.entities and FIELD in ctx.registry.fields(entity)


GROUP = FieldDef(
    entity="*",
    key=KEY,
    type=Links(COMPANY),
    label=N_("Group companies"),
    help=N_("Only people of these companies see the record; without one, everybody in the group"),
    section="access",
    default=preset,
    offered=lambda ctx: standing(ctx).several,
)
