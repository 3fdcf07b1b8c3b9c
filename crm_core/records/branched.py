"""The statements of lists on PostgreSQL for those who see few of the records: a branch for each access set.

The indexes of orders end with the access set. PostgreSQL looks there for one set, but not for one of several: it reads
the row of every entry, a hundred for one that is shown to who sees a hundredth. Branches of one set each are read in
their order and merged, as far as the page goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from crm_core.records.narrowed import Build
from crm_core.records.ordering import Key


def branched(
    alias: Any, columns: Sequence[Any], keys: Sequence[Key], allowed: Sequence[Any], conditions: Sequence[Any], *,
    limit: Any, reverse: bool,
) -> Build:  # fmt: skip
    """Return what makes the statements of a list.

    Args:
        alias: the model.
        columns: what is read of each row.
        keys: the order.
        allowed: the permission predicate of each branch; no row passes two of them.
        conditions: what the list asks for.
        limit: the parameter with the number of rows.
        reverse: whether the list is read backwards.
    """

    def order(expressions: Sequence[Any]) -> list[Any]:
        return [Key(e, k.desc, k.nullable).clause(reverse) for e, k in zip(expressions, keys, strict=True)]

    def branch(predicate: Any, extra: Sequence[Any]) -> Any:
        values = (k.expr.label(f"k{i}") for i, k in enumerate(keys))
        found = sa.select(alias.id.label("id"), *values).where(predicate, *conditions, *extra)
        return found.order_by(*order([k.expr for k in keys])).limit(limit)

    def values_of(source: Any) -> list[Any]:
        return [source.c[f"k{i}"] for i in range(len(keys))]

    def build(condition: Any) -> Any:
        extra = [] if condition is None else [condition]
        merged = sa.union_all(*(branch(one, extra) for one in allowed)).subquery("merged")
        chosen = sa.select(merged).order_by(*order(values_of(merged))).limit(limit).subquery("chosen")
        values = values_of(chosen)
        page = sa.select(*columns, *values).select_from(chosen).join(alias, alias.id == chosen.c.id)
        return page.order_by(*order(values))

    return build
