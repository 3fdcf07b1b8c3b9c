"""The records a person looked at last: kept among the preferences as entity and number, titled when they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access import predicate, readable
from crm_core.db import KERNEL
from crm_core.models import User
from crm_core.search.suggesting import Hit
from crm_core.titles import words_of

if TYPE_CHECKING:
    from crm_core.context import Ctx

KEPT = 20
PREFERENCE = "recent"
Place = tuple[str, int]


def places(preferences: Mapping[str, Any] | None) -> list[Place]:
    """Return (entity, number) of the records looked at, the last one first, as preferences hold them."""
    found = (preferences or {}).get(PREFERENCE)
    if not isinstance(found, list):
        return []
    pairs = [tuple(item) for item in found if isinstance(item, list) and len(item) == 2]
    return [(str(e), i) for e, i in pairs if isinstance(i, int)][:KEPT]


def looked_at_last(ctx: Ctx) -> list[Hit]:
    """Return the actor's records, the last one first; one statement, and one a kind of record."""
    query = sa.select(User.preferences).where(User.id == ctx.actor.id)
    found = ctx.session.scalar(query, execution_options=KERNEL) if ctx.actor.id is not None else None
    return visible(ctx, places(found))


def visible(ctx: Ctx, items: Iterable[Place]) -> list[Hit]:
    """Return those of the records that are there and that the actor may still see; one statement a kind of record.

    Records of a module that is off are left out as long as it is.
    """
    items, titles = list(items), {}
    for entity in dict.fromkeys(e for e, _ in items):
        definition = ctx.registry.entities.get(entity)
        if definition is None:
            continue
        model = definition.model
        wanted = [i for e, i in items if e == entity]
        query = sa.select(model.id, getattr(model, definition.title)).where(
            model.id.in_(wanted), predicate(ctx, definition, "read", model)
        )
        words, shown = words_of(ctx, entity), definition.title in readable(ctx, entity)
        for number, title in ctx.session.execute(query, execution_options=KERNEL):
            titles[entity, number] = words(title) if shown else ""
    slugs = {key: d.slug for key, d in ctx.registry.entities.items()}
    return [Hit(e, i, titles[e, i], "", f"/{slugs[e]}/{i}") for e, i in items if (e, i) in titles]
