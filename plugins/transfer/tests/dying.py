"""Runs ``crm`` and dies by SIGKILL: ``python dying.py PREFIX AFTER ARGUMENTS…``.

The process ends at the statement that begins with PREFIX, once AFTER such statements have been executed. Chunks of an
import are small, so that there are several.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from crm_core import import_reading
from crm_core.cli import cli

SMALL = 20


def main() -> None:
    prefix, after, *args = sys.argv[1:]
    left = [int(after)]
    import_reading.CHUNK = SMALL

    def watch(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        left[0] -= statement.startswith(prefix)
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", watch)
    cli(args)


if __name__ == "__main__":
    main()
