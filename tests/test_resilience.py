"""The database goes away in the middle of the work, or another process holds it: nothing is half written, nobody lost.

Requests go over real HTTP to the server people run; PostgreSQL is a server of these tests' own, stopped and started.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from waitress.server import create_server  # type: ignore[import-untyped]

from crm_core import jobs, records, server
from crm_core.accounts import csrf, sessions
from crm_core.accounts.web import COOKIE
from crm_core.db import Database, utcnow
from crm_core.models import Change, Incident, Job
from crm_core.testing.deployments import Templates, TestDeployment
from crm_core.testing.services import Cluster, start_cluster

CONTACT = "contacts.contact"


# ---------------------------------------------------------------- a served deployment


@dataclass
class Site:
    """A deployment behind a real server, and the browser and the program of its administrator."""

    crm: TestDeployment
    address: str

    def __post_init__(self) -> None:
        """Sign in."""
        crm = self.crm
        self.token = crm.token_of(crm.admin)
        with crm.database.transaction() as session:
            self.key = sessions.start(session, crm.config, crm.admin, now=utcnow())
            who = sessions.resolve(session, self.key, utcnow())
        self.csrf = csrf.mask(who.csrf if who else "")
        self.ids = [crm.make(CONTACT, kind="company", name=f"Before {n}") for n in range(3)]

    def page(self, method: str, path: str, **data: Any) -> requests.Response:
        """Call a page as the browser does."""
        return requests.request(
            method, self.address + path, data=data or None, cookies={COOKIE: self.key}, timeout=60,
            headers={csrf.HEADER: self.csrf}, allow_redirects=False,
        )  # fmt: skip

    def api(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Call REST as a program does."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.request(method, f"{self.address}/api/v1{path}", json=body, headers=headers, timeout=60)

    @property
    def writes(self) -> dict[str, Callable[[], requests.Response]]:
        """Return one way to write for each face, none of which has been carried out yet."""
        changed = {"action": "update", "ids": self.ids, "data": {"name": "After"}}
        ids = ",".join(map(str, self.ids))
        return {
            "page": lambda: self.page("POST", "/contacts/new", kind="company", name="After all"),
            "bulk page": lambda: self.page(
                "POST", "/contacts/bulk", action="update", ids=ids, field="score", score="4"
            ),
            "rest": lambda: self.api("POST", "/contacts", {"kind": "company", "name": "After"}),
            "bulk rest": lambda: self.api("POST", "/contacts/bulk", changed),
        }

    def stored(self) -> dict[str, Any]:
        """Return all that the writes would change."""
        with self.crm.as_user(self.crm.admin, write=False) as ctx:
            query = records.ListQuery(fields=("name", "score"), limit=100)
            rows = records.list_(ctx, CONTACT, query).items
        with self.crm.database.transaction(write=False) as session:
            lines = session.scalar(sa.select(sa.func.count()).select_from(Change))
        return {"records": sorted((r.id, r.version, str(r.values)) for r in rows), "lines of history": lines}


@contextmanager
def served(crm: TestDeployment) -> Iterator[Site]:
    """Serve a deployment on a free port as ``crm run`` does."""
    running = create_server(server.application(crm), host="127.0.0.1", port=0, threads=server.THREADS)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    try:
        yield Site(crm, f"http://127.0.0.1:{running.effective_port}")
    finally:
        running.close()


def check_told(name: str, answer: requests.Response) -> None:
    """Check that an answer says clearly that nothing was done and when to try again."""
    assert answer.status_code == 503, (name, answer.status_code, answer.text[:500])
    assert int(answer.headers["Retry-After"]) > 0
    if "rest" in name:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["type"].endswith("unavailable")
    else:
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "try again" in answer.text


def check_works(site: Site) -> None:
    """Check that every face reads and writes."""
    for name, write in site.writes.items():
        answer = write()
        assert answer.status_code < 400, (name, answer.status_code, answer.text[:500])
        if "bulk" in name and "rest" in name:
            assert answer.json()["done"] == len(site.ids)
    assert site.page("GET", f"/contacts/{site.ids[0]}").status_code == 200
    found = site.api("GET", "/contacts?name__startswith=After&sort=name").json()["items"]
    assert [i["name"] for i in found] == ["After"] * 4 + ["After all"]


# ---------------------------------------------------------------- PostgreSQL goes away


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server that the tests may stop."""
    folder = Path(tempfile.mkdtemp(prefix="crm-pg-"))
    found = start_cluster(folder)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def templates(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return Templates(tmp_path_factory.mktemp("own-server"), cluster.url)


@pytest.fixture
def own(cluster: Cluster, templates: Templates, tmp_path: Path) -> Iterator[TestDeployment]:
    """A deployment on that server, which runs before and after the test."""
    cluster.resume()
    found = templates.fresh("postgresql", tmp_path / "home")
    yield found
    cluster.resume()
    found.close()


@contextmanager
def halfway(crm: TestDeployment, table: str, count: int) -> Iterator[Callable[[], None]]:
    """Keep every write from finishing by a lock on a table; yields what waits until all of them stand before it."""
    other = sa.create_engine(crm.database.url)
    waiting = sa.text("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
    with other.connect() as holder:
        holder.execute(sa.text(f"lock table {table} in access exclusive mode"))

        def wait() -> None:
            end = time.monotonic() + 90
            with other.connect() as look:
                while look.execute(waiting).scalar_one() < count:
                    look.rollback()
                    assert time.monotonic() < end, "the writes did not come to the lock"
                    time.sleep(0.05)

        yield wait
        holder.invalidate()
    other.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("mode", "table"),
    [
        pytest.param("immediate", "core_change", id="immediate, when history follows the record"),
        pytest.param("fast", "core_change", id="fast, when history follows the record"),
        pytest.param("fast", CONTACT.replace(".", "_"), id="fast, in the checks of a plugin"),
    ],
)
def test_a_server_that_goes_away_in_the_middle_of_writes_leaves_nothing_behind(
    own: TestDeployment, cluster: Cluster, mode: str, table: str
) -> None:
    with served(own) as site, ThreadPoolExecutor(4) as people:
        before = site.stored()
        with (
            own.database.autocommit() as connection
        ):  # this server writes late, and an immediate stop waits for nothing
            connection.exec_driver_sql("CHECKPOINT")
        with halfway(own, table, 4) as wait:
            under_way = {name: people.submit(write) for name, write in site.writes.items()}
            wait()
            cluster.halt(mode)
            for name, answer in under_way.items():
                check_told(name, answer.result(60))
        for name, write in site.writes.items():
            check_told(f"{name}, server down", write())
        check_told("page, server down", site.page("GET", "/contacts"))
        check_told("rest, server down", site.api("GET", "/contacts"))
        assert site.page("GET", "/healthz").status_code == 200
        assert site.page("GET", "/readyz").status_code == 503
        cluster.resume()
        assert site.stored() == before
        check_works(site)


@pytest.mark.postgres
def test_reading_goes_on_over_a_restart_and_blames_no_module(own: TestDeployment, cluster: Cluster) -> None:
    with served(own) as site:
        for _ in range(4):
            assert site.page("GET", f"/contacts/{site.ids[0]}").status_code == 200
            cluster.halt("fast")
            check_told("page", site.page("GET", f"/contacts/{site.ids[0]}"))
            check_told("page", site.page("GET", "/search?q=before"))
            cluster.resume()
        page = site.page("GET", "/search?q=before")
        assert page.status_code == 200 and "Before 0" in re.sub("</?mark>", "", page.text)
        assert own.registry.hooks.quarantined == set()


@pytest.mark.postgres
def test_a_worker_whose_database_is_gone_ends_when_it_is_asked(own: TestDeployment, cluster: Cluster) -> None:
    with own.as_user(own.admin) as ctx:
        jobs.enqueue(ctx, "core.sweep")
    own.database.dispose()
    environment = {
        **os.environ, "CRM_HOME": str(own.config.home), "CRM_DATABASE_URL": own.config.url,
        "CRM_SECRET_KEY": own.config.secret_key,
    }  # fmt: skip
    command = [sys.executable, "-c", "from crm_core.cli import cli; cli()", "worker"]
    worker = subprocess.Popen(command, env=environment, stdout=-3, stderr=-3)
    try:
        end = time.monotonic() + 120
        while own.database.session(write=False).scalar(sa.select(Job.state)) != "done":
            assert worker.poll() is None and time.monotonic() < end
            time.sleep(0.2)
        cluster.halt("immediate")
        time.sleep(3)  # so that it has met the loss
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    finally:
        worker.kill()
        worker.wait()


# ---------------------------------------------------------------- SQLite is held by another process

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
print("free", flush=True)
"""


@contextmanager
def held(crm: TestDeployment) -> Iterator[Callable[[], None]]:
    """Hold the write lock of an SQLite file in another process; yields what lets it go."""
    path = str(crm.database.url.database)
    holder = subprocess.Popen([sys.executable, "-c", HOLD, path], stdin=-1, stdout=-1, text=True)
    assert holder.stdin is not None and holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    def release() -> None:
        holder.stdin.write("\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "free\n"

    try:
        yield release
    finally:
        holder.kill()
        holder.communicate()


@pytest.fixture
def hasty(sqlite_crm: TestDeployment) -> Iterator[TestDeployment]:
    """A deployment that waits for a lock for half a second only."""
    found = TestDeployment(sqlite_crm.config, Database(sqlite_crm.config.url, busy_timeout=0.5))
    found.admin = sqlite_crm.admin
    yield found
    found.close()


def test_a_file_that_stays_locked_is_told_and_nothing_is_half_written(hasty: TestDeployment) -> None:
    with served(hasty) as site:
        before = site.stored()
        with held(hasty) as release:
            for name, write in site.writes.items():
                check_told(name, write())
            assert site.page("GET", f"/contacts/{site.ids[0]}").status_code == 200
            assert site.api("GET", f"/contacts/{site.ids[0]}").status_code == 200
            release()
        assert site.stored() == before
        check_works(site)


def test_a_lock_that_is_let_go_in_time_is_waited_for(sqlite_crm: TestDeployment) -> None:
    with served(sqlite_crm) as site, ThreadPoolExecutor(4) as people, held(sqlite_crm) as release:
        under_way = [people.submit(write) for write in site.writes.values()]
        time.sleep(1)
        assert not any(answer.done() for answer in under_way)
        release()
        assert [answer.result(60).status_code for answer in under_way] == [303, 200, 201, 200]
        with sqlite_crm.database.transaction(write=False) as session:
            assert not session.scalars(sa.select(Incident)).all()  # no module is blamed for the wait


def test_many_writers_are_all_let_in_and_each_write_is_there_once(sqlite_crm: TestDeployment) -> None:
    names = [f"Company {n}" for n in range(60)]
    with served(sqlite_crm) as site, ThreadPoolExecutor(24) as people:

        def write(name: str) -> int:
            return site.api("POST", "/contacts", {"kind": "company", "name": name}).status_code

        assert set(people.map(write, names)) == {201}
        found = site.api("GET", "/contacts?name__startswith=Company&limit=500").json()["items"]
    assert sorted(i["name"] for i in found) == sorted(names)
