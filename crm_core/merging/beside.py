"""What lies beside records follows a merge: comments, files, shares, pairs that are no duplicates, kept filters.

History does not move: lines stay under the id they tell of, and a survivor's history shows those of what it took in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import stored_filters
from crm_core.access.sets import shares_of_many
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.fieldtypes import File, Link, Related
from crm_core.merging.follow import Moved
from crm_core.models import Comment, CustomField, Merged, NotDuplicate, SettingRow, StoredFile
from crm_core.settings import definitions
from crm_core.stored_filters import Found

if TYPE_CHECKING:
    from crm_core.context import Ctx

PART = 500
_SILENT: Mapping[str, Any] = {**KERNEL, "synchronize_session": False}
_OWNED: Mapping[str, Any] = {"comments": Comment, "files": StoredFile}


def move(ctx: Ctx, definition: EntityDef, survivor: int, others: Sequence[int], moved: Moved) -> None:
    """Give the survivor what lies beside the others."""
    for name, model in _OWNED.items():
        _owned(ctx, definition, name, model, survivor, others, moved)
    _pairs(ctx, definition, survivor, others, moved)
    _chain(ctx, definition, survivor, others, moved)
    exchange = _exchange(definition, survivor, others)
    kept = stored_filters.rewrite(ctx, [*stored_filters.naming(ctx, exchange), *_defaults(ctx, exchange)])
    if kept:
        moved.add(others[0], {"filters": kept})


def back(ctx: Ctx, entity: str, survivor: int, other: int, entry: Mapping[str, Any]) -> None:
    """Give a record that is back what lay beside it, where it still is the survivor's."""
    for name, model in _OWNED.items():
        for start in range(0, len(entry.get(name, ())), PART):
            part = entry[name][start : start + PART]
            where = (model.id.in_(part), model.entity == entity, model.record_id == survivor)
            _run(ctx, sa.update(model).where(*where).values(record_id=other))
    if chain := entry.get("chain"):
        where = (Merged.entity == entity, Merged.record_id.in_(chain), Merged.survivor_id == survivor)
        _run(ctx, sa.update(Merged).where(*where).values(survivor_id=other))
    if filters := entry.get("filters"):
        stored_filters.put_back(ctx, filters)


def _run(ctx: Ctx, statement: Any) -> None:
    ctx.session.execute(statement, execution_options=_SILENT)


def _owned(
    ctx: Ctx, definition: EntityDef, name: str, model: Any, survivor: int, others: Sequence[int], moved: Moved
) -> None:
    where = [model.entity == definition.key, model.record_id.in_(others)]
    if model is StoredFile:
        own = [k for k, f in ctx.registry.fields(definition.key).items() if isinstance(f.type, File)]
        where.append(model.field.not_in(own))
    query = sa.select(model.record_id, model.id).where(*where).order_by(model.id)
    by_record: dict[int, list[int]] = {}
    for record, number in ctx.session.execute(query, execution_options=KERNEL):
        by_record.setdefault(record, []).append(number)
    for record, numbers in by_record.items():
        moved.add(record, {name: numbers}, len(numbers))
    if by_record:
        _run(ctx, sa.update(model).where(*where).values(record_id=survivor))


def united_shares(ctx: Ctx, definition: EntityDef, survivor: int, others: Sequence[int]) -> dict[int, bool] | None:
    """Return whom the survivor is to be shared with by hand, ``None`` where that stays as it is.

    It is shared with everybody that any of the records is shared with; the stronger right holds.
    """
    found = shares_of_many(ctx, definition.key, [survivor, *others])
    own = found.get(survivor, {})
    united = dict(own)
    for other in others:
        for principal, write in found.get(other, {}).items():
            united[principal] = united.get(principal, False) or write
    return united if united != own else None


def _pairs(ctx: Ctx, definition: EntityDef, survivor: int, others: Sequence[int], moved: Moved) -> None:
    """Whatever was no duplicate of a merged record is none of the survivor either."""
    gone = set(others)
    query = sa.select(NotDuplicate).where(
        NotDuplicate.entity == definition.key,
        sa.or_(NotDuplicate.low_id.in_([survivor, *others]), NotDuplicate.high_id.in_([survivor, *others])),
    )
    rows = ctx.session.scalars(query, execution_options=KERNEL).all()
    known = {(row.low_id, row.high_id) for row in rows}
    for row in rows:
        sides = {survivor if n in gone else n for n in (row.low_id, row.high_id)}
        if len(sides) == 2 and (pair := (min(sides), max(sides))) not in known:
            known.add(pair)
            ctx.session.add(
                NotDuplicate(entity=row.entity, low_id=pair[0], high_id=pair[1], user_id=row.user_id, at=row.at)
            )
    ctx.session.flush()


def _chain(ctx: Ctx, definition: EntityDef, survivor: int, others: Sequence[int], moved: Moved) -> None:
    """Lead the ids of records that were merged into the others before to the survivor."""
    where = (Merged.entity == definition.key, Merged.survivor_id.in_(others))
    query = sa.select(Merged.survivor_id, Merged.record_id).where(*where)
    by_record: dict[int, list[int]] = {}
    for other, number in ctx.session.execute(query, execution_options=KERNEL):
        by_record.setdefault(other, []).append(number)
    for other, numbers in by_record.items():
        moved.add(other, {"chain": numbers})
    if by_record:
        _run(ctx, sa.update(Merged).where(*where).values(survivor_id=survivor))


# ---------------------------------------------------------------- kept filters, defaults and options


def _exchange(definition: EntityDef, survivor: int, others: Sequence[int]) -> stored_filters.Exchange:
    """Return what puts the survivor where a value means one of the others."""
    related = {f"{definition.key}:{other}": f"{definition.key}:{survivor}" for other in others}
    gone = set(others)

    def exchange(field: FieldDef, value: Any) -> Any:
        if isinstance(field.type, Related):
            return related.get(value, value) if isinstance(value, str) else value
        if isinstance(field.type, Link) and field.type.target == definition.key:
            return survivor if isinstance(value, int) and value in gone else value
        return value

    return exchange


def _defaults(ctx: Ctx, exchange: stored_filters.Exchange) -> Iterator[Found]:
    """Yield the defaults of own fields and the options that name one of the others."""
    known = definitions(ctx)
    query = sa.select(CustomField).where(CustomField.default.is_not(None)).order_by(CustomField.id)
    for row in ctx.session.scalars(query, execution_options=KERNEL):
        fields = ctx.registry.fields(row.entity) if row.entity in ctx.registry.entities else {}
        found = fields.get(f"cf.{row.key}")
        if found is not None and (new := _of_value(found, row.default, exchange)) != row.default:
            yield Found("field", found.title(), row, "default", new)
    for setting in ctx.session.scalars(sa.select(SettingRow).order_by(SettingRow.key), execution_options=KERNEL):
        definition = known.get(setting.key)
        if definition is None:
            continue
        stood = FieldDef(entity="core.setting", key=setting.key, type=definition.type, label=definition.label)
        if (new := _of_value(stood, setting.value, exchange)) != setting.value:
            yield Found("setting", definition.label, setting, "value", new)


def _of_value(found: FieldDef, value: Any, exchange: stored_filters.Exchange) -> Any:
    if isinstance(value, list):
        items = [exchange(found, item) for item in value]
        return list(dict.fromkeys(items)) if all(isinstance(i, int | str) for i in items) else items
    return exchange(found, value)
