"""What happens at night: documents that nobody takes back any more go, with their bytes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from crm_core.api import N_, Cond, Ctx, JobDef, JobRun, ListQuery, Page, and_, history, records
from crm_documents.operations import remove
from crm_documents.rules import DOCUMENT, with_trash
from crm_documents.settings import KEEP_DAYS

_PART = 20


def trashed(ctx: Ctx, limit: int = 50, after: str | None = None) -> Page:
    """Return a page of the documents in the trash that the actor may see, the newest first."""
    fields = ("name", "record", "size", "trashed_at", "updated_by", "kind")
    there = Cond("trashed_at", "is not null")
    newest = ListQuery(
        fields=fields, filter=there, sort=(("trashed_at", True),), limit=limit, after=after, editable=True
    )
    return records.list_(with_trash(ctx), DOCUMENT, newest)


def clear(run: JobRun) -> dict[str, int]:
    """Do all of it, a part in each transaction."""
    with run.operation() as ctx:
        _note_orphans(ctx)
    done = {"removed": 0}
    while True:
        run.check_cancelled()
        with run.operation() as ctx:
            gone = _old(ctx)
            for number in gone:
                remove(with_trash(ctx), number)
            done["removed"] += len(gone)
            run.progress(done["removed"])
        if not gone:
            return done


def _old(ctx: Ctx) -> list[int]:
    """Return some documents whose time is over: in the trash, or of a record that can't come back any more."""
    limit = ctx.now - dt.timedelta(days=int(ctx.directory.setting(KEEP_DAYS)))
    old = and_(Cond("trashed_at", "is not null"), Cond("trashed_at", "<=", limit.isoformat()))
    query = ListQuery(fields=("name",), filter=old, sort=(("id", False),), limit=_PART, count=False)
    found = [row.id for row in records.list_(with_trash(ctx), DOCUMENT, query).items]
    if not found and (since := history.undoable_since(ctx)) is not None:
        model: Any = ctx.registry.entity(DOCUMENT).model
        lost = sa.select(model.id).where(model.orphaned_at <= min(limit, since))
        found = list(ctx.session.scalars(lost.order_by(model.id).limit(_PART)))
    return found


def _note_orphans(ctx: Ctx) -> None:
    """Note since when the record of a document is gone, or that it is back; two statements a kind of record.

    Nothing else is changed: whoever undoes a record's deletion has its documents again at once. Documents of kinds
    whose module is off are left alone.
    """
    model: Any = ctx.registry.entity(DOCUMENT).model
    noted: list[tuple[tuple[Any, ...], dt.datetime | None]] = []
    for entity in ctx.registry.entities.values():
        start = f"{entity.key}:"
        number = sa.cast(sa.func.substr(model.record, len(start) + 1), model.id.type)
        own = model.record.startswith(start)
        its = sa.select(entity.model.id).where(entity.model.id == sa.case((own, number))).correlate(model)
        noted.append(((own, model.orphaned_at.is_(None), ~its.exists()), ctx.now))
        noted.append(((own, model.orphaned_at.is_not(None), its.exists()), None))
    wanted = [(where, at) for where, at in noted if ctx.session.scalar(sa.select(model.id).where(*where).limit(1))]
    if not wanted:
        return
    with history.as_system(ctx, reason="documents whose record is gone, or back") as inside:
        for where, at in wanted:
            change = sa.update(model).where(*where).values(orphaned_at=at, updated_at=model.updated_at)
            inside.session.execute(change, execution_options={"synchronize_session": False})


JOB = JobDef(name="documents.clear", label=N_("Empty the trash of documents"), handler=clear, cron="40 2 * * *")
