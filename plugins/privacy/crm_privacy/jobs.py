"""Archives in the background, and away after some days."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from crm_core.api import N_, Cond, CrmError, Ctx, JobDef, JobRun, ListQuery, files, jobs, records
from crm_privacy import archiving, settings
from crm_privacy.models import ARCHIVE, FILE_BYTES

ARCHIVE_JOB, CLEAN_JOB = "privacy.archive", "privacy.clean"
PAUSE = 0.5


def start(ctx: Ctx, record: Any) -> None:
    """Ask for the job of an archive."""
    record.job = jobs.enqueue(ctx, ARCHIVE_JOB, {"archive": record.id})


def archive(run: JobRun) -> dict[str, Any]:
    """Write an archive; started again after a killed process it begins anew."""
    number = run.args["archive"]
    system = run.deployment.system_actor("archive")
    with run.operation(write=False, actor=system) as ctx:
        entity, _, record_id = records.read(ctx, ARCHIVE, number, ("record",)).values["record"].partition(":")
        folder = ctx.config.files
    _set(run, number, {"state": "running", "error": None})
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryFile(dir=folder) as target:
            with run.operation(write=False, actor=system) as ctx:
                slug = ctx.registry.entity(entity).slug
                count = archiving.write(ctx, entity, int(record_id), target, _teller(run))
            target.seek(0)
            with run.operation(actor=system) as ctx:
                stored = files.store(ctx, target, f"{slug}-{record_id}.zip", max_bytes=FILE_BYTES)
                done = {"state": "done", "file": stored.id, "records": count, "ended_at": ctx.now}
                records.update(ctx, ARCHIVE, number, done)
    except Exception as error:
        text = error.text() if isinstance(error, CrmError) else type(error).__name__
        _set(run, number, {"state": "failed", "error": text})
        raise
    except jobs.Cancelled:
        _set(run, number, {"state": "cancelled"})
        raise
    return {"records": count}


def _teller(run: JobRun) -> archiving.Told:
    told = 0.0

    def tell(count: int) -> None:
        nonlocal told
        run.progress(count)
        run.check_cancelled()
        if time.monotonic() - told >= PAUSE:
            told = time.monotonic()
            run.save()

    return tell


def _set(run: JobRun, number: int, values: Mapping[str, Any]) -> None:
    with run.operation(actor=run.deployment.system_actor("archive")) as ctx:
        records.update(ctx, ARCHIVE, number, values)


def clean(run: JobRun) -> dict[str, int]:
    """Remove archives that were kept long enough, with their bytes."""
    with run.operation(actor=run.deployment.system_actor("archive")) as ctx:
        limit = ctx.now - dt.timedelta(days=ctx.directory.setting(settings.KEEP_DAYS))
        old = Cond("created_at", "<", limit.isoformat())
        found = records.list_(ctx, ARCHIVE, ListQuery(fields=("name",), filter=old, limit=500, count=False)).items
        for row in found:
            files.let_go(ctx, ARCHIVE, row.id)
            records.delete(ctx, ARCHIVE, row.id)
    return {"removed": len(found)}


JOBS = (
    JobDef(name=ARCHIVE_JOB, label=N_("Archive of a person"), handler=archive),
    JobDef(name=CLEAN_JOB, label=N_("Removal of old archives of persons"), handler=clean, cron="50 3 * * *"),
)
