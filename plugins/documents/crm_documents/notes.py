"""Notes on records, found by what they say, whoever wrote them (KN-26)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import flask

from crm_core.api import N_, Ctx, Hit, comments, gettext, records

TYPING = ("/search/suggest", "/search/palette")
"""Addresses asked at each letter."""
LIMIT, SHORTEST, SHOWN = 5, 3, 80


def hits(ctx: Ctx, text: str, entities: Sequence[str]) -> Iterator[Hit]:
    """Yield the newest notes that hold every word, leading to their records; not while somebody still types.

    Notes have no index: to look through 100,000 takes a fifth of a second, too long for each letter.
    """
    typing = flask.has_request_context() and flask.request.path in TYPING
    if typing or len(text.strip()) < SHORTEST:
        return
    for entity, note, record_id in comments.find(ctx, text, entities, LIMIT):
        definition = ctx.registry.entity(entity)
        title = records.title_of(definition, records.get(ctx, entity, record_id))
        said = " ".join(note.body.split())
        shown = said if len(said) <= SHOWN else said[:SHOWN].rstrip() + "…"
        about = gettext(N_("Note of %(name)s: %(text)s"), name=note.author, text=shown)
        yield Hit("core.comment", note.id, title, about, f"/{definition.slug}/{record_id}")
