"""The words a person is known by, to be looked for where no link leads: in logs and in the texts of other records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access.scope import compiler
from crm_core.columns import alias_of
from crm_core.db import KERNEL
from crm_core.erasing.gone import is_gone
from crm_core.errors import FilterError
from crm_core.filters import Cond
from crm_core.records.reading import title_of, values_of
from crm_core.text import fold

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import EntityDef
    from crm_core.erasing.subject import Subject

MASK = "…"
SHORTEST, LONGEST, MOST = 5, 300, 100
"""Letters of a value that is looked for, and how many values."""


@dataclass(frozen=True)
class Words:
    """Values that are looked for, the longest first, so that none is left over in part."""

    values: tuple[str, ...] = ()

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        known = {*self.values, *(fold(v) for v in self.values)}
        parts = "|".join(re.escape(v) for v in sorted(known, key=len, reverse=True))
        return re.compile(rf"(?<!\w)(?:{parts})(?!\w)", re.IGNORECASE)

    def masked(self, value: Any) -> Any:
        """Return a text, or a document of JSON, with ``…`` in place of each of the values."""
        if isinstance(value, str):
            return self._pattern.sub(MASK, value)
        if isinstance(value, list):
            return [self.masked(v) for v in value]
        if isinstance(value, Mapping):
            return {key: self.masked(v) for key, v in value.items()}
        return value

    def inside(self, column: Any) -> Any:
        """Return the condition that a column may hold one of the values; JSON is looked at as text."""
        text = sa.func.lower(sa.cast(column, sa.Text))
        forms = {form for v in self.values for form in (v.lower(), fold(v), json.dumps(v)[1:-1].lower(),
                                                          json.dumps(v.lower())[1:-1].lower())}  # fmt: skip
        return sa.or_(*(text.contains(form, autoescape=True) for form in sorted(forms)))


def words_of(ctx: Ctx, person: Subject, diffs: Iterable[Mapping[str, Any]]) -> Words:
    """Return the values a person is known by, those of his past included; what others have too is not among them."""
    definition = person.definition
    found: dict[str, str] = {}
    sides: list[Mapping[str, Any]] = [] if is_gone(person.record) else [values_of(ctx, definition, person.record)]
    sides += [{key: pair[i] for key, pair in diff.items() if isinstance(pair, list) and len(pair) == 2}
              for diff in diffs for i in (0, 1)]  # fmt: skip
    for path in person.about.identifying:
        for side in sides:
            found.update({text: path for text in _texts(side, path)})
    found.setdefault(title_of(definition, person.record), definition.title)
    wanted = {text: path for text, path in found.items() if is_distinctive(text)}
    kept = [t for t, path in list(wanted.items())[:MOST] if not _is_shared(ctx, definition, person.record.id, path, t)]
    return Words(tuple(sorted(kept, key=len, reverse=True)))


def is_distinctive(text: str) -> bool:
    """Tell whether a text stands for one person: an address, a number, several words, and not a word alone."""
    return SHORTEST <= len(text) <= LONGEST and not text.isalpha()


def _texts(values: Mapping[str, Any], path: str) -> Iterator[str]:
    key, _, part = path.partition(".")
    value = values.get(key)
    for item in value if isinstance(value, list) else [value]:
        text = item.get(part) if part and isinstance(item, Mapping) else item
        if isinstance(text, str) and text.strip():
            yield text.strip()


def _is_shared(ctx: Ctx, definition: EntityDef, record_id: int, path: str, text: str) -> bool:
    """Tell whether another record has the value too: then it stands there rightly."""
    alias = alias_of(definition.model, "erasing words")
    try:
        where = compiler(ctx, unlimited=True).compile(Cond(path, "=", text), definition, alias)
    except FilterError:
        return True
    query = sa.select(sa.literal(1)).select_from(alias).where(where, alias.id != record_id).limit(1)
    return ctx.session.scalar(query, execution_options=KERNEL) is not None
