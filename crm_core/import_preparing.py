"""The first part of an import's work: a file that is no table is made one, with progress, where nobody waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crm_core import files, import_files, import_work, imports
from crm_core.errors import Conflict, Invalid
from crm_core.i18n import N_, gettext

if TYPE_CHECKING:
    from crm_core.import_work import Runner

_PAUSE = 0.5
"""Seconds between two looks whether the work should stop."""


def work(run: Runner, import_id: int) -> dict[str, Any]:
    """Do an import from where it stands to its end, its file made a table first; return its counts.

    Raises:
        Invalid: the file or its columns can't be used.
        Conflict: the plugin's writer fails again and again, or another process works on the import.
    """
    prepare(run, import_id)
    return import_work.work(run, import_id)


def prepare(run: Runner, import_id: int, *, remember: bool = False) -> None:
    """Make a table of an import's file if that is still to be done; a process that dies here leaves it to the next.

    Raises:
        Invalid: the file or its columns can't be used; the import has failed then, and its file is let go.
        Conflict: the module that reads such files was turned off.
    """
    try:
        _prepare(run, import_id, remember)
    except BaseException as exc:
        import_work.end(run, import_id, exc)
        if isinstance(exc, Invalid):
            with run.operation() as ctx:
                files.let_go(ctx, import_work.ENTITY, import_id)
        raise


def _prepare(run: Runner, import_id: int, remember: bool) -> None:
    with run.operation(write=False) as ctx:
        row = imports.find(ctx, import_id)
        if row.conversion != imports.ASKED:
            return
        path = imports.path_of(ctx, row)
        converter = import_files.converter_of(ctx.registry, path, imports.file_name(ctx, row))
        room = import_files.room(ctx)
    if converter is None:
        raise Conflict(N_("The module that reads files of this kind was turned off"))
    with room as folder:
        table = folder / "table"
        import_files.convert(converter, path, table, _teller(run))
        with run.operation() as ctx:
            imports.converted(ctx, imports.find(ctx, import_id), table, remember=remember)


def _teller(run: Runner) -> Callable[[int, int], None]:
    told = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told < _PAUSE:
            return
        told = time.monotonic()
        run.check_cancelled()
        run.progress(done, total or None, gettext(N_("%(count)s rows of the file read"), count=done))

    return tell
