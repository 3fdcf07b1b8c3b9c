"""Noting which records a person looks at, and showing them again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from crm_core.models import User
from crm_core.search import Hit
from crm_core.search.recent import KEPT, PREFERENCE, Place, places, visible
from crm_core.web.request import after_response, visit, visitor

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.deployment import Deployment


def looked_at(entity: str, record_id: int) -> None:
    """Note that the person looks at a record; written after the answer, and only when the order changes."""
    who, old = visitor(), _stored()
    if who is None or who.viewer is not None or (old and old[0] == (entity, record_id)):
        return
    new = [(entity, record_id), *(item for item in old if item != (entity, record_id))][:KEPT]
    after_response(partial(_write, visit().deployment, who.user_id, new))


def _stored() -> list[Place]:
    who = visitor()
    return places(who.preferences) if who is not None else []


def _write(deployment: Deployment, user_id: int, items: list[Place]) -> None:
    with deployment.database.brief_transaction() as session:
        user = session.get(User, user_id)
        if user is not None:
            user.preferences = {**(user.preferences or {}), PREFERENCE: [list(item) for item in items]}


def recent(ctx: Ctx) -> list[Hit]:
    """Return the records looked at last that the actor may still see; one statement a kind of record."""
    return visible(ctx, _stored())
