"""Merged records that are back get what had followed the merge, and old ids lead to where their records are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access import predicate
from crm_core.db import KERNEL
from crm_core.i18n import N_, gettext
from crm_core.merging import beside, follow, off
from crm_core.merging.follow import Moved
from crm_core.models import Merged
from crm_core.records.reading import MAX_ID, existing

if TYPE_CHECKING:
    from crm_core.context import Ctx

_SILENT: Mapping[str, Any] = {**KERNEL, "synchronize_session": False}
_PAGE = 200


def survivor_of(ctx: Ctx, entity: str, record_id: int) -> int | None:
    """Return the record that one became, where the actor sees it; ``None`` for one that was never merged."""
    definition = ctx.registry.entity(entity)
    if not 0 < record_id <= MAX_ID:
        return None
    model = definition.model
    query = (
        sa.select(Merged.survivor_id)
        .join(model, model.id == Merged.survivor_id)
        .where(
            Merged.entity == definition.key, Merged.record_id == record_id,
            predicate(ctx, definition, "read", model),
            ~sa.select(sa.literal(1)).where(model.__table__.alias("own").c.id == record_id).exists(),
        )
    )  # fmt: skip
    return ctx.session.scalar(query, execution_options=KERNEL)


def back(ctx: Ctx, batch_id: int) -> Counter[str]:
    """Give the records of a merge that are there again what had followed it; return what stays, counted by reason."""
    left: Counter[str] = Counter()
    last = ("", 0)
    while True:
        query = sa.select(Merged).where(
            Merged.batch_id == batch_id, sa.tuple_(Merged.entity, Merged.record_id) > sa.tuple_(*last)
        )
        query = query.order_by(Merged.entity, Merged.record_id).limit(_PAGE)
        rows = ctx.session.scalars(query, execution_options=KERNEL).all()
        if not rows:
            return left
        for row in rows:
            _one_back(ctx, row, left)
        last = (rows[-1].entity, rows[-1].record_id)


def _one_back(ctx: Ctx, row: Merged, left: Counter[str]) -> None:
    definition = ctx.registry.entities.get(row.entity)
    if definition is None or not existing(ctx, definition, [row.record_id]):
        return
    for entry in row.moved:
        if "place" in entry or "foreign" in entry:
            if stays := follow.back(ctx, row.entity, row.survivor_id, row.record_id, entry):
                left[gettext(N_("Links that were changed since stay as they are"))] += stays
        else:
            beside.back(ctx, row.entity, row.survivor_id, row.record_id, entry)
            off.back(ctx, definition, row.survivor_id, row.record_id, entry)
    own = sa.delete(Merged).where(Merged.entity == row.entity, Merged.record_id == row.record_id)
    ctx.session.execute(own, execution_options=_SILENT)


def catch_up(ctx: Ctx, batch_id: int) -> int:
    """Point links that were saved while their record was merged to the survivor; return how many there were."""
    query = sa.select(Merged).where(Merged.batch_id == batch_id).order_by(Merged.entity, Merged.survivor_id)
    found = 0
    for row in ctx.session.scalars(query, execution_options=KERNEL).all():
        definition = ctx.registry.entities.get(row.entity)
        if definition is None or existing(ctx, definition, [row.record_id]):
            continue
        moved = Moved()
        follow.links(ctx, definition, row.survivor_id, [row.record_id], moved, lambda *_: None)
        if moved.links:
            row.moved = [*row.moved, *moved.entries[row.record_id]]
            found += moved.links
    ctx.session.flush()
    return found
