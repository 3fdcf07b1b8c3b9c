"""The tree decided in Python, for one set of values: what forms show, and what a write must hold."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from crm_core.filters.tree import And, Cond, Node, Not, Or

_NEGATIVE = {"!=": "=", "not in": "in", "not has": "has", "is not null": "is null", "not contains": "contains"}


class Values(Protocol):
    """Values by field key: a mapping, or a change on its way."""

    def get(self, key: str, /) -> Any:
        """Return a value, ``None`` where there is none."""


def holds(node: Node | None, values: Values) -> bool:
    """Tell whether a condition holds.

    Args:
        node: The condition; ``None`` always holds. It compares with fixed values: no ``me``, nothing relative.
        values: As typed (texts, lists of texts) or as Python values.
    """
    match node:
        case None:
            return True
        case And(parts):
            return all(holds(part, values) for part in parts)
        case Or(parts):
            return any(holds(part, values) for part in parts)
        case Not(part):
            return not holds(part, values)
        case Cond(path, op, _):
            found = _texts(values.get(path))
            return not _compare(_NEGATIVE[op], found, node) if op in _NEGATIVE else _compare(op, found, node)
    raise TypeError(node)


def _compare(op: str, found: list[str], cond: Cond) -> bool:
    values = cond.value if isinstance(cond.value, tuple) else (cond.value,)
    wanted = [_text(v) for v in values]
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
    numbers = {_number(str(v)) for v in values if isinstance(v, int | Decimal) and not isinstance(v, bool)}
    hit = any(text in wanted or (bool(numbers) and _number(text) in numbers) for text in found)
    return hit or (not found and wanted == ["false"])


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _ordered(op: str, left: str, right: str) -> bool:
    a: Any = _number(left)
    b: Any = _number(right)
    if a is None or b is None:
        a, b = left, right
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
