"""Runs one job and dies by SIGKILL inside the transaction of a chunk: ``python dying.py HOME URL JOB CHUNKS``.

The chunks are small, and the last one has deleted its comments, links and files when the process dies.
"""

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
from crm_core.undo import batch

SMALL = 20


def main() -> None:
    home, url, job, after = sys.argv[1:]
    crm = TestDeployment(load_config({}, home=Path(home), database_url=url, secret_key=SECRET, worker="manual"))
    left = [int(after)]
    batch.CHUNK = SMALL

    def watch(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        left[0] -= statement.startswith("DELETE FROM contacts_contact ")
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(crm.database.engine, "before_cursor_execute", watch)
    execute(crm, "dying", int(job), threading.Event())


if __name__ == "__main__":
    main()
