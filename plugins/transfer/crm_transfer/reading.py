"""Tables of any kind of record: the file is opened, and its rows come as texts by the place their columns go to."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any, TextIO

from crm_core.api import N_, ImportOptions, tables, unshielded

_TWICE = N_("%(value)s stands on line %(line)s already; only that one is taken")


@dataclass(frozen=True, slots=True)
class TableRow(tables.SourceRow):
    """A row with the options of its import, which the one who writes it needs."""

    options: ImportOptions = ImportOptions()


class TableSource:
    """A CSV table open for import. ``options.overrides`` name the place of every column, nothing for none."""

    preset = ""

    def __init__(self, path: Path, options: ImportOptions) -> None:
        """Look what the file is, and read its header.

        Raises:
            ValueError: not a table, no header, or too many columns.
        """
        sniffed = tables.sniff(path)
        self.path, self.options, self.size = path, options, sniffed.size
        self.encoding = sniffed.encoding
        self.delimiter = tables.detect_delimiter(sniffed.sample, whole=sniffed.size <= tables.SAMPLE_BYTES)
        with closing(self._open()) as stream:
            self.header: Sequence[str] = self._table(stream).header
        self._bytes: Any = None
        self._done = False

    @property
    def mapping(self) -> Mapping[str, Any]:
        """Return the place of each column."""
        return {name: self.options.overrides.get(name, "") for name in self.header}

    @property
    def progress(self) -> float:
        """Return the share of the file that has been read, from 0 to 1."""
        if self._done or not self.size:
            return 1.0
        return min(1.0, self._bytes.tell() / self.size) if self._bytes else 0.0

    def __iter__(self) -> Iterator[TableRow]:
        """Yield the rows after the point to go on from."""
        places = [(n, p) for n, name in enumerate(self.header) if (p := self.options.overrides.get(name, ""))]
        twice = self._repeated(places)
        first: dict[int, int] = {}
        with closing(self._open()) as stream:
            self._bytes = stream.buffer
            for position, record in enumerate(self._table(stream), start=1):
                found = self._row(record, position, places)
                if twice and (key := self._key(record.cells, places)):
                    self._refuse_second(found, key, twice, first)
                if position > self.options.resume_at:
                    yield found
            self._bytes, self._done = None, True

    def _row(self, record: tables.Record, position: int, places: Sequence[tuple[int, str]]) -> TableRow:
        cells, options = record.cells, self.options
        if record.broken:
            return TableRow(record.line, {}, record.problems, cells, position, options)
        values = {place: unshielded(cells[n]) for n, place in places if options.clear or cells[n].strip()}
        return TableRow(record.line, values, list(record.problems), cells, position, options)

    def close(self) -> None:
        """Close nothing: the file is open while it is read."""

    # ------------------------------------------------------------ rows that are about the same record

    def _key(self, cells: Sequence[str], places: Sequence[tuple[int, str]]) -> str:
        texts = (cells[n] for n, place in places if place == self.options.match and n < len(cells))
        return next(texts, "").strip()

    def _repeated(self, places: Sequence[tuple[int, str]]) -> frozenset[int]:
        """Return the digests of what more than one row is known by; eight bytes a row are held meanwhile."""
        if not self.options.match or self.options.mode == "create":
            return frozenset()
        found = array("q")
        with closing(self._open()) as stream:
            for record in self._table(stream):
                if key := self._key(record.cells, places):
                    found.append(_digest(key))
        return frozenset(a for a, b in pairwise(sorted(found)) if a == b)

    def _refuse_second(self, row: TableRow, key: str, twice: frozenset[int], first: dict[int, int]) -> None:
        digest = _digest(key)
        if digest not in twice:
            return
        line = first.setdefault(digest, row.line)
        if line != row.line:
            params = {"value": key[:80], "line": line}
            row.problems.append(tables.RowProblem(self.options.match, "twice", _TWICE, key[:80], params))

    def _open(self) -> TextIO:
        return tables.open_text(self.path, self.encoding)

    def _table(self, stream: TextIO) -> tables.Table:
        return tables.Table(stream, self.delimiter, lenient=self.options.lenient)


def _digest(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)


def open_file(path: Path, options: ImportOptions) -> TableSource:
    """Open a table.

    Raises:
        ValueError: it can't be read as one.
    """
    return TableSource(path, options)
