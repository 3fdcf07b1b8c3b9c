"""The durable engine (DBOS Transact) behind a door of five verbs; nothing else in the code base names it.

It keeps its own tables: in the file ``jobs.sqlite3`` beside an SQLite database, so that its writes don't wait behind
the application's; in the schema ``crm_jobs`` of a PostgreSQL database. It is loaded when a worker starts, never before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crm_core.config import Config
    from crm_core.db import Database

QUEUE = "crm"
SCHEMA = "crm_jobs"
POLL = 0.25
"""Seconds between two looks at the queue: the time a job waits before it starts."""

_VERSION = "1"
"""Version of the one workflow here; fixed, because the engine only recovers work of the version it runs itself."""

_workflow: Any = None
_target: Callable[[int], None] | None = None


def system_url(config: Config, database: Database) -> str:
    """Return where the engine keeps its tables."""
    if database.is_sqlite:
        return f"sqlite:///{config.home / 'jobs.sqlite3'}"
    return database.url.render_as_string(hide_password=False)


class Engine:
    """The engine of this process; there can be one, because DBOS is one a process."""

    def __init__(self, url: str, executor: str, threads: int) -> None:
        """Keep what it starts with; nothing is loaded yet."""
        self._url, self._executor, self._threads = url, executor, threads

    def start(self, target: Callable[[int], None]) -> None:
        """Begin to run queued jobs by calling ``target`` with their ids, in threads of this process.

        Raises:
            RuntimeError: a worker runs in this process already.
        """
        global _target
        if _target is not None:
            raise RuntimeError("a worker runs in this process already")
        from dbos import DBOS

        _target = target
        _register()
        try:
            DBOS(
                config={
                    "name": "crm",
                    "system_database_url": self._url,
                    "executor_id": self._executor,
                    "application_version": _VERSION,
                    "dbos_system_schema": SCHEMA,
                    "log_level": "ERROR",
                    "use_listen_notify": False,
                    "sys_db_pool_size": 4,
                    "max_executor_threads": self._threads + 4,
                }
            )
            DBOS.launch()
            DBOS.register_queue(
                QUEUE, worker_concurrency=self._threads, polling_interval_sec=POLL, on_conflict="always_update"
            )
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the engine's threads; jobs under way are left to whoever recovers them."""
        global _target
        from dbos import DBOS

        DBOS.destroy()
        _target = None

    def enqueue(self, workflow_id: str, job_id: int) -> None:
        """Hand a job over; a repeat with the same workflow id does nothing."""
        from dbos import DBOS, SetWorkflowID

        with SetWorkflowID(workflow_id):
            DBOS.enqueue_workflow(QUEUE, _workflow, job_id)

    def recover(self, executor: str) -> int:
        """Queue again what an executor that is dead had begun; return how many."""
        from dbos import DBOS

        # The one verb that DBOS keeps internal: its own recovery service is sold apart. Pinned by a test.
        return len(DBOS._recover_pending_workflows([executor]))

    def unfinished(self, workflow_ids: Iterable[str]) -> set[str]:
        """Return those of the workflows that the engine knows and has not finished."""
        from dbos import DBOS

        ids = list(workflow_ids)
        if not ids:
            return set()
        found = DBOS.list_workflows(
            workflow_ids=ids, status=["PENDING", "ENQUEUED", "DELAYED"], load_input=False, load_output=False
        )
        return {w.workflow_id for w in found}

    def forget_before(self, instant: dt.datetime, batch: int = 500) -> int:
        """Delete finished workflows older than an instant; return how many."""
        from dbos import DBOS

        found = DBOS.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED"], end_time=instant.isoformat(), limit=batch,
            load_input=False, load_output=False,
        )  # fmt: skip
        if found:
            DBOS.delete_workflows([w.workflow_id for w in found])
        return len(found)


def _register() -> None:
    """Define the one workflow; jobs are told apart by their id."""
    global _workflow
    if _workflow is not None:
        return
    from dbos import DBOS

    @DBOS.workflow(name="crm_job")
    def crm_job(job_id: int) -> None:
        if _target is not None:
            _target(job_id)

    _workflow = crm_job
