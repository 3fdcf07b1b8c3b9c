"""The grammar of the filter language, and the tree built while it is read.

This is the only module that imports lark, and ``parse`` imports it at the first filter: commands that filter
nothing start without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from lark import Lark, Token, Transformer, v_args

from crm_core.errors import FilterError
from crm_core.filters.relative import (
    DATE_PATTERN,
    DATETIME_PATTERN,
    RELATIVE_PATTERN,
    is_absolute,
    read_relative,
)
from crm_core.filters.tree import (
    EVERYTHING,
    NOTHING,
    PATH_PATTERN,
    RESERVED_WORDS,
    And,
    Cond,
    Me,
    MyTeams,
    Node,
    Not,
    Or,
    Relative,
    Value,
    check_path,
    check_scalar,
    problem,
)
from crm_core.i18n import N_

T = TypeVar("T")

_RULES = r"""
?start: either
?either: both (_OR both)*          -> either
?both: one (_AND one)*             -> both
?one: _NOT one                     -> negation
    | _LPAR either _RPAR
    | TRUE                         -> everything
    | FALSE                        -> nothing
    | PATH EQUALITY equal          -> condition
    | PATH ORDER ordered           -> condition
    | PATH in (values | teams)      -> condition
    | PATH text_op text            -> condition
    | PATH has member              -> condition
    | PATH null                    -> condition
    | PATH _BETWEEN ordered _AND ordered -> between

in: _IN                            -> op_in
  | _NOT _IN                       -> op_not_in
text_op: CONTAINS                  -> word
       | STARTSWITH                -> word
       | ENDSWITH                  -> word
       | _NOT CONTAINS             -> not_word
has: HAS                           -> word
   | _NOT HAS                      -> not_word
null: _IS _NULL                    -> op_null
    | _IS _NOT _NULL               -> op_not_null

?ordered: STRING                   -> string
        | NUMBER                   -> number
        | DATE                     -> date
        | RELATIVE                 -> relative
?text: STRING                      -> string
     | NUMBER                      -> digits
?equal: ordered | me | TRUE -> true | FALSE -> false | _NULL -> null_value
?member: ordered | me | teams
me: _ME
teams: _MY_TEAMS
values: _LPAR equal (_COMMA equal)* _RPAR

%ignore /\s+/
"""


def _keyword(word: str) -> str:
    # ASCII only: "ſ" and the Kelvin sign would pass for s and k otherwise.
    return rf"(?ai:{word})(?![\w.])"


_HIDDEN = ("AND", "OR", "NOT", "IN", "IS", "NULL", "BETWEEN", "ME", "MY_TEAMS")
_SHOWN = ("TRUE", "FALSE", "CONTAINS", "STARTSWITH", "ENDSWITH", "HAS")
_TERMINALS = {
    **{f"_{word}": _keyword(word) for word in _HIDDEN},
    **{word: _keyword(word) for word in _SHOWN},
    "_LPAR": r"\(",
    "_RPAR": r"\)",
    "_COMMA": ",",
    "EQUALITY": r"!=|=(?!=)",
    "ORDER": r"<(?!>)=?|>=?",
    "PATH": rf"(?!(?ai:{'|'.join(sorted(RESERVED_WORDS))})(?![\w.])){PATH_PATTERN}(?![\w.])",
    "STRING": r"""\"(?:[^"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'""",
    "NUMBER": r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?![\w.-])",
    "DATE": f"(?:{DATE_PATTERN})|(?:{DATETIME_PATTERN})",
    "RELATIVE.2": RELATIVE_PATTERN,  # before NUMBER, which would take the "-30" of "- 30 d"
}
GRAMMAR = _RULES + "\n".join(f"{name}: /{pattern}/s" for name, pattern in _TERMINALS.items())

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPES = {'"': '"', "'": "'", "\\": "\\", "/": "/", "n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@cache
def parser() -> Lark:
    """Return the parser of the language; it answers with a tree that is not simplified yet."""
    return Lark(GRAMMAR, parser="lalr", lexer="contextual", transformer=Builder())


def _located(token: Token, make: Callable[[], T]) -> T:
    try:
        return make()
    except FilterError as error:
        column = (token.start_pos or 0) + 1
        raise problem(N_("Column %(column)s: %(reason)s"), column=column, reason=error.text()) from None


def _unescape(body: str) -> str:
    def replace(match: re.Match[str]) -> str:
        code, letter = match.groups()
        if code:
            return chr(int(code, 16))
        if letter not in _ESCAPES:
            raise problem(N_('Write "\\\\" for one "\\"; "\\%(letter)s" means nothing'), letter=letter)
        return _ESCAPES[letter]

    text = _ESCAPE.sub(replace, body)
    # JSON writes characters beyond the first 65,536 as two halves: put them together.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@v_args(inline=True)
class Builder(Transformer[Token, Any]):
    """Makes nodes and values of what the parser recognises, one method a rule."""

    def either(self, *parts: Node) -> Node:
        """Join alternatives."""
        return Or(parts) if len(parts) > 1 else parts[0]

    def both(self, *parts: Node) -> Node:
        """Join requirements."""
        return And(parts) if len(parts) > 1 else parts[0]

    def negation(self, part: Node) -> Node:
        """Negate."""
        return Not(part)

    def everything(self, _token: Token) -> Node:
        """Return the filter that lets all through."""
        return EVERYTHING

    def nothing(self, _token: Token) -> Node:
        """Return the filter that lets none through."""
        return NOTHING

    def condition(self, path: Token, op: str, value: Value = None) -> Node:
        """Compare a field with a value."""
        _located(path, lambda: check_path(str(path)))
        return Cond(str(path), str(op), value)

    def between(self, path: Token, low: Value, high: Value) -> Node:
        """Take both bounds in."""
        return And((self.condition(path, ">=", low), self.condition(path, "<=", high)))

    def op_in(self) -> str:
        """Name the operator."""
        return "in"

    def op_not_in(self) -> str:
        """Name the operator."""
        return "not in"

    def op_null(self) -> str:
        """Name the operator."""
        return "is null"

    def op_not_null(self) -> str:
        """Name the operator."""
        return "is not null"

    def word(self, token: Token) -> str:
        """Name the operator that is written as one word."""
        return token.lower()

    def not_word(self, token: Token) -> str:
        """Name the operator that is written as ``not`` and a word."""
        return f"not {token.lower()}"

    def values(self, *values: Value) -> Value:
        """Gather the values of ``in``."""
        return tuple(values)  # type: ignore[arg-type]  # the grammar nests no lists

    def string(self, token: Token) -> str:
        """Read a text in quotes."""

        def make() -> str:
            text = _unescape(token[1:-1])
            check_scalar(text)
            return text

        return _located(token, make)

    def number(self, token: Token) -> int | Decimal:
        """Read a number; one with a decimal point stays exact."""

        def make() -> int | Decimal:
            number = Decimal(token) if "." in token else int(token[:80])
            check_scalar(number)
            return number

        return _located(token, make)

    def digits(self, token: Token) -> str:
        """Read a number where a part of a text is looked for."""
        return str(token)

    def date(self, token: Token) -> str:
        """Check a date, and keep it as it is written: its type is the field's affair."""
        if not is_absolute(str(token)):
            raise problem(
                N_("Column %(column)s: %(date)s is not a date of the calendar"),
                column=(token.start_pos or 0) + 1,
                date=str(token),
            )
        return str(token)

    def relative(self, token: Token) -> Relative | None:
        """Read a relative date."""
        return _located(token, lambda: read_relative(str(token)))

    def me(self) -> Me:
        """Return the user who acts."""
        return Me()

    def teams(self) -> MyTeams:
        """Return the teams of the user who acts."""
        return MyTeams()

    def true(self, _token: Token) -> bool:
        """Return yes."""
        return True

    def false(self, _token: Token) -> bool:
        """Return no."""
        return False

    def null_value(self) -> None:
        """Return no value."""
