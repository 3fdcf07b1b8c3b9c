"""Which fields an actor may read and edit; filters, sorting, exports and history obey."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crm_core.access.modules import open_to
from crm_core.fieldtypes import Link

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import FieldDef

_READ, _EDIT = 0, 1


def readable(ctx: Ctx, entity: str) -> frozenset[str]:
    """Return the keys of the fields the actor may read."""
    return _mask(ctx, entity, _READ)


def editable(ctx: Ctx, entity: str) -> frozenset[str]:
    """Return the keys of the fields the actor may set."""
    writable = {k for k, f in ctx.registry.fields(entity).items() if not f.readonly and not _points_away(ctx, f)}
    return (_mask(ctx, entity, _EDIT) & _mask(ctx, entity, _READ)) & writable


def roles_of(ctx: Ctx, field: FieldDef) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the roles that may read a field, and those that may edit it; none: every role.

    What an administrator decided goes before what the field's plugin says.
    """
    return ctx.directory.masks.get((field.entity, field.key)) or (field.read_roles, field.edit_roles)


def _points_away(ctx: Ctx, field: FieldDef) -> bool:
    """Tell whether a field links to records of a plugin that is off; what it says is kept until that is back."""
    if not isinstance(field.type, Link) or field.type.target == "core.user":
        return False
    return field.type.target not in ctx.registry.entities


def _mask(ctx: Ctx, entity: str, part: int) -> frozenset[str]:
    key = ("mask", entity, part)
    if key not in ctx.cache:
        actor, fields = ctx.actor, ctx.registry.fields(entity)
        ctx.cache[key] = frozenset(
            name
            for name, field in fields.items()
            if actor.is_admin
            or (
                (not (roles := roles_of(ctx, field)[part]) or set(roles) & set(actor.roles))
                and open_to(ctx.directory, actor, field.plugin)
            )
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
            raise ctx.registry.unknown(entity, key, known)
