"""Search across all kinds of records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from crm_core.access import allowed
from crm_core.errors import BadRequest, unknown_name
from crm_core.i18n import N_
from crm_core.rest.routing import Answer, Call, Param, Route, items_of, shape
from crm_core.search import Found, Hit, look, paging
from crm_core.search.recent import looked_at_last

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.registry import Registry

LONGEST = 500
_TEXT = {"type": "string"}
_Q = Param("q", "Words to search for.", {"type": "string", "minLength": 1, "maxLength": LONGEST}, required=True)
_ENTITY = Param(
    "entity", "Only these kinds, by slug or key, separated by commas; one kind alone comes by name, page by page.",
    {"type": "string", "maxLength": 500},
)  # fmt: skip
_LIMIT = Param("limit", "How many of each kind.", {"type": "integer", "minimum": 1, "maximum": 50, "default": 8})
_AFTER = Param("after", "Where the page before ended; with one kind only.")


def search(call: Call) -> Answer:
    """Answer what begins like the words first, then what contains them; without any, what is nearest."""
    return Answer(
        answer(call.ctx, call.text("q"), _names(call.text("entity")), call.whole("limit") or 8, call.text("after"))
    )


def answer(ctx: Ctx, text: str, names: Sequence[str], limit: int, after: str) -> dict[str, Any]:
    """Return what REST and the command line answer.

    Raises:
        BadRequest: the text is too long, a kind unknown, or a page is asked for of several kinds.
    """
    if len(text) > LONGEST:
        raise BadRequest(N_("At most %(limit)s characters"), field="q", params={"limit": LONGEST})
    wanted = _entities(ctx.registry, names)
    if after and len(wanted) != 1:
        raise BadRequest(N_("after needs exactly one kind of record in entity"), field="after")
    alone = len(wanted) == 1 and allowed(ctx, wanted[0], "read")
    page = paging.page(ctx, text, wanted[0], limit=limit, after=after or None) if alone else None
    if page is not None and (page.hits or after):
        hits, found = page.hits, Found([], [])
    else:
        found = look(ctx, text, wanted or None, limit)
        hits = found.hits if page is None else []
    return {
        "items": _listed(hits), "nearest": _listed(found.nearest), "words": list(found.words),
        "next": page.next if page else None,
        "total": {"value": page.total, "exact": page.exact} if page else None,
    }  # fmt: skip


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _entities(registry: Registry, names: Iterable[str]) -> list[str]:
    """Return the keys of kinds of records.

    Raises:
        BadRequest: one is unknown; names the nearest.
    """
    found = []
    for name in names:
        if name not in registry.slugs and name not in registry.entities:
            raise unknown_name(name, [*registry.slugs, *registry.entities], N_("kind of record"))
        found.append(registry.slugs.get(name, name))
    return list(dict.fromkeys(found))


def _listed(hits: Iterable[Hit]) -> list[dict[str, Any]]:
    return [{"entity": h.entity, "id": h.id, "title": h.title, "subtitle": h.subtitle, "url": h.url} for h in hits]


def recent(call: Call) -> Answer:
    """Answer the records the person looked at last, as far as they are there and may be seen."""
    return Answer({"items": last(call.ctx)})


def last(ctx: Ctx) -> list[dict[str, Any]]:
    """Return the records the actor looked at last."""
    return _listed(looked_at_last(ctx))


_HIT = shape(
    "entity id title subtitle url", entity=_TEXT, id={"type": "integer"}, title=_TEXT, subtitle=_TEXT, url=_TEXT
)
_HITS = {"type": "array", "items": _HIT}
_TOTAL = {**shape("value exact", value={"type": "integer"}, exact={"type": "boolean"}), "type": ["object", "null"]}
_FOUND = items_of(
    _HIT, nearest=_HITS, words={"type": "array", "items": _TEXT}, next={"type": ["string", "null"]}, total=_TOTAL
)

ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/search", handler=search, summary="Search all kinds of records", tag="search",
          parameters=(_Q, _ENTITY, _LIMIT, _AFTER), answers={200: _FOUND}),
    Route(method="GET", path="/search/recent", handler=recent, summary="Records looked at last", tag="search",
          answers={200: items_of(_HIT)}),
)  # fmt: skip
