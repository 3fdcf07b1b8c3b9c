"""The one door of the reading half: open a file, look at what it is, iterate over its rows.

::

    source = open_source(path, region="FR", overrides=["Spitzname="])
    for row in source:
        if row.failed: ...      # row.problems says why
        else: ...               # row.values is a contact
        job.progress(source.progress, resume_at=row.position)

Memory stays flat whatever the size of the file. Iterating again starts again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, ClassVar, TextIO

from crm_contacts.importing.assemble import UNIT, Rules, finish
from crm_contacts.importing.errors import MappingError
from crm_contacts.importing.known import Known
from crm_contacts.importing.mapping import ColumnMapping, RowBuilder, check_names, with_overrides
from crm_contacts.importing.presets import map_columns
from crm_contacts.importing.rows import SourceRow, problem
from crm_contacts.importing.vcard_rows import draft_card
from crm_contacts.importing.vcards import Card, cards
from crm_core.api import N_, tables

_CARD = re.compile(r"^\ufeff?begin:vcard\s*$", re.IGNORECASE | re.MULTILINE)
_NO_COLUMNS = N_("A vCard file has no columns to map")
_OTHER_HEADER = N_("The mapping is for other columns than those of the file")


class Source:
    """A file open for import: what it is, and its rows.

    ``position`` is the number of records read so far, ``progress`` the share of the file read, from 0 to 1.
    """

    format: ClassVar[str]

    def __init__(self, path: Path, sniffed: tables.Sniffed, rules: Rules, resume_at: int, start_line: int) -> None:
        self.path = path
        self.encoding = sniffed.encoding
        self.size = sniffed.size
        self.preset = ""
        self.delimiter = self.quote = ""
        self.header: tuple[str, ...] = ()
        self.mapping: ColumnMapping | None = None
        self.position = 0
        self._rules = rules
        self._resume_at = resume_at
        self._start_line = start_line
        self._bytes: BinaryIO | None = None
        self._done = False

    @property
    def ignored(self) -> tuple[str, ...]:
        """Return the columns (or vCard properties, as far as met) that are not used."""
        raise NotImplementedError

    @property
    def progress(self) -> float:
        """Return the share of the file that has been read."""
        if self._done or not self.size:
            return 1.0
        return min(1.0, self._bytes.tell() / self.size) if self._bytes else 0.0

    def __iter__(self) -> Iterator[SourceRow]:
        raise NotImplementedError

    def _wanted(self, line: int) -> bool:
        """Count a record; say whether it comes after the point to go on from."""
        self.position += 1
        return self.position > self._resume_at and line >= self._start_line


class TableSource(Source):
    """A CSV file."""

    format = "csv"

    def __init__(
        self,
        path: Path,
        sniffed: tables.Sniffed,
        rules: Rules,
        resume_at: int,
        start_line: int,
        mapping: ColumnMapping | None,
        overrides: Sequence[str],
        layout: tables.Layout,
        known_by: Sequence[str],
        looking: bool,
    ) -> None:
        super().__init__(path, sniffed, rules, resume_at, start_line)
        self.layout, self.known_by = layout, known_by
        self.delimiter, self.quote = layout.delimiter, layout.quote
        with self._open() as stream:
            self.header = self._table(stream).header
        if mapping is not None and mapping.header != self.header:
            raise MappingError("other_header", _OTHER_HEADER)
        self.mapping = with_overrides(mapping or map_columns(self.header), self.header, overrides)
        self.preset = self.mapping.preset
        if not looking:
            check_names(self.mapping)
        self._build = RowBuilder(self.mapping, rules).build

    @property
    def ignored(self) -> tuple[str, ...]:
        """Return the names of the columns that are not used."""
        return self.mapping.ignored if self.mapping else ()

    def __iter__(self) -> Iterator[SourceRow]:
        self.position, self._done = 0, False
        with self._open() as stream:
            self._bytes = stream.buffer
            try:
                yield from self._rows(self._table(stream))
                self._done = True
            finally:
                self._bytes = None

    def _rows(self, table: tables.Table) -> Iterator[SourceRow]:
        build = self._build
        known = Known(self.mapping, self.known_by)
        repeats = self._repeats(known)
        for record in table:
            twice = known.twice(repeats, record) if repeats else None
            if not self._wanted(record.line):
                continue
            if record.broken:
                yield SourceRow(record.line, {}, record.problems, record.cells, self.position)
                continue
            values, problems = build(record.cells)
            if record.problems or twice:
                problems = record.problems + problems + ([twice] if twice else [])
            yield SourceRow(record.line, values, problems, record.cells, self.position)

    def _repeats(self, known: Known) -> tables.Repeats | None:
        """Return the rows that are about the same contact; nothing where no column says which one a row is about."""
        if not known.columns:
            return None
        with self._open() as stream:
            return tables.Repeats(known.key(record.cells) for record in self._table(stream))

    def _open(self) -> TextIO:
        return self.layout.open(self.path)

    def _table(self, stream: TextIO) -> tables.Table:
        return self.layout.table(stream, lenient=self._rules.lenient)


class CardSource(Source):
    """A vCard file."""

    format = "vcard"

    def __init__(self, path: Path, sniffed: tables.Sniffed, rules: Rules, resume_at: int, start_line: int) -> None:
        super().__init__(path, sniffed, replace(rules, tag_gap=UNIT), resume_at, start_line)
        self.preset = "vcard"
        self._unused: dict[str, None] = {}

    @property
    def ignored(self) -> tuple[str, ...]:
        """Return the names of the properties met so far that are not used."""
        return tuple(self._unused)

    def __iter__(self) -> Iterator[SourceRow]:
        self.position, self._done = 0, False
        with self.path.open("rb") as stream:
            self._bytes = stream
            try:
                for card in cards(stream, self.encoding):
                    if self._wanted(card.line):
                        yield self._row(card)
                self._done = True
            finally:
                self._bytes = None

    def _row(self, card: Card) -> SourceRow:
        raw = b"\n".join(card.raw).decode("utf-8", "replace")
        draft, unused, group = draft_card(card)
        self._unused.update(dict.fromkeys(unused))
        if card.problems:
            return SourceRow(card.line, {}, card.problems, raw, self.position)
        if group:
            return SourceRow(card.line, {}, [problem(None, "vcard_group")], raw, self.position)
        values, problems = finish(draft, self._rules)
        return SourceRow(card.line, values, problems, raw, self.position)


def open_source(
    path: str | os.PathLike[str],
    *,
    region: str = "FR",
    mapping: ColumnMapping | None = None,
    overrides: Iterable[str] = (),
    lenient: bool = False,
    names_from_email: bool = False,
    encoding: str | None = None,
    separator: str = "",
    quote: str = "",
    joiner: str = " ",
    known_by: Sequence[str] = (),
    looking: bool = False,
    resume_at: int = 0,
    start_line: int = 0,
) -> Source:
    """Open a CSV or vCard file and find out what it is.

    Args:
        path: the file.
        region: where phone numbers without a country code belong (ISO 3166).
        mapping: of an earlier run over a file with the same header; otherwise the columns are recognised.
        overrides: ``Column=field`` pairs that change the mapping.
        lenient: a bad address, number or date costs that value instead of the whole row; it is reported either way.
        names_from_email: call a person without a name after an address such as ``anne.martin@example.org``.
        encoding: Python's name of the character encoding, when it is known better than it can be seen.
        separator: what stands between the cells of a table, likewise.
        quote: what stands around the cells of a table that hold it, likewise.
        joiner: what stands between the texts of several columns that go to one field.
        known_by: fields of which the first that a row fills says which contact it is about; a second row about the same
            one is refused.
        looking: only the columns are looked at; that they name nobody yet is no reason to refuse the file.
        resume_at: number of records to pass over; the ``position`` of the last row done.
        start_line: pass over records that begin before this line.

    Raises:
        UnreadableFile: not a text file, no header, too many columns.
        MappingError: an override that fits no column or field, or columns that name nobody.
        OSError: the file cannot be opened.
    """
    file = Path(path)
    sniffed = tables.sniff(file, encoding)
    rules = Rules(region=region.upper(), lenient=lenient, names_from_email=names_from_email, joiner=joiner)
    overrides = list(overrides)
    if _CARD.search(sniffed.sample):
        if overrides or mapping:
            raise MappingError("no_columns", _NO_COLUMNS)
        return CardSource(file, sniffed, rules, resume_at, start_line)
    layout = tables.layout_of(sniffed, separator, quote)
    return TableSource(file, sniffed, rules, resume_at, start_line, mapping, overrides, layout, known_by, looking)
