"""What the system knows of processes: time on the processor, and memory that is really theirs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from crm_core.db import Database

_TICK = os.sysconf("SC_CLK_TCK")


def postmaster_of(database: Database) -> int:
    """Return the process id of the PostgreSQL server of a database, 0 for SQLite."""
    if database.is_sqlite:
        return 0
    with database.autocommit() as connection:
        backend = int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar() or 0)
    return int(_stat(backend)[1])


def server_time(postmaster: int) -> float:
    """Return the seconds on the processor of a database server with all its processes, past ones included."""
    if not postmaster:
        return 0.0
    own = sum(int(n) for n in _stat(postmaster)[11:15])
    living = sum(int(n) for child in children(postmaster) for n in _stat(child)[11:13])
    return (own + living) / _TICK


def children(parent: int) -> Iterator[int]:
    """Yield the processes a process started."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if int(_stat(int(path.name))[1]) == parent:
                yield int(path.name)
        except (OSError, IndexError):
            continue


def memory(process: int) -> tuple[int, int]:
    """Return resident and proportional memory in MB."""
    found = {"Rss": 0, "Pss": 0}
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in found:
            found[name] = int(rest.split()[0])
    return found["Rss"] // 1024, found["Pss"] // 1024


def _stat(process: int) -> list[str]:
    """Return the fields of ``/proc/PID/stat`` after the name: state, parent …"""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
