"""Create, change and delete: checks, hooks, history and access in one order, in the operation's transaction."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crm_core import events, history, sequences
from crm_core.access import require
from crm_core.change import Change
from crm_core.entities import Record
from crm_core.errors import Conflict, Invalid, Problem, Stale
from crm_core.records import applying, checking, many, storing, values
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
    storing.store(ctx, [change])
    storing.check_after(ctx, [change], "create")
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
    check_version(record, version)
    found, problems = values.parse(ctx, definition, raw)
    change = Change(definition, "update", record, found, values_of(ctx, definition, record))
    values.keep_hidden_links(ctx, [change])
    _prepare(ctx, change, problems)
    many.update(ctx, [change])
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
    check_version(record, version)
    change = Change(definition, "delete", record, {}, values_of(ctx, definition, record))
    if problems := checking.validated(ctx, change):
        first = problems[0]
        raise Conflict(first.message, params=first.params, plugin=first.plugin)
    if definition.discard is not None and definition.discard(ctx, record):
        return
    many.delete(ctx, [change])


def warnings(ctx: Ctx, entity: str, raw: Mapping[str, Any], record_id: int | None = None) -> list[Problem]:
    """Return what should be asked about before saving, such as an equal name; nothing is refused or written."""
    definition = ctx.registry.entity(entity)
    found, _ = values.parse(ctx, definition, raw)
    record = find(ctx, definition, record_id) if record_id else None
    old = values_of(ctx, definition, record) if record is not None else {}
    change = Change(definition, "update" if record is not None else "create", record, found, old)
    ctx.registry.hooks.before_write(ctx, change)
    return [p for p in checking.validated(ctx, change) if p.code == "warning"]


def check_version(record: Any, version: int | None) -> None:
    """Check that nobody saved since a version was read.

    Raises:
        Stale: somebody did.
    """
    if version is not None and version != record.version:
        raise Stale(version=record.version)


def _prepare(ctx: Ctx, change: Change, problems: list[Problem]) -> None:
    """Derive and check; raise all problems together."""
    if found := checking.problems(ctx, [change], {id(change): problems})[id(change)]:
        raise Invalid(found)
    complete(ctx, change)


def complete(ctx: Ctx, change: Change) -> None:
    """Give a checked change what is made on the way: tags that were typed, numbers of sequences."""
    applying.create_tags(ctx, change)
    if change.verb == "create":
        for field in values.sequenced(ctx, change.definition):
            if change.values.get(field.key) is None:
                change.values[field.key] = sequences.next_value(ctx, field.sequence)
