"""Runs one job and dies by SIGKILL inside a transaction: ``python dying.py HOME URL JOB STATEMENTS``."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import event

from crm_core.config import load_config
from crm_core.jobs.execute import execute
from crm_core.testing.deployments import SECRET, TestDeployment


def main() -> None:
    home, url, job, after = sys.argv[1:]
    crm = TestDeployment(load_config({}, home=Path(home), database_url=url, secret_key=SECRET, worker="manual"))
    left = [int(after)]

    def watch(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        left[0] -= statement.startswith("DELETE FROM contacts_contact ")
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(crm.database.engine, "before_cursor_execute", watch)
    execute(crm, "dying", int(job), threading.Event())


if __name__ == "__main__":
    main()
