"""What a job's handler is given: its arguments, operations, progress, and the wish to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.db import CrmSession
from crm_core.errors import Unavailable
from crm_core.models import Job

if TYPE_CHECKING:
    from crm_core.context import Actor, Ctx
    from crm_core.deployment import Deployment

log = logging.getLogger("crm.jobs")

_PAUSE = 0.5
"""Seconds between two looks at the row, or two writes of progress alone."""


class JobStopped(BaseException):
    """The handler must end now. Not an ``Exception``, so that a handler's own ``except Exception`` lets it pass."""


class Cancelled(JobStopped):
    """A person cancelled the job."""


class Interrupted(JobStopped):
    """The worker is shutting down; the job goes on elsewhere from what it saved."""


class Lost(JobStopped):
    """Another worker has taken the job over; nothing more may be written here."""


class JobRun:
    """One start of a job.

    ``state`` is a JSON-able dict saved with each writing operation, in its transaction: a handler that is started again
    finds there how far it got. The same goes for ``progress``.
    """

    def __init__(self, deployment: Deployment, job: Job, stopping: threading.Event) -> None:
        """Take over the values of a job that was just started."""
        self.deployment = deployment
        self.job_id, self.name = job.id, job.name
        self.args: Mapping[str, Any] = dict(job.args)
        self.user_id = job.user_id
        self.attempt = job.attempts
        self.state: dict[str, Any] = dict(job.state_data)
        self.done, self.total, self.message = job.done, job.total, job.message
        self._executor = job.executor
        self._stopping = stopping
        self._started_at_done = job.done
        self._inside = False
        self._saved_at = self._looked_at = 0.0

    def actor(self) -> Actor:
        """Return who the job acts as: the user who asked for it, else the system.

        Raises:
            NotSignedIn: the user was deactivated meanwhile.
        """
        if self.user_id is None:
            return self.deployment.system_actor(f"job {self.name}")
        return self.deployment.directory.actor(self.user_id, via="job")

    @contextmanager
    def operation(self, *, write: bool = True, quiet: bool = False, actor: Actor | None = None) -> Iterator[Ctx]:
        """Run the block in one transaction as the job's user; ``state`` and progress are committed with it.

        ``quiet`` keeps notifications to people back (bulk work); ``actor`` acts instead of the job's user.

        Raises:
            JobStopped: another worker has the job now; the transaction is rolled back.
        """
        with self.deployment.operation(actor or self.actor(), write=write, quiet=quiet) as ctx:
            self._inside = True
            try:
                yield ctx
            finally:
                self._inside = False
            if write:
                self._save(ctx.session)

    def progress(self, done: int | None = None, total: int | None = None, message: str | None = None) -> None:
        """Tell how far the work is, in the handler's own units, and what it does now."""
        self.done = self.done if done is None else done
        self.total = self.total if total is None else total
        self.message = self.message if message is None else message[:500]
        if not self._inside and time.monotonic() - self._saved_at >= _PAUSE:
            self.save()

    def save(self) -> None:
        """Write progress and state now, outside of operations; a busy database is not waited for twice."""
        try:
            with self.deployment.database.transaction() as session:
                self._save(session)
        except Unavailable:
            log.warning("job %s: progress not saved, the database is busy", self.job_id)

    def check_cancelled(self) -> None:
        """Call between two steps of the work: ends the handler when it should stop.

        Raises:
            JobStopped: the job is cancelled, the worker shuts down, or another worker has the job.
        """
        if self._stopping.is_set():
            raise Interrupted()
        if time.monotonic() - self._looked_at < _PAUSE:
            return
        self._looked_at = time.monotonic()
        columns = sa.select(Job.cancel_requested, Job.attempts, Job.executor).where(Job.id == self.job_id)
        with self.deployment.database.transaction(write=False) as session:
            row = session.execute(columns).one_or_none()
        if row is None or (row.attempts, row.executor) != (self.attempt, self._executor):
            raise Lost()
        if row.cancel_requested:
            raise Cancelled()

    def finish(self, session: CrmSession, **values: Any) -> bool:
        """Write the last values of this start; tell whether it was still ours."""
        where = (Job.id == self.job_id) & (Job.attempts == self.attempt) & (Job.executor == self._executor)
        statement = sa.update(Job).where(where, Job.state == "running").values(**self._values(), **values)
        return bool(session.execute(statement, execution_options={"synchronize_session": False}).rowcount)  # type: ignore[attr-defined]

    def _save(self, session: CrmSession) -> None:
        # The system's own row: the guard of an actor's session is put aside for this one statement.
        guard, session.guard = session.guard, None
        try:
            session.flush()
            forward = {"crashes": 0} if self.done > self._started_at_done else {}
            if not self.finish(session, **forward):
                raise Lost()
        finally:
            session.guard = guard
        self._saved_at = time.monotonic()

    def _values(self) -> dict[str, Any]:
        return {"state_data": self.state, "done": self.done, "total": self.total, "message": self.message}
