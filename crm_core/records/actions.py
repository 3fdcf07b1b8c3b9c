"""Verbs on records: contributed actions, and the same thing done to many records at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm_core import batches, events
from crm_core.access import require
from crm_core.contributions import ActionDef
from crm_core.errors import BadRequest, Conflict, CrmError, Invalid, NotFound, Problem, ValueProblem
from crm_core.i18n import N_
from crm_core.records import writing
from crm_core.records.reading import find

if TYPE_CHECKING:
    from crm_core.context import Ctx

MAX_BULK = 1000


@dataclass(frozen=True)
class BulkResult:
    """What became of one record of a bulk operation."""

    id: int
    ok: bool
    error: CrmError | None = None
    value: Any = None


class BulkResults(list[BulkResult]):
    """What became of each record; ``batch_id`` finds the changes as one, ``None`` when nothing changed."""

    batch_id: int | None = None


def action_of(ctx: Ctx, entity: str, name: str) -> ActionDef:
    """Return an action by name.

    Raises:
        NotFound: the entity has none of that name.
    """
    found = next((a for a in ctx.registry.actions(entity) if a.name == name), None)
    if found is None:
        raise NotFound(N_("There is no action called %(name)s"), params={"name": name[:60]})
    return found


def available_actions(ctx: Ctx, entity: str, record: Any = None) -> list[ActionDef]:
    """Return the actions the actor may use, on one record when it is given."""
    from crm_core.access import allowed

    found = [a for a in ctx.registry.actions(entity) if allowed(ctx, entity, a.needs)]
    return [a for a in found if record is None or a.available is None or a.available(ctx, record)]


def act(
    ctx: Ctx, entity: str, record_id: int, name: str, data: Mapping[str, Any], *, version: int | None = None
) -> Any:
    """Run an action on a record; its form is checked first.

    Raises:
        NotFound: no such action, or the record is not there for the actor.
        Forbidden: the actor may not do it.
        Invalid: problems of the form, at once.
    """
    definition = ctx.registry.entity(entity)
    action = action_of(ctx, definition.key, name)
    record = find(ctx, definition, record_id, action.needs, lock=True)
    writing.check_version(record, version)
    if action.available is not None and not action.available(ctx, record):
        raise Conflict(N_("This is not possible now"))
    values = _form_values(ctx, action, data)
    result = action.handler(ctx, record, values)
    events.emit(ctx, "action_performed", definition.key, record_id, action=name)
    return result


def _form_values(ctx: Ctx, action: ActionDef, data: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    problems = [
        Problem(str(key)[:80], "unknown", N_("Unknown field"))
        for key in data
        if key not in {f.key for f in action.form}
    ]
    for field in action.form:
        try:
            values[field.key] = field.type.parse(data.get(field.key, field.default_value(ctx)), ctx)
        except ValueProblem as problem:
            problems.append(problem.at(field.key))
            continue
        if field.required and values[field.key] in (None, "", []):
            problems.append(Problem(field.key, "required", N_("%(label)s is required"), {"label": field.title()}))
    if problems:
        raise Invalid(problems)
    return values


def bulk(ctx: Ctx, entity: str, ids: Sequence[int], action: str, data: Mapping[str, Any]) -> BulkResults:
    """Do ``update``, ``delete`` or a named action to up to 1,000 records; each succeeds or fails by itself.

    Raises:
        BadRequest: more records than the limit.
    """
    definition = ctx.registry.entity(entity)
    if len(ids) > MAX_BULK:
        raise BadRequest(N_("At most %(limit)s records at once"), field="ids", params={"limit": MAX_BULK})
    if action in ("update", "delete"):
        require(ctx, definition.key, action)
    else:
        action_of(ctx, definition.key, action)
    inside = batches.begin(ctx, batches.BULK, definition.key, action)
    results = BulkResults()
    for record_id in dict.fromkeys(ids):
        try:
            with attempt(inside):
                value = _one(inside, definition.key, record_id, action, data)
            results.append(BulkResult(record_id, True, value=value))
        except CrmError as exc:
            results.append(BulkResult(record_id, False, exc))
    results.batch_id = batches.close(inside) if inside is not ctx else ctx.batch_id
    return results


@contextmanager
def attempt(ctx: Ctx) -> Iterator[None]:
    """Write what the block does whole or not at all: when it raises, nothing of it is left, its events neither."""
    queued = len(ctx.queue)
    savepoint = ctx.session.begin_nested()
    try:
        yield
        savepoint.commit()
    except BaseException:
        if savepoint.is_active:
            savepoint.rollback()
        del ctx.queue[queued:]
        ctx.cache.clear()
        raise


def _one(ctx: Ctx, entity: str, record_id: int, action: str, data: Mapping[str, Any]) -> Any:
    if action == "update":
        return writing.update(ctx, entity, record_id, _relative(ctx, entity, record_id, data)).version
    if action == "delete":
        return writing.delete(ctx, entity, record_id)
    return act(ctx, entity, record_id, action, data)


def _relative(ctx: Ctx, entity: str, record_id: int, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return bulk data with ``+tags`` and ``-tags`` applied to what the record has."""
    if not any(k[:1] in "+-" for k in data):
        return dict(data)
    from crm_core.records.reading import read

    plain = {k: v for k, v in data.items() if k[:1] not in "+-"}
    keys = [k[1:] for k in data if k[:1] in "+-"]
    row = read(ctx, entity, record_id, keys)
    for key, value in data.items():
        if key[:1] not in "+-":
            continue
        field = ctx.registry.field(entity, key[1:])
        if not field.type.multiple:
            raise BadRequest(N_("%(name)s has one value only"), field=key, params={"name": key[1:]})
        try:
            given = field.type.parse(value, ctx)
        except ValueProblem as problem:
            raise Invalid([problem.at(key[1:])]) from problem
        present = plain.get(key[1:], row.values[key[1:]])
        plain[key[1:]] = [*present, *given] if key[0] == "+" else [v for v in present if v not in given]
    return plain
