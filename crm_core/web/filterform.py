"""The filter builder: rows of field, operator and value in one or two levels, made from a filter and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crm_core import access
from crm_core.contributions import EntityDef, FieldDef
from crm_core.errors import FilterError, ValueProblem
from crm_core.fieldtypes import Boolean, Choice, Date, DateTime, Integer, Lines, Link, Tags, Team, User
from crm_core.fieldtypes import Decimal as DecimalType
from crm_core.fieldtypes.numbers import parse_decimal
from crm_core.filters import And, Cond, Me, MyTeams, Node, Not, Or, Relative, and_, or_, read_special
from crm_core.filters.text import scalar_text
from crm_core.filters.tree import NEGATIONS
from crm_core.i18n import N_, gettext
from crm_core.web.filterwords import fields_on

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from crm_core.context import Ctx

_EMPTY = (("is null", N_("is empty")), ("is not null", N_("is not empty")))
_TEXT = (
    ("contains", N_("contains")), ("not contains", N_("does not contain")), ("=", N_("is")), ("!=", N_("is not")),
    ("startswith", N_("starts with")), ("endswith", N_("ends with")),
)  # fmt: skip
_NUMBER = (
    ("=", N_("is")), ("!=", N_("is not")), (">", N_("is more than")), (">=", N_("is at least")),
    ("<", N_("is less than")), ("<=", N_("is at most")),
)  # fmt: skip
_TIME = (
    ("=", N_("is")), ("!=", N_("is not")), (">=", N_("is on or after")), (">", N_("is after")),
    ("<", N_("is before")), ("<=", N_("is on or before")),
)  # fmt: skip
_ONE_OF = (("in", N_("is one of")), ("not in", N_("is none of")))
_AMONG = (("in", N_("has one of")), ("not in", N_("has none of")))
_LINK = (("=", N_("is")), ("!=", N_("is not")), ("contains", N_("has a name with")))
_YES_NO = (("=", N_("is")),)

RELATIVE: tuple[tuple[str, str], ...] = (
    ("", N_("a date")), ("today", N_("today")), ("yesterday", N_("yesterday")), ("tomorrow", N_("tomorrow")),
    ("this_week", N_("this week")), ("last_week", N_("last week")), ("next_week", N_("next week")),
    ("this_month", N_("this month")), ("last_month", N_("last month")), ("next_month", N_("next month")),
    ("this_quarter", N_("this quarter")), ("last_quarter", N_("last quarter")), ("this_year", N_("this year")),
    ("last_year", N_("last year")), ("-d", N_("days ago")), ("+d", N_("days from now")), ("-w", N_("weeks ago")),
    ("-m", N_("months ago")),
)  # fmt: skip
"""What a date may be compared with beside a day of the calendar; ``±unit`` takes a number."""

_NAME = re.compile(r"c(\d{1,3})-(\d{1,4})\.(path|op|v|rel)")
_JOIN = re.compile(r"g(\d{1,3})\.join")


@dataclass
class Row:
    """One condition as the form holds it: group, number, field, operator, texts of the value."""

    group: int
    number: int
    path: str = ""
    op: str = ""
    values: list[str] = field(default_factory=list)
    rel: str = ""
    field: FieldDef | None = None
    operators: Sequence[tuple[str, str]] = ()
    kind: str = ""
    options: Sequence[tuple[str, str]] = ()
    source: str = ""

    @property
    def name(self) -> str:
        """Return what the names of its controls begin with."""
        return f"c{self.group}-{self.number}"

    @property
    def text(self) -> str:
        """Return a single value."""
        return self.values[0] if self.values else ""


@dataclass
class Group:
    """Conditions joined by ``and`` or ``or``; the first group also holds the others."""

    number: int
    join: str = "and"
    rows: list[Row] = field(default_factory=list)


def choices(ctx: Ctx, definition: EntityDef) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return (heading, [(path, label)]) of everything the actor may filter by."""
    mask = access.readable(ctx, definition.key)
    own: list[tuple[str, str]] = []
    more: list[tuple[str, list[tuple[str, str]]]] = []
    for key, found in ctx.registry.fields(definition.key).items():
        if key not in mask or not found.on_pages(ctx) or not found.filterable or found.storage == "computed":
            continue
        own.append((key, found.title()))
        if isinstance(found.type, Lines):
            more.append((found.title(), [(f"{key}.{p.key}", p.title()) for p in found.type.line.fields]))
        elif isinstance(found.type, Link) and (inner := _of_target(ctx, key, found.type.target)):
            more.append((found.title(), inner))
    return [("", sorted(own, key=lambda item: item[1].lower())), *more]


def _of_target(ctx: Ctx, key: str, target: str) -> list[tuple[str, str]]:
    if target not in ctx.registry.entities or not access.allowed(ctx, target, "read"):
        return []
    mask = access.readable(ctx, target)
    usable = (
        f for k, f in ctx.registry.fields(target).items()
        if k in mask and f.filterable and not f.hidden and f.storage == "column" and not isinstance(f.type, Link)
    )  # fmt: skip
    return [(f"{key}.{f.key}", f.title()) for f in usable][:12]


def operators(kind: Any) -> list[tuple[str, str]]:
    """Return (operator, message id) for a field type, the usual ones first."""
    found: tuple[tuple[str, str], ...] = _TEXT
    if isinstance(kind, Boolean):
        found = _YES_NO
    elif kind.multiple:
        found = _AMONG
    elif isinstance(kind, Choice | User):
        found = _ONE_OF
    elif isinstance(kind, Link):
        found = _LINK
    elif isinstance(kind, Date | DateTime):
        found = _TIME
    elif isinstance(kind, Integer | DecimalType):
        found = _NUMBER
    return [(op, words) for op, words in (*found, *_EMPTY) if op in kind.operators]


def complete(ctx: Ctx, definition: EntityDef, row: Row) -> Row:
    """Fill in what a row shows: its field's operators and the control of its value."""
    row.path = definition.short.get(row.path, row.path)
    known = fields_on(ctx, definition.key, row.path)
    if not known:
        return row
    row.field = known[-1]
    kind = row.field.type
    row.operators = [(op, gettext(words)) for op, words in operators(kind)]
    if row.op not in [op for op, _ in row.operators]:
        row.op = row.operators[0][0]
    if row.op in ("is null", "is not null"):
        row.kind, row.values = "none", []
    elif isinstance(kind, Date | DateTime):
        row.kind = "count" if row.rel[:1] in ("+", "-") else "day" if not row.rel else "period"
        row.options = [(value, gettext(words)) for value, words in RELATIVE]
    elif isinstance(kind, Boolean):
        row.kind, row.options = "yesno", [("true", gettext(N_("Yes"))), ("false", gettext(N_("No")))]
    elif (options := _options(ctx, kind)) is not None:
        row.kind, row.options = "choice", options
    elif isinstance(kind, Link) and row.op in ("=", "!=", "in", "not in"):
        target = ctx.registry.entities.get(kind.target)
        row.kind, row.source = "record", f"/{target.slug}/options" if target else ""
        row.options = _titles(ctx, kind.target, row.values)
    else:
        row.kind = "number" if isinstance(kind, Integer | DecimalType) else "text"
    return row


def _titles(ctx: Ctx, entity: str, values: Iterable[str]) -> list[tuple[str, str]]:
    from crm_core.web.choosers import link_titles

    ids = [int(v) for v in values if v.isascii() and v.isdigit() and len(v) < 17]
    return [(str(i), title) for i, title in link_titles(ctx, entity, ids).items()]


def _options(ctx: Ctx, kind: Any) -> list[tuple[str, str]] | None:
    if isinstance(kind, Choice):
        return kind.entries(ctx, all=True)
    if isinstance(kind, Tags):
        return [(t.name, t.name) for t in ctx.directory.tags()]
    if isinstance(kind, Team):
        return [("my_teams", gettext(N_("My teams"))), *((str(t.id), t.name) for t in ctx.directory.teams())]
    if isinstance(kind, User):
        return [("me", gettext(N_("Me"))), *((str(u.id), u.name) for u in ctx.directory.users(active=False))]
    return None


# ---------------------------------------------------------------- from a filter


def from_node(ctx: Ctx, definition: EntityDef, node: Node | None) -> list[Group] | None:
    """Return the groups of a filter, ``None`` when the builder can't show it."""
    parts, join = _flat(node)
    root, number = Group(0, join), 0
    groups: list[Group] = []
    for part in parts:
        if isinstance(part, And | Or):
            inner = Group(len(groups) + 1, "and" if isinstance(part, And) else "or")
            groups.append(inner)
            target, conds = inner, part.parts
        else:
            target, conds = root, (part,)
        for cond in conds:
            row = _row(target.number, number, cond)
            if row is None or complete(ctx, definition, row).field is None:
                return None
            target.rows.append(row)
            number += 1
    return [root, *groups]


def _flat(node: Node | None) -> tuple[Sequence[Node], str]:
    if isinstance(node, And | Or):
        return node.parts, "and" if isinstance(node, And) else "or"
    return ((node,), "and") if node is not None else ((), "and")


def _row(group: int, number: int, cond: Node) -> Row | None:
    if isinstance(cond, Not) and isinstance(cond.part, Cond) and cond.part.op in NEGATIONS:
        cond = Cond(cond.part.path, NEGATIONS[cond.part.op], cond.part.value)
    if not isinstance(cond, Cond):
        return None
    op = {"has": "in", "not has": "not in"}.get(cond.op, cond.op)
    found = cond.value if isinstance(cond.value, tuple) else (cond.value,)
    values = ["" if v is None else v if isinstance(v, str) else scalar_text(v) for v in found]
    row = Row(group, number, cond.path, op, values)
    if isinstance(cond.value, Relative):
        row.rel, row.values = _relative(cond.value)
    return row


def _relative(value: Relative) -> tuple[str, list[str]]:
    text = scalar_text(value)
    if text in dict(RELATIVE):
        return text, []
    sign = "-" if value.amount < 0 else "+"
    code = f"{sign}{value.unit}"
    return (code, [str(abs(value.amount))]) if code in dict(RELATIVE) else ("", [text])


# ---------------------------------------------------------------- from the form


def read_rows(args: MultiDict[str, str]) -> list[Group]:
    """Return the groups a form holds, in its order."""
    groups: dict[int, Group] = {0: Group(0)}
    rows: dict[tuple[int, int], Row] = {}
    for key, value in args.items(multi=True):
        if match := _JOIN.fullmatch(key):
            number = int(match[1])
            groups.setdefault(number, Group(number)).join = "or" if value == "or" else "and"
        elif match := _NAME.fullmatch(key):
            place = int(match[1]), int(match[2])
            if place not in rows:
                rows[place] = Row(*place)
                groups.setdefault(place[0], Group(place[0])).rows.append(rows[place])
            if match[3] == "v":
                rows[place].values += [value] if value.strip() else []
            else:
                setattr(rows[place], match[3], value)
    return list(groups.values())


def to_node(ctx: Ctx, definition: EntityDef, groups: Sequence[Group]) -> Node | None:
    """Return the filter of a form, ``None`` when it asks nothing.

    Raises:
        FilterError: a row without a value, or one that does not fit its field.
    """
    joined: dict[int, list[Node]] = {}
    for group in groups:
        joined[group.number] = [_cond(complete(ctx, definition, row)) for row in group.rows if row.path]
    inner = [_join(g.join, joined[g.number]) for g in groups[1:] if joined[g.number]]
    every = [*joined[groups[0].number], *inner]
    node = _join(groups[0].join, every) if every else None
    if node is not None:
        access.compiler(ctx).compile(node, definition, definition.model)
    return node


def _join(join: str, nodes: Sequence[Node]) -> Node:
    return or_(*nodes) if join == "or" else and_(*nodes)


def _cond(row: Row) -> Cond:
    if row.field is None:
        raise FilterError(N_("Unknown field %(name)s"), field="filter", params={"name": row.path[:60]})
    if row.kind == "none":
        return Cond(row.path, row.op)
    found = [_value(row, text) for text in ([row.rel] if row.kind == "period" else row.values)]
    if not found:
        raise FilterError(N_("%(name)s: give a value"), field="filter", params={"name": row.field.title()})
    if row.op in ("in", "not in") and MyTeams() in found:
        return Cond(row.path, row.op, MyTeams())
    if row.op in ("in", "not in") and len(found) == 1:
        one = ("has", "not has") if row.field.type.multiple else ("=", "!=")
        return Cond(row.path, one[row.op == "not in"], found[0])
    return Cond(row.path, row.op, tuple(found) if row.op in ("in", "not in") else found[0])


def _value(row: Row, text: str) -> Any:
    kind: Any = row.field.type if row.field else None
    if row.kind == "yesno":
        return text == "true"
    if row.kind in ("period", "count", "day"):
        digits = text.strip() if text.strip().isdigit() else "0"
        word = f"today{row.rel[0]}{digits[:5]}{row.rel[1]}" if row.kind == "count" else text
        return read_special(word) or text.strip()
    if row.kind == "number":
        return _number(row, text)
    if isinstance(kind, Link) and row.kind in ("choice", "record"):
        special = read_special(text)
        if isinstance(special, Me | MyTeams):
            return special
        return int(text) if text.isascii() and text.isdigit() else text
    return text


def _number(row: Row, text: str) -> int | Decimal:
    try:
        value = parse_decimal(text)
    except ValueProblem as problem:
        raise FilterError(problem.message, field="filter", params=problem.params) from problem
    return int(value) if value == value.to_integral_value() else value
