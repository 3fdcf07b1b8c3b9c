"""The records that decide about another one: those its links lead to, of one kind or of any."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.contributions import EntityDef
from crm_core.db import Identifier
from crm_core.fieldtypes import Related

if TYPE_CHECKING:
    from crm_core.registry import Registry


def targets(registry: Registry, definition: EntityDef, key: str) -> list[EntityDef]:
    """Return the kinds of record a followed field may lead to.

    A field that leads to any kind is followed to those that don't follow others that way themselves, and one of
    ``within`` only to those that aren't within others that way either: so it ends.
    """
    kind: Any = registry.field(definition.key, key).type
    if not isinstance(kind, Related):
        return [registry.entities[kind.target]] if kind.target in registry.entities else []
    found = (e for e in registry.entities.values() if not any(_leads_anywhere(registry, e, k) for k in e.follows))
    if key in definition.within:
        return [e for e in found if not any(_leads_anywhere(registry, e, k) for k in e.within)]
    return list(found)


def left_out(registry: Registry, definition: EntityDef, key: str) -> list[EntityDef]:
    """Return the kinds a field of ``within`` may lead to without asking them: it would not end."""
    kind: Any = registry.field(definition.key, key).type
    if not isinstance(kind, Related):
        return []
    asked = {e.key for e in targets(registry, definition, key)}
    return [e for e in registry.entities.values() if e.key not in asked]


def _leads_anywhere(registry: Registry, definition: EntityDef, key: str) -> bool:
    kind: Any = registry.field(definition.key, key).type
    return isinstance(kind, Related) or any(
        _leads_anywhere(registry, target, k)
        for target in (registry.entities.get(kind.target),)
        if target is not None
        for k in target.follows
        if target.key != definition.key
    )


def followed(registry: Registry, definition: EntityDef, key: str, alias: Any) -> Iterator[tuple[EntityDef, Any]]:
    """Yield each kind of record a followed field may lead to, and the expression of the id it then holds."""
    field = registry.field(definition.key, key)
    column = getattr(alias, field.attr)
    for target in targets(registry, definition, key):
        if not isinstance(field.type, Related):
            yield target, column
            continue
        start = f"{target.key}:"
        number = sa.cast(sa.func.substr(column, len(start) + 1), Identifier)
        yield target, sa.case((column.startswith(start, autoescape=True), number))
