"""What a file is made of: its kind, its character encoding and its delimiter, from its first 64 KB.

The file is never read whole. Bytes that do not fit UTF-8 further down are read as Windows-1252, which is what a stray
one almost always is (a file put together from two sources).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from crm_core.tables.problems import unreadable

SAMPLE_BYTES = 65_536
DELIMITERS = (",", ";", "\t", "|")

_SIGNATURES: Sequence[tuple[bytes, str]] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0", "xls"),
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "gzip"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"SQLite format 3", "binary"),
)
_BOMS: Sequence[tuple[bytes, str]] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_FOLD = re.compile(rb"\r?\n[ \t]")
_CUT = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{0,2}\Z")
_HIGH = re.compile(rb"[\x80-\xff]")
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_HTML = re.compile(r"\s*<(?:!doctype html|html|\?xml)", re.IGNORECASE)
_SEP_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_ERRORS = "crm.windows_1252"


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if error.encoding.replace("-", "").replace("_", "").startswith("utf16"):
        return "\ufffd", error.end
    broken = error.object[error.start : error.end]
    # The five codes Windows-1252 leaves open are control characters in Latin-1.
    return "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in broken), error.end


codecs.register_error(_ERRORS, _as_windows_1252)


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What the first bytes tell: Python's name of the encoding, the size in bytes, and the sample as text."""

    encoding: str
    size: int
    sample: str


def sniff(path: Path, encoding: str | None = None) -> Sniffed:
    """Look at the beginning of a file; ``encoding`` is believed when given.

    Raises:
        UnreadableFile: empty, a workbook, an archive, a PDF, an image, a web page, other binary data, or an encoding
            that does not exist.
        OSError: the file cannot be opened.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(SAMPLE_BYTES)
    if not head.strip(b"\x00 \t\r\n"):
        raise unreadable("empty")
    _refuse_signatures(head)
    name = _known(encoding) if encoding else detect_encoding(head)
    sample = decode(head, name)
    if _HTML.match(sample):
        raise unreadable("html")
    return Sniffed(name, size, sample)


def detect_encoding(head: bytes) -> str:
    """Return Python's name of the encoding of text that begins with ``head``.

    Raises:
        UnreadableFile: the bytes are not text.
    """
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    if wide := _wide_without_bom(head):
        return wide
    if head.count(0) * 10 > len(head) or len(_CONTROL.findall(head)) * 50 > len(head):
        raise unreadable("binary")
    # A vCard may be folded inside a character.
    rest, good = _MULTIBYTE.subn(b"", _CUT.sub(b"", _FOLD.sub(b"", head)))
    bad = len(_HIGH.findall(rest))
    # One broken byte does not turn a UTF-8 file into Windows-1252; in real Windows-1252 there is next to nothing good.
    return "utf-8" if good >= 4 * bad else "cp1252"


def decode(head: bytes, encoding: str) -> str:
    """Decode the beginning of a text, which may end inside a character."""
    return codecs.getincrementaldecoder(encoding)(_ERRORS).decode(head, final=False)


def decode_value(value: bytes, encoding: str) -> str:
    """Decode a complete text.

    Raises:
        LookupError: there is no such encoding.
    """
    return value.decode(encoding, _ERRORS)


def open_text(path: Path, encoding: str) -> TextIO:
    """Open a file for reading with its line ends kept, as the csv module wants them."""
    return path.open("r", encoding=encoding, errors=_ERRORS, newline="")


def quoting(quote: str) -> dict[str, Any]:
    """Return what tells the csv module which character stands around cells; nothing for none."""
    return {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE, "quotechar": None}


def detect_delimiter(sample: str, *, whole: bool = False, quote: str = '"') -> str:
    """Return the delimiter of the table that ``sample`` begins: comma, semicolon, tab or bar.

    Each candidate parses the sample, quotes and all; the one whose records most often are as wide as the header wins,
    then the widest. A sample that is not the ``whole`` file may end inside a record, which then does not count.
    A first line ``sep=;`` (Excel's hint) decides at once.
    """
    if told := _SEP_LINE.match(sample):
        return told[1]
    return max(DELIMITERS, key=lambda delimiter: _fitness(sample, delimiter, whole, quote))


def _fitness(sample: str, delimiter: str, whole: bool, quote: str) -> tuple[float, int]:
    rows: list[list[str]] = []
    try:
        lines = io.StringIO(sample, newline="")
        for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True, **quoting(quote)):
            rows.append(row)
            if len(rows) > 100:
                break
    except csv.Error:
        pass
    rows = [row for row in (rows if whole or len(rows) < 2 else rows[:-1]) if row]
    if not rows or len(rows[0]) < 2:
        return 0.0, 0
    width = len(rows[0])
    return sum(len(row) == width for row in rows) / len(rows), width


def _refuse_signatures(head: bytes) -> None:
    for signature, code in _SIGNATURES:
        if head.startswith(signature):
            workbook = code == "zip" and (b"xl/" in head or b"[Content_Types].xml" in head)
            raise unreadable("xlsx" if workbook else code)


def _known(encoding: str) -> str:
    try:
        b"a".decode(encoding)
        return codecs.lookup(encoding).name
    except LookupError as exc:
        raise unreadable("encoding", value=encoding) from exc


def _wide_without_bom(head: bytes) -> str | None:
    """Recognise UTF-16 of a European language: every second byte is zero."""
    part = head[:4096]
    half = len(part) // 2
    even, odd = part[::2].count(0), part[1::2].count(0)
    if half and odd > 0.6 * half and even < 0.1 * half:
        return "utf-16-le"
    if half and even > 0.6 * half and odd < 0.1 * half:
        return "utf-16-be"
    return None
