"""The places that hold links to an entity, as SQL: of active plugins, of those that are off, and by foreign keys alone.

Only names are needed: the models of a plugin that is off aren't there, its tables are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.customfields import field_of
from crm_core.db import KERNEL, Base, Identifier, JsonDocument, UtcDateTime
from crm_core.db.expressions import JsonWith, JsonWithNumber, json_value
from crm_core.fieldtypes import Lines
from crm_core.link_places import LinkPlace, every_place, place_of, places_of
from crm_core.merging import foreign
from crm_core.models import CustomField, PluginRow

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import EntityDef


@dataclass(frozen=True)
class Spot:
    """A place and the statements' parts for it; ``entity`` is the kind of record that is linked to."""

    place: LinkPlace
    entity: str
    active: bool = True
    """Whether the records that link are of a plugin that runs: then their history tells."""

    @cached_property
    def table(self) -> Any:
        """Return the table with the columns that are needed."""
        place = self.place
        names: dict[str, Any] = {"id": Identifier, place.owner: Identifier}
        if place.kind == "rows":
            names = {"record_id": Identifier, "target_id": Identifier, "position": sa.Integer(), "field": sa.String()}
        elif place.kind == "custom":
            names |= {"custom": JsonDocument}
        else:
            names |= {place.name: sa.String() if self.related else Identifier}
        columns: list[Any] = [sa.column(name, kind) for name, kind in names.items()]
        return sa.table(place.table, *columns)

    @cached_property
    def records(self) -> Any:
        """Return the table of the records that link, with what a change counts in."""
        whole: list[Any] = [
            sa.column("id", Identifier), sa.column("version", sa.Integer()), sa.column("updated_at", UtcDateTime()),
            sa.column("updated_by_id", Identifier),
        ]  # fmt: skip
        return sa.table(self.place.records, *whole)

    @property
    def related(self) -> bool:
        """Tell whether links are kept as ``entity:id``."""
        return not self.place.target

    def link(self, number: int) -> Any:
        """Return what is stored for a link to a record."""
        return f"{self.entity}:{number}" if self.related else number

    def number(self, stored: Any) -> int:
        """Return the id of a stored link."""
        return int(str(stored).rpartition(":")[2]) if self.related else int(stored)

    def value(self, table: Any) -> Any:
        """Return the expression of the link."""
        if self.place.kind == "custom":
            return json_value(table.c.custom, self.place.name, "text" if self.related else "int")
        return table.c.target_id if self.place.kind == "rows" else table.c[self.place.name]

    def assigned(self, table: Any, number: int) -> dict[str, Any]:
        """Return what an update sets to link to a record."""
        if self.place.kind == "custom":
            link = self.link(number)
            maker: Any = JsonWith if self.related else JsonWithNumber
            return {"custom": maker(table.c.custom, self.place.name, link)}
        return {"target_id" if self.place.kind == "rows" else self.place.name: self.link(number)}

    def unique_sets(self) -> list[tuple[str, ...]]:
        """Return, for each rule that keeps links apart, the columns that must differ beside the link itself."""
        place = self.place
        found: set[tuple[str, ...]] = {()} if place.unique else set()
        known = Base.metadata.tables.get(place.table)
        if known is None or place.kind != "column":
            return sorted(found)
        rules = [tuple(c.name for c in k.columns) for k in known.constraints
                 if isinstance(k, sa.UniqueConstraint | sa.PrimaryKeyConstraint)]  # fmt: skip
        rules += [tuple(c.name for c in i.columns) for i in known.indexes if i.unique]
        found |= {tuple(sorted(set(rule) - {place.name})) for rule in rules if place.name in rule}
        return sorted(found)


def spots(ctx: Ctx, definition: EntityDef) -> list[Spot]:
    """Return where records of an entity are linked from; two statements beside those for foreign keys."""
    key = definition.key
    found = [Spot(p, key) for p in (*every_place(ctx.registry), *_retired(ctx)) if p.target in (key, "")]
    off = [p for p in _off(ctx) if p.target in (key, "")]
    if off:
        there = foreign.tables(ctx)
        found += [Spot(p, key, active=False) for p in off if p.table in there]
    return list({(s.place.table, s.place.kind, s.place.name): s for s in reversed(found)}.values())[::-1]


def _retired(ctx: Ctx) -> Iterator[LinkPlace]:
    """Yield the places of own fields that are out of use; they may come back."""
    query = sa.select(CustomField).where(CustomField.retired_at.is_not(None)).order_by(CustomField.id)
    for row in ctx.session.scalars(query, execution_options=KERNEL):
        if row.entity in ctx.registry.entities:
            yield from places_of(ctx.registry.entities[row.entity], [field_of(row)])


def _off(ctx: Ctx) -> Iterator[LinkPlace]:
    """Yield the places of plugins that don't run, as they were noted when they last did."""
    query = sa.select(PluginRow.name, PluginRow.inventory).order_by(PluginRow.name)
    for name, inventory in ctx.session.execute(query, execution_options=KERNEL):
        if name not in ctx.registry.plugins:
            yield from (place_of(document) for document in (inventory or {}).get("links", ()))


def others_by_key(ctx: Ctx, definition: EntityDef, known: Sequence[Spot]) -> list[tuple[str, str]]:
    """Return (table, column) of foreign keys to an entity's table that no field describes."""
    own = definition.model.__tablename__
    described = {(s.place.table, s.place.name) for s in known if s.place.kind == "column"}
    kinds = (f.type for f in ctx.registry.fields(definition.key).values())
    lines = {(kind.line.model.__tablename__, "parent_id") for kind in kinds if isinstance(kind, Lines)}
    skipped = described | lines | {(f"{own}_link", "record_id")}
    return [pair for pair in foreign.references(ctx, own) if pair not in skipped]
