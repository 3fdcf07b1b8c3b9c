"""Exports by ``crm export contacts`` in a process of their own: rows a second and memory, by format and columns."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass

from benchmarks import stock
from benchmarks.bench import Bench
from benchmarks.importing import CRM
from benchmarks.stock import Stock

GOAL = 20_000
LIST = "name,email,phone,city,company,nature,type,owner,updated_at"
LINES = "name,emails,phones,addresses,company,tags,owner,cf.score,cf.tier"
SELLER = "seller5@example.org"
RUNS = (
    ("CSV, columns of a list", "csv", LIST, (), True),
    ("CSV, the same, unindexed order", "csv", LIST, ("--sort", "job_title"), False),
    ("CSV, the same, a quarter by a filter", "csv", LIST, ("--filter", "score >= 4"), False),
    ("CSV, the same, as a salesperson", "csv", LIST, ("--as", SELLER), False),
    ("CSV, e-mails, phones and addresses", "csv", LINES, (), False),
    ("CSV, every field", "csv", "", (), False),
    ("JSON Lines, e-mails, phones and addresses", "jsonl", LINES, (), False),
    ("XLSX, columns of a list", "xlsx", LIST, (), False),
)


@dataclass(frozen=True)
class Run:
    """One export: its rows, seconds on the clock, processor seconds, and the most memory held, in MB."""

    rows: int
    seconds: float
    own: float
    peak: int


def run(bench: Bench) -> None:
    """Export the largest data set in each way, and the smallest in two, to see whether memory grows."""
    small, large = bench.stocks[bench.sizes[0]], bench.stocks[bench.sizes[-1]]
    table = bench.section(
        f"Export of {large.size:,} contacts",
        "`crm export contacts -o FILE` in its own process, start included; permissions and field masks hold, rows are "
        "written as they are read. Processor time is what the export needs where nobody else works; on a shared "
        "machine the clock shows more.",
        "what", "rows", "seconds", "rows/s", "processor, µs a row", "rows/s by processor time",
        "peak memory, MB",
    )  # fmt: skip
    goal: dict[str, float] = {}
    growth: dict[str, float] = {}
    with _enabled(small), _enabled(large):
        for what, form, fields, more, judged in RUNS:
            if form == "xlsx" and large.size > 1_000_000:
                continue
            found = _export(large, form, fields, more)
            rate = found.rows / found.seconds
            table.rows.append([
                what, f"{found.rows:,}", f"{found.seconds:.1f}", f"{rate:,.0f}", f"{found.own / found.rows * 1e6:.0f}",
                f"{found.rows / found.own:,.0f}",
                f"{found.peak}",
            ])  # fmt: skip
            if judged:
                goal[f"{what}: {rate:,.0f} rows/s"] = GOAL / rate
                growth[f"{what}: {found.peak} MB"] = found.peak / _export(small, form, fields, more).peak
    bench.judge(f"export at {GOAL:,} rows/s (seconds for {GOAL:,} rows)", 1, goal, unit=" s")
    bench.judge("memory of an export does not grow with its rows (1.25x)", 1.25, growth)


class _enabled:  # noqa: N801 - used as a statement
    """Turns the module on in a prepared deployment for the length of a block."""

    def __init__(self, found: Stock) -> None:
        self.stock = found

    def __enter__(self) -> None:
        _crm(self.stock, "plugin", "enable", "transfer", "--yes")

    def __exit__(self, *exc: object) -> None:
        _crm(self.stock, "plugin", "disable", "transfer", "--yes")


def _env(found: Stock) -> dict[str, str]:
    url = found.deployment.database.url.render_as_string(hide_password=False)
    home = str(stock.home() / f"sqlite-{found.size}")
    return {**os.environ, "CRM_HOME": home, "CRM_DATABASE_URL": url, "CRM_WORKER": "manual",
            "CRM_SECRET_KEY": stock.SECRET}  # fmt: skip


def _crm(found: Stock, *args: str) -> None:
    subprocess.run([CRM, *args], env=_env(found), check=True, stdout=subprocess.DEVNULL)


def _export(found: Stock, form: str, fields: str, more: tuple[str, ...]) -> Run:
    path = stock.home() / f"export.{form}"
    args = [CRM, "export", "contacts", "--format", form, "--fields", fields, "-o", path, *more]
    begin = time.perf_counter()
    process = subprocess.Popen(args, env=_env(found), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    if status:
        raise RuntimeError(f"the export ended with {status}: {said}")
    path.unlink()
    rows = int(said.split()[-3])
    return Run(rows, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)
