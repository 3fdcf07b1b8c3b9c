"""Joining trees, and the one form that trees of the same meaning and shape share."""

from __future__ import annotations

from collections.abc import Iterable

from crm_core.filters.tree import EVERYTHING, NOTHING, And, Cond, Node, Not, Or

_COMPLEMENTS = {"is null": "is not null", "is not null": "is null"}


def and_(*nodes: Node | None) -> Node:
    """Return what all the nodes let through; ``None`` stands for no restriction."""
    return _join(And, (node for node in nodes if node is not None))


def or_(*nodes: Node) -> Node:
    """Return what at least one of the nodes lets through; without nodes, nothing."""
    return _join(Or, nodes)


def not_(node: Node) -> Node:
    """Return what the node leaves out."""
    inner = simplify(node)
    if inner in (EVERYTHING, NOTHING):
        return NOTHING if inner == EVERYTHING else EVERYTHING
    if isinstance(inner, Not):
        return inner.part
    if isinstance(inner, Cond) and inner.op in _COMPLEMENTS:
        return Cond(inner.path, _COMPLEMENTS[inner.op])
    return Not(inner)


def simplify(node: Node) -> Node:
    """Return the canonical form: flat groups, no part twice, no double negation, null only in ``is null``."""
    match node:
        case And(parts):
            return and_(*parts)
        case Or(parts):
            return or_(*parts)
        case Not(part):
            return not_(part)
    return _simple_condition(node)


def _join(group: type[And] | type[Or], nodes: Iterable[Node]) -> Node:
    absorbing = NOTHING if group is And else EVERYTHING
    parts: dict[Node, None] = {}
    for node in map(simplify, nodes):
        if node == absorbing:
            return absorbing
        parts.update(dict.fromkeys(node.parts if isinstance(node, group) else (node,)))
    return next(iter(parts)) if len(parts) == 1 else group(tuple(parts))


def _simple_condition(cond: Cond) -> Node:
    path, op, value = cond.path, cond.op, cond.value
    if op in ("=", "!=") and value is None:
        return Cond(path, "is null" if op == "=" else "is not null")
    if not isinstance(value, tuple):
        return cond
    if not value:
        return NOTHING if op == "in" else EVERYTHING
    if None not in value:
        return cond
    rest = Cond(path, op, tuple(v for v in value if v is not None))
    return or_(rest, Cond(path, "is null")) if op == "in" else and_(rest, Cond(path, "is not null"))
