"""The filter as a tree: conditions on fields, joined by and, or, not.

Nodes are frozen and hashable, so that they can be stored in grants, compared, and used as keys of caches. A
node that exists is well formed: its path can be written, its operator is known, and its value is of a kind
that the operator takes. Whether the field exists, and what type its value becomes, is decided where the tree
meets an entity.

One law holds for whoever evaluates a tree: every negative operator is the exact complement of its positive
one (``NEGATIONS``), for rows without a value and for rows with several values too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from crm_core.errors import FilterError
from crm_core.i18n import N_

MAX_DEPTH = 20
MAX_CONDITIONS = 200
MAX_VALUES = 2_000
MAX_LENGTH = 10_000
MAX_INTEGER = 2**63 - 1
MAX_DIGITS = 30
MAX_AMOUNT = 99_999

NEGATIONS = {
    "=": "!=",
    "in": "not in",
    "contains": "not contains",
    "has": "not has",
    "is null": "is not null",
}
"""The negative operator of each positive one that has one."""

EQUALITY = frozenset({"=", "!="})
ORDER = frozenset({"<", "<=", ">", ">="})
LISTS = frozenset({"in", "not in"})
TEXTS = frozenset({"contains", "not contains", "startswith", "endswith"})
MEMBERS = frozenset({"has", "not has"})
NULLS = frozenset({"is null", "is not null"})
OPERATORS = EQUALITY | ORDER | LISTS | TEXTS | MEMBERS | NULLS

RESERVED_WORDS = frozenset({"and", "or", "not", "true", "false"})
PATH_PATTERN = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*"
_PATH = re.compile(PATH_PATTERN)
_PERIODS = frozenset("wmqy")
_UNITS = {"today": frozenset("dwmqy"), "now": frozenset({"min", "h", *"dwmqy"}), "period": _PERIODS}
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def problem(message: str, field: str | None = "filter", **params: Any) -> FilterError:
    """Return the error of a filter that can't be used; texts in ``params`` are cut to what can be shown."""
    shown = {k: _shown(v) if isinstance(v, str) else v for k, v in params.items()}
    return FilterError(message, field=field and _shown(field), params=shown)


def _shown(text: str, limit: int = 120) -> str:
    text = _UNSTORABLE.sub("\ufffd", text)
    return text if len(text) <= limit else text[:limit] + "…"


@dataclass(frozen=True, slots=True)
class Relative:
    """A day, moment or period counted from now.

    Attributes:
        kind: ``today`` (a day), ``now`` (a moment) or ``period`` (a whole week, month, quarter or year).
        amount: How many units from now, backwards when negative; a period is last (-1), this (0) or next (1).
        unit: ``min h d w m q y``; ``m`` is a month, ``today`` takes no hours, a period none below the week.
    """

    kind: str
    amount: int = 0
    unit: str = "d"

    def __post_init__(self) -> None:
        if self.unit not in _UNITS.get(self.kind, ()) or type(self.amount) is not int:
            raise problem(N_("This is not a relative date"))
        if abs(self.amount) > (1 if self.kind == "period" else MAX_AMOUNT):
            raise problem(N_("The relative date lies too far away"))
        if self.amount == 0 and self.kind != "period":
            object.__setattr__(self, "unit", "d")  # no weeks are no days: one spelling, equal nodes


@dataclass(frozen=True, slots=True)
class Me:
    """The user who acts."""


@dataclass(frozen=True, slots=True)
class MyTeams:
    """The teams of the user who acts."""


Scalar: TypeAlias = str | int | Decimal | bool | None | Relative | Me | MyTeams
Value: TypeAlias = Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Cond:
    """A condition: the field at ``path`` compared with ``value`` by ``op``.

    Python holds ``1``, ``True`` and ``Decimal(1)`` for equal. Filters on them are not: types count here.
    """

    path: str
    op: str
    value: Value = None

    def __post_init__(self) -> None:
        check_path(self.path)
        if self.op not in OPERATORS:
            raise problem(N_('"%(operator)s" is not an operator'), operator=self.op)
        if not _fits(self.op, self.value):
            raise problem(N_('"%(operator)s" does not take this value'), operator=self.op)
        for value in self.value if isinstance(self.value, tuple) else (self.value,):
            check_scalar(value)

    def _key(self) -> tuple[Any, ...]:
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        return (self.path, self.op, self.value, tuple(map(type, values)))

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Cond) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())


@dataclass(frozen=True, slots=True)
class And:
    """All of the parts; of none, everything."""

    parts: tuple[Node, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the parts; of none, nothing."""

    parts: tuple[Node, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))


@dataclass(frozen=True, slots=True)
class Not:
    """Whatever the part leaves out."""

    part: Node


Node: TypeAlias = And | Or | Not | Cond

EVERYTHING = And(())
NOTHING = Or(())


_TAKES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(EQUALITY, (str, int, Decimal, Relative, Me)),
    **dict.fromkeys(ORDER, (str, int, Decimal, Relative)),
    **dict.fromkeys(LISTS, (MyTeams,)),
    **dict.fromkeys(TEXTS, (str,)),
    **dict.fromkeys(MEMBERS, (str, int, Decimal, Relative, Me, MyTeams)),
}


def check_path(path: str, field: str | None = "filter") -> None:
    """Refuse a path that is not made of dotted names.

    Raises:
        FilterError: ``path`` can't be the name of a field.
    """
    if len(path) > 200 or not _PATH.fullmatch(path) or path.lower() in RESERVED_WORDS:
        raise problem(N_('"%(path)s" is not the name of a field'), field, path=path)


def check_scalar(value: Scalar) -> None:
    """Refuse a value no database stores: endless texts and numbers, null characters, half characters.

    Raises:
        FilterError: ``value`` is one of these.
    """
    if isinstance(value, str):
        if len(value) > MAX_LENGTH:
            raise problem(N_("The text is longer than %(limit)s characters"), limit=MAX_LENGTH)
        if _UNSTORABLE.search(value):
            raise problem(N_("The text holds a character that can't be stored"))
    elif isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise problem(N_("The number is too large"))
    elif isinstance(value, Decimal):
        sign, digits, exponent = value.as_tuple()
        if not isinstance(exponent, int) or len(digits) > MAX_DIGITS or abs(exponent) > MAX_DIGITS:
            raise problem(N_("The number has too many digits"))


def _fits(op: str, value: Any) -> bool:
    if op in NULLS:
        return value is None
    if op in LISTS and isinstance(value, tuple):
        return all(_fits("=", item) for item in value)
    if isinstance(value, bool) or value is None:
        return op in EQUALITY
    return isinstance(value, _TAKES[op])


def conditions(node: Node) -> Iterator[Cond]:
    """Yield every condition, in reading order."""
    stack: list[Node] = [node]
    while stack:
        match stack.pop():
            case Cond() as cond:
                yield cond
            case Not(part):
                stack.append(part)
            case And(parts) | Or(parts):
                stack.extend(reversed(parts))


def paths(node: Node) -> frozenset[str]:
    """Return the paths of all fields the tree asks about."""
    return frozenset(cond.path for cond in conditions(node))


def without(node: Node, path: str) -> Node | None:
    """Return the tree without the conditions on a path; ``None`` when nothing is left of it."""
    match node:
        case And(parts) | Or(parts):
            kept = tuple(p for part in parts if (p := without(part, path)) is not None)
            return type(node)(kept) if kept else None
        case Not(part):
            left = without(part, path)
            return Not(left) if left is not None else None
    return None if node.path == path else node


def check_limits(node: Node) -> Node:
    """Return the tree if it is of a size that may be stored and run.

    Raises:
        FilterError: it is nested too deeply or has too many conditions or values.
    """
    stack: list[tuple[Node, int]] = [(node, 1)]
    while stack:
        item, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise problem(N_("The filter is nested deeper than %(limit)s levels"), limit=MAX_DEPTH)
        if isinstance(item, Not):
            stack.append((item.part, depth + 1))
        elif not isinstance(item, Cond):
            stack.extend((part, depth + 1) for part in item.parts)
    found = list(conditions(node))
    if len(found) > MAX_CONDITIONS:
        raise problem(N_("The filter has more than %(limit)s conditions"), limit=MAX_CONDITIONS)
    if sum(len(c.value) for c in found if isinstance(c.value, tuple)) > MAX_VALUES:
        raise problem(N_("The filter lists more than %(limit)s values"), limit=MAX_VALUES)
    return node
