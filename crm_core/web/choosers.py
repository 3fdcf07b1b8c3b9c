"""What form controls ask for while one types: records, people, tags; and new entries of reference lists ("+")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import access, lists, records, search
from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.errors import NotFound
from crm_core.filters import parse
from crm_core.text import fold
from crm_core.titles import words_of

if TYPE_CHECKING:
    from crm_core.context import Ctx

LIMIT = 20
SUBTITLE_PARTS = 3


def link_titles(ctx: Ctx, entity: str, ids: Sequence[int]) -> Mapping[int, str]:
    """Return the titles of those of the records that the actor may see."""
    definition = ctx.registry.entities.get(entity)
    if definition is None or not ids:
        return {}
    model = definition.model
    title = getattr(model, definition.title)
    query = sa.select(model.id, title).where(model.id.in_(list(ids)), access.predicate(ctx, definition, "read", model))
    words = words_of(ctx, definition.key)
    return {i: words(text) for i, text in ctx.session.execute(query, execution_options=KERNEL)}


def found_options(ctx: Ctx, entity: str, text: str, limit: int = LIMIT) -> list[dict[str, Any]]:
    """Return the records whose name or other searched text holds what was typed, those that begin with it first."""
    hits = search.suggest(ctx, text[:200], [entity], limit)
    return [
        {"value": str(hit.id), "label": hit.title or f"#{hit.id}", "hint": hit.subtitle}
        for hit in hits
        if hit.entity == entity
    ][:limit]


def record_options(ctx: Ctx, entity: str, text: str, limit: int = LIMIT, where: str = "") -> list[dict[str, Any]]:
    """Return the records that match what was typed, as the actor may see them; without text, by the view's order.

    Args:
        ctx: The operation.
        entity: Key or slug of the entity.
        text: What was typed.
        limit: How many at most.
        where: Text of a filter they must pass (:class:`crm_core.fieldtypes.Link`).

    Raises:
        Forbidden: the actor may read none of the entity's records.
    """
    definition = ctx.registry.entity(entity)
    access.require(ctx, definition.key, "read")
    if text.strip() and not where:
        return found_options(ctx, definition.key, text, limit)
    fields = _subtitle_fields(ctx, definition)
    query = records.ListQuery(
        fields=fields, filter=parse(where) if where else None, q=text[:200], limit=limit, count=False
    )
    page = records.list_(ctx, definition.key, query)
    return [
        {"value": str(row.id), "label": row.title or f"#{row.id}", "hint": _subtitle(ctx, definition, fields, row)}
        for row in page.items
    ]


def related_options(ctx: Ctx, text: str, limit: int = LIMIT) -> list[dict[str, Any]]:
    """Return matching records of every entity the actor may read, as ``entity:id``."""
    found: list[dict[str, Any]] = []
    readable = [d for d in ctx.registry.entities.values() if access.may(ctx, d.key, "read")]
    for definition in readable:
        for item in record_options(ctx, definition.key, text, max(3, limit // max(1, len(readable)))):
            label = ctx.registry.entity(definition.key).label
            found.append({**item, "value": f"{definition.key}:{item['value']}", "group": label})
    return found[:limit]


def _subtitle_fields(ctx: Ctx, definition: EntityDef) -> tuple[str, ...]:
    view, mask = ctx.registry.view(definition.key), access.readable(ctx, definition.key)
    fields = ctx.registry.fields(definition.key)
    wanted = view.card or view.columns
    usable = (k for k in wanted if k in mask and k in fields and k != definition.title)
    return tuple(k for k in usable if fields[k].type.widget not in ("image", "file", "tags", "readonly"))[
        :SUBTITLE_PARTS
    ]


def _subtitle(ctx: Ctx, definition: EntityDef, fields: Sequence[str], row: Any) -> str:
    parts = []
    for key in fields:
        label = row.labels.get(key)
        if isinstance(label, Mapping):
            parts.append(", ".join(label.values()))
        else:
            parts.append(label or ctx.registry.field(definition.key, key).type.show(row.values.get(key), ctx))
    return " · ".join(part for part in parts if part)


def user_options(ctx: Ctx, text: str, limit: int = LIMIT) -> list[dict[str, Any]]:
    """Return active users whose name or address holds what was typed."""
    key = fold(text)
    found = [u for u in ctx.directory.users() if key in fold(u.name) or key in u.email.lower()]
    return [{"value": str(u.id), "label": u.name, "hint": ""} for u in found[:limit]]


def tag_options(ctx: Ctx, text: str, limit: int = LIMIT) -> list[dict[str, Any]]:
    """Return tags whose name holds what was typed."""
    key = fold(text)
    found = [t for t in ctx.directory.tags() if key in fold(t.name)]
    return [{"value": str(t.id), "label": t.name, "colour": t.colour} for t in found[:limit]]


def may_extend(ctx: Ctx, list_key: str) -> bool:
    """Tell whether the actor may add entries to a reference list from a form (KN-22)."""
    try:
        definition = lists.definition_of(ctx, list_key)
        return lists.may_add(ctx, list_key) and not any(f.required for f in definition.extra)
    except NotFound:
        return False
