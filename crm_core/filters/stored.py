"""The tree as JSON, for saved views, grants and automations."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from crm_core.filters.relative import read_relative, write_relative
from crm_core.filters.tree import (
    MAX_DEPTH,
    And,
    Cond,
    Me,
    MyTeams,
    Node,
    Not,
    Or,
    Relative,
    Scalar,
    check_limits,
    problem,
)
from crm_core.i18n import N_


def to_json(node: Node) -> dict[str, Any]:
    """Return the JSON form; ``from_json`` makes an equal tree of it.

    Raises:
        FilterError: the tree is deeper or larger than what may be stored.
    """
    return _dump(check_limits(node))


def from_json(obj: Any) -> Node:
    """Return the tree of a JSON form; whatever ``to_json`` would not write is refused.

    Raises:
        FilterError: ``obj`` is not a filter, or is deeper or larger than what may be stored.
    """
    return check_limits(_load(obj, 1))


def _dump(node: Node) -> dict[str, Any]:
    match node:
        case And(parts):
            return {"and": [_dump(part) for part in parts]}
        case Or(parts):
            return {"or": [_dump(part) for part in parts]}
        case Not(part):
            return {"not": _dump(part)}
    if node.value is None:
        return {"path": node.path, "op": node.op}
    values = node.value
    value = [_dump_scalar(v) for v in values] if isinstance(values, tuple) else _dump_scalar(values)
    return {"path": node.path, "op": node.op, "value": value}


def _dump_scalar(value: Scalar) -> Any:
    match value:
        case Decimal():
            return {"decimal": format(value, "f")}
        case Relative():
            return {"relative": write_relative(value)}
        case Me():
            return {"me": True}
        case MyTeams():
            return {"my_teams": True}
    return value


def _load(obj: Any, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise problem(N_("The filter is nested deeper than %(limit)s levels"), limit=MAX_DEPTH)
    match obj:
        case {"and": list(parts), **rest} if not rest:
            return And(tuple(_load(part, depth + 1) for part in parts))
        case {"or": list(parts), **rest} if not rest:
            return Or(tuple(_load(part, depth + 1) for part in parts))
        case {"not": part, **rest} if not rest:
            return Not(_load(part, depth + 1))
        case {"path": str(path), "op": str(op), **rest} if not rest.keys() - {"value"}:
            return Cond(path, op, _load_value(rest.get("value")))
    raise problem(N_("The stored filter has a part that is neither a condition nor and, or, not"))


def _load_value(obj: Any) -> Any:
    return tuple(map(_load_scalar, obj)) if isinstance(obj, list) else _load_scalar(obj)


def _load_scalar(obj: Any) -> Scalar:
    match obj:
        case None | bool() | str() | int():
            return obj
        case float():
            return Decimal(repr(obj))
        case {"decimal": str(digits), **rest} if not rest:
            return _decimal(digits)
        case {"relative": str(text), **rest} if not rest and (found := read_relative(text)):
            return found
        case {"me": True, **rest} if not rest:
            return Me()
        case {"my_teams": True, **rest} if not rest:
            return MyTeams()
    raise problem(N_("The stored filter has a value of an unknown kind"))


def _decimal(digits: str) -> Decimal:
    body = digits.removeprefix("-")
    if len(digits) <= 80 and body.isascii() and body.replace(".", "", 1).isdigit():
        return Decimal(digits)
    raise problem(N_("The stored filter has a value of an unknown kind"))
