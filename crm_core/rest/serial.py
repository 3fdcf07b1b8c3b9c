"""Rows as JSON-able objects: what each field needs is decided once a request, so that a row costs little."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.fieldtypes import (
    Computed,
    Date,
    DateTime,
    Decimal,
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
from crm_core.models import Tag
from crm_core.records import Row

if TYPE_CHECKING:
    from crm_core.context import Ctx

Writer = Callable[[Any, Any], Any]
"""Takes a value and its label (of links), returns what JSON shows."""

_AS_IS = (FieldType.dump, Date.dump, DateTime.dump, Decimal.dump)
"""Types whose values the JSON writer itself writes as ``dump`` would."""


class Serializer:
    """Writes the rows of one entity with the fields given."""

    def __init__(self, ctx: Ctx, definition: EntityDef, fields: Iterable[FieldDef]) -> None:
        """Choose a writer for each field."""
        self.entity = definition.key
        self.own: list[tuple[str, Writer | None]] = []
        self.spaces: dict[str, list[tuple[str, str, Writer | None]]] = {}
        self.titled = True
        for field in fields:
            space, name = field.nested
            writer = writer_of(ctx, field.type)
            if space:
                self.spaces.setdefault(space, []).append((name, field.key, writer))
            else:
                self.own.append((name, writer))
        if "title" in ctx.registry.fields(definition.key):
            self.titled = False

    def record(self, row: Row) -> dict[str, Any]:
        """Return a record as JSON shows it; fields the row does not hold are absent."""
        values, labels = row.values, row.labels
        found: dict[str, Any] = {"id": row.id, "version": row.version, "entity": self.entity}
        if self.titled:
            found["title"] = row.title
        for key, writer in self.own:
            if key in values:
                value = values[key]
                found[key] = value if writer is None else writer(value, labels.get(key))
        for space, parts in self.spaces.items():
            found[space] = {
                name: values[key] if writer is None else writer(values[key], labels.get(key))
                for name, key, writer in parts
                if key in values
            }
        return found


def writer_of(ctx: Ctx, kind: FieldType) -> Writer | None:
    """Return the writer of a type's values, ``None`` when they go into JSON as they are."""
    for known, make in _WRITERS:
        if isinstance(kind, known):
            return make(ctx, kind)
    if type(kind).dump in _AS_IS:
        return None
    dump = kind.dump
    return lambda value, label: dump(value)


def _person(names: Callable[[int], Any]) -> Callable[[Any], dict[str, Any] | None]:
    seen: dict[int, dict[str, Any] | None] = {}

    def write(value: Any) -> dict[str, Any] | None:
        if value is None:
            return None
        if value not in seen:
            found = names(value)
            seen[value] = {"id": value, "name": found.name} if found else None
        return seen[value]

    return write


def _user(ctx: Ctx, kind: FieldType) -> Writer:
    write = _person(ctx.directory.team if isinstance(kind, Team) else ctx.directory.user)
    return lambda value, label: write(value)


def _users(ctx: Ctx, kind: FieldType) -> Writer:
    write = _person(ctx.directory.user)
    return lambda value, label: [person for item in value or () if (person := write(item))]


def _link(ctx: Ctx, kind: FieldType) -> Writer:
    return lambda value, label: {"id": value, "title": label} if value is not None and label is not None else None


def _links(ctx: Ctx, kind: FieldType) -> Writer:
    return lambda value, label: [{"id": i, "title": label[i]} for i in value or () if i in label] if label else []


def _related(ctx: Ctx, kind: FieldType) -> Writer:
    def write(value: Any, label: Any) -> Any:
        if value is None or label is None:
            return None
        entity, _, number = value.partition(":")
        return {"entity": entity, "id": int(number), "title": label}

    return write


def _tags(ctx: Ctx, kind: FieldType) -> Writer:
    names = {tag.id: tag.name for tag in ctx.directory.tags_by_id.values()}

    def write(value: Any, label: Any) -> list[str]:
        if fresh := [i for i in value or () if i not in names]:
            # Made in this very operation: the directory knows them after the commit.
            query = sa.select(Tag.id, Tag.name).where(Tag.id.in_(fresh))
            names.update((i, name) for i, name in ctx.session.execute(query, execution_options=KERNEL))
        return [names[i] for i in value or () if i in names]

    return write


def _file(ctx: Ctx, kind: FieldType) -> Writer:
    return lambda value, label: {"id": value, "url": f"/files/{value}"} if value is not None else None


def _lines(ctx: Ctx, kind: Any) -> Writer | None:
    writers = {f.key: writer for f in kind.line.fields if (writer := writer_of(ctx, f.type)) is not None}
    if not writers:
        return None
    return lambda value, label: [_line(line, writers, label or {}) for line in value or ()]


def _line(line: Mapping[str, Any], writers: Mapping[str, Writer], labels: Mapping[str, Any]) -> dict[str, Any]:
    return {k: writers[k](v, labels[k].get(v) if k in labels else None) if k in writers else v for k, v in line.items()}


def _computed(ctx: Ctx, kind: Any) -> Writer | None:
    return writer_of(ctx, kind.of)


_WRITERS: tuple[tuple[type[FieldType], Callable[[Ctx, Any], Writer | None]], ...] = (
    (Computed, _computed),
    (Lines, _lines),
    (Tags, _tags),
    (Users, _users),
    (Links, _links),
    (User, _user),
    (Link, _link),
    (Related, _related),
    (File, _file),
)
