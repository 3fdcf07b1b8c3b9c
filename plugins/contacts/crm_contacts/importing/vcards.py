"""Cards of a vCard file, streamed: versions 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350), also mixed in one file.

A small reader of our own, because the vobject library stops at the first line it cannot parse (taking the rest of the
file with it), keeps whole photos in memory, and leaves TYPE lists and ``tel:`` addresses of 4.0 as they are.

Lines are handled as bytes: in 2.1 each property may have a character set of its own.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import io
import quopri
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, AnyStr, BinaryIO

from crm_contacts.importing.rows import RowProblem, problem
from crm_core.api import tables

MAX_CHARS = 1_000_000

# Large or of no use here; their lines are dropped as they are read.
DROPPED = frozenset({"PHOTO", "LOGO", "SOUND", "KEY", "AGENT", "X-MS-CARDPICTURE", "X-ICON", "X-THUMBNAIL"})
_PARAMETER = re.compile(r';([^=:;"]+)(?:=((?:"[^"]*"|[^";:])*))?')
_HEAD = re.compile(rb'((?:[A-Za-z0-9_-]+\.)?)([A-Za-z0-9_-]+)((?:;(?:"[^"]*"|[^":])*)?):')
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/=]+\s*")


@dataclass(frozen=True, slots=True)
class Property:
    """One property: name in capitals, group (``item1``) in lower case, parameters by name, text still escaped."""

    name: str
    text: str
    types: tuple[str, ...] = ()
    parameters: dict[str, str] = field(default_factory=dict)
    group: str = ""


@dataclass(slots=True)
class Card:
    """One card: the line it begins on, what was read, what was dropped, and what is broken."""

    line: int
    properties: list[Property] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)


class _Scanner:
    """Puts folded lines together and lines into cards."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._card: Card | None = None
        self._pending: list[bytes] = []
        self._pending_line = 0
        self._quoted_printable = False
        self._dropping = ""
        self._nested = 0
        self._size = 0
        self._version = ""
        self._stray = False

    def feed(self, number: int, line: bytes) -> Iterator[Card]:
        """Take one physical line; give the card it completes."""
        bare = line.strip()
        upper = bare[:12].upper()
        if upper.startswith(b"BEGIN:VCARD"):
            if self._card and self._dropping == "AGENT":
                self._nested += 1
            else:
                yield from self.close()
                self._open(number)
        elif self._nested:
            self._nested -= upper.startswith(b"END:VCARD")
        elif self._card is None:
            if bare:
                self._open(number)
                self._stray = True
                self._note("vcard_no_begin", number)
        elif upper.startswith(b"END:VCARD"):
            self._end_property()
            yield from self._finished()
        elif not self._stray:
            self._take(number, line.rstrip(b"\r\n"))

    def close(self) -> Iterator[Card]:
        """Give the card under way as a broken one."""
        if self._card is not None:
            self._end_property()
            if not self._stray:
                self._note("vcard_no_end", self._card.line)
            yield from self._finished()

    def _open(self, number: int) -> None:
        self._card = Card(number)
        self._size, self._version, self._stray = 0, "", False

    def _finished(self) -> Iterator[Card]:
        card, self._card = self._card, None
        if card is not None:
            yield card

    def _take(self, number: int, line: bytes) -> None:
        """Take a line inside a card: more of the property under way, or the next one."""
        folded = line[:1] in (b" ", b"\t")
        if self._dropping and (folded or not line or _BASE64_LINE.fullmatch(line)):
            return
        soft_break = self._quoted_printable and bool(self._pending) and self._pending[-1].endswith(b"=")
        if not folded and not soft_break:
            self._end_property()
            if not line.strip() or self._drops(line):
                return
        if not self._fits(line):
            return
        if soft_break:
            self._pending.extend((b"\n", line))
        elif folded and self._pending:
            # RFC 6350 3.2 removes one blank; 2.1 folds between words and keeps it.
            self._pending.append(line if self._version == "2.1" else line[1:])
        else:
            self._pending, self._pending_line = [line], number
            self._quoted_printable = b"QUOTED-PRINTABLE" in line.partition(b":")[0].upper()

    def _drops(self, line: bytes) -> bool:
        head = _HEAD.match(line)
        name = head[2].decode("ascii").upper() if head else ""
        if name not in DROPPED or self._card is None:
            return False
        self._dropping = name
        self._card.dropped.append(name)
        return True

    def _fits(self, line: bytes) -> bool:
        """Keep the line as part of the card, unless the card grows too long."""
        before, self._size = self._size, self._size + len(line)
        if self._size > MAX_CHARS:
            if before <= MAX_CHARS and self._card:
                self._note("vcard_too_long", self._card.line, chars=f"{MAX_CHARS:,}")
            return False
        if self._card:
            self._card.raw.append(line)
        return True

    def _end_property(self) -> None:
        line, self._pending, self._dropping = b"".join(self._pending), [], ""
        if not line or self._card is None:
            return
        head = _HEAD.match(line)
        if not head:
            shown = line[:80].decode("utf-8", "replace")
            self._note("vcard_line", self._pending_line, shown)
            return
        try:
            found = _property(head, line[head.end() :], self._encoding)
        except (LookupError, ValueError, binascii.Error):
            self._note("vcard_charset", self._pending_line, property=head[2].decode("ascii").upper())
            return
        if found.name == "VERSION":
            self._version = found.text.strip()
        self._card.properties.append(found)

    def _note(self, code: str, line: int, value: str = "", **params: Any) -> None:
        if self._card is not None:
            self._card.problems.append(problem(None, code, value, line=line, **params))


def cards(stream: BinaryIO, encoding: str) -> Iterator[Card]:
    """Give the cards of a file, broken ones among them; ``encoding`` is the one of text that does not name its own.

    A file in UTF-16 is turned into UTF-8 line by line.
    """
    scanner = _Scanner("utf-8" if encoding.startswith("utf-16") else encoding)
    for number, line in enumerate(_physical_lines(stream, encoding), start=1):
        yield from scanner.feed(number, line)
    yield from scanner.close()


def _physical_lines(stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    if encoding.startswith("utf-16"):
        text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="\n")
        try:
            yield from (line.encode("utf-8") for line in _bounded(text.readline, "\n"))
        finally:
            text.detach()
        return
    for number, line in enumerate(_bounded(stream.readline, b"\n")):
        yield line if number else line.removeprefix(codecs.BOM_UTF8)


def _bounded(readline: Callable[[int], AnyStr], end: AnyStr) -> Iterator[AnyStr]:
    """Give the lines; of a longer one only the first ``MAX_CHARS``."""
    while line := readline(MAX_CHARS):
        rest = line
        while rest and not rest.endswith(end) and len(rest) == MAX_CHARS:
            rest = readline(MAX_CHARS)
        yield line


def _property(head: re.Match[bytes], value: bytes, encoding: str) -> Property:
    parameters: dict[str, str] = {}
    types: list[str] = []
    for found in _PARAMETER.finditer(head[3].decode("utf-8", "replace")):
        name, given = found[1].strip().upper(), (found[2] or "").replace('"', "")
        if name == "TYPE":
            types.extend(given.lower().split(","))
        elif found[2] is None:  # 2.1 writes values alone: TEL;CELL;VOICE
            types.append(name.lower())
        else:
            parameters[name] = given
    coding = parameters.get("ENCODING", "").upper()
    if coding == "QUOTED-PRINTABLE" or "quoted-printable" in types:
        value = quopri.decodestring(value)
    elif coding in ("B", "BASE64") or "base64" in types:
        value = base64.b64decode(b"".join(value.split()), validate=True)
    text = tables.decode_value(value, parameters.get("CHARSET") or encoding)
    return Property(
        head[2].decode("ascii").upper(), text, tuple(types), parameters, head[1].decode("ascii").lower()[:-1]
    )
