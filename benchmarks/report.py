"""What a run prints: the machine, the verdicts, the tables; Markdown, so that it can be a page of the manual."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import sqlalchemy as sa

from benchmarks.bench import Bench
from benchmarks.measure import Section

_INTRODUCTION = """# Performance

Measured on {day} by the command that printed this page:

    {command}

The numbers belong to one machine on one day; the ratios within a table, measured by turns, are what to rely on.
{machine} {shared}

Contacts are fictional and the same at every run: persons with two e-mail addresses, one or two phone numbers, an
address, a company a twenty, tags, managers, and custom fields of which `cf.score`, `cf.tier` and `cf.amount` are
indexed. A hundred salespeople own one in a hundred each, privately. Pages and REST calls go through the WSGI
application in process, with a session or a token, warm; pages, terms and values vary from call to call.
"""


def page(benches: Sequence[Bench], versions: Iterable[str], load: tuple[float, float]) -> str:
    """Return the whole output of a run."""
    shared = f"Load average at the start {load[0]:.1f}, at the end {load[1]:.1f}"
    shared += ": other work ran beside." if max(load) > 1.5 else "."
    parts = [_INTRODUCTION.format(
        day=dt.date.today().isoformat(), command=command(), machine=_machine(versions), shared=shared
    )]  # fmt: skip
    table = Section("Targets", "What was asked for and what was measured; the worst case of each table.",
                    ("target", "database", "measured", "met"))  # fmt: skip
    table.rows = [(v.target, v.database, v.measured, "yes" if v.met else "NO") for b in benches for v in b.verdicts]
    parts.append(table.markdown())
    parts += [section.markdown() for bench in benches for section in bench.sections]
    return "\n".join(parts)


def command() -> str:
    """Return the command line of this run, without the page it writes."""
    return " ".join(["python -m benchmarks", *sys.argv[1:]])


def _machine(versions: Iterable[str]) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    found = [f"{os.cpu_count()} processors ({_processor()})", f"{memory:.0f} GB memory",
             f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}", *versions]  # fmt: skip
    return ", ".join(found) + f". Five million additions in a loop took {_pace():.2f} s."


def _pace() -> float:
    """Return the seconds of a loop: how fast this machine is today, whatever its name."""
    begin, total = time.perf_counter(), 0
    for number in range(5_000_000):
        total += number
    return time.perf_counter() - begin


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def server_version(address: str) -> str:
    """Return what a PostgreSQL server says it is."""
    engine = sa.create_engine(address)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SHOW server_version").scalar()
    engine.dispose()
    server = f"PostgreSQL {str(found).split()[0]}"
    return f"{server} (a throw-away cluster with the memory settings of `docs/how-to/run-in-production.md`, fsync off)"
