"""A person whose record was deleted before: what the history still holds of it can be erased, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import history
from crm_core.access import require
from crm_core.db import KERNEL
from crm_core.errors import Forbidden, NotFound, ValueProblem
from crm_core.i18n import N_
from crm_core.models import Change
from crm_core.records.reading import find

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import EntityDef


def is_gone(record: Any) -> bool:
    """Tell whether a record is one that :func:`find_any` made of the history."""
    return bool(sa.inspect(record).transient)


def find_any(ctx: Ctx, definition: EntityDef, record_id: int, *, lock: bool = False) -> Any:
    """Return a record that the actor may delete, or for one that is deleted an instance of what it was.

    Raises:
        NotFound: it is not there for the actor, and nothing is kept of it.
        Forbidden: the actor may not delete it, or didn't and is no administrator.
    """
    try:
        return find(ctx, definition, record_id, "delete", lock=lock)
    except NotFound:
        line = _deletion(ctx, definition, record_id)
        if line is None:
            raise
    require(ctx, definition.key, "delete")
    if not ctx.actor.system and not history.may_undo(ctx, line.actor_id):
        raise Forbidden(N_("Only an administrator, or who deleted the record, may erase what is left of it"))
    return _former(ctx, definition, line)


def _deletion(ctx: Ctx, definition: EntityDef, record_id: int) -> Change | None:
    """Return the line of history of a record that is gone, unless its values are erased already."""
    model: Any = definition.model
    if ctx.session.scalar(sa.select(model.id).where(model.id == record_id), execution_options=KERNEL) is not None:
        return None
    query = sa.select(Change).where(Change.entity == definition.key, Change.record_id == record_id)
    rows = ctx.session.scalars(query.order_by(Change.id.desc()), execution_options=KERNEL)
    found = next((row for row in rows if history.effect_of(row) == "delete"), None)
    return None if found is None or history.is_erased(found) else found


def _former(ctx: Ctx, definition: EntityDef, line: Change) -> Any:
    """Return an instance with the values a record had in columns of its own; the session knows nothing of it."""
    record: Any = definition.model()
    record.id = line.record_id
    fields = ctx.registry.fields(definition.key)
    stored = {key: pair[0] for key, pair in (line.diff or {}).items()} | (line.kept or {}).get("values", {})
    for key, raw in stored.items():
        if key in fields and fields[key].storage == "column" and raw is not None:
            try:
                setattr(record, fields[key].attr, fields[key].type.parse(raw, ctx))
            except ValueProblem:  # of a list's entry that is gone, such things: it has no such value any more
                continue
    return record
