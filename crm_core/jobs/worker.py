"""A worker: hands waiting jobs to the engine, shows that it is alive, and takes over from those that are not."""

from __future__ import annotations

import asyncio
import atexit
import datetime as dt
import logging
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crm_core.db import utcnow
from crm_core.errors import Unavailable
from crm_core.jobs import cron, outbox
from crm_core.jobs.engine import Engine, system_url
from crm_core.jobs.execute import MAX_CRASHES, execute
from crm_core.models import Job, Worker

if TYPE_CHECKING:
    from crm_core.deployment import Deployment

log = logging.getLogger("crm.jobs")

HEARTBEAT = 5.0
LEASE = 20.0
"""Seconds without a heartbeat after which a worker counts as dead."""
LOOK = 1.0
LOST = 1.5
"""Seconds that each step of an ending waits for a database that does not answer."""
_RECONCILE = 30.0
_KEEP_WORKFLOWS = dt.timedelta(days=2)
_BATCH = 200


def place() -> str:
    """Return the name of the space in which a process id means something: host, and container or boot."""
    with suppress(OSError):
        return f"{socket.gethostname()}/{os.readlink('/proc/self/ns/pid')}"
    return socket.gethostname()


def _apart(call: Callable[[], None]) -> None:
    """Run a call outside any event loop of this thread: the engine refuses one, whoever's it is."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        call()
        return
    with ThreadPoolExecutor(1) as pool:
        pool.submit(call).result()


class JobWorker:
    """Runs the jobs of one deployment in this process until it is stopped; at most one a process."""

    def __init__(
        self,
        deployment: Deployment,
        *,
        kind: str = "worker",
        threads: int = 4,
        heartbeat: float = HEARTBEAT,
        lease: float = LEASE,
    ) -> None:
        """Prepare a worker; :meth:`start` starts it.

        Args:
            deployment: where jobs are read from and run.
            kind: ``worker`` for a process of its own, ``inline`` in a web process; shown to administrators.
            threads: how many jobs run at the same time.
            heartbeat: seconds between two signs of life.
            lease: seconds without one after which others take over.
        """
        self.deployment = deployment
        self.id = f"{socket.gethostname()[:60]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._kind, self._heartbeat, self._lease = kind, heartbeat, lease
        self._engine = Engine(system_url(deployment.config, deployment.database), self.id, threads)
        self._stopping = threading.Event()
        self._active: set[int] = set()
        self._thread: threading.Thread | None = None
        self._seen: dict[str, tuple[dt.datetime, float]] = {}
        self._due: dict[str, float] = {}
        self._minute = -1

    def start(self) -> None:
        """Register, start the engine, and begin to look for work in a thread.

        Raises:
            RuntimeError: a worker runs in this process already.
        """
        with self.deployment.database.transaction() as session:
            session.add(Worker(id=self.id, place=place(), pid=os.getpid(), kind=self._kind))
        _apart(lambda: self._engine.start(self._execute))
        self._thread = threading.Thread(target=self._loop, name="crm-worker", daemon=True)
        self._thread.start()

    def stop(self, wait: float = 20.0) -> None:
        """Stop looking for work, ask running jobs to stop where they stand, and wait for them so many seconds.

        Without a database nothing can end well: what runs is left to whoever takes over, and this ends soon.
        """
        self._stopping.set()
        outbox.wake.set()
        reachable = self._reachable()
        deadline = time.monotonic() + (wait if reachable else LOST)
        if self._thread is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))
        while self._active and time.monotonic() < deadline:
            time.sleep(0.05)
        # The engine tries its statements again for as long as its database is away; its threads are left behind then.
        ending = threading.Thread(target=self._engine.stop, name="crm-worker-end", daemon=True)
        ending.start()
        ending.join(None if reachable else LOST)
        if reachable and not self._active:  # else the row stays, so that another worker finds what was left undone
            with suppress(Unavailable), self.deployment.database.transaction() as session:
                session.execute(sa.delete(Worker).where(Worker.id == self.id))

    def _reachable(self) -> bool:
        """Tell whether the database answers within a moment."""
        answered = threading.Event()

        def ask() -> None:
            with suppress(Unavailable), self.deployment.database.transaction(write=False) as session:
                session.execute(sa.select(1))
                answered.set()

        asking = threading.Thread(target=ask, name="crm-worker-ask", daemon=True)
        asking.start()
        asking.join(LOST)
        return answered.is_set()

    def run_forever(self) -> None:
        """Run until SIGTERM or SIGINT; for a process that does nothing else."""
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        self.start()
        while not ended.wait(3600):
            pass
        self.stop()
        self._leave()

    def _leave(self) -> None:
        """End the process where threads of the engine would keep it: they wait for a database that is away."""
        deadline = time.monotonic() + LOST
        for thread in threading.enumerate():
            if thread is not threading.main_thread() and not thread.daemon:
                thread.join(max(0.0, deadline - time.monotonic()))
                if thread.is_alive():
                    log.warning("worker %s leaves %s behind", self.id, thread.name)
                    logging.shutdown()
                    os._exit(0)

    def _execute(self, job_id: int) -> None:
        self._active.add(job_id)
        try:
            execute(self.deployment, self.id, job_id, self._stopping)
        except Exception:
            # The row still says "running" here; reconcile() puts it back once the database answers again.
            log.exception("job %s could not be started or ended", job_id)
        finally:
            self._active.discard(job_id)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                self._step()
            except Exception:
                log.exception("the worker's look for work failed; it looks again")
                self._stopping.wait(LOOK)
            outbox.wake.wait(LOOK)
            outbox.wake.clear()

    def _step(self) -> None:
        self.deployment.refresh()  # jobs of modules that were turned off are left waiting within a second
        if self._is_due("heartbeat", self._heartbeat):
            self._beat()
            self._take_over()
        if (minute := int(time.time() // 60)) != self._minute:
            with self.deployment.database.transaction() as session:
                cron.enqueue_due(session, self.deployment.registry, utcnow())
            self._minute = minute
        self._relay()
        if self._is_due("reconcile", _RECONCILE):
            self._reconcile()
        if self._is_due("forget", 3600.0):
            self._engine.forget_before(utcnow() - _KEEP_WORKFLOWS)

    def _is_due(self, what: str, every: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every
        return True

    def _relay(self) -> None:
        """Hand waiting jobs to the engine, then mark them; in this order, because handing over twice does nothing."""
        names = list(self.deployment.registry.jobs)
        waiting = (
            sa.select(Job.id, Job.attempts, Job.created_at)
            .where(Job.state == "waiting", Job.run_at <= utcnow(), Job.name.in_(names))
            .order_by(Job.run_at, Job.id)
            .limit(_BATCH)
        )
        with self.deployment.database.transaction(write=False) as session:
            rows = session.execute(waiting).all()
        for row in rows:
            self._engine.enqueue(workflow_id(row.id, row.attempts, row.created_at), row.id)
        for row in rows:
            with self.deployment.database.transaction() as session:
                where = (Job.id == row.id) & (Job.attempts == row.attempts) & (Job.state == "waiting")
                session.execute(sa.update(Job).where(where).values(state="queued"))
        if len(rows) == _BATCH:
            outbox.wake.set()

    def _beat(self) -> None:
        with self.deployment.database.transaction() as session:
            alive = sa.update(Worker).where(Worker.id == self.id).values(heartbeat_at=utcnow())
            if not session.execute(alive).rowcount:  # type: ignore[attr-defined]
                # Others took this process for dead (it slept); what it ran is theirs, and it starts afresh.
                session.add(Worker(id=self.id, place=place(), pid=os.getpid(), kind=self._kind))

    def _take_over(self) -> None:
        """Queue again the work of executors that are dead, and forget them."""
        with self.deployment.database.transaction(write=False) as session:
            others = list(session.scalars(sa.select(Worker).where(Worker.id != self.id)))
        for other in others:
            if self._is_dead(other):
                count = self._engine.recover(other.id)
                log.warning("worker %s is gone; %d of its jobs go on", other.id, count)
                with self.deployment.database.transaction() as session:
                    session.execute(sa.delete(Worker).where(Worker.id == other.id))
                self._due["reconcile"] = 0.0

    def _is_dead(self, other: Worker) -> bool:
        """Tell whether a process ended, or its heartbeat stood still here for the lease (clocks are not compared)."""
        if other.place == place() and not Path(f"/proc/{other.pid}").exists() and Path("/proc/self").exists():
            return True
        seen = self._seen.get(other.id)
        if seen is None or seen[0] != other.heartbeat_at:
            self._seen[other.id] = (other.heartbeat_at, time.monotonic())
            return False
        return time.monotonic() - seen[1] > self._lease

    def _reconcile(self) -> None:
        """Put back jobs whose row says that the engine has them when it has not (a lost file, a restored backup)."""
        handed = (
            sa.select(Job.id, Job.attempts, Job.created_at, Job.state, Job.executor)
            .where(Job.state.in_(("queued", "running")))
            .order_by(Job.id)
            .limit(_BATCH)
        )
        with self.deployment.database.transaction(write=False) as session:
            rows = session.execute(handed).all()
            alive = set(session.scalars(sa.select(Worker.id)))
        suspects = [r for r in rows if r.state == "queued" or r.executor == self.id or r.executor not in alive]
        suspects = [r for r in suspects if r.id not in self._active]
        # A running job was handed over under the number it had before it was taken, or before that if it crashed.
        names = {workflow_id(r.id, n, r.created_at): r for r in suspects for n in _numbers(r.attempts)}
        known = {names[w].id for w in self._engine.unfinished(names)}
        for row in suspects:
            if row.id not in known and row.id not in self._active:
                self._put_back(row.id, row.attempts, row.state)

    def _put_back(self, job_id: int, attempts: int, state: str) -> None:
        where = (Job.id == job_id) & (Job.attempts == attempts) & (Job.state == state)
        values = {"state": "waiting", "attempts": attempts + 1}
        with self.deployment.database.transaction() as session:
            session.execute(sa.update(Job).where(where).values(**values))


def workflow_id(job_id: int, attempts: int, created_at: dt.datetime) -> str:
    """Return the engine's name of one handing over; never the same again, even if ids start anew in a restored file."""
    return f"job-{job_id}-{int(created_at.timestamp() * 1000)}-{attempts}"


def _numbers(attempts: int) -> range:
    """Return the numbers under which a job that stands at ``attempts`` may have been handed over."""
    return range(max(0, attempts - MAX_CRASHES - 1), attempts + 1)


_inline: JobWorker | None = None
_lock = threading.Lock()


def start_inline(deployment: Deployment) -> JobWorker | None:
    """Start the worker of a web process, once; call it after any fork. Does nothing unless ``CRM_WORKER=inline``."""
    global _inline
    with _lock:
        if deployment.config.worker != "inline" or _inline is not None:
            return _inline
        _inline = JobWorker(deployment, kind="inline", threads=2)
        _inline.start()
        # Before the interpreter joins the threads of the engine, which is before atexit: a job is asked to stop first.
        getattr(threading, "_register_atexit", atexit.register)(stop_inline)
        return _inline


def stop_inline() -> None:
    """Stop the worker of this web process, if there is one."""
    global _inline
    with _lock:
        worker, _inline = _inline, None
    if worker is not None:
        worker.stop(wait=5.0)
