"""Imports by ``crm import contacts FILE`` in a process of their own: rows a second, what they cost, memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import files, processes, stock
from benchmarks.bench import Bench

FILES: tuple[tuple[str, Callable[[Path, int], int], int], ...] = (
    ("Google", files.google, 10_000), ("Google", files.google, 200_000), ("plain", files.plain, 200_000),
)  # fmt: skip
GOAL = 5000
CRM = Path(sys.executable).with_name("crm")


@dataclass(frozen=True)
class Run:
    """One import: seconds on the clock and on the processor, of the server as well, and the most memory held."""

    file: str
    rows: int
    seconds: float
    own: float
    server: float
    peak: int


def run(bench: Bench) -> None:
    """Import a small and a large file into an empty deployment each."""
    table = bench.section(
        "Import of CSV files",
        "`crm import contacts FILE` in its own process, start included. Google: 24 columns, two e-mails, one or two "
        "phones, an address, sometimes a website, a company a twenty, tags, two indexed custom fields. Plain: 12 "
        "columns, one of each. History, search and every index kept. Processor time is what the import needs where "
        "nobody else works; on a shared machine the clock shows more.",
        "file", "rows", "seconds", "rows/s", "processor, µs a row", "database server, µs a row",
        "rows/s by processor time", "peak memory, MB",
    )  # fmt: skip
    found = [_import(bench, name, write, rows) for name, write, rows in FILES]
    for one in found:
        table.rows.append([
            one.file, f"{one.rows:,}", f"{one.seconds:.1f}", f"{one.rows / one.seconds:,.0f}",
            f"{one.own / one.rows * 1e6:.0f}", f"{one.server / one.rows * 1e6:.0f}",
            f"{one.rows / (one.own + one.server):,.0f}", f"{one.peak}",
        ])  # fmt: skip
    small, *large = found
    for one in large:
        rate = one.rows / one.seconds
        text = f"import of {one.rows:,} rows ({one.file}) at {GOAL:,} rows/s (seconds for {GOAL:,} rows)"
        bench.judge(text, 1, {f"{rate:,.0f} rows/s": GOAL / rate}, unit=" s")
    bench.judge("memory of an import does not grow with the file (1.25x)", 1.25, {
        f"{large[0].peak} MB": large[0].peak / small.peak
    })  # fmt: skip


def _import(bench: Bench, name: str, write: Callable[[Path, int], int], rows: int) -> Run:
    folder = stock.home() / f"import-{bench.kind}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = stock.home() / f"{name.lower()}-{rows}.csv"
    if not path.exists():
        write(path, rows)
    url = f"sqlite:///{folder / 'crm.sqlite3'}" if bench.make is None else bench.make(f"import_{name.lower()}_{rows}")
    deployment, _ = stock.empty(folder, url)
    postmaster = processes.postmaster_of(deployment.database)
    env = {**os.environ, "CRM_HOME": str(folder), "CRM_DATABASE_URL": url, "CRM_WORKER": "manual"}
    env["CRM_SECRET_KEY"] = stock.SECRET
    before = processes.server_time(postmaster)
    begin = time.perf_counter()
    with (folder / "out.json").open("w") as output:
        process = subprocess.Popen([CRM, "import", "contacts", path, "--json"], env=env, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    if status:
        raise RuntimeError(f"the import ended with {status}")
    server = processes.server_time(postmaster) - before
    deployment.close()
    return Run(name, rows, seconds, usage.ru_utime + usage.ru_stime, server, usage.ru_maxrss // 1024)
