"""Custom fields as a whole: all of an entity, their order in the form, what they hold, and removing them for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import customfields, history, jobs
from crm_core.accounts.rights import require_admin
from crm_core.contributions import EntityDef
from crm_core.customfields import FIELD_INDEXES, FIELD_PURGE, field_of, list_key
from crm_core.db import KERNEL, CrmSession
from crm_core.db.expressions import json_value
from crm_core.directory import touch
from crm_core.errors import Conflict, Invalid, NotFound, Problem, ValueProblem
from crm_core.field_rules import section_name
from crm_core.i18n import N_
from crm_core.models import CustomField, ListEntry, SavedView

if TYPE_CHECKING:
    from crm_core.context import Ctx

BEFORE, AFTER = 0, 500
"""Where the order starts of fields that stand before, and after, those of the module."""
_MOST_BEFORE = 99
_BATCH = 5_000


def every(ctx: Ctx, entity: str) -> list[CustomField]:
    """Return all definitions of an entity in the order of the form, retired ones too; for administrators.

    Raises:
        Forbidden: the actor does not administer.
    """
    require_admin(ctx)
    own = sa.select(CustomField).where(CustomField.entity == ctx.registry.entity(entity).key)
    return list(ctx.session.scalars(own.order_by(CustomField.order, CustomField.id), execution_options=KERNEL))


def counts(ctx: Ctx) -> dict[str, int]:
    """Return how many fields in use administrators made, by entity."""
    query = sa.select(CustomField.entity, sa.func.count()).where(CustomField.retired_at.is_(None))
    rows = ctx.session.execute(query.group_by(CustomField.entity), execution_options=KERNEL)
    return {entity: count for entity, count in rows}


def find(ctx: Ctx, definition: EntityDef, field_id: int) -> CustomField:
    """Return a definition of an entity; for administrators.

    Raises:
        Forbidden: the actor does not administer.
        NotFound: the entity has no such field.
    """
    require_admin(ctx)
    row = customfields.find(ctx, field_id)
    if row.entity != definition.key:
        raise NotFound(N_("There is no such field"))
    return row


def arrange(ctx: Ctx, entity: str, section: str, before: Sequence[int], after: Sequence[int] = ()) -> None:
    """Put fields into a section of the form: some before the module's own fields, the others after them.

    Raises:
        Forbidden: the actor does not administer.
        Invalid: an id is not one of the entity's fields in use, or the section can't be named so.
    """
    known = {row.id: row for row in every(ctx, entity) if row.retired_at is None}
    wanted = [*before, *after]
    if wrong := [i for i in wanted if i not in known or wanted.count(i) > 1]:
        message = N_("%(id)s is not a field that can be put in order")
        raise Invalid([Problem("ids", "unknown", message, {"id": wrong[0]})])
    try:
        section = section_name(section)
    except ValueProblem as problem:
        raise Invalid([problem.at("section")]) from problem
    places = {i: min(BEFORE + n, _MOST_BEFORE) for n, i in enumerate(before)}
    places |= {i: AFTER + n for n, i in enumerate(after)}
    for field_id, place in places.items():
        known[field_id].order, known[field_id].section = place, section
    ctx.session.flush()
    touch(ctx.session, "registry")
    keys = [known[i].key for i in wanted]
    history.note(ctx, customfields.ENTITY, 0, ctx.registry.entity(entity).key, "update", {section: [None, keys]})


def define(ctx: Ctx, entity: str, **given: Any) -> CustomField:
    """Define a field, see :func:`crm_core.customfields.create`; its index is built in the background."""
    return _indexed(ctx, customfields.create(ctx, entity, **given))


def change(ctx: Ctx, row: CustomField, **changes: Any) -> CustomField:
    """Change a field, see :func:`crm_core.customfields.update`; its index is built or dropped in the background."""
    before = row.indexed or row.unique
    return _indexed(ctx, customfields.update(ctx, row.id, **changes), before)


def retire(ctx: Ctx, row: CustomField) -> CustomField:
    """Take a field out of use, and its index away; its values stay."""
    return _indexed(ctx, customfields.retire(ctx, row.id))


def restore(ctx: Ctx, row: CustomField) -> CustomField:
    """Bring a retired field back; its index is built again."""
    return _indexed(ctx, customfields.restore(ctx, row.id))


def _indexed(ctx: Ctx, row: CustomField, before: bool | None = None) -> CustomField:
    """Have the index built or dropped where nobody waits for it, when there is something to do."""
    now = row.indexed or row.unique
    if now != before and (now or before):
        jobs.enqueue(ctx, FIELD_INDEXES, {})
    return row


def job_of(ctx: Ctx, name: str) -> Any:
    """Return the newest job of a kind that is not done, ``None`` where all is done."""
    found = jobs.listing(ctx, everyone=True, states=(*jobs.ACTIVE, "failed", "done"), name=name, limit=1)
    return found[0] if found and found[0].state != "done" else None


# ---------------------------------------------------------------- removing for good


@dataclass(frozen=True)
class Holdings:
    """What would go with a field."""

    records: int
    entries: int
    views: tuple[str, ...]


def holdings(ctx: Ctx, row: CustomField) -> Holdings:
    """Return how many records hold a value of a field, how many list entries are its own, and which views use it."""
    require_admin(ctx)
    model, field = ctx.registry.entity(row.entity).model, field_of(row)
    if field.storage == "links":
        links = model.__links__.c
        query = sa.select(sa.func.count(sa.distinct(links.record_id))).where(links.field == field.key)
    else:
        value = json_value(model.custom, field.attr, "text")
        query = sa.select(sa.func.count()).select_from(model.__table__).where(value.is_not(None))
    own = sa.select(sa.func.count()).select_from(ListEntry).where(ListEntry.list == list_key(row.entity, row.key))
    views = sa.select(SavedView.name, SavedView.spec).where(SavedView.entity == row.entity)
    used = [n for n, spec in ctx.session.execute(views, execution_options=KERNEL) if _names(spec, field.key)]
    return Holdings(
        ctx.session.scalar(query, execution_options=KERNEL) or 0,
        ctx.session.scalar(own, execution_options=KERNEL) or 0,
        tuple(sorted(used)),
    )


def _names(spec: Any, key: str) -> bool:
    """Tell whether a saved view names a field: as a column, in its sort or in its filter."""
    if isinstance(spec, Mapping):
        return any(_names(part, key) for part in spec.values())
    if isinstance(spec, list):
        return any(_names(part, key) for part in spec)
    return isinstance(spec, str) and spec.removeprefix("-") == key


def purge(ctx: Ctx, row: CustomField) -> int:
    """Ask for a retired field to be removed with all its values; returns the job. Its history stays.

    Raises:
        Forbidden: the actor does not administer.
        Conflict: the field is in use; retire it first.
    """
    require_admin(ctx)
    _must_be_retired(row)
    return jobs.enqueue(ctx, FIELD_PURGE, {"field_id": row.id})


def _must_be_retired(row: CustomField) -> None:
    if row.retired_at is None:
        raise Conflict(N_("This field is in use; take it out of use first"))


def purge_values(run: Any) -> dict[str, int]:
    """Do the job: take the values out batch by batch, then the field; goes on where a killed process stopped."""
    field_id, done, more = int(run.args["field_id"]), run.done, True
    while more:
        run.check_cancelled()
        with run.operation(quiet=True) as ctx:
            row = customfields.find(ctx, field_id)
            _must_be_retired(row)
            count = _clear(ctx, row, _BATCH)
            done, more = done + count, count == _BATCH
            run.progress(done)
            if not more:
                _remove(ctx, row, done)
    return {"records": done}


def _clear(ctx: Ctx, row: CustomField, size: int) -> int:
    """Take the values of at most ``size`` records away; returns how many there were."""
    model, field = ctx.registry.entity(row.entity).model, field_of(row)
    if field.storage == "links":
        links = model.__links__
        ids = _ids(ctx, sa.select(links.c.record_id).distinct().where(links.c.field == field.key), size)
        gone = sa.delete(links).where(links.c.field == field.key, links.c.record_id.in_(ids))
        ctx.session.execute(gone, execution_options=KERNEL)
        return len(ids)
    table: Any = model.__table__
    value = json_value(table.c.custom, field.attr, "text")
    ids = _ids(ctx, sa.select(table.c.id).where(value.is_not(None)), size)
    without = sa.func.json_remove(table.c.custom, f"$.{field.attr}")
    if not ctx.database.is_sqlite:
        without = table.c.custom.op("-")(sa.cast(sa.literal(field.attr, sa.Text()), sa.Text()))
    kept = sa.update(table).where(table.c.id.in_(ids)).values(custom=without)
    ctx.session.execute(kept, execution_options=KERNEL)
    return len(ids)


def _ids(ctx: Ctx, query: sa.Select[Any], size: int) -> list[int]:
    return list(ctx.session.scalars(query.limit(size), execution_options=KERNEL))


def _remove(ctx: Ctx, row: CustomField, count: int) -> None:
    session: CrmSession = ctx.session
    own = sa.delete(ListEntry).where(ListEntry.list == list_key(row.entity, row.key))
    if session.execute(own, execution_options=KERNEL).rowcount:  # type: ignore[attr-defined]
        touch(session)
    history.note(ctx, customfields.ENTITY, row.id, f"{row.entity}.{row.key}", "purge", {"records": [count, 0]})
    session.delete(row)
    session.flush()
    touch(session, "registry")
