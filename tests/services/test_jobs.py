import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from crm_core import jobs
from crm_core.db import utcnow
from crm_core.errors import Conflict, CrmError, NotFound, Unavailable
from crm_core.jobs import cron, worker
from crm_core.jobs.execute import execute
from crm_core.models import Comment, Incident, Job, Worker
from tests.services import sample_jobs

HERE = Path(__file__).parent


@pytest.fixture
def contributed():
    return [*sample_jobs.JOBS]


@pytest.fixture
def running(crm):
    started = worker.JobWorker(crm, heartbeat=0.5, lease=3.0)
    started.start()
    yield started
    started.stop()


def enqueue(crm, name, user=None, **args):
    with crm.as_user(user or crm.user) as ctx:
        return jobs.enqueue(ctx, name, args)


def job(crm, job_id):
    with crm.database.transaction(write=False) as session:
        return session.get(Job, job_id)


def until(crm, job_id, *states, seconds=120):
    end = time.monotonic() + seconds
    while (found := job(crm, job_id)).state not in states:
        assert time.monotonic() < end, (found.state, found.message, found.error)
        time.sleep(0.1)
    return found


def steps_of(crm, job_id):
    with crm.database.transaction(write=False) as session:
        return [int(b) for b in session.scalars(sa.select(Comment.body).where(Comment.record_id == job_id))]


def start_process(crm, lease=20.0):
    url = crm.database.url.render_as_string(hide_password=False)
    command = [sys.executable, str(HERE / "sample_jobs.py"), str(crm.config.home), url, str(lease)]
    paths = str(HERE.parents[1])
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths})


def run_here(crm, job_id):
    execute(crm, "test", job_id, threading.Event())


def test_a_job_runs_after_the_commit_as_the_user_who_asked(crm, running):
    found = until(crm, enqueue(crm, "test.who"), "done", "failed")
    assert found.result == {"actor": crm.user, "system": False, "via": "job"}
    assert found.finished_at is not None


def test_a_job_of_a_failed_operation_never_runs(crm):
    with pytest.raises(RuntimeError), crm.as_user(crm.user) as ctx:
        job_id = jobs.enqueue(ctx, "test.who")
        raise RuntimeError
    assert job(crm, job_id) is None


def test_a_unique_key_is_one_job(crm):
    with crm.as_user() as ctx:
        first = jobs.enqueue(ctx, "test.who", unique_key="once")
        assert jobs.enqueue(ctx, "test.who", unique_key="once") == first
        assert jobs.enqueue(ctx, "test.who") != first


def test_an_unknown_job_is_refused_by_name(crm):
    with crm.as_user() as ctx, pytest.raises(CrmError, match=r"test\.unknown"):
        jobs.enqueue(ctx, "test.unknown")


def test_progress_and_state_are_seen(crm):
    job_id = enqueue(crm, "test.count", steps=3)
    run_here(crm, job_id)
    found = job(crm, job_id)
    assert (found.state, found.done, found.total, found.message) == ("done", 3, 3, "step 3")
    assert found.result == {"steps": 3}
    assert found.state_data == {"next": 3}


@pytest.mark.slow
def test_a_killed_workers_job_is_finished_by_another_and_no_step_comes_twice(crm):
    first = start_process(crm)
    job_id = enqueue(crm, "test.count", steps=20, pause=0.1)
    until(crm, job_id, "running")
    while len(steps_of(crm, job_id)) < 4:
        time.sleep(0.05)
    first.kill()
    first.wait()
    done_before = len(steps_of(crm, job_id))
    assert done_before < 20
    second = start_process(crm)
    try:
        found = until(crm, job_id, "done", "failed")
    finally:
        second.send_signal(signal.SIGTERM)
        assert second.wait(60) == 0
    assert found.state == "done"
    assert steps_of(crm, job_id) == list(range(20))
    assert found.attempts == 2
    with crm.database.transaction(write=False) as session:
        assert session.scalars(sa.select(Worker)).all() == []


@pytest.mark.slow
def test_a_worker_that_hangs_loses_its_job_and_can_write_nothing_more(crm, running):
    sleeper = start_process(crm)
    running.stop()
    job_id = enqueue(crm, "test.count", steps=15, pause=0.1)
    until(crm, job_id, "running")
    while len(steps_of(crm, job_id)) < 3:
        time.sleep(0.05)
    freeze(crm, sleeper)
    other = worker.JobWorker(crm, heartbeat=0.5, lease=2.0)
    other.start()
    try:
        until(crm, job_id, "done", "failed")
        sleeper.send_signal(signal.SIGCONT)
        time.sleep(1.5)
        assert steps_of(crm, job_id) == list(range(15))
    finally:
        other.stop()
        sleeper.kill()
        sleeper.wait()


def freeze(crm, process):
    """Stop a process between two of its transactions: in the middle of one it would keep SQLite's only lock."""
    for _ in range(100):
        process.send_signal(signal.SIGSTOP)
        try:
            with crm.database.brief_transaction():
                return
        except Unavailable:
            process.send_signal(signal.SIGCONT)
            time.sleep(0.02)
    raise AssertionError("the process never let go of the database")


@pytest.mark.slow
def test_a_worker_that_is_asked_to_stop_hands_its_job_back(crm):
    first = start_process(crm)
    job_id = enqueue(crm, "test.count", steps=200, pause=0.05)
    until(crm, job_id, "running")
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 0
    found = job(crm, job_id)
    assert (found.state, found.crashes, found.failures) == ("waiting", 0, 0)
    with crm.as_user(crm.user) as ctx:
        jobs.cancel(ctx, job_id)


def test_cancel_stops_a_running_job_between_two_steps(crm, running):
    job_id = enqueue(crm, "test.count", steps=500, pause=0.05)
    until(crm, job_id, "running")
    with crm.as_user(crm.user) as ctx:
        jobs.cancel(ctx, job_id)
    assert until(crm, job_id, "cancelled", "done").state == "cancelled"
    assert len(steps_of(crm, job_id)) < 500


def test_a_waiting_job_is_cancelled_at_once_and_never_runs(crm):
    job_id = enqueue(crm, "test.count", steps=3)
    with crm.as_user(crm.user) as ctx:
        assert jobs.cancel(ctx, job_id).state == "cancelled"
    run_here(crm, job_id)
    assert steps_of(crm, job_id) == []


def test_a_failure_is_tried_three_times_and_kept_with_its_plugin(crm):
    job_id = enqueue(crm, "test.fail")
    run_here(crm, job_id)
    found = job(crm, job_id)
    assert (found.state, found.failures, found.error) == ("waiting", 1, "ZeroDivisionError: no luck")
    assert found.run_at > utcnow() + dt.timedelta(seconds=5)
    run_here(crm, job_id)
    assert job(crm, job_id).run_at > utcnow() + dt.timedelta(seconds=30)
    run_here(crm, job_id)
    found = job(crm, job_id)
    assert (found.state, found.failures, found.plugin) == ("failed", 3, "core")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with crm.database.transaction(write=False) as session:
            # The same cause within a minute is told once.
            if session.scalar(sa.select(sa.func.count()).select_from(Incident)) == 1:
                return
    pytest.fail("no incident was written")


def test_what_a_rule_refuses_is_not_tried_again(crm):
    job_id = enqueue(crm, "test.refuse")
    run_here(crm, job_id)
    assert (job(crm, job_id).state, job(crm, job_id).error) == ("failed", "You may not do this")


def test_a_failed_job_can_be_started_again_and_goes_on_from_its_state(crm):
    job_id = enqueue(crm, "test.count", steps=4)
    with crm.database.transaction() as session:
        session.execute(sa.update(Job).values(state="failed", state_data={"next": 2}, error="gone"))
    with crm.as_user(crm.user) as ctx:
        assert jobs.retry(ctx, job_id).state == "waiting"
    run_here(crm, job_id)
    assert steps_of(crm, job_id) == [2, 3]
    with crm.as_user(crm.user) as ctx, pytest.raises(Conflict):
        jobs.retry(ctx, job_id)


def test_a_job_that_kills_its_process_again_and_again_fails(crm):
    job_id = enqueue(crm, "test.count", steps=1)
    with crm.database.transaction() as session:
        session.execute(sa.update(Job).values(state="running", crashes=4))
    run_here(crm, job_id)
    assert job(crm, job_id).state == "failed"
    assert "died" in job(crm, job_id).error


def test_a_job_of_a_plugin_that_is_off_waits(crm):
    job_id = enqueue(crm, "test.who")
    with crm.database.transaction() as session:
        session.execute(sa.update(Job).values(name="test.of_a_plugin_that_is_off"))
    run_here(crm, job_id)
    assert job(crm, job_id).state == "waiting"


def test_a_lost_engine_file_loses_no_job(crm, running):
    with crm.database.transaction() as session:
        session.add(Job(name="test.who", state="queued", user_id=crm.user))
        session.add(Job(name="test.who", state="running", executor="nobody", attempts=3, user_id=crm.user))
        session.flush()
        ids = list(session.scalars(sa.select(Job.id)))
    running._due["reconcile"] = 0.0
    for job_id in ids:
        assert until(crm, job_id, "done", "failed").state == "done"


def test_people_see_their_own_jobs_and_administrators_all(crm):
    mine, other = enqueue(crm, "test.who"), enqueue(crm, "test.who", crm.admin)
    with crm.as_user(crm.user) as ctx:
        assert [j.id for j in jobs.listing(ctx)] == [mine]
        assert [j.id for j in jobs.listing(ctx, everyone=True)] == [mine]
        with pytest.raises(NotFound):
            jobs.find(ctx, other)
        with pytest.raises(NotFound):
            jobs.cancel(ctx, other)
    with crm.as_user(crm.admin) as ctx:
        assert [j.id for j in jobs.listing(ctx, everyone=True)] == [other, mine]
        assert [j.id for j in jobs.listing(ctx, everyone=True, before=other)] == [mine]


class TestPeriodic:
    @pytest.fixture
    def contributed(self):
        return [sample_jobs.CRON]

    def names(self, crm):
        with crm.database.transaction(write=False) as session:
            names = session.scalars(sa.select(Job.unique_key).where(Job.name == "test.often").order_by(Job.id))
            return list(names)

    def look(self, crm, now):
        with crm.database.transaction() as session:
            cron.enqueue_due(session, crm.registry, now)

    def test_a_tick_is_written_once_by_however_many_processes(self, crm):
        crm.refresh()
        now = dt.datetime(2026, 3, 1, 10, 2, tzinfo=dt.UTC)
        threads = [threading.Thread(target=self.look, args=(crm, now)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.look(crm, now + dt.timedelta(minutes=2))
        assert self.names(crm) == ["test.often@2026-03-01T10:00Z"]
        self.look(crm, now + dt.timedelta(minutes=3))
        assert self.names(crm) == ["test.often@2026-03-01T10:00Z", "test.often@2026-03-01T10:05Z"]

    def test_a_missed_tick_is_caught_up_once(self, crm):
        start = dt.datetime(2026, 3, 1, 10, 0, tzinfo=dt.UTC)
        self.look(crm, start)
        self.look(crm, start + dt.timedelta(days=1, minutes=4))
        assert self.names(crm)[1:] == ["test.often@2026-03-02T10:00Z"]


def test_the_engine_is_not_loaded_by_enqueueing():
    code = "import crm_core.jobs, sys; assert 'dbos' not in sys.modules and 'croniter' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=HERE.parents[1])


@pytest.mark.slow
def test_two_processes_share_the_work_and_no_job_runs_twice(crm):
    workers = [start_process(crm) for _ in range(2)]
    try:
        ids = [enqueue(crm, "test.count", steps=2) for _ in range(20)]
        found = [until(crm, job_id, "done", "failed") for job_id in ids]
    finally:
        for process in workers:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(60) for process in workers] == [0, 0]
    assert {(f.state, f.attempts) for f in found} == {("done", 1)}
    assert all(steps_of(crm, job_id) == [0, 1] for job_id in ids)


@pytest.mark.slow
def test_a_web_process_that_ends_hands_its_job_back(crm):
    code = (
        "import sys; from crm_core import kernel; from tests.services import sample_jobs;"
        "own = kernel.contributions(); kernel.contributions = lambda: (*own, *sample_jobs.JOBS);"
        "from crm_core.config import load_config; from crm_core.deployment import Deployment;"
        "d = Deployment(load_config({}, home=sys.argv[1], database_url=sys.argv[2], worker='inline'));"
        "from crm_core.jobs import worker; worker.start_inline(d); worker.start_inline(d); sys.stdin.read()"
    )
    url = crm.database.url.render_as_string(hide_password=False)
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(crm.config.home), url], stdin=subprocess.PIPE, env=environment
    )
    job_id = enqueue(crm, "test.count", steps=2000, pause=0.05)
    until(crm, job_id, "running")
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(60) == 0
    assert job(crm, job_id).state == "waiting"
    with crm.database.transaction(write=False) as session:
        assert session.scalars(sa.select(Worker)).all() == []
