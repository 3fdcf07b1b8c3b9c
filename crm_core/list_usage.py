"""Where an entry of a reference list is used: in columns, in custom values, among several choices, in owned lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.db.expressions import json_value
from crm_core.fieldtypes import Choice
from crm_core.models import ListEntry

if TYPE_CHECKING:
    from crm_core.context import Ctx

BELOW = "core.list"
"""Under this name count the entries that stand below an entry."""


def usage_of(ctx: Ctx, entry: Any) -> dict[str, int]:
    """Return how many records use an entry, by entity; a record that uses it in two fields counts twice."""
    found: dict[str, int] = {}
    for entity in ctx.registry.entities.values():
        for field in ctx.registry.fields(entity.key).values():
            for statement in _statements(entity, field, entry):
                found[entity.key] = found.get(entity.key, 0) + _count(ctx, statement)
    below = sa.select(sa.func.count()).where(ListEntry.list == entry.list, ListEntry.parent == entry.code)
    found[BELOW] = _count(ctx, below)
    return {key: count for key, count in found.items() if count}


def _statements(entity: EntityDef, field: FieldDef, entry: Any) -> Iterator[sa.Select[Any]]:
    model = entity.model
    if field.storage == "lines":
        line = field.type.line  # type: ignore[attr-defined]
        for part in line.fields:
            if _is_of(part, entry):
                yield _counting(line.model.__table__, getattr(line.model, part.attr) == entry.code)
    elif not _is_of(field, entry):
        return
    elif field.type.multiple:
        links = model.__links__
        yield _counting(links, (links.c.field == field.key) & (links.c.target_id == entry.id))
    elif field.storage == "column":
        yield _counting(model.__table__, getattr(model, field.attr) == entry.code)
    elif field.storage == "custom":
        yield _counting(model.__table__, json_value(model.custom, field.attr, "text") == entry.code)


def _is_of(field: FieldDef, entry: Any) -> bool:
    return isinstance(field.type, Choice) and field.type.list == entry.list


def _counting(table: Any, where: Any) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(table).where(where)


def _count(ctx: Ctx, statement: sa.Select[Any]) -> int:
    return int(ctx.session.scalar(statement, execution_options=KERNEL) or 0)
