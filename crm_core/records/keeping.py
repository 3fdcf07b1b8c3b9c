"""What goes with a deleted record, kept in the history so that the record can be brought back whole.

The values themselves are in the history's ``diff``. This is the rest: when and by whom it was made, values nobody
tracks, comments, shares, files, the links of other records to it, and the records that can't be without it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import files, history
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.fieldtypes import Link
from crm_core.models import Comment, Share, StoredFile
from crm_core.records.reading import existing, title_of, values_of_many

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


def collect(
    ctx: Ctx, definition: EntityDef, records: Sequence[Any], values: Sequence[Mapping[str, Any]]
) -> dict[int, dict[str, Any]]:
    """Return as JSON, by id, what else than tracked ``values`` goes with records that are about to be deleted.

    A few statements for all of them: one for comments, shares and files each, and one a field that links to them.
    """
    ids = [record.id for record in records]
    comments, shared, kept_files = (_of(ctx, m, definition, ids) for m in (Comment, Share, StoredFile))
    links, dependents = _links(ctx, definition, ids), _dependents(ctx, definition, ids)
    found = {}
    for record, given in zip(records, values, strict=True):
        number = record.id
        whole = {
            "version": record.version,
            "created_at": record.created_at.isoformat(),
            "created_by": record.created_by_id,
            "custom": dict(record.custom or {}),
            "values": _stored(ctx, definition, given, lambda field: not field.tracked and field.key not in _STAMPS),
            "comments": [_comment(c) for c in comments.get(number, ())],
            "shares": [[s.principal, s.write] for s in shared.get(number, ())],
            "files": [[f.id, f.field] for f in kept_files.get(number, ())],
            "links": links.get(number),
            "dependents": dependents.get(number),
        }
        found[number] = {k: v for k, v in whole.items() if v not in (None, [], {})}
    return found


def _of(ctx: Ctx, model: Any, definition: EntityDef, ids: Collection[int]) -> dict[int, list[Any]]:
    statement = sa.select(model).where(model.entity == definition.key, model.record_id.in_(ids))
    found: dict[int, list[Any]] = defaultdict(list)
    for row in ctx.session.scalars(statement, execution_options=KERNEL):
        found[row.record_id].append(row)
    return found


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


def linking(ctx: Ctx, field: FieldDef, own: Any, linked: Any, ids: Collection[int]) -> Iterator[tuple[int, int]]:
    """Yield the records whose field links to some of these: (linked id, linking id), in order; one statement."""
    query = sa.select(linked, own).where(linked.in_(ids)).order_by(linked, own)
    if field.type.multiple:
        query = query.where(own.table.c.field == field.key)
    yield from ((target, number) for target, number in ctx.session.execute(query, execution_options=KERNEL))


def _links(ctx: Ctx, definition: EntityDef, ids: Collection[int]) -> dict[int, list[list[Any]]]:
    found: dict[int, list[list[Any]]] = defaultdict(list)
    for other, field, own, linked in pointing(ctx, definition):
        if linked is None or (not field.type.multiple and cascades(other, field)):
            continue
        by_target: dict[int, list[int]] = defaultdict(list)
        for target, number in linking(ctx, field, own, linked, ids):
            by_target[target].append(number)
        for target, numbers in by_target.items():
            found[target].append([other.key, field.key, numbers])
    return found


def _dependents(ctx: Ctx, definition: EntityDef, ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the records that go with others, by the record they go with; those of ``ids`` go by themselves."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for other, needed in _depending(ctx, definition, ids).items():
        entity = ctx.registry.entity(other)
        model = entity.model
        query = sa.select(model).where(model.id.in_(needed)).order_by(model.id)
        records = ctx.session.scalars(query, execution_options=KERNEL).all()
        values = values_of_many(ctx, entity, records)
        kept = collect(ctx, entity, records, values)
        for record, given in zip(records, values, strict=True):
            found[needed[record.id]].append({
                "entity": other, "id": record.id, "title": title_of(entity, record),
                "values": last_values(ctx, entity, given), "kept": kept[record.id],
            })  # fmt: skip
    return found


def _depending(ctx: Ctx, definition: EntityDef, ids: Collection[int]) -> dict[str, dict[int, int]]:
    """Return the ids of dependent records by entity, each with the first record it depends on."""
    found: dict[str, dict[int, int]] = {}
    for other, field, own, linked in pointing(ctx, definition):
        if linked is None or field.type.multiple or not cascades(other, field):
            continue
        for target, number in linking(ctx, field, own, linked, ids):
            if other.key != definition.key or number not in ids:
                found.setdefault(other.key, {}).setdefault(number, target)
    return found


def put_away(ctx: Ctx, definition: EntityDef, ids: Collection[int]) -> None:
    """Delete comments and shares; files are kept as long as what was deleted can come back, readable by nobody."""
    for model in (Comment, Share):
        gone = sa.delete(model).where(model.entity == definition.key, model.record_id.in_(ids))
        ctx.session.execute(gone, execution_options=_SILENT)
    files.detach_all(ctx, definition.key, ids)


Kept = Mapping[int, Mapping[str, Any]]
"""What :func:`collect` found, by id."""


def files_of(ctx: Ctx, kept: Kept) -> dict[int, set[int]]:
    """Return which files of deleted records are still there, by record."""
    ids = {number for found in kept.values() for number, _ in found.get("files", ())}
    there: dict[int, set[int]] = defaultdict(set)
    if ids:
        free = StoredFile.id.in_(ids) & (StoredFile.entity == "") & StoredFile.record_id.in_(kept)
        query = sa.select(StoredFile.record_id, StoredFile.id).where(free)
        for owner, number in ctx.session.execute(query, execution_options=KERNEL):
            there[int(owner or 0)].add(number)
    return there


def bring_files(ctx: Ctx, definition: EntityDef, kept: Kept) -> None:
    """Give records that come back their files; before their values name them."""
    here = files_of(ctx, kept)
    rows = [
        {"id": number, "entity": definition.key, "field": field}
        for record_id, found in kept.items()
        for number, field in found.get("files", ())
        if number in here[record_id]
    ]
    if rows:
        ctx.session.execute(sa.update(StoredFile), rows, execution_options=KERNEL)


def bring_shares(ctx: Ctx, definition: EntityDef, kept: Kept) -> None:
    """Share records that come back as they were shared; before their access is worked out."""
    rows = [
        {"entity": definition.key, "record_id": record_id, "principal": principal, "write": write}
        for record_id, found in kept.items()
        for principal, write in found.get("shares", ())
    ]
    if rows:
        ctx.session.execute(sa.insert(Share), rows, execution_options=KERNEL)


def bring_rest(ctx: Ctx, definition: EntityDef, kept: Kept) -> None:
    """Give records that are back their comments, and others their links to them, where those are still free."""
    times = ("at", "edited_at")
    rows = [
        {"entity": definition.key, "record_id": record_id, **{k: one[k] for k in _COMMENT},
         **{k: dt.datetime.fromisoformat(one[k]) if one[k] else None for k in times}}
        for record_id, found in kept.items()
        for one in found.get("comments", ())
    ]  # fmt: skip
    if rows:
        ctx.session.execute(sa.insert(Comment), rows, execution_options=KERNEL)
    links: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for record_id, found in kept.items():
        for entity, key, ids in found.get("links", ()):
            links[entity, key] += [(number, record_id) for number in ids]
    for (entity, key), pairs in links.items():
        other = ctx.registry.entities.get(entity)
        field = ctx.registry.fields(entity).get(key) if other is not None else None
        if other is not None and field is not None:
            for start in range(0, len(pairs), 500):
                _relink(ctx, other, field, pairs[start : start + 500])


def _relink(ctx: Ctx, other: EntityDef, field: FieldDef, pairs: Sequence[tuple[int, int]]) -> None:
    """Let records link again: (linking id, linked id)."""
    model = other.model
    rows = [{"of": number, "to": target} for number, target in pairs]
    if field.storage == "column":
        column = getattr(model, field.attr)
        free = sa.update(model.__table__).where(model.id == sa.bindparam("of"), column.is_(None))
        ctx.session.execute(free.values({field.attr: sa.bindparam("to")}), rows, execution_options=KERNEL)
    elif field.type.multiple:
        table, ids = model.__links__, [number for number, _ in pairs]
        there = existing(ctx, other, ids)
        known = sa.select(table.c.record_id, table.c.target_id).where(
            table.c.field == field.key, table.c.record_id.in_(ids), table.c.target_id.in_({t for _, t in pairs})
        )
        taken = {(number, target) for number, target in ctx.session.execute(known, execution_options=KERNEL)}
        new = [
            {"record_id": number, "field": field.key, "target_id": target, "position": 0}
            for number, target in dict.fromkeys(pairs)
            if number in there and (number, target) not in taken
        ]
        if new:
            ctx.session.execute(sa.insert(table), new, execution_options=KERNEL)
