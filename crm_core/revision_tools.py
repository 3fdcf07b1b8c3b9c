"""What revision files may use beside Alembic's ``op``: portable types, index parts, the search index.

Frozen on purpose: old revisions run for ever, so nothing here changes its meaning.
"""

from __future__ import annotations

import sqlalchemy as sa

from crm_core.db import Identifier, JsonDocument, SortText, UtcDateTime
from crm_core.entities import NullsFirst
from crm_core.fieldtypes.numbers import ExactDecimal
from crm_core.search_index import create_search, drop_search

__all__ = [
    "ExactDecimal",
    "Identifier",
    "JsonDocument",
    "SortText",
    "UtcDateTime",
    "create_search",
    "drop_search",
    "nulls_first",
]


def nulls_first(column: str) -> NullsFirst:
    """Return a column of ``op.create_index`` whose missing values come first on both databases."""
    return NullsFirst(sa.column(column))
