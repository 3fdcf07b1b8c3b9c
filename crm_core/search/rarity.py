"""How frequent trigrams are in a large table, told from a sample, so that the index is asked for the rare ones.

Each trigram is a list of rows, as long as it is frequent: of a rare word most have long lists, which cost the more the
larger the table is, and two or three short ones leave the same rows. What is kept decides about speed alone.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from crm_core.db import KERNEL, Database

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import EntityDef

GRAM = 3
LARGE = 50_000
"""A record with a higher number tells that its table is large."""
SAMPLE, READ = 500, 400
"""Records in a sample, and letters of each: a trigram in one record of 500 is told from one in five."""
KEPT = 3600.0
"""Seconds a sample is kept."""

Frequencies = Mapping[str, int]


@dataclass
class _Tables:
    large: set[str] = field(default_factory=set)
    samples: dict[str, tuple[float, Frequencies]] = field(default_factory=dict)


_known: WeakKeyDictionary[Database, _Tables] = WeakKeyDictionary()


def met(ctx: Ctx, definition: EntityDef, number: int) -> None:
    """Take notice of a record that was found: its number tells whether the table is large."""
    if number >= LARGE:
        _tables(ctx).large.add(definition.key)


def frequencies(ctx: Ctx, definition: EntityDef) -> Frequencies | None:
    """Return in how many records of a sample each trigram is; ``None`` as long as the table is not known to be large.

    Two statements once an hour in each process, some 30 ms.
    """
    tables = _tables(ctx)
    if definition.key not in tables.large:
        return None
    at, found = tables.samples.get(definition.key, (0.0, {}))
    if not at or time.monotonic() - at > KEPT:
        found = _sampled(ctx, definition)
        tables.samples[definition.key] = time.monotonic(), found
    return found


def _tables(ctx: Ctx) -> _Tables:
    return _known.setdefault(ctx.database, _Tables())


def _sampled(ctx: Ctx, definition: EntityDef) -> Frequencies:
    model, execute = definition.model, ctx.session.scalars
    highest = execute(sa.select(sa.func.max(model.id)), execution_options=KERNEL).one() or 0
    ids = {highest * n // SAMPLE for n in range(1, SAMPLE + 1)}
    query = sa.select(sa.func.substr(model.search_text, 1, READ)).where(model.id.in_(sorted(ids)))
    texts = execute(query, execution_options=KERNEL)
    return Counter(gram for text in texts for gram in {text[i : i + GRAM] for i in range(len(text) - GRAM + 1)})
