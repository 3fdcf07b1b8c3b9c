"""How many records have each value of a field, and what another one adds up to: one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access import check_readable, readable, require
from crm_core.columns import scalar
from crm_core.contributions import FieldDef
from crm_core.db import KERNEL
from crm_core.records.listing import ListQuery, conditions

if TYPE_CHECKING:
    from crm_core.context import Ctx


@dataclass
class Group:
    """The records with one value: how many, and their sums by currency (``""`` where there is none)."""

    value: Any
    count: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)


def groups(ctx: Ctx, entity: str, query: ListQuery, by: str, of: str = "") -> Mapping[Any, Group]:
    """Return the groups of the records a list asks for that the actor may see, by value.

    Args:
        ctx: the operation.
        entity: the entity.
        query: filter and search; order and page don't matter.
        by: the field whose values make the groups.
        of: the field that is added up; amounts are kept apart by currency.

    Raises:
        Forbidden: the actor may read none of them.
        FilterError: an unknown or unreadable field.
    """
    definition = ctx.registry.entity(entity)
    require(ctx, definition.key, "read")
    check_readable(ctx, definition.key, [k for k in (by, of) if k])
    fields, alias = ctx.registry.fields(definition.key), definition.model
    keys = [scalar(fields[by], alias)]
    code, held = _currency(ctx, definition.key, fields[of]) if of else ("", None)
    if held is not None:
        keys.append(scalar(held, alias))
    added: Any = sa.func.sum(scalar(fields[of], alias)) if of else sa.null()
    where = conditions(ctx, definition, alias, query, counting=True)
    statement = sa.select(sa.func.count(), added, *keys).select_from(alias).where(*where).group_by(*keys)
    found: dict[Any, Group] = {}
    for count, total, value, *currency in ctx.session.execute(statement, execution_options=KERNEL):
        group = found.setdefault(value, Group(value))
        group.count += count
        if total is not None:
            name = currency[0] or "" if currency else code
            group.sums[name] = group.sums.get(name, Decimal(0)) + Decimal(total)
    return found


def _currency(ctx: Ctx, entity: str, added: FieldDef) -> tuple[str, FieldDef | None]:
    """Return the currency of an amount, or the field that holds it if the actor may read that."""
    source = str(getattr(added.type, "currency", ""))
    if not source.startswith("field:"):
        return source, None
    key = source.removeprefix("field:")
    return "", ctx.registry.fields(entity).get(key) if key in readable(ctx, entity) else None
