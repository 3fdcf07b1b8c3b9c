"""Marking the words looked for in what is shown: case, accents and composed letters don't count."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from crm_core.search_text import words_of
from crm_core.text import fold, fold_once


def marked(title: str, text: str) -> Markup:
    """Return a title as HTML with the words of ``text`` marked as they stand in it; everything in it is escaped."""
    words = sorted({w for w in [*fold(text).split(), *words_of(text)] if w}, key=len, reverse=True)
    if not words:
        return escape(title)
    folded, places = _folded(title)
    parts, end = [], 0
    for match in re.finditer("|".join(re.escape(word) for word in words), folded):
        start, stop = places[match.start()], _whole(title, places[match.end() - 1] + 1)
        if start < end:
            continue
        parts += [escape(title[end:start]), Markup("<mark>{}</mark>").format(title[start:stop])]
        end = stop
    return Markup("").join([*parts, escape(title[end:])])


def _folded(title: str) -> tuple[str, list[int]]:
    """Return a text folded letter by letter, and which letter of it each folded one comes from."""
    letters = [(fold_once(letter) or (" " if letter.isspace() else ""), n) for n, letter in enumerate(title)]
    return "".join(letter for letter, _ in letters), [n for letter, n in letters for _ in letter]


def _whole(title: str, stop: int) -> int:
    """Return where a piece ends with the accents that belong to its last letter."""
    while stop < len(title) and not title[stop].isspace() and not fold_once(title[stop]):
        stop += 1
    return stop
