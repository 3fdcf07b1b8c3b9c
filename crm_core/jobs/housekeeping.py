"""The kernel's own periodic jobs: what nobody needs any more is removed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from crm_core import files
from crm_core.contributions import JobDef
from crm_core.db import KERNEL
from crm_core.i18n import N_
from crm_core.import_work import ENTITY
from crm_core.jobs.outbox import FINISHED
from crm_core.jobs.run import JobRun
from crm_core.models import IdempotencyKey, Import, ImportProblem, Incident, Job

KEEP_JOBS = dt.timedelta(days=40)
KEEP_IMPORTS = dt.timedelta(days=90)
KEEP_INCIDENTS = dt.timedelta(days=180)
KEEP_ANSWERS = dt.timedelta(days=2)


def clean(run: JobRun) -> dict[str, Any]:
    """Remove files nothing refers to, old jobs, the files and problems of old imports, and ended sign-ins."""
    from crm_core.accounts import signin

    with run.operation() as ctx:
        signin.purge(ctx)
        gone = {
            "jobs": sa.delete(Job).where(Job.state.in_(FINISHED), Job.finished_at < ctx.now - KEEP_JOBS),
            "incidents": sa.delete(Incident).where(Incident.at < ctx.now - KEEP_INCIDENTS),
            "answers": sa.delete(IdempotencyKey).where(IdempotencyKey.at < ctx.now - KEEP_ANSWERS),
        }
        found: dict[str, Any] = {
            name: ctx.session.execute(statement, execution_options=KERNEL).rowcount  # type: ignore[attr-defined]
            for name, statement in gone.items()
        }
        old = sa.select(Import.id).where(Import.created_at < ctx.now - KEEP_IMPORTS)
        ctx.session.execute(sa.delete(ImportProblem).where(ImportProblem.import_id.in_(old)), execution_options=KERNEL)
        for import_id in ctx.session.scalars(old, execution_options=KERNEL).all():
            files.detach_all(ctx, ENTITY, import_id)
    run.check_cancelled()
    with run.operation() as ctx:
        rows, blobs = files.remove_orphans(ctx)
    return {**found, "files": rows, "blobs": blobs}


JOBS = (JobDef(name="core.clean", label=N_("Clean up"), handler=clean, cron="17 3 * * *"),)
