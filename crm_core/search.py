"""Search across entities as one types: what begins like the words first, then what contains them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crm_core import search_text
from crm_core.access import allowed, predicate
from crm_core.columns import comparable
from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.text import fold
from crm_core.titles import words_of

if TYPE_CHECKING:
    from crm_core.context import Ctx

CANDIDATES = 200


@dataclass(frozen=True)
class Hit:
    """One thing found: what it is, how it is called, and where it lies."""

    entity: str
    id: int
    title: str
    subtitle: str
    url: str
    plugin: str = ""


def suggest(ctx: Ctx, text: str, entities: Sequence[str] | None = None, limit: int = 8) -> list[Hit]:
    """Return up to ``limit`` hits an entity, only of records the actor may see, then those of plugins."""
    keys = [k for k in ctx.registry.entities if entities is None or k in entities or _slug(ctx, k) in entities]
    found: list[Hit] = []
    if not search_text.words_of(text):
        return found
    for key in keys:
        if allowed(ctx, key, "read"):
            found += _in_entity(ctx, ctx.registry.entities[key], text, limit)
    return found + list(ctx.registry.hooks.search(ctx, text, tuple(keys)))


def _slug(ctx: Ctx, key: str) -> str:
    return ctx.registry.entities[key].slug


def _in_entity(ctx: Ctx, definition: EntityDef, text: str, limit: int) -> list[Hit]:
    model = definition.model
    title = getattr(model, definition.title)
    key = comparable(ctx.registry.field(definition.key, definition.title), model)
    condition = search_text.matches(model, text)
    if condition is None:
        return []
    hint = getattr(model, definition.search_hint) if definition.search_hint else sa.literal("")
    visible = predicate(ctx, definition, "read", model)
    candidates = (
        sa.select(model.id, title.label("title"), key.label("sort"), hint.label("hint"))
        .where(condition, visible)
        .limit(CANDIDATES)
    ).subquery()
    first = sa.case((candidates.c.sort.startswith(fold(text), autoescape=True), 0), else_=1)
    query = sa.select(candidates).order_by(first, candidates.c.sort, candidates.c.id).limit(limit)
    rows = ctx.session.execute(query, execution_options=KERNEL).all()
    words = words_of(ctx, definition.key)
    return [Hit(definition.key, r.id, words(r.title), r.hint or "", f"/{definition.slug}/{r.id}") for r in rows]
