"""The condition that a record holds the words looked for, in what of it the actor may read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access import compiler, predicate, readable
from crm_core.columns import alias_of, comparable, scalar
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db.expressions import SearchMatch, Unsearched, fts_all
from crm_core.errors import FilterError
from crm_core.fieldtypes import Lines, Link
from crm_core.filters import Cond
from crm_core.search.rarity import GRAM, Frequencies, frequencies
from crm_core.search_text import LINK_END, searched_fields, words_of
from crm_core.text import like_escape

if TYPE_CHECKING:
    from crm_core.context import Ctx

ASKED, ASKED_OF_EACH = 4, 2
"""Trigrams the index is asked for: of one word, and of each of several. Every one is a list to read; few that cover a
word leave hardly a row more than all of them, and the text itself is looked at anyway.
"""
RAREST = 3
"""Trigrams it is asked for where it is known which are rare."""


def matches(ctx: Ctx, definition: EntityDef, alias: Any, text: str) -> Any | None:
    """Return the condition that a record holds every word of ``text``; ``None`` for no words.

    Words of one or two letters match at word starts only: shorter than a trigram, they have no index. What a person
    may not read is not matched: fields that are hidden from him, and names of linked records that he may not see.
    """
    words = words_of(text)
    if not words:
        return None
    trigrams = trigrams_of(words, frequencies(ctx, definition))
    asked = [SearchMatch(alias.id, alias.search_text, *trigrams)] if trigrams else []
    return sa.and_(*asked, *_confirmed(ctx, definition, alias, words, trigrams))


def streamed(ctx: Ctx, definition: EntityDef, text: str) -> Any | None:
    """Return :func:`matches` in the form that hands over the first rows before the index is read to its end.

    It is for statements that want some rows in any order.
    """
    model, words = definition.model, words_of(text)
    trigrams = trigrams_of(words, frequencies(ctx, definition))
    if not trigrams or not ctx.database.is_sqlite:
        return matches(ctx, definition, model, text)
    return sa.and_(joined(model, fts_all(trigrams)), *_confirmed(ctx, definition, model, words, trigrams))


def joined(model: Any, query: str) -> Any:
    """Return the condition that joins a table of SQLite with the rows its index finds for a query of FTS5."""
    name = f"{model.__tablename__}_fts"
    index = sa.table(name, sa.column("rowid", sa.Integer), sa.column(name, sa.String))
    return sa.and_(index.c[name].op("MATCH")(query), model.id == index.c.rowid)


def trigrams_of(words: Sequence[str], known: Frequencies | None = None) -> list[str]:
    """Return the trigrams to ask the index for: the rarest of all words, or few that cover each word."""
    patterns = [pattern for word in words if len(pattern := _pattern(word)) >= GRAM]
    if known is None:
        most = ASKED if len(words) == 1 else ASKED_OF_EACH
        return list(dict.fromkeys(gram for pattern in patterns for gram in _covering(pattern, most)))
    every = dict.fromkeys(p[i : i + GRAM] for p in patterns for i in range(len(p) - GRAM + 1))
    return sorted(every, key=lambda gram: known.get(gram, 0))[:RAREST]


def _pattern(word: str) -> str:
    return word if len(word) >= GRAM else f" {word}"


def _covering(pattern: str, most: int) -> Iterator[str]:
    last, pieces = len(pattern) - GRAM, min(most, -(-len(pattern) // GRAM))
    for number in range(pieces):
        start = round(number * last / max(pieces - 1, 1))
        yield pattern[start : start + GRAM]


def _confirmed(ctx: Ctx, definition: EntityDef, alias: Any, words: Sequence[str], asked: Sequence[str]) -> list[Any]:
    """Return what must hold of each row beside the trigrams that the index was asked for."""
    mask = readable(ctx, definition.key)
    searched = searched_fields(ctx, definition)
    if any(field.key not in mask for field in searched):
        shown = [field for field in searched if field.key in mask]
        return [sa.or_(sa.false(), *_in_fields(ctx, definition, alias, shown, word)) for word in words]
    own = _without_hidden_names(ctx, alias, searched)
    if own is not None:
        return _said_in(own, words)
    return _said_in(Unsearched(alias.search_text), [word for word in words if _pattern(word) not in asked])


def _said_in(text: Any, words: Sequence[str]) -> list[Any]:
    return [text.like(f"%{like_escape(_pattern(word))}%", escape="\\") for word in words]


def _without_hidden_names(ctx: Ctx, alias: Any, searched: Sequence[FieldDef]) -> Any | None:
    """Return the text without the names of linked records that the actor may not see; ``None`` where he sees all."""
    text: Any = alias.search_text
    for field in searched:
        target = ctx.registry.entities.get(field.type.target) if isinstance(field.type, Link) else None
        if target is None:
            continue
        other = alias_of(target.model, f"searched {field.entity}.{field.key}")
        seen = predicate(ctx, target, "read", other)
        if isinstance(seen, sa.True_):
            continue
        name = sa.literal(" ") + comparable(ctx.registry.field(target.key, target.title), other) + LINK_END
        hidden = sa.select(name).where(other.id == scalar(field, alias), sa.not_(sa.func.coalesce(seen, sa.false())))
        text = sa.func.replace(
            text, sa.func.coalesce(hidden.correlate(alias).scalar_subquery(), LINK_END * 2), LINK_END
        )
    return None if text is alias.search_text else text


def _in_fields(ctx: Ctx, definition: EntityDef, alias: Any, fields: Sequence[FieldDef], word: str) -> Iterator[Any]:
    """Yield a condition for each field that may hold a word; where no folded form is kept, accents count."""
    for field in fields:
        if isinstance(field.type, Link):
            try:
                yield compiler(ctx).compile(Cond(field.key, "contains", word), definition, alias)
            except FilterError:
                continue
        elif isinstance(field.type, Lines):
            line = field.type.line
            child = alias_of(line.model, f"searched {definition.key}.{field.key}")
            said = [_holds(part, child, word) for part in line.fields if part.search]
            one = sa.select(sa.literal(1)).where(child.parent_id == alias.id, sa.or_(sa.false(), *said))
            yield one.correlate(alias).exists()
        elif not field.type.multiple and field.storage != "computed":
            yield _holds(field, alias, word)


def _holds(field: FieldDef, alias: Any, word: str) -> Any:
    text = sa.cast(comparable(field, alias), sa.Text())
    within = text if field.key_attr else sa.func.lower(text)
    if len(word) >= GRAM:
        return within.like(f"%{like_escape(word)}%", escape="\\")
    return (sa.literal(" ") + within).like(f"% {like_escape(word)}%", escape="\\")
