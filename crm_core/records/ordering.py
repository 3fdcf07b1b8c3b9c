"""The order of a list: its keys, and the condition that a row comes after another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.sql import operators

from crm_core.access import predicate, readable
from crm_core.columns import comparable, scalar
from crm_core.contributions import EntityDef, FieldDef
from crm_core.errors import FilterError
from crm_core.fieldtypes import Link
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx

Sort = tuple[tuple[str, bool], ...]


def parse_sort(text: str) -> Sort:
    """Read ``-cf.score,name`` into (field, descending) pairs."""
    parts = [p.strip() for p in text.split(",") if p.strip()]
    return tuple((p.lstrip("-+"), p.startswith("-")) for p in parts[:5])


@dataclass(frozen=True)
class Key:
    """One sort key: its expression, direction and whether values may be missing."""

    expr: Any
    desc: bool
    nullable: bool

    @property
    def python_type(self) -> type[Any] | None:
        """Return the type of its values, ``None`` when it isn't known."""
        try:
            found: type[Any] = self.expr.type.python_type
        except NotImplementedError:
            return None
        return found

    def clause(self, reverse: bool) -> Any:
        """Return what ORDER BY says."""
        down = self.desc != reverse
        ordered = self.expr.desc() if down else self.expr.asc()
        if not self.nullable:
            return ordered
        return ordered.nulls_last() if down else ordered.nulls_first()

    def bound(self, name: str, value: Any) -> Any:
        """Return the parameter that stands for a value of this key, ``None`` for a missing one."""
        if value is None:
            return None
        kind = self.expr.type.coerce_compared_value(operators.gt, value)
        return sa.bindparam(name, value, type_=kind)

    def beyond(self, bound: Any, reverse: bool, *, first: bool) -> Any:
        """Return the condition that a row comes after a value; a missing value is the smallest.

        Of the first key the missing values at the end are fetched apart, so that its index can be sought.
        """
        if self.desc != reverse:
            if bound is None:
                return sa.false()
            smaller = self.expr < bound
            return sa.or_(smaller, self.expr.is_(None)) if self.nullable and not first else smaller
        return self.expr.is_not(None) if bound is None else self.expr > bound

    def equal(self, bound: Any) -> Any:
        """Return the condition that a row has a value."""
        return self.expr.is_(None) if bound is None else self.expr == bound

    def from_here(self, bound: Any, reverse: bool) -> Any:
        """Return the redundant range that lets an index be sought."""
        if bound is None:
            return self.expr.is_(None) if self.desc != reverse else sa.true()
        return self.expr <= bound if self.desc != reverse else self.expr >= bound


def keys_of(ctx: Ctx, definition: EntityDef, alias: Any, sort: Sort) -> list[Key]:
    """Return the keys of an order, the id last.

    Raises:
        FilterError: an unknown or unreadable field, or one that can't be sorted by.
    """
    keys = [_key(ctx, definition, alias, path, desc) for path, desc in sort]
    if all(path != "id" for path, _ in sort):
        keys.append(Key(alias.id, sort[-1][1], False))
    return keys


def _key(ctx: Ctx, definition: EntityDef, alias: Any, path: str, desc: bool) -> Key:
    if path == "id":
        return Key(alias.id, desc, False)
    field = sortable(ctx, definition, path)
    if isinstance(field.type, Link) and field.type.target != "core.user":
        return Key(_title_key(ctx, field, alias), desc, True)
    expr = field.type.ordering(comparable(field, alias), ctx)
    if isinstance(field.type, Link):
        directory = ctx.directory
        people: Sequence[Any] = (directory.users if field.type.name == "user" else directory.teams)(active=False)
        ranks = {person.id: rank for rank, person in enumerate(people)}
        expr = sa.case(ranks, value=comparable(field, alias), else_=None) if ranks else expr
        return Key(expr, desc, True)
    column = None if field.storage == "custom" else alias.__table__.c.get(field.key_attr or field.attr)
    return Key(expr, desc, column is None or bool(column.nullable))


def sortable(ctx: Ctx, definition: EntityDef, path: str) -> FieldDef:
    """Return a field to sort by.

    Raises:
        FilterError: an unknown or unreadable field, or one that can't be sorted by.
    """
    fields, mask = ctx.registry.fields(definition.key), readable(ctx, definition.key)
    if path not in fields or path not in mask:
        raise ctx.registry.unknown(definition.key, path, [k for k in mask if fields[k].sortable])
    field = fields[path]
    if not field.sortable:
        raise FilterError(N_("%(name)s can't be sorted by"), field="sort", params={"name": path})
    return field


def _title_key(ctx: Ctx, field: FieldDef, alias: Any) -> Any:
    """Return the name of the linked record, to sort by; what the actor may not see counts as missing."""
    target = ctx.registry.target(field.type.target, field.key)  # type: ignore[attr-defined]
    other = sa.orm.aliased(target.model)
    title = comparable(ctx.registry.field(target.key, target.title), other)
    query = sa.select(title).where(other.id == scalar(field, alias), predicate(ctx, target, "read", other))
    return query.correlate(alias).scalar_subquery()


def after(keys: Sequence[Key], values: Sequence[Any], reverse: bool) -> list[Any]:
    """Return the conditions of the statements that fetch what comes after a row with these sort values, in turn.

    The values become parameters called ``after_0``, ``after_1`` …
    """
    bounds = [key.bound(f"after_{i}", value) for i, (key, value) in enumerate(zip(keys, values, strict=True))]
    steps = []
    for i, (key, bound) in enumerate(zip(keys, bounds, strict=True)):
        same = [k.equal(b) for k, b in zip(keys[:i], bounds[:i], strict=True)]
        steps.append(sa.and_(*same, key.beyond(bound, reverse, first=i == 0)))
    found = [sa.and_(keys[0].from_here(bounds[0], reverse), sa.or_(*steps))]
    if keys[0].nullable and keys[0].desc != reverse and values[0] is not None:
        found.append(keys[0].expr.is_(None))
    return found
