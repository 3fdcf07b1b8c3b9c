"""The records a person looked at last: kept among the preferences as entity and number, titled when they are shown."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crm_core.access import predicate
from crm_core.db import KERNEL
from crm_core.models import User
from crm_core.search import Hit
from crm_core.titles import words_of
from crm_core.web.preferences import preference
from crm_core.web.request import after_response, visit, visitor

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.deployment import Deployment

KEPT = 10


def looked_at(entity: str, record_id: int) -> None:
    """Note that the person looks at a record; written after the answer, and only when the order changes."""
    who, old = visitor(), stored()
    if who is None or who.viewer is not None or (old and old[0] == (entity, record_id)):
        return
    new = [(entity, record_id), *(item for item in old if item != (entity, record_id))][:KEPT]
    after_response(partial(_write, visit().deployment, who.user_id, new))


def forget(entity: str, record_id: int) -> list[tuple[str, int]]:
    """Return the list without a record."""
    return [item for item in stored() if item != (entity, record_id)]


def stored() -> list[tuple[str, int]]:
    """Return (entity, number) of the records looked at, the last one first."""
    found = preference("recent")
    if not isinstance(found, list):
        return []
    pairs = [tuple(item) for item in found if isinstance(item, list) and len(item) == 2]
    return [(str(e), i) for e, i in pairs if isinstance(i, int)][:KEPT]


def _write(deployment: Deployment, user_id: int, items: list[tuple[str, int]]) -> None:
    with deployment.database.brief_transaction() as session:
        user = session.get(User, user_id)
        if user is not None:
            user.preferences = {**(user.preferences or {}), "recent": [list(item) for item in items]}


def recent(ctx: Ctx) -> list[Hit]:
    """Return the records looked at last that the actor may still see; one statement a kind of record."""
    items, titles = stored(), {}
    for entity in dict.fromkeys(e for e, _ in items):
        definition = ctx.registry.entities.get(entity)
        if definition is None:
            continue
        model = definition.model
        wanted = [i for e, i in items if e == entity]
        query = sa.select(model.id, getattr(model, definition.title)).where(
            model.id.in_(wanted), predicate(ctx, definition, "read", model)
        )
        words = words_of(ctx, entity)
        titles.update({(entity, i): words(title) for i, title in ctx.session.execute(query, execution_options=KERNEL)})
    slugs = {key: d.slug for key, d in ctx.registry.entities.items()}
    return [Hit(e, i, titles[e, i], "", f"/{slugs[e]}/{i}") for e, i in items if (e, i) in titles]
