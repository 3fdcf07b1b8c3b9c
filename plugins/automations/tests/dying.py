"""Runs the jobs that wait and dies by SIGKILL at a statement: ``python dying.py HOME URL STATEMENT TIMES``."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event

from crm_core.config import load_config
from crm_core.testing.deployments import SECRET, TestDeployment


def main() -> None:
    home, url, wanted, times = sys.argv[1:]
    crm = TestDeployment(load_config({}, home=Path(home), database_url=url, secret_key=SECRET, worker="manual"))
    left = [int(times)]

    def watch(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        left[0] -= statement.startswith(wanted)
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(crm.database.engine, "before_cursor_execute", watch)
    crm.run_jobs()


if __name__ == "__main__":
    main()
