"""Lists: filter, search, sort, keyset pages and capped counts, in at most two statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access import check_readable, compiler, predicate, readable, require
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.errors import BadRequest, UnscopedStatement
from crm_core.filters import Node
from crm_core.i18n import N_
from crm_core.records import cursor
from crm_core.records.narrowed import Filters, split
from crm_core.records.ordering import Sort, parse_sort
from crm_core.records.prepared import LIMIT, Prepared, parameters, prepare
from crm_core.records.rows import Page, Row
from crm_core.search.matching import matches

if TYPE_CHECKING:
    from crm_core.context import Ctx

COUNT_CAP = 10_000
FILTERED_CAP = 300
"""Up to so many are counted where a filter or search must be looked up row by row; see ADR 8."""
MAX_LIMIT = 500


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
    fields = listed_fields(ctx, definition, query)
    sort = query.sort or parse_sort(ctx.registry.view(definition.key).sort) or ((definition.title, False),)
    reverse = query.before is not None
    parts = {} if query.q.strip() else split(ctx, definition, alias, query.filter, sort)
    wanted = Filters(filters(ctx, definition, alias, query), **parts)
    found = prepare(ctx, definition, fields, sort, wanted, editable=query.editable, reverse=reverse)
    text = ",".join(("-" if d else "") + p for p, d in sort)
    rows, more = _fetch(ctx, found, query, text)
    return _page(ctx, definition, alias, query, rows, more, text, tuple(f.key for f in fields))


def facts(ctx: Ctx, entity: str, query: ListQuery) -> list[Row]:
    """Return records that a plugin's rule needs to know, whatever the actor may see; they are not for showing.

    What decides about rights must not depend on the rights of the person it decides about. Only entities that say of
    themselves that they are ``for_rules`` are read so.

    Raises:
        UnscopedStatement: the entity is not, and the actor is a person.
    """
    if not ctx.actor.system and not ctx.registry.entity(entity).for_rules:
        raise UnscopedStatement(hint=f"{entity} is not for_rules; use records.list_ or as_system(ctx, reason=...)")
    everything = ctx.as_actor(replace(ctx.actor, system=True, scopes=None))
    return list_(everything, entity, replace(query, count=False)).items


def listed_fields(ctx: Ctx, definition: EntityDef, query: ListQuery) -> list[FieldDef]:
    """Return the fields that a list reads: those asked for, else the readable ones of its view.

    Raises:
        FilterError: one is unknown or unreadable.
    """
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
    return [predicate(ctx, definition, "read", alias, counting=counting), *filters(ctx, definition, alias, query)]


def filters(ctx: Ctx, definition: EntityDef, alias: Any, query: ListQuery) -> list[Any]:
    """Return what a list asks for beside the permission: filter and search."""
    where: list[Any] = []
    if query.filter is not None:
        where.append(compiler(ctx).compile(query.filter, definition, alias))
    if query.q.strip():
        found = matches(ctx, definition, alias, query.q)
        where.append(sa.false() if found is None else found)
    return where


def _fetch(ctx: Ctx, prepared: Prepared, query: ListQuery, text: str) -> tuple[list[tuple[Row, list[Any]]], bool]:
    """Return up to ``limit`` rows with their sort values, and whether there are more."""
    marker = query.before if prepared.reverse else query.after
    values = None if marker is None else cursor.decode(text, marker, prepared.types)
    given = parameters(values)
    found: list[Any] = []
    ctx.session.flush()
    connection = ctx.session.connection_of_kernel()
    for page in prepared.pages(values):
        found += connection.execute(page, {**given, LIMIT: query.limit + 1 - len(found)}).all()
        if len(found) > query.limit:
            break
    more = len(found) > query.limit
    plan, first = prepared.plan, prepared.first
    rows = [(plan.row(raw), list(raw[first:])) for raw in found[: query.limit]]
    return (rows[::-1] if prepared.reverse else rows), more


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
            total, exact = _capped(ctx, definition, alias, query)
    return Page(
        items=[row for row, _ in rows],
        next=cursor.encode(text, rows[-1][1]) if rows and has_next else None,
        previous=cursor.encode(text, rows[0][1]) if rows and has_previous else None,
        total=total,
        exact=exact,
        fields=fields,
    )


def _capped(ctx: Ctx, definition: EntityDef, alias: Any, query: ListQuery) -> tuple[int, bool]:
    cap = FILTERED_CAP if query.filter is not None or query.q.strip() else COUNT_CAP
    where = conditions(ctx, definition, alias, query, counting=True)
    inner = sa.select(alias.id).where(*where).limit(cap + 1).subquery()
    found = ctx.session.scalar(sa.select(sa.func.count()).select_from(inner), execution_options=KERNEL) or 0
    return min(found, cap), found <= cap


def count(ctx: Ctx, entity: str, query: ListQuery, *, capped: bool = True) -> tuple[int, bool]:
    """Return how many records the actor may see, and whether that is exact; uncapped counts read them all."""
    definition = ctx.registry.entity(entity)
    require(ctx, definition.key, "read")
    alias = definition.model
    if capped:
        return _capped(ctx, definition, alias, query)
    where = conditions(ctx, definition, alias, query, counting=True)
    found = ctx.session.scalar(sa.select(sa.func.count(alias.id)).where(*where), execution_options=KERNEL)
    return found or 0, True
