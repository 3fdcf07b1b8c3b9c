"""Search across all kinds of records."""

from __future__ import annotations

from crm_core.errors import BadRequest, unknown_name
from crm_core.i18n import N_
from crm_core.rest.routing import Answer, Call, Param, Route, items_of, shape
from crm_core.search import suggest

_TEXT = {"type": "string"}
_Q = Param("q", "Words to search for.", {"type": "string", "minLength": 1, "maxLength": 500}, required=True)
_ENTITY = Param(
    "entity", "Only these kinds, by slug or key, separated by commas.", {"type": "string", "maxLength": 500}
)
_LIMIT = Param("limit", "How many of each kind.", {"type": "integer", "minimum": 1, "maximum": 50, "default": 8})


def search(call: Call) -> Answer:
    """Answer what begins like the words first, then what contains them."""
    text = call.text("q")
    if len(text) > 500:
        raise BadRequest(N_("At most %(limit)s characters"), field="q", params={"limit": 500})
    registry = call.ctx.registry
    wanted = [part.strip() for part in call.text("entity").split(",") if part.strip()]
    for name in wanted:
        if name not in registry.slugs and name not in registry.entities:
            raise unknown_name(name, [*registry.slugs, *registry.entities], N_("kind of record"))
    hits = suggest(call.ctx, text, wanted or None, call.whole("limit") or 8)
    return Answer(
        {
            "items": [
                {"entity": h.entity, "id": h.id, "title": h.title, "subtitle": h.subtitle, "url": h.url} for h in hits
            ]
        }
    )


_HIT = shape(
    "entity id title subtitle url", entity=_TEXT, id={"type": "integer"}, title=_TEXT, subtitle=_TEXT, url=_TEXT
)

ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/search", handler=search, summary="Search all kinds of records", tag="search",
          parameters=(_Q, _ENTITY, _LIMIT), answers={200: items_of(_HIT)}),
)  # fmt: skip
