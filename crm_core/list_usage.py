"""Where entries of a list, and tags, are used: in columns, in custom values, among several choices, in owned lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.columns import storage_key
from crm_core.contributions import EntityDef, FieldDef
from crm_core.core_lists import CHANNEL
from crm_core.customfields import field_of
from crm_core.db import KERNEL
from crm_core.db.expressions import json_value
from crm_core.fieldtypes import Choice, Tags
from crm_core.models import Comment, CustomField, ListEntry

if TYPE_CHECKING:
    from crm_core.context import Ctx

BELOW = "core.list"
"""Under this name count the entries that stand below an entry."""
COMMENTS = "core.comment"
"""Under this name count comments, which carry an entry of the list of channels."""


@dataclass(frozen=True)
class Place:
    """A field of records that holds entries of a list, or tags; ``part`` is the field of its lines, if it has lines."""

    entity: EntityDef
    field: FieldDef
    part: FieldDef | None = None

    @property
    def key(self) -> str:
        """Return its name in filters: ``type``, ``addresses.kind``."""
        return f"{self.field.key}.{self.part.key}" if self.part is not None else self.field.key

    def title(self) -> str:
        """Return its label in the current language."""
        own = self.field.title()
        return f"{own}: {self.part.title()}" if self.part is not None else own

    @property
    def records(self) -> Any:
        """Return the table of the records."""
        return self.entity.model.__table__

    @property
    def lines(self) -> Any:
        """Return the table of the lines."""
        return self.field.type.line.model.__table__  # type: ignore[attr-defined]

    def held(self, entry: Any) -> Any:
        """Return what the field holds for an entry, as history keeps it: its code, or the id of a tag."""
        return entry.id if isinstance(self.field.type, Tags) else entry.code

    def holding(self, entry: Any) -> sa.Select[Any]:
        """Return the select of the ids of the records that hold an entry."""
        if self.part is not None:
            return sa.select(self.lines.c.parent_id).where(self.lines.c[self.part.attr] == entry.code).distinct()
        if self.field.type.multiple:
            links = self.entity.model.__links__
            return sa.select(links.c.record_id).where(links.c.field == self.field.key, links.c.target_id == entry.id)
        return sa.select(self.records.c.id).where(self.value == entry.code)

    @property
    def value(self) -> Any:
        """Return the expression of the code, in a column or in the JSON of custom values."""
        if self.field.storage == "custom":
            return json_value(self.records.c.custom, storage_key(self.field), "text")
        return self.records.c[self.field.attr]


def places(ctx: Ctx, list_key: str) -> Iterator[Place]:
    """Yield the fields that hold entries of a list, own fields that are out of use with them: they may come back."""
    for entity in ctx.registry.entities.values():
        for field in ctx.registry.fields(entity.key).values():
            if field.storage == "lines":
                parts = field.type.line.fields  # type: ignore[attr-defined]
                yield from (Place(entity, field, part) for part in parts if _is_of(part, list_key))
            elif field.storage in ("column", "custom", "links") and _is_of(field, list_key):
                yield Place(entity, field)
    retired = sa.select(CustomField).where(CustomField.retired_at.is_not(None)).order_by(CustomField.id)
    for row in ctx.session.scalars(retired, execution_options=KERNEL):
        found = field_of(row)
        if row.entity in ctx.registry.entities and _is_of(found, list_key):
            yield Place(ctx.registry.entities[row.entity], found)


def tag_places(ctx: Ctx) -> Iterator[Place]:
    """Yield the fields that hold tags."""
    for entity in ctx.registry.entities.values():
        for field in ctx.registry.fields(entity.key).values():
            if isinstance(field.type, Tags):
                yield Place(entity, field)


def _is_of(field: FieldDef, list_key: str) -> bool:
    return isinstance(field.type, Choice) and field.type.list == list_key


def usage_of(ctx: Ctx, entry: Any) -> dict[str, int]:
    """Return how many records use an entry, by entity; a record that uses it in two fields counts twice."""
    found: dict[str, int] = {}
    for place in places(ctx, entry.list):
        found[place.entity.key] = found.get(place.entity.key, 0) + count(ctx, place.holding(entry))
    below = sa.select(ListEntry.id).where(ListEntry.list == entry.list, ListEntry.parent == entry.code)
    found[BELOW] = count(ctx, below)
    found[COMMENTS] = comments_of(ctx, entry)
    return {key: number for key, number in found.items() if number}


def comments_of(ctx: Ctx, entry: Any) -> int:
    """Return how many comments carry an entry of the list of channels, or one that became it."""
    if entry.list != CHANNEL:
        return 0
    became = [e.code for e in ctx.directory.merged.get(CHANNEL, ()) if e.merged_into == entry.code]
    return count(ctx, sa.select(Comment.id).where(Comment.channel.in_([entry.code, *became])))


def count(ctx: Ctx, found: sa.Select[Any]) -> int:
    """Return how many rows a select finds."""
    counted = sa.select(sa.func.count()).select_from(found.subquery())
    return int(ctx.session.scalar(counted, execution_options=KERNEL) or 0)
