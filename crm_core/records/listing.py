"""Lists: filter, search, sort, keyset pages and capped counts, in at most two statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import search_text
from crm_core.access import check_readable, compiler, predicate, readable, require
from crm_core.columns import comparable
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.errors import BadRequest, FilterError, unknown_name
from crm_core.fieldtypes import Link
from crm_core.filters import Node
from crm_core.i18n import N_
from crm_core.records import cursor
from crm_core.records.rows import Page, Row, plan_rows

if TYPE_CHECKING:
    from crm_core.context import Ctx

COUNT_CAP = 10_000
MAX_LIMIT = 500
Sort = tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class ListQuery:
    """What a list asks for. ``sort`` is (field, descending) in order; ``fields`` empty means the view's columns."""

    fields: tuple[str, ...] = ()
    filter: Node | None = None
    q: str = ""
    sort: Sort = ()
    limit: int = 50
    after: str | None = None
    before: str | None = None
    count: bool = True
    editable: bool = False


def parse_sort(text: str) -> Sort:
    """Read ``-cf.score,name`` into (field, descending) pairs."""
    parts = [p.strip() for p in text.split(",") if p.strip()]
    return tuple((p.lstrip("-+"), p.startswith("-")) for p in parts[:5])


@dataclass(frozen=True)
class _Key:
    """One sort key: its expression, direction and whether values may be missing."""

    expr: Any
    desc: bool
    nullable: bool

    def clause(self, reverse: bool) -> Any:
        down = self.desc != reverse
        ordered = self.expr.desc() if down else self.expr.asc()
        if not self.nullable:
            return ordered
        return ordered.nulls_last() if down else ordered.nulls_first()

    def beyond(self, value: Any, reverse: bool, *, first: bool) -> Any:
        """Return the condition that a row comes after ``value``; a missing value is the smallest.

        Of the first key the missing values at the end are fetched apart, so that its index can be sought.
        """
        if self.desc != reverse:
            if value is None:
                return sa.false()
            smaller = self.expr < _bound(value)
            return sa.or_(smaller, self.expr.is_(None)) if self.nullable and not first else smaller
        return self.expr.is_not(None) if value is None else self.expr > _bound(value)

    def equal(self, value: Any) -> Any:
        return self.expr.is_(None) if value is None else self.expr == _bound(value)

    def from_here(self, value: Any, reverse: bool) -> Any:
        """Return the redundant range that lets an index be sought."""
        if value is None:
            return self.expr.is_(None) if self.desc != reverse else sa.true()
        return self.expr <= _bound(value) if self.desc != reverse else self.expr >= _bound(value)


def _bound(value: Any) -> Any:
    """Return a value that may stand right of ``<``: SQLAlchemy lets yes and no stand there as parameters only."""
    return sa.literal(value) if isinstance(value, bool) else value


def list_(ctx: Ctx, entity: str, query: ListQuery) -> Page:
    """Return one page of the records the actor may see.

    Raises:
        Forbidden: the actor may read none of them.
        FilterError: an unknown or unreadable field in filter, sort or columns.
        BadRequest: a limit out of 1 to 500, or a foreign cursor.
    """
    definition = ctx.registry.entity(entity)
    require(ctx, definition.key, "read")
    if not 1 <= query.limit <= MAX_LIMIT:
        raise BadRequest(N_("limit must be between 1 and %(high)s"), field="limit", params={"high": MAX_LIMIT})
    alias: Any = definition.model
    fields = _fields(ctx, definition, query)
    where = conditions(ctx, definition, alias, query)
    sort = query.sort or parse_sort(ctx.registry.view(definition.key).sort) or ((definition.title, False),)
    keys = [_sort_key(ctx, definition, alias, path, desc) for path, desc in sort]
    if all(path != "id" for path, _ in sort):
        keys.append(_Key(alias.id, sort[-1][1], False))
    text = ",".join(("-" if d else "") + p for p, d in sort)
    rows, more = _fetch(ctx, definition, alias, fields, where, keys, query, text)
    return _page(ctx, definition, alias, query, rows, more, text, tuple(f.key for f in fields))


def _fields(ctx: Ctx, definition: EntityDef, query: ListQuery) -> list[FieldDef]:
    known = ctx.registry.fields(definition.key)
    mask = readable(ctx, definition.key)
    keys: Sequence[str] = query.fields
    if keys:
        check_readable(ctx, definition.key, [k for k in keys if k != "id"])
    else:
        keys = [k for k in ctx.registry.view(definition.key).columns if k in mask and k in known]
    return [known[k] for k in dict.fromkeys(keys) if k in known and known[k].storage != "computed"]


def conditions(ctx: Ctx, definition: EntityDef, alias: Any, query: ListQuery, *, counting: bool = False) -> list[Any]:
    """Return the conditions of a list: permission, filter and search."""
    where = [predicate(ctx, definition, "read", alias, counting=counting)]
    if query.filter is not None:
        where.append(compiler(ctx).compile(query.filter, definition, alias))
    if query.q.strip():
        found = search_text.matches(alias, query.q)
        where.append(sa.false() if found is None else found)
    return where


def _sort_key(ctx: Ctx, definition: EntityDef, alias: Any, path: str, desc: bool) -> _Key:
    if path == "id":
        return _Key(alias.id, desc, False)
    fields, mask = ctx.registry.fields(definition.key), readable(ctx, definition.key)
    if path not in fields or path not in mask:
        raise unknown_name(path, [k for k in mask if fields[k].sortable])
    field = fields[path]
    if not field.sortable:
        raise FilterError(N_("%(name)s can't be sorted by"), field="sort", params={"name": path})
    if isinstance(field.type, Link) and field.type.target != "core.user":
        return _Key(_title_key(ctx, field, alias), desc, True)
    expr = field.type.ordering(comparable(field, alias), ctx)
    if isinstance(field.type, Link):
        directory = ctx.directory
        people: Sequence[Any] = (directory.users if field.type.name == "user" else directory.teams)(active=False)
        ranks = {person.id: rank for rank, person in enumerate(people)}
        expr = sa.case(ranks, value=comparable(field, alias), else_=None) if ranks else expr
        return _Key(expr, desc, True)
    column = None if field.storage == "custom" else alias.__table__.c.get(field.key_attr or field.attr)
    return _Key(expr, desc, column is None or bool(column.nullable))


def _title_key(ctx: Ctx, field: FieldDef, alias: Any) -> Any:
    """Return the name of the linked record, to sort by; what the actor may not see counts as missing."""
    target = ctx.registry.entity(field.type.target)  # type: ignore[attr-defined]
    other = sa.orm.aliased(target.model)
    title = comparable(ctx.registry.field(target.key, target.title), other)
    query = sa.select(title).where(other.id == getattr(alias, field.attr), predicate(ctx, target, "read", other))
    return query.correlate(alias).scalar_subquery()


def _python_type(expr: Any) -> type[Any] | None:
    try:
        found: type[Any] = expr.type.python_type
    except NotImplementedError:
        return None
    return found


def _after(keys: Sequence[_Key], values: Sequence[Any], reverse: bool) -> Any:
    steps = []
    for i, (key, value) in enumerate(zip(keys, values, strict=True)):
        same = [k.equal(v) for k, v in zip(keys[:i], values[:i], strict=True)]
        steps.append(sa.and_(*same, key.beyond(value, reverse, first=i == 0)))
    return sa.and_(keys[0].from_here(values[0], reverse), sa.or_(*steps))


def _fetch(
    ctx: Ctx, definition: EntityDef, alias: Any, fields: list[FieldDef], where: list[Any], keys: list[_Key],
    query: ListQuery, text: str,
) -> tuple[list[tuple[Row, list[Any]]], bool]:  # fmt: skip
    """Return up to ``limit`` rows with their sort values, and whether there are more."""
    plan = plan_rows(ctx, definition, alias, fields, editable=query.editable)
    first = len(plan.columns)
    reverse = query.before is not None
    select = sa.select(*plan.columns, *(k.expr.label(f"k{i}") for i, k in enumerate(keys))).where(*where)
    select = select.order_by(*(k.clause(reverse) for k in keys))
    marker = query.before if reverse else query.after
    extra: list[Any] = []
    if marker is not None:
        values = cursor.decode(text, marker, [_python_type(k.expr) for k in keys])
        extra.append(_after(keys, values, reverse))
        if keys[0].nullable and keys[0].desc != reverse and values[0] is not None:
            extra.append(keys[0].expr.is_(None))
    found: list[Any] = []
    for condition in extra or [None]:
        part = select if condition is None else select.where(condition)
        limited = part.limit(query.limit + 1 - len(found))
        found += ctx.session.execute(limited, execution_options=KERNEL).all()
        if len(found) > query.limit:
            break
    more = len(found) > query.limit
    rows = [(plan.row(raw), list(raw[first:])) for raw in found[: query.limit]]
    return (rows[::-1] if reverse else rows), more


def _page(
    ctx: Ctx, definition: EntityDef, alias: Any, query: ListQuery, rows: list[tuple[Row, list[Any]]], more: bool,
    text: str, fields: tuple[str, ...],
) -> Page:  # fmt: skip
    back = query.before is not None
    has_next, has_previous = (True, more) if back else (more, query.after is not None)
    total: int | None = None
    exact = False
    if query.count:
        if not more and query.after is None and not back:
            total, exact = len(rows), True
        else:
            total, exact = _capped(ctx, alias, conditions(ctx, definition, alias, query, counting=True))
    return Page(
        items=[row for row, _ in rows],
        next=cursor.encode(text, rows[-1][1]) if rows and has_next else None,
        previous=cursor.encode(text, rows[0][1]) if rows and has_previous else None,
        total=total,
        exact=exact,
        fields=fields,
    )


def _capped(ctx: Ctx, alias: Any, where: list[Any]) -> tuple[int, bool]:
    inner = sa.select(alias.id).where(*where).limit(COUNT_CAP + 1).subquery()
    found = ctx.session.scalar(sa.select(sa.func.count()).select_from(inner), execution_options=KERNEL) or 0
    return min(found, COUNT_CAP), found <= COUNT_CAP


def count(ctx: Ctx, entity: str, query: ListQuery, *, capped: bool = True) -> tuple[int, bool]:
    """Return how many records the actor may see, and whether that is exact; uncapped counts read them all."""
    definition = ctx.registry.entity(entity)
    require(ctx, definition.key, "read")
    alias = definition.model
    where = conditions(ctx, definition, alias, query, counting=True)
    if capped:
        return _capped(ctx, alias, where)
    found = ctx.session.scalar(sa.select(sa.func.count(alias.id)).where(*where), execution_options=KERNEL)
    return found or 0, True
