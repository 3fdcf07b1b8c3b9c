"""The members of a JSON document whose names only the database knows, with the same meaning on both databases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa


def keys_of(dialect: str, column: Any) -> Any:
    """Return a table of one column ``key``: the names of the members of a document."""
    if dialect == "postgresql":
        return sa.func.jsonb_object_keys(column).table_valued("key", name=None).render_derived()
    return sa.func.json_each(column).table_valued("key")


def has_key(dialect: str, column: Any, key: Any) -> Any:
    """Return the condition that a document has a member of this name."""
    if dialect == "postgresql":
        return sa.func.jsonb_exists(column, key)
    return sa.func.json_type(column, _path(key)).is_not(None)


def item_of(dialect: str, column: Any, key: Any, place: int) -> Any:
    """Return an item of the list that a document has under a name, for comparing."""
    if dialect == "postgresql":
        return sa.func.jsonb_extract_path_text(column, key, str(place))
    return sa.func.json_extract(column, _path(key) + f"[{place}]")


def _path(key: Any) -> Any:
    return sa.literal('$."', sa.String()) + sa.cast(key, sa.String()) + sa.literal('"', sa.String())
