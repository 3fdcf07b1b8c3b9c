"""Records of a CSV file, streamed, each with the physical line it starts on (RFC 4180, and what is met instead of it).

The csv module parses; what it cannot tell is found out here. It swallows every line after a quote that nobody closes,
so the lines of a record are kept until the record has proved sound; if it has not, its first line is reported and
reading goes on with the next line that looks like a record. A record is bounded by ``MAX_CHARS`` and ``MAX_LINES``,
which bounds memory too.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from crm_core.tables.encoding import DELIMITERS, quoting
from crm_core.tables.problems import RowProblem, problem, unreadable

MAX_CHARS = 1_000_000
MAX_LINES = 1_000
MAX_COLUMNS = 1_000

_SEP_LINE = re.compile(r"sep=.\r?\n?", re.IGNORECASE)
_ADDRESS = re.compile(r"\S+@\S+\.\S+")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_NUMBER = re.compile(r"\+?(?:[ .()/-]*\d){6,}")

# The limit of the csv module is one number for the whole process; raising it to the bound kept here harms nobody.
csv.field_size_limit(max(csv.field_size_limit(), MAX_CHARS + 1))


class _TooLong(Exception):
    """The record grows beyond its bounds."""


class _Feed:
    """Hands physical lines to the csv module and remembers those of the record under way.

    It may be asked again after it has ended, because lines can be given back.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self._chars = 0
        self.line = 0
        self.lines: list[str] = []
        self.nul = self.cut = False

    def begin(self) -> None:
        """Forget the lines of the record before."""
        self.lines.clear()
        self._chars = 0
        self.nul = self.cut = False

    @property
    def first(self) -> int:
        """Return the number of the line the record starts on."""
        return self.line - len(self.lines) + 1

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        text = self._again.popleft() if self._again else self._read()
        if not text:
            raise StopIteration
        self.line += 1
        self.lines.append(text)
        if "\0" in text:
            self.nul = True
            text = text.replace("\0", "")
        self._chars += len(text)
        if self._chars > MAX_CHARS or len(self.lines) > MAX_LINES:
            raise _TooLong
        return text

    def give_back(self) -> None:
        """Take all lines of the record but its first as unread; not those after a line too long to keep."""
        if not self.cut:
            self._again.extendleft(reversed(self.lines[1:]))
            self.line -= len(self.lines) - 1
        self.begin()

    def peek(self) -> str:
        """Return the next line without taking it, empty at the end."""
        if not self._again:
            self._again.append(self._read())
        if not self._again[0]:
            self._again.clear()
            return ""
        return self._again[0]

    def skip(self) -> None:
        """Drop the line peeked at."""
        self._again.popleft()
        self.line += 1

    def _read(self) -> str:
        text = self._stream.readline(MAX_CHARS + 1)
        if len(text) > MAX_CHARS and text[-1] not in "\r\n":
            self.cut = True
            rest = text
            while rest and rest[-1] not in "\r\n":
                rest = self._stream.readline(MAX_CHARS)
        return text


@dataclass(slots=True)
class Record:
    """The cells of one record, as many as the header has; ``broken`` when they cannot be trusted."""

    line: int
    cells: list[str]
    problems: list[RowProblem] = field(default_factory=list)
    broken: bool = False


class Table:
    """A table with its header read: ``header`` has unique names, iteration gives the records after it.

    Raises:
        UnreadableFile: no header, a header that cannot be one, or more columns than ``MAX_COLUMNS``.
    """

    def __init__(self, stream: TextIO, delimiter: str, *, lenient: bool = False, quote: str = '"') -> None:
        self._feed = _Feed(stream)
        self._delimiter = delimiter
        self._quoting = quoting(quote)
        self._lenient = lenient
        self._reader = self._parser(self._feed)
        names = self._read_header()
        self.header = unique_names(names)
        self._width = len(names)

    def __iter__(self) -> Iterator[Record]:
        feed = self._feed
        while True:
            feed.begin()
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except _TooLong:
                yield self._broken("too_long", lines=f"{MAX_LINES:,}", chars=f"{MAX_CHARS:,}")
                continue
            except csv.Error:
                yield self._broken("quote")
                continue
            if len(feed.lines) > 1 and self._unsound(cells):
                yield self._broken("quote")
            elif any(cells) and not all(map(str.isspace, filter(None, cells))):
                yield self._record(cells)

    def _record(self, cells: list[str]) -> Record:
        record = Record(self._feed.first, cells)
        if len(cells) != self._width:
            self._fit(record)
        if self._feed.nul:
            record.problems.append(problem(None, "nul", fatal=not self._lenient))
        return record

    def _fit(self, record: Record) -> None:
        """Make a ragged record as wide as the header, or say why that cannot be done."""
        cells, width, count = record.cells, self._width, len(record.cells)
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        facts: dict[str, Any] = {"line": record.line, "count": count, "expected": width}
        if len(cells) > width:
            record.broken = True
            record.problems.append(problem(None, "too_many_cells", **facts))
        elif count == 1 and any(other in cells[0] for other in DELIMITERS if other != self._delimiter):
            record.broken = True
            record.problems.append(problem(None, "cell_shift", **facts))
        elif count < width:
            cells.extend([""] * (width - count))
            record.problems.append(problem(None, "too_few_cells", fatal=False, **facts))

    def _unsound(self, cells: list[str]) -> bool:
        """Say whether a record of several lines is rather several records behind a stray quote."""
        return len(cells) != self._width and any(self._whole(line) for line in self._feed.lines[1:])

    def _whole(self, line: str) -> bool:
        """Say whether a line by itself is a record as wide as the header."""
        try:
            return [len(cells) for cells in self._parser([line])] == [self._width]
        except csv.Error:
            return False

    def _parser(self, lines: Iterable[str]) -> Iterator[list[str]]:
        # Strict: a closing quote must stand before a delimiter. That tells a stray quote, because the one that closes
        # it is the opening quote of some later cell.
        return csv.reader(lines, delimiter=self._delimiter, skipinitialspace=True, strict=True, **self._quoting)

    def _broken(self, code: str, **params: Any) -> Record:
        """Report the record under way and go on after it, at the next line that looks like a record."""
        feed = self._feed
        line, text, last = feed.first, feed.lines[0], feed.line
        feed.give_back()
        while (following := feed.peek()) and not self._whole(following):
            feed.skip()
        last = feed.line
        text = text[:1000].rstrip("\r\n")
        return Record(line, [text], [problem(None, code, line=line, last=last, **params)], broken=True)

    def _read_header(self) -> list[str]:
        feed = self._feed
        while True:
            feed.begin()
            try:
                names = next(self._reader)
            except StopIteration:
                raise unreadable("empty") from None
            except _TooLong:
                code = "header_too_long" if len(feed.lines) == 1 else "header_quote"
                raise unreadable(code, chars=f"{MAX_CHARS:,}") from None
            except csv.Error:
                raise unreadable("header_quote") from None
            if any(name.strip() for name in names) and not _SEP_LINE.fullmatch(feed.lines[0]):
                return check_header(names)


def check_header(names: list[str]) -> list[str]:
    """Return the names of the columns without surrounding blanks.

    Raises:
        UnreadableFile: too many columns, or data (an e-mail address, a date, a phone number) in place of names.
    """
    while names and not names[-1].strip():
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise unreadable("columns", count=f"{len(names):,}", limit=f"{MAX_COLUMNS:,}")
    names = [name.strip().strip("\ufeff") for name in names]
    for name in names:
        if _ADDRESS.fullmatch(name) or _DATE.fullmatch(name) or _NUMBER.fullmatch(name):
            raise unreadable("no_header", value=name)
    return names


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Number repeated names: ``Phone``, ``Phone (2)``; an empty name becomes ``Column 3``."""
    result: dict[str, None] = {}
    for index, given in enumerate(names, start=1):
        name = base = given or f"Column {index}"
        number = 2
        while name in result:
            name = f"{base} ({number})"
            number += 1
        result[name] = None
    return tuple(result)
