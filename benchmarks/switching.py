"""Modules switched under load: ``python -m benchmarks.switching``. Run by hand; it starts servers of its own.

Clients read and write against ``crm run --workers 2`` while a module is turned on and off. Counted are requests that
failed (other than 404 for the module's own page), writes that were answered and are not there or are there twice, the
time of one switch, and the time from its end until no process answers with the old set any more.
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests
import sqlalchemy as sa

from crm_core import switching
from crm_core.config import load_config
from crm_core.db import Database
from crm_core.testing import services

CRM = Path(sys.executable).with_name("crm")
PLUGIN = """# /// crm-plugin
# name = "flip"
# title = "Flip"
# core = ">=0.1"
# requires = ["contacts"]
# ///
import os
import flask
from crm_core.api import BlueprintDef, FieldDef, MenuItem, Text, hookimpl, public


def page():
    made = flask.Blueprint("flip", __name__)

    @made.get("/who")
    @public
    def who():
        return str(os.getpid())

    return made


@hookimpl
def crm_contribute():
    return [
        BlueprintDef(blueprint=page),
        MenuItem(label="Flip", url="/flip/who"),
        FieldDef(entity="contacts.contact", key="side", type=Text(20), label="Side"),
    ]
"""
SETTLED = 20
"""So many answers in a row by the new set mean that every process has it."""


@dataclass
class Tally:
    """What the clients saw."""

    answers: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    written: list[str] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what: str, status: str, fine: bool, seconds: float) -> None:
        """Count one answer."""
        with self.lock:
            self.answers[what] += 1
            self.seconds.setdefault(what, []).append(seconds)
            if not fine:
                self.failures[f"{what}: {status}"] += 1


def client(address: str, token: str, tally: Tally) -> None:
    """Read, write and look at the module's page until told to stop."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    contacts = f"{address}/api/v1/contacts"
    while not tally.stop.is_set():
        name = secrets.token_hex(8)
        body = {"kind": "person", "first_name": "Ada", "last_name": name}
        for what, method, url, more in (
            ("write", "POST", contacts, {"json": body}),
            ("read", "GET", f"{contacts}?limit=20&sort=-created_at", {}),
            ("module", "GET", f"{address}/flip/who", {}),
        ):
            begin = time.perf_counter()
            try:
                answer = session.request(method, url, timeout=60, **more)
            except requests.RequestException as exc:
                tally.note(what, type(exc).__name__, False, time.perf_counter() - begin)
                continue
            fine = answer.ok or (what == "module" and answer.status_code == 404)
            tally.note(what, str(answer.status_code), fine, time.perf_counter() - begin)
            if what == "write" and answer.status_code == 201:
                with tally.lock:
                    tally.written.append(name)


def settled(address: str, on: bool) -> float:
    """Return the seconds until the last answer by the old set."""
    begin = last = time.perf_counter()
    row = 0
    while row < SETTLED:
        answer = requests.get(f"{address}/flip/who", timeout=60)
        if answer.ok is on:
            row += 1
        else:
            row, last = 0, time.perf_counter()
    return last - begin


@contextmanager
def served(env: dict[str, str]) -> Iterator[str]:
    """Run the server with two processes."""
    port = services.free_port()
    command = [CRM, "run", "--port", str(port), "--workers", "2"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                requests.get(f"{address}/readyz", timeout=5).raise_for_status()
                break
            except requests.RequestException:
                time.sleep(0.1)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def run(url: str, home: Path, clients: int, times: int) -> None:
    """Switch the module so many times under load and print what came of it."""
    (home / "plugins").mkdir(parents=True)
    (home / "plugins" / "flip.py").write_text(PLUGIN, "utf-8")
    env = {**os.environ, "CRM_HOME": str(home), "CRM_DATABASE_URL": url, "CRM_WORKER": "external"}
    for words, text in ((["init"], ""), (["user", "create", "b@example.org", "--role", "owner", "--password-stdin"],
                                         secrets.token_hex(12))):  # fmt: skip
        subprocess.run([CRM, *words], env=env, input=text, text=True, check=True, stdout=subprocess.DEVNULL)
    made = subprocess.run(
        [CRM, "token", "create", "b@example.org"], env=env, text=True, check=True, capture_output=True
    )
    config = load_config({}, home=home, database_url=url)
    database, tally, switches, waits = Database(config.url), Tally(), list[float](), list[float]()
    with served(env) as address:
        threads = [threading.Thread(target=client, args=(address, made.stdout.strip(), tally)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for number in range(times):
            on, begin = number % 2 == 0, time.perf_counter()
            (switching.enable if on else switching.disable)(database, config, "flip")
            switches.append(time.perf_counter() - begin)
            waits.append(settled(address, on))
        tally.stop.set()
        for thread in threads:
            thread.join()
    report(database, tally, switches, waits)
    database.dispose()


def report(database: Database, tally: Tally, switches: list[float], waits: list[float]) -> None:
    """Print the table."""
    with database.reader.connect() as connection:
        rows = connection.execute(sa.text("SELECT last_name, count(*) FROM contacts_contact GROUP BY last_name"))
        there = {name: count for name, count in rows}
    lost = [name for name in tally.written if name not in there]
    doubled = [name for name, count in there.items() if count > 1]
    print(f"| {database.dialect} | |\n|---|---|")
    print(f"| requests | {dict(tally.answers)} |")
    print(f"| failed | {dict(tally.failures) or 0} |")
    print(f"| writes answered, lost, doubled | {len(tally.written)}, {len(lost)}, {len(doubled)} |")
    print(f"| switches | {len(waits)} |")
    print(f"| seconds of one switch: median, longest | {spread(switches)} |")
    print(f"| seconds until every process follows: median, longest | {spread(waits)} |")
    for what, seconds in tally.seconds.items():
        print(f"| seconds of a request ({what}): median, longest | {spread(seconds)} |")


def spread(seconds: list[float]) -> str:
    """Return the median and the longest of some durations."""
    return f"{statistics.median(seconds):.2f}, {max(seconds):.2f}"


def main() -> None:
    """Run on the databases asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.switching", description=__doc__)
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--times", type=int, default=40, help="switches; on and off are two")
    given = parser.parse_args()
    for kind in given.databases.split(","):
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crm-switching-")))
            url = stack.enter_context(services.postgres()) if kind == "postgresql" else f"sqlite:///{home}/crm.sqlite3"
            run(url, home, given.clients, given.times)


if __name__ == "__main__":
    main()
