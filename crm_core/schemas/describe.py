"""Fields and records as JSON Schema (2020-12), for reading and for writing; the same for every actor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from crm_core.contributions import EntityDef, FieldDef
from crm_core.fieldtypes import (
    Address,
    Computed,
    FieldType,
    File,
    Lines,
    Link,
    Links,
    Related,
    Tags,
    Team,
    User,
    Users,
)
from crm_core.fieldtypes.base import json_schema
from crm_core.registry import Registry

MAX_ID = 2**53 - 1
ID: Mapping[str, Any] = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
TITLE: Mapping[str, Any] = {"type": "string"}


def _object(members: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(members), "required": [*members], "additionalProperties": False}


def nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with ``null`` let in."""
    kind = schema.get("type")
    if isinstance(kind, str):
        found = {**schema, "type": [kind, "null"]}
        return {**found, "enum": [*schema["enum"], None]} if "enum" in schema else found
    if isinstance(kind, list) and "null" in kind:
        return dict(schema)
    return {"anyOf": [dict(schema), {"type": "null"}]}


PERSON = _object({"id": ID, "name": TITLE})
LINKED = _object({"id": ID, "title": TITLE})
FILE = _object({"id": ID, "url": {"type": "string"}})
RELATED = _object({"entity": {"type": "string"}, "id": ID, "title": TITLE})


def _lines(
    kind: Lines, of: Callable[[FieldDef], dict[str, Any]], fields: Iterable[FieldDef] | None = None
) -> dict[str, Any]:
    members: dict[str, Any] = {"id": ID, **{f.key: of(f) for f in fields or kind.line.fields}}
    item = {"type": "object", "properties": members, "additionalProperties": False}
    return {"type": "array", "items": item}


_FIXED: tuple[tuple[type[FieldType], dict[str, Any]], ...] = (
    (Tags, {"type": "array", "items": TITLE}),
    (Users, {"type": "array", "items": PERSON}),
    (Links, {"type": "array", "items": LINKED}),
    (User, nullable(PERSON)),
    (Link, nullable(LINKED)),
    (Related, nullable(RELATED)),
    (File, nullable(FILE)),
    (Address, {"type": ["object", "null"], "additionalProperties": {"type": ["string", "null"]}}),
)
_RULES = ("pattern", "minimum", "maximum", "maxItems", "maxLength")


def _value_read(kind: FieldType) -> dict[str, Any]:
    if isinstance(kind, Computed):
        return _value_read(kind.of)
    if isinstance(kind, Lines):
        return _lines(kind, read_schema)
    for known, schema in _FIXED:
        if isinstance(kind, known):
            return dict(schema)
    # What is stored may be older than a rule that was added since.
    found = {k: v for k, v in kind.schema().items() if k not in _RULES}
    return found if kind.multiple else nullable(found)


def read_schema(field: FieldDef) -> dict[str, Any]:
    """Return the schema of a field's value in answers."""
    found = {**_value_read(field.type), "title": field.title()}
    if hint := field.hint():
        found["description"] = hint
    return {**found, "readOnly": True} if field.readonly else found


def _value_write(field: FieldDef) -> dict[str, Any]:
    match field.type:
        case Links() | Users() | Tags():
            return dict(field.type.schema())
        case User() | Team():
            return nullable({"anyOf": [ID, _object({"id": ID}), {"type": "string", "maxLength": 254}]})
        case Link() | File():
            return nullable({"anyOf": [ID, {**_object({"id": ID}), "additionalProperties": True}]})
        case Related():
            parts = {"entity": {"type": "string", "maxLength": 60}, "id": ID}
            return nullable({"anyOf": [field.type.schema(), {**_object(parts), "additionalProperties": True}]})
        case Lines():
            found = _lines(field.type, write_schema, [f for f in field.type.line.fields if not f.readonly])
            found["items"]["required"] = [f.key for f in field.type.line.fields if f.required and f.default is None]
            return {**found, "maxItems": field.type.limit}
    return json_schema(field)


def write_schema(field: FieldDef) -> dict[str, Any]:
    """Return the schema of a field's value in bodies."""
    found = {**_value_write(field), "title": field.title()}
    return {**found, "description": hint} if (hint := field.hint()) else found


def _nested(fields: Iterable[FieldDef], of: Callable[[FieldDef], dict[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for field in fields:
        namespace, name = field.nested
        if not namespace:
            members[name] = of(field)
            continue
        group = members.setdefault(namespace, {"type": "object", "properties": {}, "additionalProperties": False})
        group["properties"][name] = of(field)
    return members


def record_schema(registry: Registry, definition: EntityDef) -> dict[str, Any]:
    """Return the schema of a record in answers; only its envelope is always there, for masks leave fields out."""
    envelope: dict[str, Any] = {
        "id": ID,
        "version": {"type": "integer", "minimum": 1},
        "entity": {"const": definition.key},
        "title": TITLE,
    }
    members = envelope | _nested(registry.fields(definition.key).values(), read_schema)
    return {
        "type": "object",
        "title": definition.label,
        "properties": members,
        "required": ["id", "version", "entity"],
        "additionalProperties": False,
    }


def patch_schema(registry: Registry, definition: EntityDef) -> dict[str, Any]:
    """Return the schema of a change: any of the fields that can be set."""
    fields = [f for f in registry.fields(definition.key).values() if not (f.readonly or f.hidden)]
    return {"type": "object", "properties": _nested(fields, write_schema), "additionalProperties": False}


def create_schema(registry: Registry, definition: EntityDef) -> dict[str, Any]:
    """Return the schema of a new record."""
    fields = registry.fields(definition.key).values()
    required = [f.key for f in fields if needed(f) and not f.nested[0]]
    found = patch_schema(registry, definition)
    return {**found, "required": required} if required else found


def needed(field: FieldDef) -> bool:
    """Tell whether a new record must be given a value of the field."""
    return field.required and not (field.readonly or field.hidden) and field.default is None and not field.required_if


def describe_field(field: FieldDef) -> dict[str, Any]:
    """Return what a program needs to know of a field, as ``GET /api/v1/fields/<entity>`` answers it."""
    kind = field.type
    return {
        "key": field.key,
        "type": kind.name,
        "label": field.title(),
        "help": field.hint(),
        "required": field.required,
        "unique": field.unique,
        "readonly": field.readonly,
        "filterable": bool(field.filterable and kind.operators),
        "sortable": field.sortable,
        "multiple": kind.multiple or field.storage == "lines",
        "operators": sorted(kind.operators),
        "section": field.section,
        "plugin": field.plugin,
        "custom": field.nested[0] == "cf",
        "options": {k: v for k, v in kind.options().items() if v is not None},
        "schema": write_schema(field) if not field.readonly else read_schema(field),
    }
