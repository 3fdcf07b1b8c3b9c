"""The statements of filtered lists on SQLite, whose planner doesn't know how many rows a filter leaves.

It computes every column of every row it sorts, so only ids and sort values are sorted, and the columns are read for the
page. And it takes the index of the filter where the order's own would do better: so the first rows in the order are
looked at before, which fills the page where many rows pass; only where it doesn't, the filter's index is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access import compiler
from crm_core.contributions import EntityDef
from crm_core.db.expressions import Unindexed
from crm_core.fieldtypes import Link
from crm_core.filters.tree import EQUALITY, LISTS, And, Cond, Node
from crm_core.records.ordering import Key, Sort

if TYPE_CHECKING:
    from crm_core.context import Ctx

NEAR = 1500
"""How many rows in the order are looked at first: some milliseconds."""
Build = Callable[[Any], Any]
"""Takes the condition that a page begins after a row, or ``None``; returns the statement of the page."""


@dataclass(frozen=True)
class Filters:
    """What a list asks for beside the permission.

    ``sought`` are the conditions that the index of the order serves, ``rest`` the others; both ``None`` where the order
    has no index, or where the filters' own index is better anyway.
    """

    conditions: Sequence[Any] = ()
    sought: Sequence[Any] | None = None
    rest: Sequence[Any] | None = None

    @property
    def in_order(self) -> bool:
        """Tell whether rows are best looked at in their order until a page is full."""
        return not self.conditions or self.sought is not None


def split(ctx: Ctx, definition: EntityDef, alias: Any, node: Node | None, sort: Sort) -> dict[str, list[Any]]:
    """Return the parts of a filter by what serves them, for :class:`Filters`; nothing where they are not apart."""
    (path, _), *more = sort
    fields = ctx.registry.fields(definition.key)

    def indexed(key: str) -> bool:
        return key == "id" or (key in fields and fields[key].indexed and not isinstance(fields[key].type, Link))

    parts = node.parts if isinstance(node, And) else (node,) if node is not None else ()
    conds = [part for part in parts if isinstance(part, Cond)]
    if not parts or more or not indexed(path) or any(c.op in EQUALITY | LISTS and indexed(c.path) for c in conds):
        return {}
    compile_, found = compiler(ctx).compile, dict[str, list[Any]](sought=[], rest=[])
    for part in parts:
        served = isinstance(part, Cond) and part.path == path
        found["sought" if served else "rest"].append(compile_(part, definition, alias))
    return found


def narrowed(
    alias: Any, columns: Sequence[Any], keys: Sequence[Key], allowed: Any, filters: Filters, *,
    limit: Any, reverse: bool,
) -> Build:  # fmt: skip
    """Return what makes the statements of a filtered list.

    Args:
        alias: the model.
        columns: what is read of each row.
        keys: the order.
        allowed: the permission predicate.
        filters: what the list asks for.
        limit: the parameter with the number of rows.
        reverse: whether the list is read backwards.
    """

    def order(expressions: Sequence[Any]) -> list[Any]:
        return [Key(e, k.desc, k.nullable).clause(reverse) for e, k in zip(expressions, keys, strict=True)]

    def passing(source: Any, where: Sequence[Any], most: Any) -> Any:
        values = (k.expr.label(f"k{i}") for i, k in enumerate(keys))
        return sa.select(alias.id.label("id"), *values).select_from(source).where(*where).limit(most)

    def found(source: Any, where: Sequence[Any], most: Any) -> Any:
        return passing(source, where, most).order_by(*order([k.expr for k in keys]))

    # The index of the order serves all that is asked: it fills the page by itself, with nothing to look at row by row.
    served = filters.rest is not None and not filters.rest and isinstance(allowed, sa.True_)

    def near(condition: Sequence[Any]) -> Any:
        first = sa.select(alias.id.label("id")).where(*(filters.sought or ()), *condition)
        ids = first.order_by(*order([k.expr for k in keys])).limit(NEAR).subquery("nearest")
        wanted = Unindexed(sa.and_(allowed, *(filters.rest or ())).self_group())
        # Not ordered: they come in the order of the ids, and to sort them all 1,500 would have to be read.
        return passing(ids.join(sa.inspect(alias).local_table, alias.id == ids.c.id), [wanted], limit).cte("near")

    def build(condition: Any) -> Any:
        extra = [] if condition is None else [condition]
        chosen: Any
        if filters.sought is not None and not served:
            first = near(extra)
            enough = sa.select(sa.func.count()).select_from(first).scalar_subquery() >= limit
            rest = found(alias, [allowed, *filters.conditions, *extra], sa.case((enough, 0), else_=limit))
            chosen = sa.union_all(sa.select(first).where(enough), sa.select(rest.subquery())).subquery("chosen")
        else:
            chosen = found(alias, [allowed, *filters.conditions, *extra], limit).subquery("chosen")
        values = [chosen.c[f"k{i}"] for i in range(len(keys))]
        page = sa.select(*columns, *values).select_from(chosen).join(alias, alias.id == chosen.c.id)
        return page.order_by(*order(values))

    return build
