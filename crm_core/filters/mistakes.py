"""From a mistake in the text of a filter to a sentence that helps."""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches
from typing import TYPE_CHECKING

from crm_core.errors import FilterError
from crm_core.filters.tree import problem
from crm_core.i18n import N_

if TYPE_CHECKING:
    from lark.exceptions import UnexpectedInput

_JOIN = (
    "_OR",
    N_('Column %(column)s: expected "and", "or" or the end but found %(found)s'),
    N_("The filter ends too early: a closing parenthesis is missing"),
)
# What the parser waits for, told by one terminal it would take: the sentence at a wrong word, and at the end.
_EXPECTATIONS: tuple[tuple[str, str, str], ...] = (
    (
        "PATH",
        N_('Column %(column)s: expected a condition, such as name = "Ker", but found %(found)s'),
        N_('The filter ends too early: expected a condition, such as name = "Ker"'),
    ),
    (
        "EQUALITY",
        N_("Column %(column)s: expected an operator, such as = or contains, but found %(found)s"),
        N_("The filter ends too early: expected an operator, such as = or contains"),
    ),
    (
        "TRUE",
        N_("Column %(column)s: expected a value (a text in quotes, a number, a date …) but found %(found)s"),
        N_("The filter ends too early: expected a value (a text in quotes, a number, a date …)"),
    ),
    (
        "_ME",
        N_("Column %(column)s: expected a text in quotes, a number, a date or me but found %(found)s"),
        N_("The filter ends too early: expected a text in quotes, a number, a date or me"),
    ),
    (
        "RELATIVE",
        N_("Column %(column)s: expected a number, a date or a text in quotes but found %(found)s"),
        N_("The filter ends too early: expected a number, a date or a text in quotes"),
    ),
    (
        "STRING",
        N_("Column %(column)s: expected a text in quotes but found %(found)s"),
        N_("The filter ends too early: expected a text in quotes"),
    ),
    (
        "_LPAR",
        N_('Column %(column)s: expected a list, such as ("a", "b"), or my_teams, but found %(found)s'),
        N_('The filter ends too early: expected a list, such as ("a", "b"), or my_teams'),
    ),
    (
        "_COMMA",
        N_("Column %(column)s: expected a comma or a closing parenthesis but found %(found)s"),
        N_("The filter ends too early: expected a comma or a closing parenthesis"),
    ),
    (
        "HAS",
        N_('Column %(column)s: expected "in", "contains" or "has" after "not" but found %(found)s'),
        N_('The filter ends too early: expected "in", "contains" or "has" after "not"'),
    ),
    (
        "_NULL",
        N_('Column %(column)s: expected "null" or "not null" after "is" but found %(found)s'),
        N_('The filter ends too early: expected "null" or "not null" after "is"'),
    ),
    _JOIN,
    (
        "_AND",
        N_('Column %(column)s: expected "and" and the upper bound but found %(found)s'),
        N_('The filter ends too early: expected "and" and the upper bound'),
    ),
)

_NEAR_OPERATOR = N_('Column %(column)s: %(found)s is not an operator; did you mean "%(near)s"?')
_NEAR_WORD = N_('Column %(column)s: %(found)s is not known here; did you mean "%(near)s"?')
_UNCLOSED = N_("Column %(column)s: the text that starts here has no closing quote")
_UNQUOTED = N_("Column %(column)s: %(found)s is no number, date or known word; a text stands in quotes")
_TEAMS = N_('Column %(column)s: my_teams is a list: write "in my_teams"')

_OPERATOR_WORDS = {
    **{word: word for word in ("in", "not in", "contains", "startswith", "endswith", "has", "is null")},
    "between": "between",
    **dict.fromkeys(("==", ":", "eq", "equals", "equal"), "="),
    **dict.fromkeys(("<>", "!==", "=!", "ne", "differs"), "!="),
    **dict.fromkeys(("like", "ilike", "~", "=~", "~=", "includes", "matches"), "contains"),
    **dict.fromkeys(("starts", "begins", "beginswith"), "startswith"),
    "ends": "endswith",
    "isnull": "is null",
    "notin": "not in",
    "nin": "not in",
}
_NOT_WORDS = {"in": "in", "contains": "contains", "has": "has", "like": "contains", "includes": "contains"}
_JOIN_WORDS = {"and": "and", "or": "or", **dict.fromkeys(("&", "&&", ",", ";"), "and"), "|": "or", "||": "or"}
_DAY_WORDS = ("today", "now", "yesterday", "tomorrow")
_PERIOD_WORDS = (f"{a}_{b}" for a in ("this", "last", "next") for b in ("week", "month", "quarter", "year"))
_VALUE_WORDS = {
    **{word: word for word in ("true", "false", "null", "me", *_DAY_WORDS, *_PERIOD_WORDS)},
    **{"none": "null", "nil": "null", "myself": "me"},
}
_WORDS_AT = {"EQUALITY": _OPERATOR_WORDS, "HAS": _NOT_WORDS, "_OR": _JOIN_WORDS, "TRUE": _VALUE_WORDS}
_PIECE = re.compile(r"""[\w.@+-]+|[=!<>&|~:]+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|.""", re.DOTALL)


def explain(error: UnexpectedInput, text: str) -> FilterError:
    """Return the error for people of what the parser could not read."""
    token = getattr(error, "token", None)
    # Not error.expected: that also names what only other contexts of the same state would take.
    state = getattr(error, "interactive_parser", None)
    expected: Collection[str] = state.accepts() if state else ()
    rows = (row for row in _EXPECTATIONS if row[0] in expected)
    terminal, wrong, early = next(rows, _JOIN)
    if token is not None and token.type == "$END":
        return problem(early)
    position: int = getattr(error, "pos_in_stream", 0)
    piece = _piece(text, position)
    message, near = _better(terminal, piece, expected) or (wrong, "")
    found = piece if piece[0] in "\"'" else f'"{piece}"'
    return problem(message, column=position + 1, found=found, near=near)


def _piece(text: str, position: int) -> str:
    found = _PIECE.match(text, position)
    return found[0] if found else text[position : position + 1]


def _better(terminal: str, piece: str, expected: Collection[str]) -> tuple[str, str] | None:
    """Return a message that says more than what was expected, and the word to suggest."""
    if near := _nearest(piece, terminal) or ("RELATIVE" in expected and _date_near(piece)):
        return (_NEAR_OPERATOR if terminal in ("EQUALITY", "HAS") else _NEAR_WORD), near
    if "STRING" not in expected or piece.lower() in _VALUE_WORDS:
        return None
    if piece in ('"', "'"):
        return _UNCLOSED, ""
    if piece.lower() == "my_teams":
        return _TEAMS, ""
    return (_UNQUOTED, "") if re.match(r"\w", piece) else None


def _nearest(piece: str, terminal: str) -> str | None:
    words = _WORDS_AT.get(terminal, {})
    # Stricter for values: "new" without quotes is more likely a text than a slip for "now".
    cutoff = 0.75 if terminal == "TRUE" else 0.65
    close = get_close_matches(piece.lower()[:40], words, n=1, cutoff=cutoff)
    return words[close[0]] if close else None


def _date_near(piece: str) -> str | None:
    """Return the right writing of ``30d`` (an offset needs its sign) and of ``2026-1-5``."""
    if re.fullmatch(r"[0-9]{1,5}(?:min|[hdwmqy])", piece):
        return f"-{piece}"
    if parts := re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", piece):
        year, month, day = parts.groups()
        return f"{year}-{month:0>2}-{day:0>2}"
    return None
