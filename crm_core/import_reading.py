"""Reading a file in chunks: a large one in a process of its own, so that the next chunk is read while one is written.

The reader's process is one chunk ahead at most, and ends with the one that reads from it. Should it fail, for whatever
reason, the rest is read here; what is wrong then shows as it would have without it.
"""

from __future__ import annotations

import logging
import multiprocessing
import pickle
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_core.records.bulkwriter import rare_collections

if TYPE_CHECKING:
    from crm_core.contributions import Importer
    from crm_core.import_protocol import ImportOptions, ImportRow, ImportSource

log = logging.getLogger("crm.imports")
CHUNK = 2000
APART = 1_000_000
"""Files of so many bytes are read in a process of their own; starting one takes about a second."""
_END = b""


@dataclass(frozen=True)
class Chunk:
    """Records read together, and the share of the file that was read then, where it is known."""

    rows: Sequence[ImportRow]
    share: float | None


def chunks(importer: Importer, path: Path, options: ImportOptions, source: ImportSource) -> Generator[Chunk]:
    """Yield the records of a file after ``options.resume_at``; ``source`` is the same file, open already."""
    position = options.resume_at
    if path.stat().st_size >= APART and _known_by_name(importer.open):
        source.close()
        try:
            for chunk in _from_reader(importer, path, options):
                yield chunk
                position = chunk.rows[-1].position
        except (OSError, EOFError, pickle.PickleError, AttributeError, ImportError) as exc:
            log.warning("the reader of an import ended early, the rest is read here: %r", exc)
        else:
            return
        source = importer.open(path, replace(options, resume_at=position))
    with closing(source):
        yield from _read(source)


def _read(source: ImportSource) -> Iterator[Chunk]:
    rows = iter(source)
    while found := list(islice(rows, CHUNK)):
        yield Chunk(found, getattr(source, "progress", None))


def _known_by_name(function: Any) -> bool:
    """Tell whether another process can find a function."""
    try:
        return bool(pickle.dumps(function))
    except (pickle.PickleError, AttributeError, TypeError):
        return False


def _from_reader(importer: Importer, path: Path, options: ImportOptions) -> Iterator[Chunk]:
    # Not forked: this process may hold locks and connections that a copy must not have.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, importer.open, path, options), daemon=True)
    process.start()
    theirs.close()
    try:
        with closing(ours):
            while (packed := ours.recv_bytes()) != _END:
                yield pickle.loads(packed)  # noqa: S301 - made by the process started above
    finally:
        process.terminate()
        process.join()


def _serve(connection: Connection, open_file: Any, path: Path, options: ImportOptions) -> None:
    """Send chunk after chunk; a pipe holds less than one, so the next is read while the last is being written."""
    with suppress(OSError), closing(open_file(path, options)) as source, rare_collections():
        for chunk in _read(source):
            connection.send_bytes(pickle.dumps(chunk, pickle.HIGHEST_PROTOCOL))
        connection.send_bytes(_END)
