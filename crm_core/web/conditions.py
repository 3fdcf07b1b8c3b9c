"""``visible_if`` in forms: decided on the server, and handed to the browser where it can decide as well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_core.filters import And, Cond, Me, MyTeams, Node, Not, Or, Relative, conditions, simplify, to_json

_CLIENT_OPERATORS = frozenset({"=", "!=", "in", "not in", "has", "not has", "is null", "is not null"})
_NEGATIVE = {"!=": "=", "not in": "in", "not has": "has", "is not null": "is null", "not contains": "contains"}


def holds(node: Node | None, values: Mapping[str, Any]) -> bool:
    """Tell whether a condition holds for the values of a form.

    Args:
        node: The condition; ``None`` always holds.
        values: By field key, as typed (texts, lists of texts) or as Python values.
    """
    if node is None:
        return True
    match node:
        case And(parts):
            return all(holds(part, values) for part in parts)
        case Or(parts):
            return any(holds(part, values) for part in parts)
        case Not(part):
            return not holds(part, values)
    if node.op in _NEGATIVE:
        return not _compare(_NEGATIVE[node.op], _texts(values.get(node.path)), node)
    return _compare(node.op, _texts(values.get(node.path)), node)


def for_browser(node: Node | None, known: frozenset[str]) -> str:
    """Return the condition as JSON for the form script, ``""`` when only the server can decide it.

    Args:
        node: The condition.
        known: Keys of the fields that are in the form.
    """
    if node is None:
        return ""
    for cond in conditions(node):
        items = cond.value if isinstance(cond.value, tuple) else (cond.value,)
        simple = cond.op in _CLIENT_OPERATORS and cond.path in known
        if not simple or any(isinstance(item, Relative | Me | MyTeams | Decimal) for item in items):
            return ""
    return json.dumps(to_json(simplify(node)), separators=(",", ":"))


def _compare(op: str, found: list[str], cond: Cond) -> bool:
    wanted = [_text(v) for v in (cond.value if isinstance(cond.value, tuple) else (cond.value,))]
    if op == "is null":
        return not found
    if op == "contains":
        return any(wanted[0].lower() in text.lower() for text in found)
    if op in ("startswith", "endswith"):
        return any(getattr(text.lower(), op)(wanted[0].lower()) for text in found)
    if op in ("<", "<=", ">", ">="):
        return any(_ordered(op, text, wanted[0]) for text in found)
    if wanted == [""]:
        return not found
    return any(text in wanted for text in found) or (not found and wanted == ["false"])


def _ordered(op: str, left: str, right: str) -> bool:
    pair: Any
    try:
        pair = (Decimal(left.replace(",", ".")), Decimal(right))
    except InvalidOperation:
        pair = (left, right)
    a, b = pair
    return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op])


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list | tuple | set) else [value]
    return [text for item in items if (text := _text(item)) != ""]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
