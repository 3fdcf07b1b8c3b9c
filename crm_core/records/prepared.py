"""The statements of lists, made once: to put one together costs more than to run it.

A statement is kept for those whose permission predicate is the same, as long as the directory (and with it the
registry) stays; only where the page begins and how long it is are left open. Lists with a filter or a search are put
together each time.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access import predicate, sets_apart
from crm_core.access.signature import signature
from crm_core.contributions import EntityDef, FieldDef
from crm_core.fieldtypes import Link, Related
from crm_core.records.branched import branched
from crm_core.records.narrowed import Build, Filters, narrowed
from crm_core.records.ordering import Key, Sort, after, keys_of
from crm_core.records.rows import RowPlan, plan_rows

if TYPE_CHECKING:
    from crm_core.context import Ctx

MAX_KEPT = 500
LIMIT = "page_limit"
"""The parameter that says how many rows are wanted."""


@dataclass
class Prepared:
    """The statement of a list from its beginning, and those that go on after a row."""

    plan: RowPlan
    build: Build
    keys: list[Key]
    reverse: bool
    first: int
    _start: Any = None
    _after: dict[tuple[type[Any], ...], list[Any]] = field(default_factory=dict)

    @property
    def types(self) -> list[type[Any] | None]:
        """Return the types of the sort values."""
        return [key.python_type for key in self.keys]

    def pages(self, values: Sequence[Any] | None) -> list[Any]:
        """Return the statements that fetch a page, in turn: from the beginning, or after a row's sort values."""
        if values is None:
            if self._start is None:
                self._start = self.build(None)
            return [self._start]
        kinds = tuple(type(v) for v in values)
        found = self._after.get(kinds)
        if found is None:
            found = [self.build(condition) for condition in after(self.keys, values, self.reverse)]
            self._after[kinds] = found
        return found


def parameters(values: Sequence[Any] | None) -> dict[str, Any]:
    """Return the parameters of the statements after a row with these sort values."""
    return {f"after_{i}": value for i, value in enumerate(values or ()) if value is not None}


def prepare(
    ctx: Ctx, definition: EntityDef, fields: Sequence[FieldDef], sort: Sort, filters: Filters, *,
    editable: bool, reverse: bool,
) -> Prepared:  # fmt: skip
    """Return the statements of a list of one entity.

    Args:
        ctx: the operation.
        definition: the entity.
        fields: the fields to be read.
        sort: the order.
        filters: conditions beside the permission predicate.
        editable: whether each row tells if it may be edited.
        reverse: whether the list is read backwards.

    Raises:
        FilterError: the order names an unknown or unreadable field.
    """
    if filters.conditions:
        return _made(ctx, definition, fields, sort, filters, editable=editable, reverse=reverse)
    kept = ctx.directory.statements
    key = _key(ctx, definition, fields, sort, editable)
    found: Prepared | None = kept.get((key, reverse)) if key is not None else None
    if found is None:
        found = _made(ctx, definition, fields, sort, Filters(), editable=editable, reverse=reverse)
        if key is not None:
            if len(kept) >= MAX_KEPT:
                kept.clear()
            kept[key, reverse] = found
    return found


def _made(
    ctx: Ctx, definition: EntityDef, fields: Sequence[FieldDef], sort: Sort, filters: Filters, *,
    editable: bool, reverse: bool,
) -> Prepared:  # fmt: skip
    alias = definition.model
    keys = keys_of(ctx, definition, alias, sort)
    plan = plan_rows(ctx, definition, alias, fields, editable=editable)
    columns = list(plan.columns)
    allowed = predicate(ctx, definition, "read", alias)
    limit = sa.bindparam(LIMIT, type_=sa.Integer())
    if filters.conditions and ctx.database.is_sqlite:
        build = narrowed(alias, columns, keys, allowed, filters, limit=limit, reverse=reverse)
        return Prepared(plan, build, keys, reverse, len(columns))
    if not ctx.database.is_sqlite and filters.in_order and (apart := sets_apart(ctx, definition)):
        each = [predicate(ctx, definition, "read", alias, of_set=one) for one in apart]
        build = branched(alias, columns, keys, each, filters.conditions, limit=limit, reverse=reverse)
        return Prepared(plan, build, keys, reverse, len(columns))
    select = sa.select(*columns, *(k.expr.label(f"k{i}") for i, k in enumerate(keys)))
    select = select.where(allowed, *filters.conditions).order_by(*(k.clause(reverse) for k in keys)).limit(limit)
    build = lambda after: select if after is None else select.where(after)  # noqa: E731 - the other build, in place
    return Prepared(plan, build, keys, reverse, len(columns))


def _key(ctx: Ctx, definition: EntityDef, fields: Sequence[FieldDef], sort: Sort, editable: bool) -> Hashable | None:
    """Return what a list's statement depends on besides the page, ``None`` when it can't be told."""
    known = ctx.registry.fields(definition.key)
    targets = {definition.key}
    for one in [*fields, *(known[path] for path, _ in sort if path in known)]:
        if isinstance(one.type, Related):
            targets |= ctx.registry.entities.keys()
        elif isinstance(one.type, Link) and one.type.target in ctx.registry.entities:
            targets.add(one.type.target)
    seen = [signature(ctx, ctx.registry.entity(key), "read") for key in sorted(targets)]
    if editable:
        seen.append(signature(ctx, definition, "update"))
    if None in seen:
        return None
    return (definition.key, tuple(f.key for f in fields), sort, editable, tuple(seen))
