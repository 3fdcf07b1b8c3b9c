"""What happens at night: documents of records that are gone go into the trash, and the trash is emptied."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from crm_core.api import N_, Cond, Ctx, JobDef, JobRun, ListQuery, Page, and_, records
from crm_documents.operations import purge
from crm_documents.rules import DOCUMENT, facts, with_trash
from crm_documents.settings import KEEP_DAYS

_PART = 200


def trashed(ctx: Ctx, limit: int = 50, after: str | None = None) -> Page:
    """Return a page of the documents in the trash that the actor may see, the newest first."""
    fields = ("name", "record", "size", "trashed_at", "updated_by", "kind")
    there = Cond("trashed_at", "is not null")
    newest = ListQuery(
        fields=fields, filter=there, sort=(("trashed_at", True),), limit=limit, after=after, editable=True
    )
    return records.list_(with_trash(ctx), DOCUMENT, newest)


def clear(run: JobRun) -> dict[str, int]:
    """Do both, a part in each transaction."""
    done = {"orphans": 0, "removed": 0}
    while True:
        run.check_cancelled()
        with run.operation() as ctx:
            found = _orphans(ctx)
            for number in found:
                inside = with_trash(ctx)
                with facts(inside, {"trashed_at": ctx.now}):
                    records.update(inside, DOCUMENT, number, {})
        done["orphans"] += len(found)
        if not found:
            break
    while True:
        run.check_cancelled()
        with run.operation() as ctx:
            old = _old(ctx)
            for number in old:
                purge(ctx, number)
            done["removed"] += len(old)
            run.progress(done["removed"])
        if not old:
            return done


def _old(ctx: Ctx) -> list[int]:
    limit = ctx.now - dt.timedelta(days=int(ctx.directory.setting(KEEP_DAYS)))
    old = and_(Cond("trashed_at", "is not null"), Cond("trashed_at", "<=", limit.isoformat()))
    query = ListQuery(fields=("name",), filter=old, sort=(("id", False),), limit=20, count=False)
    return [row.id for row in records.list_(with_trash(ctx), DOCUMENT, query).items]


def _orphans(ctx: Ctx) -> Sequence[int]:
    """Return documents whose record is gone; those of kinds whose module is off are left alone."""
    model: Any = ctx.registry.entity(DOCUMENT).model
    for entity in ctx.registry.entities.values():
        start = f"{entity.key}:"
        number = sa.cast(sa.func.substr(model.record, len(start) + 1), model.id.type)
        there = sa.select(entity.model.id).where(entity.model.id == sa.case((model.record.startswith(start), number)))
        query = sa.select(model.id).where(
            model.record.startswith(start), model.trashed_at.is_(None), ~there.correlate(model).exists()
        )
        if found := ctx.session.scalars(query.order_by(model.id).limit(_PART)).all():
            return found
    return ()


JOB = JobDef(name="documents.clear", label=N_("Empty the trash of documents"), handler=clear, cron="40 2 * * *")
