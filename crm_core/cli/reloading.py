"""``crm run --reload``: a server that is started again whenever a file of the core or of a plugin changes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from crm_core.config import Config
from crm_core.discovery import installed

SUFFIXES = frozenset({".py", ".html", ".toml", ".po", ".css", ".js"})
PAUSE = 0.5
"""Seconds between two looks at the files."""


def folders(config: Config) -> list[Path]:
    """Return where changes matter: the core, every plugin, and the deployment's own plugins."""
    manifests = [f.manifest for f in installed(config.plugins) if f.manifest]
    found = [Path(__file__).parent.parent, config.plugins, *(m.folder for m in manifests if m.file is None)]
    return list(dict.fromkeys(found))


def keep_running(command: Sequence[str], watched: Iterable[Path]) -> None:
    """Run a program, and run it anew after each change of the watched folders, until it is interrupted.

    A program that ends by itself, because something in it is broken, is started again by the next change.
    """
    places = list(watched)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    while True:
        before = _times(places)
        running = subprocess.Popen(command)  # noqa: S603 - this program again
        try:
            while _times(places) == before:
                time.sleep(PAUSE)
        finally:
            running.terminate()
            running.wait()


def this_command() -> list[str]:
    """Return the running command without ``--reload``."""
    return [sys.executable, *(a for a in sys.argv if a != "--reload")]


def _times(places: Iterable[Path]) -> dict[Path, int]:
    """Return when each file was last written."""
    found = {}
    for place in places:
        for path in place.rglob("*") if place.is_dir() else ():
            if path.suffix in SUFFIXES and "node_modules" not in path.parts:
                try:
                    found[path] = path.stat().st_mtime_ns
                except FileNotFoundError:  # it was just replaced
                    continue
    return found
