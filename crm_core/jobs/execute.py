"""One start of one job: taken, run, and its end written down, whatever happens."""

from __future__ import annotations

import datetime as dt
import logging
import random
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.db import utcnow
from crm_core.errors import CrmError, Unavailable
from crm_core.i18n import N_, gettext, use_language
from crm_core.jobs.run import Cancelled, Interrupted, JobRun, Lost
from crm_core.models import Job

if TYPE_CHECKING:
    from crm_core.deployment import Deployment

log = logging.getLogger("crm.jobs")

MAX_FAILURES = 3
MAX_BUSY = 10
"""Failures because the database or a service did not answer are worth more tries."""
MAX_CRASHES = 5
_ABSENT = dt.timedelta(seconds=60)


def execute(deployment: Deployment, executor: str, job_id: int, stopping: threading.Event) -> None:
    """Run one job from its start, or from what it saved, to its end or to the next try."""
    deployment.refresh()
    run = _take(deployment, executor, job_id, stopping)
    if run is None:
        return
    try:
        language = run.actor().locale.language
        with use_language(language):
            result = deployment.registry.jobs[run.name].handler(run)
        _end(run, "done", result=dict(result) if isinstance(result, Mapping) else None)
    except Cancelled:
        _end(run, "cancelled")
    except Interrupted:
        _end(run, "waiting", run_at=utcnow())
    except Lost:
        log.warning("job %s was taken over by another worker", job_id)
    except Exception as exc:  # noqa: BLE001 - whatever a plugin raises is the job's failure, not the worker's
        _fail(run, exc)


def _take(deployment: Deployment, executor: str, job_id: int, stopping: threading.Event) -> JobRun | None:
    """Make the job this executor's; ``None`` when there is nothing to run."""
    with deployment.database.transaction() as session:
        job = session.scalar(sa.select(Job).where(Job.id == job_id).with_for_update())
        if job is None or job.state not in ("waiting", "queued", "running"):
            return None
        now = utcnow()
        job.attempts += 1
        job.crashes += job.state == "running"
        if job.cancel_requested:
            job.state, job.finished_at = "cancelled", now
        elif job.crashes >= MAX_CRASHES:
            job.state, job.finished_at = "failed", now
            job.error = gettext(N_("The process died %(n)s times while it ran this job"), n=job.crashes)
        elif job.name not in deployment.registry.jobs:
            job.state, job.run_at = "waiting", now + _ABSENT
        else:
            job.state, job.executor, job.started_at = "running", executor, job.started_at or now
            session.flush()
            return JobRun(deployment, job, stopping)
    return None


def _end(run: JobRun, state: str, **values: Any) -> None:
    finished = None if state == "waiting" else utcnow()
    with run.deployment.database.transaction() as session:
        if not run.finish(session, state=state, finished_at=finished, **values):
            log.warning("job %s ended (%s), but another worker has it", run.job_id, state)


def _fail(run: JobRun, exc: Exception) -> None:
    """Plan the next try, or write down that the job has failed."""
    definition = run.deployment.registry.jobs.get(run.name)
    plugin = getattr(exc, "plugin", None) or (definition.plugin if definition else "")
    log.error("job %s (%s of %s) failed", run.job_id, run.name, plugin, exc_info=exc)
    with run.deployment.database.transaction() as session:
        failures = (session.scalar(sa.select(Job.failures).where(Job.id == run.job_id)) or 0) + 1
        values: dict[str, Any] = {"failures": failures, "error": describe(exc), "plugin": plugin}
        if failures < _tries(exc):
            delay = min(3600.0, 10.0 * 4 ** (failures - 1)) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load only
            values |= {"state": "waiting", "run_at": utcnow() + dt.timedelta(seconds=delay)}
        else:
            values |= {"state": "failed", "finished_at": utcnow()}
        run.finish(session, **values)
    if not isinstance(exc, CrmError):
        run.deployment.registry.hooks.incident(plugin, f"job {run.name}", exc)


def _tries(exc: Exception) -> int:
    """Return how often this kind of failure is tried; what a rule refuses is refused again."""
    if isinstance(exc, Unavailable):
        return MAX_BUSY
    return 1 if isinstance(exc, CrmError) and exc.status < 500 else MAX_FAILURES


def describe(exc: Exception) -> str:
    """Return the text of a failure: in the user's words for errors made on purpose, else type and message."""
    text = str(exc) if isinstance(exc, CrmError) else f"{type(exc).__name__}: {exc}"
    return text[:4000]
