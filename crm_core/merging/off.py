"""Values of modules that are off: kept beside the known ones, they follow a merge without being understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.columns import storage_key
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.fieldtypes import Link
from crm_core.merging.follow import Moved

if TYPE_CHECKING:
    from crm_core.context import Ctx

_SILENT: Mapping[str, Any] = {**KERNEL, "synchronize_session": False}


def points_away(ctx: Ctx, field: FieldDef) -> bool:
    """Tell whether a field links to records of a module that is off: its values can't be looked at now."""
    if isinstance(field.type, Link) and field.type.target != "core.user":
        return field.type.target not in ctx.registry.entities
    return False


def move(ctx: Ctx, definition: EntityDef, survivor: Any, others: Sequence[Any], moved: Moved) -> dict[str, Any]:
    """Give the survivor what the others have of fields nobody knows now; return what its JSON is to hold beside.

    The survivor's own value goes first, then the others' in order. Several values are united.
    """
    fields = [f for f in ctx.registry.fields(definition.key).values() if not points_away(ctx, f)]
    known = {storage_key(f) for f in fields if f.storage == "custom"}
    found: dict[str, Any] = {}
    for other in others:
        document = other.custom or {}
        own = {k: v for k, v in document.items() if k not in known and k not in (survivor.custom or {})}
        if new := {k: v for k, v in own.items() if k not in found}:
            found |= new
            moved.add(other.id, {"custom": new})
    _links(ctx, definition, survivor.id, [other.id for other in others], moved)
    return found


def _links(ctx: Ctx, definition: EntityDef, survivor: int, others: Sequence[int], moved: Moved) -> None:
    table: Any = definition.model.__links__
    fields = ctx.registry.fields(definition.key).values()
    known = [f.key for f in fields if f.type.multiple and not points_away(ctx, f)]
    query = sa.select(table.c.record_id, table.c.field, table.c.target_id, table.c.position).where(
        table.c.record_id.in_((survivor, *others)), table.c.field.not_in(known)
    )
    rows = [tuple(row) for row in ctx.session.execute(query, execution_options=KERNEL)]
    taken = {row[1:3] for row in rows if row[0] == survivor}
    for other in others:
        mine = [row[1:] for row in rows if row[0] == other]
        new = [row for row in mine if row[:2] not in taken]
        taken |= {row[:2] for row in new}
        if mine:
            moved.add(other, {"rows_of_off": [list(r) for r in mine], "added": [list(r) for r in new]})
        if new:
            values = [{"record_id": survivor, "field": f, "target_id": t, "position": p} for f, t, p in new]
            ctx.session.execute(sa.insert(table), values, execution_options=KERNEL)


def back(ctx: Ctx, definition: EntityDef, survivor: int, other: int, entry: Mapping[str, Any]) -> None:
    """Take from the survivor what was another's, and give it back; values that were changed since stay."""
    if custom := entry.get("custom"):
        model = definition.model
        record = ctx.session.scalar(sa.select(model).where(model.id == survivor), execution_options=KERNEL)
        if record is not None:
            document = record.custom or {}
            record.custom = {k: v for k, v in document.items() if k not in custom or custom[k] != v}
            ctx.session.flush()
    table: Any = definition.model.__links__
    for field, target, _ in entry.get("added", ()):
        own = (table.c.record_id == survivor, table.c.field == field, table.c.target_id == target)
        ctx.session.execute(sa.delete(table).where(*own), execution_options=_SILENT)
    rows = [{"record_id": other, "field": f, "target_id": t, "position": p}
            for f, t, p in entry.get("rows_of_off", ())]  # fmt: skip
    if rows:
        ctx.session.execute(sa.insert(table), rows, execution_options=KERNEL)
