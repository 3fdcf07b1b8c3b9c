"""How a table is written: its encoding, what stands between its cells, and what around those that hold that.

Each is recognised unless somebody says what it is.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from crm_core.i18n import N_
from crm_core.tables.encoding import SAMPLE_BYTES, Sniffed, detect_delimiter, open_text, sniff
from crm_core.tables.records import Table

SEPARATORS: Mapping[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
SEPARATOR_NAMES: Mapping[str, str] = {
    "comma": N_("Comma"), "semicolon": N_("Semicolon"), "tab": N_("Tab"), "bar": N_("Vertical bar"),
}  # fmt: skip
QUOTES: Mapping[str, str] = {"double": '"', "single": "'", "none": ""}
QUOTE_NAMES: Mapping[str, str] = {
    "double": N_("Double quotes"), "single": N_("Single quotes"), "none": N_("Nothing"),
}  # fmt: skip
ENCODINGS: Mapping[str, str] = {
    "utf-8": N_("Unicode (UTF-8)"),
    "utf-16": N_("Unicode (UTF-16)"),
    "cp1252": N_("Western European (Windows-1252)"),
    "iso8859-15": N_("Western European (ISO 8859-15)"),
    "cp850": N_("Western European (DOS 850)"),
    "mac-roman": N_("Western European (Mac OS)"),
    "cp1250": N_("Central European (Windows-1250)"),
    "cp1251": N_("Cyrillic (Windows-1251)"),
    "cp1253": N_("Greek (Windows-1253)"),
    "cp1254": N_("Turkish (Windows-1254)"),
    "cp1256": N_("Arabic (Windows-1256)"),
    "shift_jis": N_("Japanese (Shift JIS)"),
    "gb18030": N_("Chinese (GB 18030)"),
}
"""The encodings that are offered; every other that Python knows is accepted too."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to write tables: Python's name of the encoding, and one character each, none for ``quote`` if unused."""

    encoding: str
    delimiter: str
    quote: str

    def open(self, path: Path) -> TextIO:
        """Open a file written like this."""
        return open_text(path, self.encoding)

    def table(self, stream: TextIO, *, lenient: bool = False) -> Table:
        """Return the table of an open file."""
        return Table(stream, self.delimiter, lenient=lenient, quote=self.quote)


def layout_of(sniffed: Sniffed, separator: str = "", quote: str = "") -> Layout:
    """Return how a table is written that begins so; ``separator`` and ``quote`` are believed when given.

    Both are names (``semicolon``, ``none``) or the character itself.
    """
    around = QUOTES.get(quote, quote) if quote else '"'
    between = SEPARATORS.get(separator, separator)
    if not between:
        between = detect_delimiter(sniffed.sample, whole=sniffed.size <= SAMPLE_BYTES, quote=around)
    return Layout(sniffed.encoding, between, around)


def layout(path: Path, encoding: str = "", separator: str = "", quote: str = "") -> Layout:
    """Look at the beginning of a table, and say how it is written.

    Raises:
        UnreadableFile: it is no table.
    """
    return layout_of(sniff(path, encoding), separator, quote)


def is_encoding(name: str) -> bool:
    """Tell whether a name is one of a character encoding."""
    try:
        codecs.lookup(name)
        return bool("a".encode(name))
    except (LookupError, ValueError, TypeError):
        return False
