"""Search across entities as one types: what begins like the words first, then what contains them, then what is near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from rapidfuzz import fuzz

from crm_core.access import allowed, predicate, readable
from crm_core.columns import comparable, scalar
from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.search import near, rarity
from crm_core.search.matching import matches, streamed
from crm_core.search_text import words_of
from crm_core.text import fold
from crm_core.titles import words_of as title_words

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


@dataclass(frozen=True)
class Found:
    """What holds the words, and what holds words near to them: ``words`` are those that were looked for instead."""

    hits: list[Hit]
    nearest: list[Hit]
    words: tuple[str, ...] = ()


def suggest(ctx: Ctx, text: str, entities: Sequence[str] | None = None, limit: int = 8) -> list[Hit]:
    """Return up to ``limit`` hits an entity, only of records the actor may see, then those of plugins.

    ``entities`` are keys or slugs; those of hits that are no records count too (``core.user``).
    """
    if not words_of(text):
        return []
    found: list[Hit] = []
    for definition in searched(ctx, entities):
        condition = streamed(ctx, definition, text)
        found += _hits(ctx, definition, condition, text, limit)
    asked = tuple(k for k in ctx.registry.entities if entities is None or {k, _slug(ctx, k)} & set(entities))
    others = ctx.registry.hooks.search(ctx, text, asked or tuple(ctx.registry.entities))
    return found + [hit for hit in others if asked or hit.entity in (entities or ())]


def look(ctx: Ctx, text: str, entities: Sequence[str] | None = None, limit: int = 8) -> Found:
    """Return what :func:`suggest` does and, where that is nothing, what is nearest to the words."""
    hits = suggest(ctx, text, entities, limit)
    if hits:
        return Found(hits, [])
    nearest, words = [], []
    for entity, texts in near.texts(ctx, searched(ctx, entities), text).items():
        definition = ctx.registry.entity(entity)
        conditions = [c for other in texts if (c := matches(ctx, definition, definition.model, other)) is not None]
        found = _hits(ctx, definition, sa.or_(*conditions), text, limit)
        nearest += sorted(found, key=lambda hit: -fuzz.token_set_ratio(fold(text), fold(hit.title)))
        words += texts if found else []
    return Found([], nearest, tuple(dict.fromkeys(words)))


def searched(ctx: Ctx, entities: Sequence[str] | None = None) -> list[EntityDef]:
    """Return the kinds of records a search looks into: those asked for that the actor may read."""
    known = ctx.registry.entities.items()
    return [d for k, d in known if (entities is None or {k, d.slug} & set(entities)) and allowed(ctx, k, "read")]


def _slug(ctx: Ctx, key: str) -> str:
    return ctx.registry.entities[key].slug


def _hits(ctx: Ctx, definition: EntityDef, condition: Any, text: str, limit: int) -> list[Hit]:
    model = definition.model
    title = getattr(model, definition.title)
    key = comparable(ctx.registry.field(definition.key, definition.title), model)
    shown = hint_of(ctx, definition)
    hint = scalar(ctx.registry.field(definition.key, shown), model) if shown else sa.literal("")
    candidates = (
        sa.select(model.id, title.label("title"), key.label("sort"), hint.label("hint"))
        .where(condition, predicate(ctx, definition, "read", model))
        .limit(CANDIDATES)
    ).subquery()
    typed, titles = fold(text), candidates.c.sort
    first = sa.case(
        (titles.startswith(typed, autoescape=True), 0), (titles.contains(typed, autoescape=True), 1), else_=2
    )
    query = sa.select(candidates).order_by(first, candidates.c.sort, candidates.c.id).limit(limit)
    rows = ctx.session.execute(query, execution_options=KERNEL).all()
    for row in rows:
        rarity.met(ctx, definition, row.id)
    words = title_words(ctx, definition.key)
    titled = definition.title in readable(ctx, definition.key)
    return [
        Hit(definition.key, r.id, words(r.title) if titled else "", r.hint or "", f"/{definition.slug}/{r.id}")
        for r in rows
    ]


def hint_of(ctx: Ctx, definition: EntityDef) -> str:
    """Return the field that tells hits with one title apart; nothing where the actor may not read what it shows."""
    field = ctx.registry.fields(definition.key).get(definition.search_hint)
    if field is None:
        return ""
    needed = {field.key, field.filter_as.partition(".")[0] or field.key}
    return field.key if needed <= readable(ctx, definition.key) else ""
