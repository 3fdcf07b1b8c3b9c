"""Exports in the background: written with their owner's rights, kept for a while, repeated where wished."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from typing import IO, Any

from crm_core.api import (
    N_,
    Cond,
    CrmError,
    Ctx,
    JobDef,
    JobRun,
    ListQuery,
    and_,
    archive,
    files,
    gettext,
    jobs,
    mail,
    not_,
    records,
)
from crm_transfer import exporting, settings
from crm_transfer.models import EVERYTHING, EXPORT, FILE_BYTES
from crm_transfer.rules import asked_of

EXPORT_JOB, AGAIN_JOB, CLEAN_JOB = "transfer.export", "transfer.again", "transfer.clean"
PAUSE = 0.5
"""Seconds between two words about the progress."""
ASKED = ("source", "format", "filter", "words", "sort", "columns", "headings", "separator", "every", "name")
PERIODS = {"daily": dt.timedelta(days=1), "weekly": dt.timedelta(days=7)}
SLACK = dt.timedelta(hours=1)


def start(ctx: Ctx, record: Any) -> int:
    """Ask for the job of an export; return the job's id."""
    job_id = jobs.enqueue(ctx, EXPORT_JOB, {"export": record.id})
    record.job = job_id
    return job_id


def export(run: JobRun) -> dict[str, Any]:
    """Write an export's file; started again after a killed process it begins anew, and leaves nothing behind."""
    number = run.args["export"]
    try:
        name, rows, every = _written(run, number)
    except BaseException as error:
        _failed(run, number, error)
        raise
    if every:
        _notify(run, name, number)
    return {"rows": rows}


def _written(run: JobRun, number: int) -> tuple[str, int, bool]:
    """Write the file; return its name, its rows, and whether it is written again and again."""
    with run.operation(write=False) as ctx:
        row = records.read(ctx, EXPORT, number, ASKED)
        whole, folder = row.values["source"] == EVERYTHING, ctx.config.files
        wish = None if whole else exporting.wish_of(ctx, row.values["source"], asked_of(row.values))
        total = exporting.count(ctx, wish) if wish is not None else 0
        name = f"crm-{ctx.now:%Y-%m-%d}.zip" if wish is None else exporting.name_of(ctx, wish)
    _set(run, number, state="running", error=None)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as target:
        with run.operation(write=False) as ctx:
            if wish is not None:
                rows = exporting.write(ctx, wish, target, _teller(run, total))
            else:
                rows = sum(archive.write(ctx, target, _tables_teller(run)).tables.values())
        _keep(run, number, target, name, rows)
    return row.values["name"] or name, rows, bool(row.values["every"])


def _tables_teller(run: JobRun) -> archive.Told:
    def tell(done: int, total: int) -> None:
        run.progress(done, total, gettext(N_("%(done)s of %(total)s tables written"), done=done, total=total))
        run.check_cancelled()
        run.save()

    return tell


def _teller(run: JobRun, total: int) -> exporting.Told:
    told = 0.0

    def tell(rows: int) -> None:
        nonlocal told
        run.progress(rows, max(total, rows), gettext(N_("%(count)s rows written"), count=rows))
        run.check_cancelled()
        if time.monotonic() - told >= PAUSE:
            told = time.monotonic()
            run.save()

    return tell


def _keep(run: JobRun, number: int, target: IO[bytes], name: str, rows: int) -> None:
    target.seek(0)
    with run.operation(actor=run.deployment.system_actor("export")) as ctx:
        stored = files.store(ctx, target, name, max_bytes=FILE_BYTES)
        values = {"state": "done", "rows": rows, "file": stored.id, "ended_at": ctx.now, "error": None}
        records.update(ctx, EXPORT, number, values)


def _set(run: JobRun, number: int, **values: Any) -> None:
    with run.operation(actor=run.deployment.system_actor("export")) as ctx:
        records.update(ctx, EXPORT, number, values)


def _failed(run: JobRun, number: int, error: BaseException) -> None:
    """Write down why there is no file; a worker that shuts down leaves the export to the next one."""
    if isinstance(error, CrmError):
        state, text = "failed", error.text()
    elif isinstance(error, Exception):
        state, text = "failed", f"{type(error).__name__}: {error}"[:1000]
    elif isinstance(error, jobs.Cancelled):
        state, text = "cancelled", None
    else:
        return
    with run.operation(actor=run.deployment.system_actor("export")) as ctx:
        records.update(ctx, EXPORT, number, {"state": state, "error": text, "ended_at": ctx.now})


def _notify(run: JobRun, name: str, number: int) -> None:
    """Tell the owner by mail that a repeated export is there, where the deployment can."""
    with run.operation(write=False) as ctx:
        person = ctx.directory.user(run.user_id or 0)
        if person is None or not person.active or mail.missing(ctx.config):
            return
        subject = gettext(N_("Export ready: %(name)s"), name=name)
        url = f"{ctx.config.base_url.rstrip('/')}/exports/{number}"
        mail.post(ctx.database, ctx.config, person.email, subject, f"{subject}\n\n{url}\n", name=person.name)


# ---------------------------------------------------------------- again and again, and away


def again(run: JobRun) -> dict[str, Any]:
    """Start the exports that are due again."""
    with run.operation(actor=run.deployment.system_actor("export")) as ctx:
        repeated = not_(Cond("every", "is null"))
        query = ListQuery(fields=("owner", "every", "ended_at", "state"), filter=repeated, limit=500, count=False)
        due = [row for row in records.list_(ctx, EXPORT, query).items if _is_due(ctx, row.values)]
        for row in due:
            owner = ctx.as_actor(run.deployment.directory.actor(row.values["owner"], via="job"))
            job_id = jobs.enqueue(owner, EXPORT_JOB, {"export": row.id})
            records.update(ctx, EXPORT, row.id, {"state": "waiting", "job": job_id})
    return {"started": len(due)}


def _is_due(ctx: Ctx, values: Any) -> bool:
    person = ctx.directory.user(values["owner"] or 0)
    if person is None or not person.active or values["state"] in ("waiting", "running"):
        return False
    ended = values["ended_at"]
    return ended is None or ended + PERIODS[values["every"]] - SLACK <= ctx.now


def clean(run: JobRun) -> dict[str, Any]:
    """Remove exports that were kept long enough."""
    with run.operation(actor=run.deployment.system_actor("export")) as ctx:
        limit = ctx.now - dt.timedelta(days=ctx.directory.setting(settings.KEEP_DAYS))
        old = and_(Cond("every", "is null"), Cond("ended_at", "<", limit.isoformat()))
        found = records.list_(ctx, EXPORT, ListQuery(fields=("name",), filter=old, limit=500, count=False)).items
        for row in found:
            records.delete(ctx, EXPORT, row.id)
    return {"removed": len(found)}


JOBS = (
    JobDef(name=EXPORT_JOB, label=N_("Export"), handler=export),
    JobDef(name=AGAIN_JOB, label=N_("Repeated exports"), handler=again, cron="20 * * * *"),
    JobDef(name=CLEAN_JOB, label=N_("Removal of old exports"), handler=clean, cron="40 3 * * *"),
)
