"""What goes with a deleted record, kept in the history so that the record can be brought back whole.

The values themselves are in the history's ``diff``. This is the rest: when and by whom it was made, values nobody
tracks, comments, shares, files, the links of other records to it, and the records that can't be without it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import files, history
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.fieldtypes import Link
from crm_core.models import Comment, Share, StoredFile
from crm_core.records.reading import title_of, values_of

if TYPE_CHECKING:
    from crm_core.context import Ctx

_SILENT: Mapping[str, Any] = {**KERNEL, "synchronize_session": False}
_COMMENT = ("author_id", "author", "channel", "body")
_STAMPS = frozenset({"created_at", "created_by", "updated_at", "updated_by"})


def last_values(ctx: Ctx, definition: EntityDef, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's tracked values in stored form, those that are there."""
    return _stored(ctx, definition, values, lambda field: field.tracked)


def _stored(
    ctx: Ctx, definition: EntityDef, values: Mapping[str, Any], wanted: Callable[[FieldDef], bool]
) -> dict[str, Any]:
    fields = ctx.registry.fields(definition.key)
    found = {key: history.stored(fields[key], value) for key, value in values.items() if wanted(fields[key])}
    return {key: value for key, value in found.items() if value is not None}


def collect(ctx: Ctx, definition: EntityDef, record: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return as JSON what else than its tracked ``values`` goes with a record that is about to be deleted."""
    found = {
        "version": record.version,
        "created_at": record.created_at.isoformat(),
        "created_by": record.created_by_id,
        "custom": dict(record.custom or {}),
        "values": _stored(ctx, definition, values, lambda field: not field.tracked and field.key not in _STAMPS),
        "comments": [_comment(c) for c in _of(ctx, Comment, definition, record.id)],
        "shares": [[s.principal, s.write] for s in _of(ctx, Share, definition, record.id)],
        "files": [[f.id, f.field] for f in _of(ctx, StoredFile, definition, record.id)],
        "links": list(_links(ctx, definition, record.id)),
        "dependents": list(_dependents(ctx, definition, record.id)),
    }
    return {k: v for k, v in found.items() if v not in (None, [], {})}


def _of(ctx: Ctx, model: Any, definition: EntityDef, record_id: int) -> Sequence[Any]:
    statement = sa.select(model).where(model.entity == definition.key, model.record_id == record_id)
    return ctx.session.scalars(statement, execution_options=KERNEL).all()


def _comment(found: Comment) -> dict[str, Any]:
    times = {"at": found.at.isoformat(), "edited_at": found.edited_at.isoformat() if found.edited_at else None}
    return {**{k: getattr(found, k) for k in _COMMENT}, **times}


def pointing(ctx: Ctx, definition: EntityDef) -> Iterator[tuple[EntityDef, FieldDef, Any, Any]]:
    """Yield the fields that link to an entity: whose they are, the field, and columns (linking id, linked id).

    The linked id is ``None`` for links in the JSON of custom fields, which a deletion leaves as they are.
    """
    for other in ctx.registry.entities.values():
        for field in ctx.registry.fields(other.key).values():
            if not isinstance(field.type, Link) or field.type.target != definition.key:
                continue
            if field.type.multiple:
                table = other.model.__links__
                yield other, field, table.c.record_id, table.c.target_id
            elif field.storage == "column":
                yield other, field, other.model.id, getattr(other.model, field.attr)
            else:
                yield other, field, other.model.id, None


def cascades(other: EntityDef, field: FieldDef) -> bool:
    """Tell whether a record goes with the one its field links to."""
    column = other.model.__table__.c.get(field.attr)
    return column is not None and any(fk.ondelete == "CASCADE" for fk in column.foreign_keys)


def linking(ctx: Ctx, field: FieldDef, own: Any, linked: Any, record_id: int, limit: int | None = None) -> list[int]:
    """Return the ids of the records whose field links to a record."""
    query = sa.select(own).where(linked == record_id).order_by(own)
    if field.type.multiple:
        query = query.where(own.table.c.field == field.key)
    return list(ctx.session.scalars(query.limit(limit), execution_options=KERNEL))


def _links(ctx: Ctx, definition: EntityDef, record_id: int) -> Iterator[list[Any]]:
    for other, field, own, linked in pointing(ctx, definition):
        if linked is None or (not field.type.multiple and cascades(other, field)):
            continue
        if ids := linking(ctx, field, own, linked, record_id):
            yield [other.key, field.key, ids]


def _dependents(ctx: Ctx, definition: EntityDef, record_id: int) -> Iterator[dict[str, Any]]:
    seen = set()
    for other, field, own, linked in pointing(ctx, definition):
        if linked is None or field.type.multiple or not cascades(other, field):
            continue
        for number in linking(ctx, field, own, linked, record_id):
            if (other.key, number) in seen or (other.key, number) == (definition.key, record_id):
                continue
            seen.add((other.key, number))
            record = ctx.session.get_one(other.model, number, execution_options=KERNEL)
            values = values_of(ctx, other, record)
            yield {
                "entity": other.key, "id": number, "title": title_of(other, record),
                "values": last_values(ctx, other, values), "kept": collect(ctx, other, record, values),
            }  # fmt: skip


def put_away(ctx: Ctx, definition: EntityDef, record_id: int) -> None:
    """Delete comments and shares; files are kept for another day, readable by nobody."""
    for model in (Comment, Share):
        gone = sa.delete(model).where(model.entity == definition.key, model.record_id == record_id)
        ctx.session.execute(gone, execution_options=_SILENT)
    files.detach_all(ctx, definition.key, record_id)


def files_of(ctx: Ctx, record_id: int, kept: Mapping[str, Any]) -> set[int]:
    """Return which of a deleted record's files are still there."""
    ids = [number for number, _ in kept.get("files", ())]
    here = (StoredFile.id.in_(ids)) & (StoredFile.entity == "") & (StoredFile.record_id == record_id)
    return set(ctx.session.scalars(sa.select(StoredFile.id).where(here), execution_options=KERNEL)) if ids else set()


def bring_files(ctx: Ctx, definition: EntityDef, record_id: int, kept: Mapping[str, Any]) -> None:
    """Give a record that comes back its files; before its values name them."""
    here = files_of(ctx, record_id, kept)
    for number, field in kept.get("files", ()):
        if number in here:
            values = {"entity": definition.key, "field": field}
            update = sa.update(StoredFile).where(StoredFile.id == number).values(**values)
            ctx.session.execute(update, execution_options={**KERNEL, "synchronize_session": "fetch"})


def bring_shares(ctx: Ctx, definition: EntityDef, record_id: int, kept: Mapping[str, Any]) -> None:
    """Share a record that comes back as it was shared; before its access is worked out."""
    for principal, write in kept.get("shares", ()):
        ctx.session.add(Share(entity=definition.key, record_id=record_id, principal=principal, write=write))


def bring_rest(ctx: Ctx, definition: EntityDef, record_id: int, kept: Mapping[str, Any]) -> None:
    """Give a record that is back its comments, and others their links to it, where those are still free."""
    for one in kept.get("comments", ()):
        edited = dt.datetime.fromisoformat(one["edited_at"]) if one["edited_at"] else None
        ctx.session.add(
            Comment(
                entity=definition.key, record_id=record_id, at=dt.datetime.fromisoformat(one["at"]), edited_at=edited,
                **{k: one[k] for k in _COMMENT},
            )
        )  # fmt: skip
    ctx.session.flush()
    for entity, key, ids in kept.get("links", ()):
        other = ctx.registry.entities.get(entity)
        field = ctx.registry.fields(entity).get(key) if other is not None else None
        if other is not None and field is not None:
            for start in range(0, len(ids), 500):
                _relink(ctx, other, field, ids[start : start + 500], record_id)


def _relink(ctx: Ctx, other: EntityDef, field: FieldDef, ids: list[int], record_id: int) -> None:
    model = other.model
    if field.storage == "column":
        column = getattr(model, field.attr)
        free = sa.update(model).where(model.id.in_(ids), column.is_(None)).values({field.attr: record_id})
        ctx.session.execute(free, execution_options=_SILENT)
    elif field.type.multiple:
        table = model.__links__
        there = set(ctx.session.scalars(sa.select(model.id).where(model.id.in_(ids)), execution_options=KERNEL))
        known = sa.select(table.c.record_id).where(
            table.c.field == field.key, table.c.target_id == record_id, table.c.record_id.in_(ids)
        )
        there -= set(ctx.session.scalars(known, execution_options=KERNEL))
        rows = [{"record_id": i, "field": field.key, "target_id": record_id, "position": 0} for i in sorted(there)]
        if rows:
            ctx.session.execute(sa.insert(table), rows, execution_options=KERNEL)
