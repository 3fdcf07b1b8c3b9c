"""The filter of a URL: ``?city=Paris&score__gte=100&status__in=new,open`` and back.

Values stay texts: the field gives them their type, and knows whether ``me`` or ``today-30d`` may stand for
something.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from crm_core.errors import FilterError
from crm_core.filters.simplify import and_, or_, simplify
from crm_core.filters.text import scalar_text
from crm_core.filters.tree import NOTHING, And, Cond, Node, Or, Scalar, check_limits, check_path, problem
from crm_core.i18n import N_

RESERVED = ("q", "filter", "sort", "fields", "limit", "after")
"""Parameters of lists that are no conditions."""

SUFFIXES = {
    "eq": "=",
    "ne": "!=",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "in": "in",
    "nin": "not in",
    "contains": "contains",
    "startswith": "startswith",
    "endswith": "endswith",
    "has": "has",
    "isnull": "is null",
}
_SUFFIX_OF = {op: suffix for suffix, op in SUFFIXES.items()} | {"is not null": "isnull"}
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def from_query(args: Iterable[tuple[str, str]], *, reserved: Sequence[str] = RESERVED) -> Node | None:
    """Return the filter that the parameters of a URL ask for, ``None`` when they ask nothing.

    Different keys must all hold. Of a key given several times one value is enough (``__ne`` and ``__nin``
    shut each of them out). A blank value asks nothing, as an empty box of a form does, but lists and
    ``__isnull`` can't be blank.

    Raises:
        FilterError: an operator or value can't be read; ``field`` names the parameter.
    """
    asked: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for key, value in args:
        if key not in reserved:
            asked.setdefault(_split(key), (key, []))[1].append(value)
    nodes = [_located(key, path, op, values) for (path, op), (key, values) in asked.items()]
    nodes = [node for node in nodes if node is not None]
    return check_limits(and_(*nodes)) if nodes else None


def to_query(node: Node) -> list[tuple[str, str]] | None:
    """Return the parameters that ``from_query`` reads as this filter, ``None`` when a URL can't say it."""
    node = simplify(node)
    if node == NOTHING:
        return None
    pairs: list[tuple[str, str]] = []
    seen: set[str] = set()
    for part in node.parts if isinstance(node, And) else (node,):
        said = _pairs(part)
        if said is None or said[0][0] in seen:
            return None
        seen.add(said[0][0])
        pairs += said
    return pairs


def _split(key: str) -> tuple[str, str]:
    path, mark, suffix = key.rpartition("__")
    if not mark:
        path, suffix = key, "eq"
    if suffix in SUFFIXES:
        check_path(path, field=key)
        return path, SUFFIXES[suffix]
    if near := get_close_matches(suffix.lower()[:40], SUFFIXES, n=1, cutoff=0.5):
        message = N_('%(key)s: "__%(suffix)s" is not an operator; did you mean "__%(near)s"?')
        raise problem(message, key, key=key, suffix=suffix, near=near[0])
    message = N_('%(key)s: "__%(suffix)s" is not an operator; write one such as __gte or __contains')
    raise problem(message, key, key=key, suffix=suffix)


def _located(key: str, path: str, op: str, values: list[str]) -> Node | None:
    try:
        return _node(path, op, values)
    except FilterError as error:
        raise problem(N_("%(key)s: %(reason)s"), key, key=key, reason=error.text()) from None


def _node(path: str, op: str, values: list[str]) -> Node | None:
    if op == "is null":
        return or_(*(Cond(path, op if _truth(value) else "is not null") for value in values))
    if op in ("in", "not in"):
        items = tuple(item.strip() for value in values for item in value.split(",") if item.strip())
        if not items:
            raise problem(N_("give at least one value"))
        return Cond(path, op, items)
    values = [value for value in values if value.strip()]
    if len(values) > 1 and op in ("=", "!="):
        return Cond(path, "in" if op == "=" else "not in", tuple(values))
    return or_(*(Cond(path, op, value) for value in values)) if values else None


def _truth(value: str) -> bool:
    word = value.strip().lower()
    if word not in _TRUTH:
        raise problem(N_("give true or false"))
    return _TRUTH[word]


def _pairs(part: Node) -> list[tuple[str, str]] | None:
    conds = part.parts if isinstance(part, Or) else (part,)
    first = conds[0]
    if not isinstance(first, Cond) or first.op not in _SUFFIX_OF:
        return None
    if any(not isinstance(c, Cond) or (c.path, c.op) != (first.path, first.op) for c in conds):
        return None
    # Of a key given twice, = and != become lists: an "or" of them is another tree.
    if len(conds) > 1 and first.op in ("=", "!=", "in", "not in"):
        return None
    texts = [_text(cond) for cond in conds if isinstance(cond, Cond)]
    suffix = _SUFFIX_OF[first.op]
    plain = suffix == "eq" and "__" not in first.path and first.path not in RESERVED
    key = first.path if plain else f"{first.path}__{suffix}"
    return [(key, text) for text in texts if text] if all(texts) else None


def _text(cond: Cond) -> str | None:
    """Return the value as a parameter; ``None`` when it would be read as something else."""
    if cond.value is None:
        return "true" if cond.op == "is null" else "false"
    if not isinstance(cond.value, tuple):
        text = _scalar(cond.value)
        return text if text.strip() and not (cond.op in ("in", "not in") and "," in text) else None
    items = [_scalar(value) for value in cond.value]
    return None if any(not item or "," in item or item != item.strip() for item in items) else ",".join(items)


def _scalar(value: Scalar) -> str:
    return value if isinstance(value, str) else scalar_text(value)
