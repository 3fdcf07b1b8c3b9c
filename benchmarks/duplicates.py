"""Scanning a stock of contacts for duplicates: seconds and what the memory grows by, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks import stock
from benchmarks.bench import Bench

WAYS: dict[str, tuple[str, ...]] = {
    "last name + e-mail, all equal": ("last_name, emails",),
    "name, or e-mail, or phone": ("name, zip", "emails", "phones"),
    "similar names": ("name:fuzzy",),
}


def run(bench: Bench) -> None:
    """Scan each stock in each way."""
    table = bench.section(
        "Scanning for duplicates",
        "Every contact compared with every other, by the work of the job; memory is what the process grew by, at its "
        "highest.",
        "contacts", "what is compared", "seconds", "memory", "groups",
    )  # fmt: skip
    for size, found in bench.stocks.items():
        config = found.deployment.config
        for what, on in WAYS.items():
            result = _apart(Path(config.home), found.deployment.database.url.render_as_string(False), on)
            row = [f"{size:,}", what, f"{result['seconds']:.1f}", f"{result['memory']:.0f} MB", f"{result['groups']:,}"]
            table.rows.append(row)


def _apart(home: Path, url: str, on: tuple[str, ...]) -> dict[str, float]:
    """Scan in a new process; return seconds, megabytes and groups."""
    command = [sys.executable, "-m", "benchmarks.duplicates", str(home), url, *on]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own module
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _measure(home: Path, url: str, on: tuple[str, ...]) -> None:
    import time

    from crm_core import duplicates

    crm = stock.open_deployment(home, url)
    with crm.as_user(crm.admin, write=False) as ctx:
        list(duplicates.recent(ctx, stock.CONTACT))
    before = _kilobytes("VmRSS")
    begin = time.perf_counter()
    with crm.as_user(crm.admin) as ctx:
        number = duplicates.start(ctx, stock.CONTACT, on).id
    crm.run_jobs()
    seconds = time.perf_counter() - begin
    memory = (_kilobytes("VmHWM") - before) / 1024
    with crm.as_user(crm.admin, write=False) as ctx:
        scan = duplicates.find(ctx, number)
        if scan.state != "done":
            raise RuntimeError(f"{scan.state}: {scan.error}")
        sys.stdout.write(json.dumps({"seconds": seconds, "memory": memory, "groups": scan.groups}) + "\n")
    crm.close()


def _kilobytes(name: str) -> int:
    """Return what the system knows of this process's memory: now (``VmRSS``) or at its highest (``VmHWM``)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    _measure(Path(sys.argv[1]), sys.argv[2], tuple(sys.argv[3:]))
