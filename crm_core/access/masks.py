"""Which fields an actor may read and edit; filters, sorting, exports and history obey."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crm_core.errors import unknown_name

if TYPE_CHECKING:
    from crm_core.context import Ctx


def readable(ctx: Ctx, entity: str) -> frozenset[str]:
    """Return the keys of the fields the actor may read."""
    return _mask(ctx, entity, "read_roles")


def editable(ctx: Ctx, entity: str) -> frozenset[str]:
    """Return the keys of the fields the actor may set."""
    writable = {k for k, f in ctx.registry.fields(entity).items() if not f.readonly}
    return (_mask(ctx, entity, "edit_roles") & _mask(ctx, entity, "read_roles")) & writable


def _mask(ctx: Ctx, entity: str, attribute: str) -> frozenset[str]:
    key = ("mask", entity, attribute)
    if key not in ctx.cache:
        actor = ctx.actor
        ctx.cache[key] = frozenset(
            name
            for name, field in ctx.registry.fields(entity).items()
            if actor.is_admin or not (roles := getattr(field, attribute)) or set(roles) & set(actor.roles)
        )
    found: frozenset[str] = ctx.cache[key]
    return found


def check_readable(ctx: Ctx, entity: str, keys: Iterable[str]) -> None:
    """Refuse a field that is unknown or masked; both look the same from outside.

    Raises:
        FilterError: names the field and the nearest readable one.
    """
    known = readable(ctx, entity)
    for key in keys:
        if key not in known:
            raise unknown_name(key, known)
