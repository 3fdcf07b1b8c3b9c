"""Where records link to others, as names alone: what a plugin stores there can be followed while it is off, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from crm_core.columns import storage_key
from crm_core.contributions import EntityDef, FieldDef
from crm_core.fieldtypes import Lines, Link, Related

if TYPE_CHECKING:
    from crm_core.registry import Registry

Kind = Literal["column", "custom", "rows"]


@dataclass(frozen=True)
class LinkPlace:
    """A field, or a part of a line, that holds links.

    ``kind``: a column of ``table``, a key of its JSON column, or rows of a link table. ``owner`` is the column with the
    id of the record that links, whose own table is ``records``. ``target`` is the entity linked to; without one the
    field links to records of any entity (``entity:id``). ``name`` is the column, the JSON key, or the field's key in a
    link table. ``tracked``: whether the history tells of changes.
    """

    entity: str
    key: str
    records: str
    table: str
    kind: Kind
    name: str
    target: str = ""
    owner: str = "id"
    unique: bool = False
    tracked: bool = True

    def document(self) -> dict[str, Any]:
        """Return the place as JSON, for the time when its plugin is off."""
        return asdict(self)


def place_of(document: Mapping[str, Any]) -> LinkPlace:
    """Return the place of a document; what a later version of the CRM wrote beside is left out."""
    known = LinkPlace.__dataclass_fields__
    return LinkPlace(**{key: value for key, value in document.items() if key in known})


def places_of(definition: EntityDef, fields: Iterable[FieldDef]) -> Iterator[LinkPlace]:
    """Yield where some fields of an entity hold links to records."""
    table = definition.model.__tablename__
    for field in fields:
        kind = field.type
        if isinstance(kind, Lines):
            line = kind.line.model.__tablename__
            for part in kind.line.fields:
                if _target(part) is not None:
                    key = f"{field.key}.{part.key}"
                    yield LinkPlace(definition.key, key, table, line, "column", part.attr, _target(part) or "",
                                    "parent_id", part.unique, field.tracked)  # fmt: skip
        elif (target := _target(field)) is not None:
            found = LinkPlace(definition.key, field.key, table, table, "column", field.attr, target,
                              unique=field.unique, tracked=field.tracked)  # fmt: skip
            if kind.multiple:
                yield replace(found, table=f"{table}_link", kind="rows", name=field.key, owner="record_id")
            elif field.storage == "custom":
                yield replace(found, kind="custom", name=storage_key(field))
            elif field.storage == "column":
                yield found


def _target(field: FieldDef) -> str | None:
    """Return the entity a field links to, an empty text for any, ``None`` where it links to no record."""
    if isinstance(field.type, Related):
        return ""
    if isinstance(field.type, Link) and field.type.target != "core.user":
        return field.type.target
    return None


def every_place(registry: Registry) -> Iterator[LinkPlace]:
    """Yield where records link, of active plugins: fields that wait for an option are among them, they hold values."""
    for definition in registry.entities.values():
        yield from places_of(definition, registry.fields(definition.key).values())
    waiting = [c for c in registry.dormant if isinstance(c, FieldDef) and c.entity in registry.entities]
    for field in waiting:
        yield from places_of(registry.entities[field.entity], [_named(field)])


def _named(field: FieldDef) -> FieldDef:
    """Return a field under the name its values have, as the registry gives it to those that count."""
    if field.storage not in ("custom", "links") or "." in field.key:
        return field
    key = f"{field.plugin}.{field.key}"
    return replace(field, key=key, attr=key.replace(".", "__"))


def links_of_plugin(registry: Registry, name: str) -> list[dict[str, Any]]:
    """Return where a plugin's records and fields link, as JSON."""
    own = {key for key, definition in registry.entities.items() if definition.plugin == name}
    fields = {(f.entity, f.key) for e in registry.entities for f in registry.fields(e).values() if f.plugin == name}
    return [
        place.document()
        for place in every_place(registry)
        if place.entity in own or (place.entity, place.key.partition(".")[0]) in fields
        or (place.entity, place.key) in fields
    ]  # fmt: skip
