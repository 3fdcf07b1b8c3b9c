"""What a plugin may add to files that are written and read, and to the demonstration."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from crm_core.contributions import Contribution

if TYPE_CHECKING:
    from pathlib import Path

    from crm_core.context import Ctx
    from crm_core.export_protocol import ExportSheet
    from crm_core.records.rows import Row


@dataclass(frozen=True, kw_only=True)
class ExportFormat(Contribution):
    """A kind of file that records of an entity (``*``: of every one) can be written to, for a module that exports.

    ``write(ctx, sheet, rows, target)`` writes the rows one after another and keeps none of them. ``fields`` are what it
    needs of each record, whatever columns are asked for; ``ending`` is that of the file's name, without a dot.
    """

    entity: str
    key: str
    label: str
    ending: str
    content_type: str
    write: Callable[[Ctx, ExportSheet, Iterable[Row], IO[bytes]], None]
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FileConverter(Contribution):
    """Makes a CSV table of another kind of file, so that every importer reads it.

    ``takes(head, name)`` tells by the first bytes and the name whether it is such a file; ``convert(source, target)``
    writes the table in UTF-8, and raises ``ValueError`` for a file that can't be read or is dangerous to read.
    """

    endings: tuple[str, ...]
    takes: Callable[[bytes, str], bool]
    convert: Callable[[Path, Path], None]


@dataclass(frozen=True, kw_only=True)
class DemoData(Contribution):
    """Data that show what the plugin does: ``crm demo``. Lower ``order`` first.

    ``load(ctx)`` runs in one transaction, does nothing when its data are there already, and returns what it did
    in one line, nothing when there was nothing to do.
    """

    load: Callable[[Ctx], str]
    order: int = 100
