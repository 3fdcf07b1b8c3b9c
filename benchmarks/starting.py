"""A cold start: from ``crm run`` to the first answers, and the memory a worker holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks import processes, stock
from benchmarks.bench import Bench
from crm_core.testing.services import free_port

CRM = Path(sys.executable).with_name("crm")
REPEATS = 5
PATIENCE = 60.0


def run(bench: Bench) -> None:
    """Start the server some times on the smallest data set."""
    size = bench.sizes[0]
    config = bench.stocks[size].deployment.config
    env = {**os.environ, "CRM_HOME": str(config.home), "CRM_DATABASE_URL": config.url, "CRM_SECRET_KEY": stock.SECRET}
    starts = sorted((_start({**env, "CRM_WORKER": "manual"}) for _ in range(REPEATS)), key=lambda found: found[1])
    table = bench.section(
        "Cold start and memory", f"`crm run` with one worker, without its job worker; median of {REPEATS} starts.",
        "/healthz answers after, s", "/signin answers after, s", "resident, MB", "proportional, MB",
        "resident after 40 pages, MB",
    )  # fmt: skip
    health, page, (resident, shared), later = starts[len(starts) // 2]
    table.rows.append([f"{health:.2f}", f"{page:.2f}", f"{resident}", f"{shared}", f"{later}"])
    bench.judge("cold start to the first page under 2 s", 2, {"/signin": page}, unit=" s")


def _start(env: dict[str, str]) -> tuple[float, float, tuple[int, int], int]:
    port = free_port()
    begin = time.perf_counter()
    process = subprocess.Popen(
        [CRM, "run", "--port", str(port)], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        health = _answered(process, f"http://127.0.0.1:{port}/healthz", begin)
        page = _answered(process, f"http://127.0.0.1:{port}/signin", begin)
        memory = processes.memory(process.pid)
        for _ in range(40):
            _answered(process, f"http://127.0.0.1:{port}/signin", begin)
        return health, page, memory, processes.memory(process.pid)[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _answered(process: subprocess.Popen[bytes], address: str, begin: float) -> float:
    """Return the seconds since ``begin`` at which an address answered with 200."""
    while time.perf_counter() - begin < PATIENCE:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
                answer.read()
                return time.perf_counter() - begin
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.01)
    raise RuntimeError(f"{address} did not answer")
