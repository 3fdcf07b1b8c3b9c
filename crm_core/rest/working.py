"""Routes of background jobs."""

from __future__ import annotations

from typing import Any

from crm_core import jobs
from crm_core.models import Job
from crm_core.rest.routing import BEFORE, LIMIT, Answer, Call, Param, Route, items_of, shape

_TEXT: dict[str, Any] = {"type": "string"}
_WHEN: dict[str, Any] = {"type": ["string", "null"], "format": "date-time"}
_COUNT: dict[str, Any] = {"type": ["integer", "null"]}
_EVERYONE = Param(
    "everyone", "1 lists the jobs of all people, for administrators.", {"type": "string", "enum": ["0", "1"]}
)
_JOB = shape(
    "id name state message total done result error created_at started_at finished_at",
    id={"type": "integer"}, name=_TEXT, state={"type": "string", "enum": [*jobs.STATES]}, message=_TEXT,
    total=_COUNT, done={"type": "integer"}, result={}, error=_TEXT, created_at=_WHEN, started_at=_WHEN,
    finished_at=_WHEN,
)  # fmt: skip


def job_document(job: Job, *, details: bool) -> dict[str, Any]:
    """Return a job as JSON shows it; ``details`` tells why it failed, which is for administrators."""
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state,
        "message": job.message,
        "total": job.total,
        "done": job.done,
        "result": job.result,
        "error": job.error if details else (job.error.strip().splitlines() or [""])[-1],
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }


def _answer(call: Call, job: Job, status: int = 200) -> Answer:
    return Answer(job_document(job, details=call.ctx.actor.is_admin), status)


def list_(call: Call) -> Answer:
    """Answer one's own jobs, the newest first."""
    limit = call.whole("limit") or 50
    found = jobs.listing(call.ctx, everyone=call.flag("everyone", False), before=call.whole("before"), limit=limit)
    items = [job_document(job, details=call.ctx.actor.is_admin) for job in found]
    return Answer({"items": items, "next": found[-1].id if len(found) == limit else None})


def get(call: Call) -> Answer:
    """Answer how far a job is."""
    return _answer(call, jobs.find(call.ctx, call.id))


def cancel(call: Call) -> Answer:
    """Cancel a job: at once while it waits, at its next step while it runs."""
    return _answer(call, jobs.cancel(call.ctx, call.id))


def retry(call: Call) -> Answer:
    """Start a failed or cancelled job again."""
    return _answer(call, jobs.retry(call.ctx, call.id))


ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/jobs", handler=list_, summary="List jobs", tag="jobs",
          parameters=(LIMIT, BEFORE, _EVERYONE), answers={200: items_of(_JOB, next={"type": ["integer", "null"]})}),
    Route(method="GET", path="/jobs/{id}", handler=get, summary="Progress of a job", tag="jobs", answers={200: _JOB}),
    Route(method="POST", path="/jobs/{id}/cancel", handler=cancel, summary="Cancel a job", tag="jobs", scope="write",
          answers={200: _JOB}),
    Route(method="POST", path="/jobs/{id}/retry", handler=retry, summary="Start a failed job again", tag="jobs",
          scope="write", answers={200: _JOB}),
)  # fmt: skip
