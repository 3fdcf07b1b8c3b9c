"""Create, change and delete: checks, hooks, history and access in one order, in the operation's transaction."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from crm_core import events, files, history, search_text, sequences
from crm_core.access import predicate, require, set_for
from crm_core.access.sets import principals_of, shares_of
from crm_core.change import Change
from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.entities import Record
from crm_core.errors import Conflict, Forbidden, Invalid, Problem, Stale
from crm_core.i18n import N_
from crm_core.records import applying, keeping, values
from crm_core.records.reading import find, title_of, values_of

if TYPE_CHECKING:
    from crm_core.context import Ctx


def create(ctx: Ctx, entity: str, raw: Mapping[str, Any]) -> Record:
    """Make a record from raw input (JSON, form, import cells).

    Raises:
        Forbidden: no role grants it, or the result would lie outside what the actor may create.
        Invalid: every problem found, at once.
    """
    definition = ctx.registry.entity(entity)
    require(ctx, definition.key, "create")
    found, problems = values.parse(ctx, definition, raw)
    change = Change(definition, "create", None, found)
    given = set(found)
    values.add_defaults(ctx, definition, change.values)
    change.defaulted = copy.deepcopy({k: v for k, v in change.values.items() if k not in given})
    _prepare(ctx, change, problems)
    record = definition.model(created_at=ctx.now, updated_at=ctx.now, created_by_id=ctx.actor.id, custom={})
    record.updated_by_id = ctx.actor.id
    change.record = record
    _store(ctx, change)
    _check_after(ctx, definition, record, "create")
    ctx.registry.hooks.after_write(ctx, change)
    history.note(ctx, definition.key, record.id, title_of(definition, record), "create")
    events.emit(ctx, "record_created", definition.key, record.id)
    return record  # type: ignore[no-any-return]


def update(ctx: Ctx, entity: str, record_id: int, raw: Mapping[str, Any], *, version: int | None = None) -> Record:
    """Change a record's fields; those not given stay, and nothing is written when nothing differs.

    Raises:
        NotFound: not there for the actor.
        Forbidden: the actor may read but not change it.
        Stale: ``version`` is not the stored one; someone else saved first.
        Invalid: every problem found, at once.
    """
    definition = ctx.registry.entity(entity)
    record = find(ctx, definition, record_id, "update", lock=True)
    _check_version(record, version)
    found, problems = values.parse(ctx, definition, raw)
    change = Change(definition, "update", record, found, values_of(ctx, definition, record))
    values.keep_hidden_links(ctx, change)
    _prepare(ctx, change, problems)
    diff = history.diff_of(ctx.registry.fields(definition.key), change.old, change.values)
    if not diff:
        return record  # type: ignore[no-any-return]
    old_title = title_of(definition, record)
    record.updated_at, record.updated_by_id = ctx.now, ctx.actor.id
    record.version += 1
    _store(ctx, change)
    _check_after(ctx, definition, record, "update")
    ctx.registry.hooks.after_write(ctx, change)
    if (title := title_of(definition, record)) != old_title:
        search_text.follow_rename(ctx, definition, record.id, old_title, title)
    history.note(ctx, definition.key, record.id, title, "update", diff)
    events.emit(ctx, "record_updated", definition.key, record.id, fields=sorted(diff))
    return record  # type: ignore[no-any-return]


def delete(ctx: Ctx, entity: str, record_id: int, *, version: int | None = None) -> None:
    """Delete a record with its lines, comments and files; records that link to it keep on without the link.

    Raises:
        NotFound: not there for the actor.
        Forbidden: the actor may not delete it.
        Stale: someone else saved first.
        Conflict: something must be deleted before it.
    """
    definition = ctx.registry.entity(entity)
    require(ctx, definition.key, "delete")
    record = find(ctx, definition, record_id, "delete", lock=True)
    _check_version(record, version)
    change = Change(definition, "delete", record, {}, values_of(ctx, definition, record))
    if problems := ctx.registry.hooks.validate(ctx, change):
        first = problems[0]
        raise Conflict(first.message, params=first.params, plugin=first.plugin)
    last = keeping.last_values(ctx, definition, change.old)
    kept = keeping.collect(ctx, definition, record, change.old)
    ctx.registry.hooks.after_write(ctx, change)
    search_text.follow_rename(ctx, definition, record.id, title_of(definition, record), "")
    _unlink(ctx, definition, record.id)
    keeping.put_away(ctx, definition, record.id)
    title = title_of(definition, record)
    try:
        ctx.session.delete(record)
        ctx.session.flush()
    except IntegrityError as exc:
        raise Conflict(N_("Other records still depend on this one")) from exc
    diff = {key: [value, None] for key, value in last.items()}
    history.note(ctx, definition.key, record_id, title, "delete", diff, kept=kept)
    events.emit(ctx, "record_deleted", definition.key, record_id)


def restore(ctx: Ctx, entity: str, record_id: int, found: dict[str, Any], kept: Mapping[str, Any]) -> Record:
    """Bring a deleted record back under its id, from typed values and what the history kept.

    Raises:
        Forbidden: no role grants it, or the result would lie outside what the actor may create.
        Invalid: every problem found, at once.
    """
    definition = ctx.registry.entity(entity)
    require(ctx, definition.key, "create")
    change = Change(definition, "create", None, found)
    _prepare(ctx, change, [])
    made = kept.get("created_at")
    record = definition.model(
        id=record_id, version=kept.get("version", 0) + 1, created_by_id=kept.get("created_by"), updated_at=ctx.now,
        created_at=dt.datetime.fromisoformat(made) if made else ctx.now, updated_by_id=ctx.actor.id,
        custom=dict(kept.get("custom") or {}),
    )  # fmt: skip
    change.record = record
    keeping.bring_files(ctx, definition, record_id, kept)
    keeping.bring_shares(ctx, definition, record_id, kept)
    _store(ctx, change)
    keeping.bring_rest(ctx, definition, record_id, kept)
    _check_after(ctx, definition, record, "create")
    ctx.registry.hooks.after_write(ctx, change)
    title = title_of(definition, record)
    search_text.follow_rename(ctx, definition, record_id, "", title)
    history.note(ctx, definition.key, record_id, title, "create")
    events.emit(ctx, "record_created", definition.key, record_id)
    return record  # type: ignore[no-any-return]


def warnings(ctx: Ctx, entity: str, raw: Mapping[str, Any], record_id: int | None = None) -> list[Problem]:
    """Return what should be asked about before saving, such as an equal name; nothing is refused or written."""
    definition = ctx.registry.entity(entity)
    found, _ = values.parse(ctx, definition, raw)
    record = find(ctx, definition, record_id) if record_id else None
    old = values_of(ctx, definition, record) if record is not None else {}
    change = Change(definition, "update" if record is not None else "create", record, found, old)
    ctx.registry.hooks.before_write(ctx, change)
    return [p for p in ctx.registry.hooks.validate(ctx, change) if p.code == "warning"]


def obstacles(ctx: Ctx, entity: str, raw: Mapping[str, Any], record: Any) -> list[Problem]:
    """Return what :func:`update` would refuse; nothing is written."""
    definition = ctx.registry.entity(entity)
    found, problems = values.parse(ctx, definition, raw)
    change = Change(definition, "update", record, found, values_of(ctx, definition, record))
    values.keep_hidden_links(ctx, change)
    return _problems(ctx, change, problems)


def obstacles_to_restore(ctx: Ctx, entity: str, found: Mapping[str, Any]) -> list[Problem]:
    """Return what :func:`restore` would refuse; nothing is written."""
    return _problems(ctx, Change(ctx.registry.entity(entity), "create", None, dict(found)), [])


def _check_version(record: Any, version: int | None) -> None:
    if version is not None and version != record.version:
        raise Stale(version=record.version)


def _prepare(ctx: Ctx, change: Change, problems: list[Problem]) -> None:
    """Derive and check; raise all problems together."""
    if _problems(ctx, change, problems):
        raise Invalid(problems)
    applying.create_tags(ctx, change)
    if change.verb == "create":
        for field in values.sequenced(ctx, change.definition):
            if change.values.get(field.key) is None:
                change.values[field.key] = sequences.next_value(ctx, field.sequence)


def _problems(ctx: Ctx, change: Change, problems: list[Problem]) -> list[Problem]:
    """Derive and check; return the problems with what was found added."""
    if not problems:
        ctx.registry.hooks.before_write(ctx, change)
    refused = {p.field for p in problems}
    problems += [p for p in values.check_required(ctx, change) if p.field not in refused]
    problems += values.check_unique(ctx, change)
    problems += values.check_links(ctx, change)
    problems += [p for p in ctx.registry.hooks.validate(ctx, change) if p.code != "warning"]
    return problems


def _store(ctx: Ctx, change: Change) -> None:
    """Put values on the record, give it its access list, and write it."""
    definition, record = change.definition, change.record
    applying.apply(ctx, change)
    applying.refresh_search(ctx, definition, change)
    current = {**change.old, **change.values}
    record.access_id = set_for(ctx, principals_of(ctx, definition, current, shares_of(ctx, definition.key, record.id)))
    ctx.session.add(record)
    try:
        ctx.session.flush()
    except IntegrityError as exc:
        raise _integrity(ctx, definition, exc) from exc
    applying.write_links(ctx, change)
    files.follow(ctx, change)


def _integrity(ctx: Ctx, definition: EntityDef, exc: IntegrityError) -> Invalid | Conflict:
    """Return the problem behind a constraint met by two writers at once."""
    text = str(exc.orig)
    for key, field in ctx.registry.fields(definition.key).items():
        if field.unique and (field.attr in text):
            label = {"label": field.title()}
            return Invalid([Problem(key, "unique", N_("Another record already has this %(label)s"), label)])
    return Conflict(N_("Someone else changed something this depends on; please try again"), hint=text)


def _check_after(ctx: Ctx, definition: EntityDef, record: Any, action: str) -> None:
    model = definition.model
    condition = predicate(ctx, definition, action, model, after=True)
    query = sa.select(model.id).where(model.id == record.id, condition)
    if ctx.session.scalar(query, execution_options=KERNEL) is None:
        raise Forbidden(N_("With these values the record would lie outside what you may change"))


def _unlink(ctx: Ctx, definition: EntityDef, record_id: int) -> None:
    """Take the record out of the links of others: one statement a field that points to its entity.

    Where the column's foreign key cascades, the other record goes with this one and needs no link any more.
    """
    from crm_core.fieldtypes import Link

    options = {**KERNEL, "synchronize_session": False}
    for other in ctx.registry.entities.values():
        for field in ctx.registry.fields(other.key).values():
            if not isinstance(field.type, Link) or field.type.target != definition.key:
                continue
            model = other.model
            if field.type.multiple:
                table = model.__links__
                gone = sa.delete(table).where(table.c.field == field.key, table.c.target_id == record_id)
                ctx.session.execute(gone, execution_options=options)
            elif field.storage == "column":
                column = getattr(model, field.attr)
                if any(fk.ondelete == "CASCADE" for fk in model.__table__.c[field.attr].foreign_keys):
                    continue
                cleared = sa.update(model).where(column == record_id).values({field.attr: None})
                ctx.session.execute(cleared, execution_options=options)
