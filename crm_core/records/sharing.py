"""Sharing one record by hand with users and teams (visibility ``listed``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crm_core import history
from crm_core.access import set_for
from crm_core.access.sets import principals_of, shares_of
from crm_core.context import principal_of, team_principal, user_principal
from crm_core.entities import Record
from crm_core.records import many
from crm_core.records.reading import find, title_of, values_of

if TYPE_CHECKING:
    from crm_core.context import Ctx


def shares(ctx: Ctx, entity: str, record_id: int) -> list[tuple[str, int, bool]]:
    """Return ``("user"|"team", id, may write)`` of a visible record's shares."""
    definition = ctx.registry.entity(entity)
    find(ctx, definition, record_id)
    return [(*principal_of(p), write) for p, write in sorted(shares_of(ctx, definition.key, record_id).items())]


def share(
    ctx: Ctx, entity: str, record_id: int, people: Iterable[tuple[str, int, bool]], visibility: str = "listed"
) -> Record:
    """Replace whom a record is shared with.

    Raises:
        NotFound: not there for the actor.
        Forbidden: the actor may not change it.
    """
    definition = ctx.registry.entity(entity)
    record = find(ctx, definition, record_id, "update", lock=True)
    new = {(user_principal if kind == "user" else team_principal)(i): write for kind, i, write in people}
    kept = many.replace_shares(ctx, definition, {record_id: new})[record_id]
    before, record.visibility = record.visibility, visibility
    values = values_of(ctx, definition, record)
    record.access_id = set_for(ctx, principals_of(ctx, definition, values, new))
    record.version += 1
    record.updated_at, record.updated_by_id = ctx.now, ctx.actor.id
    ctx.session.flush()
    diff = {"visibility": [before, visibility]} if before != visibility else None
    history.note(ctx, definition.key, record_id, title_of(definition, record), "update", diff, kept=kept)
    return record  # type: ignore[no-any-return]
