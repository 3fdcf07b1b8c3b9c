"""Words near to those typed: a letter too few, too many, wrong or swapped."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from rapidfuzz import process
from rapidfuzz.distance import OSA

from crm_core.access import predicate
from crm_core.columns import alias_of
from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.db.expressions import SearchMatch, fts_all
from crm_core.search.matching import joined, trigrams_of
from crm_core.search.rarity import GRAM
from crm_core.search_text import words_of

if TYPE_CHECKING:
    from crm_core.context import Ctx

SHORTEST = 4
"""Letters of a word that has near ones; of shorter ones nearly all others would be near."""
WORDS = 4
"""So many words are looked at; a text of more is not a name with a slip."""
SCANNED, LOOKED_AT, READ = 2000, 1000, 400
"""Records of a kind that may be near, those the actor may see whose words are compared, and letters of each."""
SIMILAR = 0.74
"""Share of letters in place (optimal string alignment): one slip in four letters, two in eight."""
TRIED, OF_EACH = 3, 3
BEGINNING = 0.02
"""What a word loses that only begins like the one typed."""
_WORD = re.compile(r"[^\W_]+")

Pieces = tuple[tuple[str, ...], ...]
"""Trigrams in groups: a text has all of some group."""


def texts(ctx: Ctx, definitions: Sequence[EntityDef], text: str) -> dict[str, list[str]]:
    """Return what to search for instead, by kind of record, the nearest first; kinds without any are left out.

    The words come from records the actor may see. One statement, or two: trigrams that a single slip leaves whole are
    asked for in pairs, and if that finds nothing, one by one. Never more than ``SCANNED`` records a kind are read.
    """
    words = words_of(text)
    if len(words) > WORDS or not any(_has_near(w) for w in words):
        return {}
    for pieces in (pairs, singles):
        asked = [pieces(w) if _has_near(w) else (tuple(trigrams_of([w])),) for w in words if len(w) >= GRAM]
        found: dict[str, list[str]] = {}
        for entity, known in _vocabularies(ctx, definitions, asked).items():
            if instead := _instead(words, known):
                found[entity] = instead
        if found:
            return found
    return {}


def _has_near(word: str) -> bool:
    return len(word) >= SHORTEST and not word.isdigit()


def pairs(word: str) -> Pieces:
    """Return the pairs of trigrams of which one slip leaves one whole: at the end, at both ends, at the beginning."""
    padded = f" {word}"
    return (padded[:3], padded[1:4]), (padded[:3], word[-3:]), (word[-4:-1], word[-3:])


def singles(word: str) -> Pieces:
    """Return every trigram by itself."""
    padded = f" {word}"
    return tuple((padded[i : i + GRAM],) for i in range(len(padded) - GRAM + 1))


def _vocabularies(
    ctx: Ctx, definitions: Sequence[EntityDef], asked: Sequence[Pieces]
) -> Mapping[str, set[str]]:  # fmt: skip
    parts = []
    for number, definition in enumerate(definitions):
        model, seen = definition.model, alias_of(definition.model, "searched for near words")
        some = sa.select(model.id).where(_holding(ctx, model, asked)).limit(SCANNED).subquery()
        query = sa.select(sa.literal(number).label("kind"), sa.func.substr(seen.search_text, 1, READ).label("said"))
        query = query.join_from(some, seen, seen.id == some.c.id).where(predicate(ctx, definition, "read", seen))
        parts.append(sa.select(query.limit(LOOKED_AT).subquery()))
    found: dict[str, set[str]] = {}
    if not parts:
        return found
    for kind, said in ctx.session.execute(sa.union_all(*parts), execution_options=KERNEL):
        found.setdefault(definitions[kind].key, set()).update(_WORD.findall(said))
    return found


def _holding(ctx: Ctx, model: Any, asked: Sequence[Pieces]) -> Any:
    if ctx.database.is_sqlite:
        return joined(model, " AND ".join(f"({' OR '.join(f'({fts_all(g)})' for g in groups)})" for groups in asked))
    return sa.and_(
        *(sa.or_(*(SearchMatch(model.id, model.search_text, *group) for group in groups)) for groups in asked)
    )


def _instead(words: Sequence[str], known: set[str]) -> list[str]:
    """Return the texts that come of replacing words by near ones, the nearest first."""
    choices = [list(_near(word, known)) for word in words]
    combined = sorted(itertools.product(*choices), key=lambda one: -sum(score for _, score in one))
    found = (" ".join(word for word, _ in one) for one in combined)
    return [text for text in found if text != " ".join(words)][:TRIED]


def _near(word: str, known: set[str]) -> Iterator[tuple[str, float]]:
    """Yield words near to one, with their likeness; the word itself where it is known, or has none.

    A word that holds a nearer one is found by that.
    """
    if not _has_near(word) or any(word in other for other in known):
        yield word, 1.0
        return
    likeness: dict[str, float] = {}
    for letters, loss in ((None, 0.0), (len(word), BEGINNING), (len(word) + 1, BEGINNING)):
        heads = {other: other[:letters] for other in known if letters is None or len(other) > letters}
        for _, score, other in process.extract(
            word, heads, scorer=OSA.normalized_similarity, score_cutoff=SIMILAR, limit=OF_EACH
        ):
            likeness[other] = max(likeness.get(other, 0.0), score - loss)
    found: list[tuple[str, float]] = []
    for other, score in sorted(likeness.items(), key=lambda item: (-item[1], item[0])):
        if not any(nearer in other for nearer, _ in found):
            found.append((other, score))
    yield from found[:OF_EACH]
