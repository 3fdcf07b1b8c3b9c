"""What is swept away every night: ended sessions, old links, kept answers, files nobody took, old notes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import files, import_work, jobs, list_merging, tag_merging
from crm_core.accounts import signin
from crm_core.db import KERNEL
from crm_core.models import IdempotencyKey, Import, ImportProblem, Incident, Job
from crm_core.rest import idempotency

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.jobs import JobRun

KEEP_INCIDENTS = dt.timedelta(days=90)
KEEP_JOBS = dt.timedelta(days=30)
KEEP_IMPORTS = dt.timedelta(days=90)


def sweep(run: JobRun) -> dict[str, Any]:
    """Delete what has served its time; each step is a transaction of its own."""
    done: dict[str, Any] = {}
    for number, step in enumerate(_STEPS):
        run.check_cancelled()
        with run.operation() as ctx:
            done |= step(ctx)
        run.progress(number + 1, len(_STEPS))
    return done


def _sessions(ctx: Ctx) -> dict[str, Any]:
    signin.purge(ctx)
    return {}


def _answers(ctx: Ctx) -> dict[str, Any]:
    return {"answers": _delete(ctx, sa.delete(IdempotencyKey).where(IdempotencyKey.at < ctx.now - idempotency.KEPT))}


def _incidents(ctx: Ctx) -> dict[str, Any]:
    return {"incidents": _delete(ctx, sa.delete(Incident).where(Incident.at < ctx.now - KEEP_INCIDENTS))}


def _jobs(ctx: Ctx) -> dict[str, Any]:
    """Delete finished periodic jobs; what a person started stays with its result."""
    old = sa.and_(
        Job.state.in_(jobs.FINISHED),
        Job.user_id.is_(None),
        Job.unique_key.is_not(None),
        Job.finished_at < ctx.now - KEEP_JOBS,
    )
    return {"jobs": _delete(ctx, sa.delete(Job).where(old))}


def _imports(ctx: Ctx) -> dict[str, Any]:
    """Let go of the files and the problems of old imports; their counts stay."""
    old = sa.select(Import.id).where(Import.created_at < ctx.now - KEEP_IMPORTS)
    for import_id in ctx.session.scalars(old, execution_options=KERNEL).all():
        files.let_go(ctx, import_work.ENTITY, import_id)
    return {"import problems": _delete(ctx, sa.delete(ImportProblem).where(ImportProblem.import_id.in_(old)))}


def _orphans(ctx: Ctx) -> dict[str, Any]:
    rows, blobs = files.remove_orphans(ctx)
    return {"files": rows, "contents": blobs}


def _merges(ctx: Ctx) -> dict[str, Any]:
    """Give what still holds merged entries or tags what they became: a module may have been off meanwhile."""
    return {"merged entries": list_merging.catch_up(ctx), "tags gone": tag_merging.catch_up(ctx)}


def _delete(ctx: Ctx, statement: sa.Delete) -> int:
    options = {**KERNEL, "synchronize_session": False}
    return int(ctx.session.execute(statement, execution_options=options).rowcount)  # type: ignore[attr-defined]


_STEPS = (_sessions, _answers, _incidents, _jobs, _imports, _orphans, _merges)
