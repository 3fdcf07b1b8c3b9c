"""The ways in which records are connected: derived from link fields, named by what plugins contribute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm_core.access import allowed, readable
from crm_core.contributed_connections import Connection
from crm_core.fieldtypes import Link, Related
from crm_core.i18n import gettext
from crm_core.registry import is_main

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import EntityDef, FieldDef

USERS = "core.user"


@dataclass(frozen=True, eq=False)
class Way:
    """One kind of connection.

    ``link`` is a field of ``holder``. Without ``other`` it leads from the holder's records to those of ``target`` (to
    any main entity where that is empty). With it, the holder's records stand between two: ``link`` leads to the first,
    of ``source``, and ``other`` to the second, of ``target``. The value of ``named`` names the connection.
    """

    holder: EntityDef
    link: FieldDef
    target: str
    source: str
    other: FieldDef | None = None
    naming: Connection | None = None
    named: FieldDef | None = None

    @property
    def key(self) -> str:
        """Return what programs know it by: the entity and the field, such as ``contacts.contact/companies``."""
        return f"{self.holder.key}/{self.link.key}"

    @property
    def in_table(self) -> bool:
        """Tell whether the links are rows of the entity's link table."""
        return self.link.type.multiple

    def words(self, ctx: Ctx, value: Any = None) -> tuple[str, str]:
        """Return what a connection is called from its first side on, and from the other."""
        naming = self.naming
        if naming is not None and naming.words is not None and value is not None:
            return naming.words(ctx, value)
        label = gettext(naming.label) if naming is not None else (self.other or self.link).title()
        if naming is not None and naming.reverse:
            return label, gettext(naming.reverse)
        return label, self.link.title() if self.other is not None else gettext(self.holder.plural)


def ways_of(ctx: Ctx, entity: str) -> list[Way]:
    """Return the ways that records of an entity may be connected by, of those the actor may read."""
    found = (way for way in every_way(ctx) if entity in (way.source, way.target) or not way.target)
    return [way for way in found if is_main(ctx.registry.entities[entity])]


def every_way(ctx: Ctx) -> list[Way]:
    """Return the ways of all active plugins that the actor may read; derived once an operation."""
    if "connections" not in ctx.cache:
        ctx.cache["connections"] = list(_derived(ctx))
    found: list[Way] = ctx.cache["connections"]
    return found


def _derived(ctx: Ctx) -> Iterator[Way]:
    named = {(c.entity, c.field): c for c in ctx.registry.of(Connection)}
    for definition in ctx.registry.entities.values():
        if not allowed(ctx, definition.key, "read"):
            continue
        mask = readable(ctx, definition.key)
        fields = [f for f in ctx.registry.fields(definition.key).values() if f.key in mask and _connects(ctx, f)]
        known = {f.key for f in fields}
        covered = {key for (entity, field), c in named.items() if entity == definition.key and field in known
                   for key in c.covers}  # fmt: skip
        if is_main(definition):
            for field in fields:
                if field.key not in covered:
                    naming = named.get((definition.key, field.key))
                    yield Way(definition, field, _target(field), definition.key, naming=naming)
        elif between := _between(definition, fields):
            first, second = between
            naming = named.get((definition.key, first.key))
            key = naming.named_by if naming is not None and naming.named_by in mask else ""
            value = ctx.registry.fields(definition.key).get(key)
            yield Way(definition, first, _target(second), _target(first), second, naming, value)


def _connects(ctx: Ctx, field: FieldDef) -> bool:
    """Tell whether a field links records for people to see, and is quick to be followed from either side."""
    if field.hidden or not (field.indexed or field.unique or (field.type.multiple and field.storage == "links")):
        return False
    if isinstance(field.type, Related):
        return True
    target = ctx.registry.entities.get(_target(field)) if isinstance(field.type, Link) else None
    return target is not None and is_main(target) and allowed(ctx, target.key, "read")


def _target(field: FieldDef) -> str:
    return str(getattr(field.type, "target", ""))


def _between(definition: EntityDef, fields: list[FieldDef]) -> tuple[FieldDef, FieldDef] | None:
    """Return the two links of a record that stands between two others, ``None`` for one that does not."""
    by_key = {f.key: f for f in fields if _target(f) and not f.type.multiple and f.storage == "column"}
    if len(definition.follows) != 2 or not all(key in by_key for key in definition.follows):
        return None
    first, second = definition.follows
    return by_key[first], by_key[second]
