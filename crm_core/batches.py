"""Batches: changes of many records made as one, found again as one. Undoing them is the affair of ``undo``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.db import KERNEL
from crm_core.errors import NotFound
from crm_core.i18n import N_
from crm_core.models import Batch, Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm_core.context import Ctx

BULK, IMPORT, UNDO, MERGE, RECORDS = "bulk", "import", "undo", "merge", "record_merge"
TAGS_MERGED, TAG_DELETED = "tag_merge", "tag_delete"
KINDS: Mapping[str, str] = {
    BULK: N_("Many records at once"), IMPORT: N_("Import"), UNDO: N_("Undoing"), MERGE: N_("Entries merged"),
    TAGS_MERGED: N_("Tags merged"), TAG_DELETED: N_("Tag deleted"), RECORDS: N_("Records merged"),
}  # fmt: skip
_EVEN_EMPTY = (UNDO, MERGE, TAGS_MERGED, TAG_DELETED)
"""What can be undone though no record changed."""


def begin(ctx: Ctx, kind: str, entity: str, label: str = "", **more: Any) -> Ctx:
    """Return the operation as part of a new batch; inside a batch it stays part of that."""
    if ctx.batch_id is not None:
        return ctx
    values = {
        "kind": kind, "entity": entity, "label": label[:200], "actor_id": ctx.actor.id, "actor": ctx.actor.name[:120],
        "at": ctx.now, **more,
    }  # fmt: skip
    statement = sa.insert(Batch).values(values).returning(Batch.id)
    return replace(ctx, batch_id=ctx.session.scalar(statement, execution_options=KERNEL))


def close(ctx: Ctx) -> int | None:
    """End a batch that was written in one operation; return its id, ``None`` when it changed nothing."""
    counted = sa.select(sa.func.count()).where(Change.batch_id == ctx.batch_id)
    size = ctx.session.scalar(counted, execution_options=KERNEL) or 0
    if size:
        update(ctx, ctx.batch_id, {"size": size})
        return ctx.batch_id
    gone = sa.delete(Batch).where(Batch.id == ctx.batch_id)
    ctx.session.execute(gone, execution_options={**KERNEL, "synchronize_session": False})
    return None


def update(ctx: Ctx, batch_id: int | None, values: Mapping[str, Any], *where: Any) -> bool:
    """Set columns of a batch; tell whether the conditions held."""
    statement = sa.update(Batch).where(Batch.id == batch_id, *where).values(**values)
    done = ctx.session.execute(statement, execution_options={**KERNEL, "synchronize_session": False})
    return bool(done.rowcount)  # type: ignore[attr-defined]


def of_source(ctx: Ctx, kind: str, source_id: int) -> Batch | None:
    """Return the batch that came from something: an import's."""
    statement = sa.select(Batch).where(Batch.kind == kind, Batch.source_id == source_id)
    return ctx.session.scalar(statement, execution_options={**KERNEL, "populate_existing": True})


def find(ctx: Ctx, batch_id: int) -> Batch:
    """Return a batch of the actor; administrators see every one.

    Raises:
        NotFound: there is none, or it is another person's.
    """
    statement = sa.select(Batch).where(Batch.id == batch_id)
    found = ctx.session.scalar(statement, execution_options={**KERNEL, "populate_existing": True})
    if found is None or not (ctx.actor.is_admin or (ctx.actor.id is not None and found.actor_id == ctx.actor.id)):
        raise NotFound(N_("There is no such batch of changes"))
    return found


def recent(ctx: Ctx, *, everyone: bool = False, before: int | None = None, limit: int = 50) -> list[Batch]:
    """Return the actor's batches, newest first; an administrator may ask for everyone's."""
    statement = sa.select(Batch).where(sa.or_(Batch.size > 0, Batch.kind.in_(_EVEN_EMPTY))).order_by(Batch.id.desc())
    statement = statement.limit(limit)
    if not (everyone and ctx.actor.is_admin):
        statement = statement.where(Batch.actor_id == ctx.actor.id)
    if before is not None:
        statement = statement.where(Batch.id < before)
    return list(ctx.session.scalars(statement, execution_options={**KERNEL, "populate_existing": True}))


def undoings(ctx: Ctx, ids: list[int]) -> dict[int, Batch]:
    """Return the last undoing of each batch that has one."""
    statement = sa.select(Batch).where(Batch.undoes_id.in_(ids)).order_by(Batch.id)
    return {b.undoes_id: b for b in ctx.session.scalars(statement, execution_options=KERNEL) if b.undoes_id}
