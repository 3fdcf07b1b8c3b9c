"""All that is found of one kind of record, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_core import records
from crm_core.access import readable
from crm_core.records import ListQuery
from crm_core.search.suggesting import Hit, hint_of

if TYPE_CHECKING:
    from crm_core.context import Ctx


@dataclass(frozen=True)
class HitPage:
    """One page of hits; ``total`` is exact or, above ``FILTERED_CAP``, a lower bound; cursors are ``None`` at ends."""

    hits: list[Hit]
    next: str | None
    previous: str | None
    total: int
    exact: bool


def page(
    ctx: Ctx, text: str, entity: str, *, limit: int = 25, after: str | None = None, before: str | None = None
) -> HitPage:  # fmt: skip
    """Return a page of the records of an entity that hold every word, by name.

    Raises:
        Forbidden: the actor may read none of the entity.
        BadRequest: a limit out of 1 to 500, or a foreign cursor.
    """
    definition = ctx.registry.entity(entity)
    mask = readable(ctx, definition.key)
    titled = definition.title in mask
    hint = hint_of(ctx, definition)
    found = records.list_(
        ctx, definition.key,
        ListQuery(fields=tuple(k for k in ("id", hint) if k), q=text, limit=limit, after=after, before=before,
                  sort=((definition.title if titled else "id", False),)),
    )  # fmt: skip
    hits = [
        Hit(definition.key, row.id, row.title if titled else "", str(row.values.get(hint) or ""),
            f"/{definition.slug}/{row.id}")
        for row in found.items
    ]  # fmt: skip
    return HitPage(hits, found.next, found.previous, found.total or 0, found.exact)
