"""Titles of records in words: where a kind of record is called by an entry of a list, the entry's label."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from crm_core.fieldtypes import Choice

if TYPE_CHECKING:
    from crm_core.context import Ctx

Words = Callable[[str | None], str]


def words_of(ctx: Ctx, entity: str) -> Words:
    """Return what turns stored titles of an active entity into words in the reader's language.

    It holds on to the directory alone, so that it may be kept as long as that.
    """
    field = ctx.registry.fields(entity).get(ctx.registry.entities[entity].title)
    kind, directory = field.type if field is not None else None, ctx.directory
    if isinstance(kind, Choice):
        return lambda stored: kind.words(stored, directory)
    return lambda stored: stored or ""
