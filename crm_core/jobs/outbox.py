"""The jobs as rows: written in the caller's transaction, listed, cancelled and started again."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite

from crm_core.contributions import JobDef
from crm_core.db import KERNEL, CrmSession
from crm_core.errors import Conflict, CrmError, NotFound
from crm_core.i18n import N_
from crm_core.models import Job

if TYPE_CHECKING:
    from crm_core.context import Ctx

STATES: Mapping[str, str] = {
    "waiting": N_("Waiting"),
    "queued": N_("Waiting"),
    "running": N_("Running"),
    "done": N_("Done"),
    "failed": N_("Failed"),
    "cancelled": N_("Cancelled"),
}
ACTIVE = ("waiting", "queued", "running")
FINISHED = ("done", "failed", "cancelled")

wake = threading.Event()
"""Set when this process has committed a new job, so that a worker in it need not wait for its next look."""


def enqueue(
    ctx: Ctx,
    name: str,
    args: Mapping[str, Any] | None = None,
    *,
    unique_key: str | None = None,
    run_at: dt.datetime | None = None,
) -> int:
    """Ask for a job; it starts after the operation has committed, and never if it fails.

    Args:
        ctx: the operation; the job runs as its actor (as the system where that is the actor).
        name: the name of an active plugin's ``JobDef``.
        args: what the handler is given; JSON-able.
        unique_key: at most one job is ever kept with this key; a second call returns the first job's id.
        run_at: not before this instant.

    Returns:
        The id of the job.

    Raises:
        CrmError: no active plugin declares such a job.
    """
    definition = ctx.registry.jobs.get(name)
    if definition is None:
        raise CrmError("Unknown job %(name)s", params={"name": name[:80]}, hint="declare a JobDef with this name")
    user_id = None if ctx.actor.system else ctx.actor.id
    job_id = insert(ctx.session, definition, args or {}, user_id, run_at or ctx.now, unique_key)
    event.listen(ctx.session, "after_commit", lambda session: wake.set(), once=True)
    return job_id


def insert(
    session: CrmSession,
    definition: JobDef,
    args: Mapping[str, Any],
    user_id: int | None,
    run_at: dt.datetime,
    unique_key: str | None,
) -> int:
    """Write the row of a job and return its id, or the id of the one that has the key already."""
    values = {
        "name": definition.name, "plugin": definition.plugin, "args": dict(args), "user_id": user_id,
        "run_at": run_at, "unique_key": unique_key,
    }  # fmt: skip
    dialect = session.get_bind().dialect.name
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(Job).values(values)
    statement = statement.on_conflict_do_nothing(index_elements=["unique_key"])
    job_id = session.execute(statement.returning(Job.id), execution_options=KERNEL).scalar()
    if job_id is None:
        existing = sa.select(Job.id).where(Job.unique_key == unique_key)
        job_id = session.execute(existing, execution_options=KERNEL).scalar_one()
    return int(job_id)


def find(ctx: Ctx, job_id: int) -> Job:
    """Return a job of the actor; administrators see every one.

    Raises:
        NotFound: there is none, or it is another person's.
    """
    job = ctx.session.scalar(
        sa.select(Job).where(Job.id == job_id), execution_options={**KERNEL, "populate_existing": True}
    )
    if job is None or not (ctx.actor.is_admin or (ctx.actor.id is not None and job.user_id == ctx.actor.id)):
        raise NotFound(N_("There is no such job"))
    return job


def listing(
    ctx: Ctx, *, everyone: bool = False, states: tuple[str, ...] = (), before: int | None = None, limit: int = 50,
    name: str = "",
) -> list[Job]:  # fmt: skip
    """Return the actor's jobs, newest first; an administrator may ask for everyone's. ``name`` asks for one kind."""
    statement = sa.select(Job).order_by(Job.id.desc()).limit(limit)
    if not (everyone and ctx.actor.is_admin):
        statement = statement.where(Job.user_id == ctx.actor.id)
    if states:
        statement = statement.where(Job.state.in_(states))
    if before:
        statement = statement.where(Job.id < before)
    if name:
        statement = statement.where(Job.name == name)
    return list(ctx.session.scalars(statement, execution_options=KERNEL))


def cancel(ctx: Ctx, job_id: int) -> Job:
    """Cancel a job: at once while it waits, at its next step while it runs. A finished one stays as it is.

    Raises:
        NotFound: there is none, or it is another person's.
    """
    job = find(ctx, job_id)
    pending = (Job.id == job_id) & Job.state.in_(("waiting", "queued"))
    values = {"state": "cancelled", "finished_at": ctx.now, "cancel_requested": True}
    if not _update(ctx, pending, values):
        _update(ctx, (Job.id == job_id) & (Job.state == "running"), {"cancel_requested": True})
    ctx.session.refresh(job)
    return job


def retry(ctx: Ctx, job_id: int) -> Job:
    """Start a failed or cancelled job again; it goes on from what it has saved.

    Raises:
        NotFound: there is none, or it is another person's.
        Conflict: it is neither failed nor cancelled.
    """
    job = find(ctx, job_id)
    values = {
        "state": "waiting", "run_at": ctx.now, "finished_at": None, "cancel_requested": False, "failures": 0,
        "crashes": 0, "error": "", "attempts": Job.attempts + 1,
    }  # fmt: skip
    if not _update(ctx, (Job.id == job_id) & Job.state.in_(("failed", "cancelled")), values):
        raise Conflict(N_("Only a failed or cancelled job can be started again"))
    event.listen(ctx.session, "after_commit", lambda session: wake.set(), once=True)
    ctx.session.refresh(job)
    return job


def _update(ctx: Ctx, where: sa.ColumnElement[bool], values: Mapping[str, Any]) -> int:
    options = {**KERNEL, "synchronize_session": False}
    done = ctx.session.execute(sa.update(Job).where(where).values(**values), execution_options=options)
    return int(done.rowcount)  # type: ignore[attr-defined]
