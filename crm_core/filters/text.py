"""From a tree to its canonical text, which ``parse`` reads back."""

from __future__ import annotations

import json
import re
from decimal import Decimal

from crm_core.filters.relative import is_absolute, read_relative, write_relative
from crm_core.filters.simplify import simplify
from crm_core.filters.tree import (
    EVERYTHING,
    NOTHING,
    NULLS,
    TEXTS,
    And,
    Me,
    MyTeams,
    Node,
    Not,
    Or,
    Relative,
    Scalar,
    Value,
)

_CONTROLS = re.compile("[\x7f-\x9f\u2028\u2029]")


def to_text(node: Node) -> str:
    """Return the canonical text, with the fewest parentheses; ``parse`` reads it as ``simplify(node)``."""
    return _write(simplify(node))


def scalar_text(value: Scalar) -> str:
    """Return one value as it is written in a filter."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return value if is_absolute(value) else _quoted(value)
        case Decimal():
            digits = format(value, "f")
            return digits if "." in digits else f"{digits}.0"
        case Relative():
            return write_relative(value)
        case Me():
            return "me"
        case MyTeams():
            return "my_teams"
    return str(value)


def read_special(text: str) -> Relative | Me | MyTeams | None:
    """Return what a word of the language stands for where only a text is at hand, as in a URL; else ``None``.

    For field types whose own values can't be mistaken for such words, on the texts of ``from_query``.

    Raises:
        FilterError: a relative date that can't be.
    """
    match text.strip().lower():
        case "me":
            return Me()
        case "my_teams":
            return MyTeams()
    return read_relative(text)


def _quoted(text: str) -> str:
    return _CONTROLS.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text, ensure_ascii=False))


def _value(value: Value, op: str) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(scalar_text, value))})"
    # The grammar takes only texts after these operators, so what looks like a date needs its quotes there.
    return _quoted(value) if op in TEXTS and isinstance(value, str) else scalar_text(value)


def _write(node: Node) -> str:
    if node in (EVERYTHING, NOTHING):
        return "true" if node == EVERYTHING else "false"
    match node:
        case Or(parts):
            return " or ".join(map(_write, parts))
        case And(parts):
            return " and ".join(_grouped(part) if isinstance(part, Or) else _write(part) for part in parts)
        case Not(part):
            return "not " + (_grouped(part) if isinstance(part, And | Or) else _write(part))
    return f"{node.path} {node.op}" + ("" if node.op in NULLS else f" {_value(node.value, node.op)}")


def _grouped(node: Node) -> str:
    return f"({_write(node)})"
