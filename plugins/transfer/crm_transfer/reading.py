"""Tables of any kind of record: the file is opened, and its rows come as texts by the place their columns go to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crm_core.api import ImportOptions, tables, unshielded


@dataclass(frozen=True, slots=True)
class TableRow(tables.SourceRow):
    """A row with the options of its import, which the one who writes it needs.

    ``values`` are texts by place; a place that several columns go to has a list of them.
    """

    options: ImportOptions = ImportOptions()


class TableSource:
    """A CSV table open for import. ``options.overrides`` name the place of every column, nothing for none."""

    preset = ""

    def __init__(self, path: Path, options: ImportOptions) -> None:
        """Look what the file is, and read its header.

        Raises:
            ValueError: not a table, no header, or too many columns.
        """
        self.path, self.options, self.size = path, options, path.stat().st_size
        self.layout = tables.layout(path, options.encoding, options.separator, options.quote)
        with closing(self.layout.open(path)) as stream:
            self.header: Sequence[str] = self._table(stream).header
        self._bytes: Any = None
        self._done = False

    @property
    def encoding(self) -> str:
        """Return the character encoding."""
        return self.layout.encoding

    @property
    def delimiter(self) -> str:
        """Return what stands between cells."""
        return self.layout.delimiter

    @property
    def quote(self) -> str:
        """Return what stands around cells that hold the delimiter."""
        return self.layout.quote

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
        several = frozenset(p for _, p in places if sum(p == other for _, other in places) > 1)
        key = next((n for n, p in places if p == self.options.match), None)
        repeats = self._repeats(key)
        with closing(self.layout.open(self.path)) as stream:
            self._bytes = stream.buffer
            for position, record in enumerate(self._table(stream), start=1):
                found = self._row(record, position, places, several)
                if repeats and key is not None:
                    text = record.cells[key].strip() if key < len(record.cells) else ""
                    if problem := repeats.problem(self.options.match, text, text, record.line):
                        found.problems.append(problem)
                if position > self.options.resume_at:
                    yield found
            self._bytes, self._done = None, True

    def _row(
        self, record: tables.Record, position: int, places: Sequence[tuple[int, str]], several: frozenset[str]
    ) -> TableRow:
        cells, options = record.cells, self.options
        if record.broken:
            return TableRow(record.line, {}, record.problems, cells, position, options)
        told = [(place, cells[n]) for n, place in places if options.clear or cells[n].strip()]
        values: dict[str, Any] = {place: unshielded(text) for place, text in told if place not in several}
        for place in several & {place for place, _ in told}:
            values[place] = [unshielded(text) for other, text in told if other == place and text.strip()]
        return TableRow(record.line, values, list(record.problems), cells, position, options)

    def close(self) -> None:
        """Close nothing: the file is open while it is read."""

    def _repeats(self, key: int | None) -> tables.Repeats | None:
        """Return the rows that are about the same record; nothing where that does not matter."""
        if key is None or self.options.mode == "create":
            return None
        with closing(self.layout.open(self.path)) as stream:
            cells = (record.cells for record in self._table(stream))
            return tables.Repeats(row[key].strip() for row in cells if key < len(row))

    def _table(self, stream: Any) -> tables.Table:
        return self.layout.table(stream, lenient=self.options.lenient)


def open_file(path: Path, options: ImportOptions) -> TableSource:
    """Open a table.

    Raises:
        ValueError: it can't be read as one.
    """
    return TableSource(path, options)
