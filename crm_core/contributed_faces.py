"""What a plugin may add to files that are written and read, and to the demonstration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

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

    ``takes(head, name)`` tells by the first bytes and the name whether it is such a file. ``check(source)`` refuses at
    once, while somebody waits, what can be seen without reading the file through. ``convert(source, target, told)``
    writes the table in UTF-8, with commas and double quotes, in a job; ``told(done, total)`` hears how far it is, in
    any unit (total 0: unknown), and raises to stop it. Both raise ``ValueError`` for a file that can't be read or is
    dangerous to read.
    """

    endings: tuple[str, ...]
    takes: Callable[[bytes, str], bool]
    convert: Callable[[Path, Path, Callable[[int, int], None]], None]
    check: Callable[[Path], None] | None = None


@dataclass(frozen=True, kw_only=True)
class ImportInto(Contribution):
    """Something that imported records can be put into besides, such as a list of contacts to call.

    ``choices(ctx)`` are those the actor may put records into, each a short code with its label. ``put(ctx, choice,
    ids)`` does it, in the transaction in which the rows are written, with the ids of the records that rows made,
    changed or left as they were; it may be called with the same id again and checks permissions itself.
    """

    entity: str
    key: str
    label: str
    choices: Callable[[Ctx], Sequence[tuple[str, str]]]
    put: Callable[[Ctx, str, Sequence[int]], None]


@dataclass(frozen=True, kw_only=True)
class DemoData(Contribution):
    """Data that show what the plugin does: ``crm demo``. Lower ``order`` first.

    ``load(ctx)`` runs in one transaction, does nothing when its data are there already, and returns what it did
    in one line, nothing when there was nothing to do.
    """

    load: Callable[[Ctx], str]
    order: int = 100


@dataclass(frozen=True)
class Tone:
    """What a value means at a glance: ``of(ctx, values)`` returns a colour and a word for it, or ``None``.

    The colour is ``danger``, ``success``, ``info`` or ``muted``; the word is for those who don't see colours. ``needs``
    are the fields of the record it looks at.
    """

    of: Callable[[Ctx, Mapping[str, Any]], tuple[str, str] | None]
    needs: tuple[str, ...] = ()
