"""Where the tables of a database differ from the models: the check behind ``crm doctor`` and new revisions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from sqlalchemy.engine import Connection

from crm_core.db import Base, Database
from crm_core.migrations import context, quiet
from crm_core.search_index import is_search_object


def owner_of(table: str, names: Collection[str]) -> str | None:
    """Return the plugin a table belongs to: the longest name it starts with."""
    return max((n for n in names if table.startswith(f"{n}_")), key=len, default=None)


def drift(database: Database, name: str, others: Iterable[str] = ()) -> list[str]:
    """Return the differences between a plugin's tables and its models, one text each; none is good.

    Indexes on expressions and the search index are made by revisions and custom fields, not by models, and are
    not compared.

    Args:
        database: where to look.
        name: the plugin, whose models must have been imported; ``core`` for the kernel.
        others: names of the other plugins, to tell ``acme_fleet_car`` from a table of ``acme``.
    """
    with database.translated_errors(), database.reader.connect() as connection, quiet():
        options = comparison(connection, name, others)
        return [describe(d) for d in _flat(compare_metadata(context(connection, name, **options), Base.metadata))]


def comparison(connection: Connection, name: str, others: Iterable[str] = ()) -> dict[str, Any]:
    """Return Alembic's options that limit a comparison to one plugin's tables and to what models describe."""
    names = {name, *others}
    made = _expression_names()

    def include_name(found: str | None, kind: str, parents: Any) -> bool:
        if kind == "table":
            mine = bool(found) and owner_of(str(found), names) == name
            return mine and not is_search_object(str(found)) and not str(found).endswith("_alembic_version")
        return not (kind == "index" and found and (is_search_object(found) or found in made))

    def include_object(item: Any, found: str | None, kind: str, reflected: bool, other: Any) -> bool:
        if kind == "table":
            return owner_of(str(found), names) == name
        if kind == "index":
            return not _on_expression(item)
        return True

    return {"include_name": include_name, "include_object": include_object, "target_metadata": Base.metadata}


def _on_expression(index: sa.Index) -> bool:
    return any(not isinstance(e, sa.Column) for e in index.expressions)


def _expression_names() -> set[str]:
    return {str(i.name) for t in Base.metadata.tables.values() for i in t.indexes if _on_expression(i)}


def _flat(found: Iterable[Any]) -> Iterable[tuple[Any, ...]]:
    for item in found:
        if isinstance(item, tuple):
            yield item
        else:
            yield from item


def _table(subject: Any) -> str:
    return str(subject.name)


def _owned(subject: Any) -> str:
    return f"{subject.table.name}.{subject.name}"


_TEXTS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "add_table": ("missing table {0}", _table),
    "remove_table": ("table {0} has no model", _table),
    "add_index": ("missing index {0}", _owned),
    "remove_index": ("index {0} has no model", _owned),
    "add_constraint": ("missing constraint {0}", _owned),
    "remove_constraint": ("constraint {0} has no model", _owned),
    "add_fk": ("missing foreign key {0}", _owned),
    "remove_fk": ("foreign key {0} has no model", _owned),
}


def describe(difference: tuple[Any, ...]) -> str:
    """Return one of Alembic's differences in words."""
    kind = difference[0]
    if kind in _TEXTS:
        text, naming = _TEXTS[kind]
        return text.format(naming(difference[1]))
    if kind in ("add_column", "remove_column"):
        text = "missing column {0}.{1}" if kind == "add_column" else "column {0}.{1} has no model"
        return text.format(difference[2], difference[3].name)
    if kind.startswith("modify_"):
        what = kind.removeprefix("modify_")
        return f"column {difference[2]}.{difference[3]}: {what} is {difference[5]!r}, the model says {difference[6]!r}"
    return " ".join(str(part) for part in difference)
