"""Folding of text for search and sorting: case, accents and letters without decomposition."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": "'"}
)
_DIGITS = re.compile(r"\D+")


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Return ``text`` lower-cased, without accents, with single spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def sort_key(text: str | None, length: int = 200) -> str | None:
    """Return the folded key a text is sorted and compared by, ``None`` for no text."""
    return fold(text)[:length] if text else None


def digits(text: str) -> str:
    """Return only the digits of a phone number."""
    return _DIGITS.sub("", text)


def like_escape(text: str) -> str:
    r"""Escape ``%``, ``_`` and ``\`` for a LIKE pattern with ``\`` as escape character."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
