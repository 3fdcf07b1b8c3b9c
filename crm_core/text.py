"""Folding of text for search and sorting: case, accents and letters without decomposition."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LETTERS = {"ł": "l", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": "'"}
_LETTER = re.compile(f"[{''.join(_LETTERS)}]")
_MARK = re.compile("[\u0300-\u034e\u0350-\u036f]+")
_DIGITS = re.compile(r"\D+")


def fold_once(text: str) -> str:
    """Return what :func:`fold` returns without remembering it, for long texts that do not come again."""
    if text.isascii():
        return " ".join(text.lower().split())
    found = _LETTER.sub(lambda letter: _LETTERS[letter[0]], text.casefold())
    found = _MARK.sub("", unicodedata.normalize("NFKD", found))
    if not found.isascii():
        found = "".join([c for c in found if not unicodedata.combining(c)])
    return " ".join(found.split())


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Return ``text`` lower-cased, without accents, with single spaces."""
    return fold_once(text)


def sort_key(text: str | None, length: int = 200) -> str | None:
    """Return the folded key a text is sorted and compared by, ``None`` for no text."""
    return fold(text)[:length] if text else None


def digits(text: str) -> str:
    """Return only the digits of a phone number."""
    return _DIGITS.sub("", text)


def like_escape(text: str) -> str:
    r"""Escape ``%``, ``_`` and ``\`` for a LIKE pattern with ``\`` as escape character."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet may take the beginning of a cell for (OWASP, CSV injection)."""
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?")


def shielded(text: str) -> str:
    """Return a cell of a table so that no spreadsheet takes it for a formula: with an apostrophe before it.

    Plain numbers and phone numbers stay as they are; :func:`unshielded` gives the text back.
    """
    if not text or (text[0] not in _FORMULA and text[0] != "'"):
        return text
    if not text.lstrip("'").startswith(_FORMULA) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def unshielded(text: str) -> str:
    """Return a cell without the apostrophe that keeps a spreadsheet from taking it for a formula."""
    return text[1:] if text[:1] == "'" and text.lstrip("'").startswith(_FORMULA) else text
