"""Merging records: one stays with the chosen values and all links, the others go; one transaction, undone as one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import batches, events, history, jobs, search_text
from crm_core.change import Change
from crm_core.contributed_merges import Merge
from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.errors import Conflict, Forbidden, Invalid
from crm_core.fieldtypes import File, Lines, Link, Related
from crm_core.i18n import N_
from crm_core.merging import beside, follow, off, planning, rules
from crm_core.merging import values as merging_values
from crm_core.merging.follow import Moved
from crm_core.merging.values import Choice
from crm_core.models import Merged, StoredFile
from crm_core.records import checking, many
from crm_core.records.reading import find_stored, title_of, values_of_many
from crm_core.records.storing import Shares
from crm_core.records.writing import complete

if TYPE_CHECKING:
    from crm_core.context import Ctx

JOB = "core.merged_links"
"""The job that looks once more for links to what was merged: somebody may have saved one in the same moment."""
_SOON = dt.timedelta(seconds=10)
_DEPTH = 5
_SILENT: Mapping[str, Any] = {**KERNEL, "synchronize_session": False}


@dataclass(frozen=True)
class Done:
    """What a merge did: the record that stays, those that are part of it now, and the batch it is undone by."""

    survivor: int
    merged: tuple[int, ...]
    links: int
    batch_id: int | None


def merge(
    ctx: Ctx,
    entity: str,
    survivor_id: int,
    other_ids: Sequence[int],
    choices: Mapping[str, Choice] | None = None,
    *,
    versions: Mapping[int, int] | None = None,
) -> Done:
    """Make several records one, in the operation's transaction.

    Args:
        ctx: the operation.
        entity: key or slug of their kind.
        survivor_id: the record that stays.
        other_ids: the records that become part of it; their ids lead to it from then on.
        choices: by field key the id of the record whose value is taken, or ``"all"``; see
            :func:`crm_core.merging.values.default` for what is taken otherwise.
        versions: the versions somebody looked at, by id.

    Raises:
        NotFound, Forbidden, Stale: as :func:`crm_core.merging.planning.find`.
        Forbidden: the actor may not delete one of those that would go, too.
        Invalid: choices that can't be, or values the survivor may not have.
        Conflict: a module refuses, or something depends on a record that would go.
    """
    definition, found = planning.find(ctx, entity, survivor_id, other_ids, versions, lock=True)
    ids = [found.survivor.id, *(o.id for o in found.others)]
    fields = merging_values.merged_fields(ctx, definition)
    planning.check_choices(definition, fields, planning.choosable(ctx, definition, found), ids, choices or {})
    if forbidden := planning.not_deletable(ctx, definition, found):
        raise Forbidden(forbidden[0].message, params=forbidden[0].params, field="others")
    if problems := rules.refusals(ctx, found):
        first = problems[0]
        raise Conflict(first.message, params=first.params, plugin=first.plugin, field=first.field)
    label = f"{' + '.join(title_of(definition, o) for o in found.others)} → {title_of(definition, found.survivor)}"
    inside = batches.begin(ctx, batches.RECORDS, definition.key, label)
    moved = Moved()
    _merge(inside, definition, found, choices or {}, moved, 0)
    batch_id = inside.batch_id if inside is ctx else batches.close(inside)
    jobs.enqueue(ctx, JOB, {"batch": batch_id}, run_at=ctx.now + _SOON, unique_key=f"{JOB} {batch_id}")
    return Done(survivor_id, tuple(other_ids), moved.links, batch_id)


def _merge(
    ctx: Ctx, definition: EntityDef, found: Merge, choices: Mapping[str, Choice], moved: Moved, depth: int
) -> None:
    """Do a merge that nothing is known to stand against."""
    survivor, others = found.survivor, list(found.others)
    ids = [survivor.id, *(o.id for o in others)]
    stored = values_of_many(ctx, definition, [survivor, *others])
    new = _values(ctx, definition, ids, stored, choices)
    rules.adjust(ctx, found, new)
    rules.before(ctx, found)
    titles = {r.id: title_of(definition, r) for r in (survivor, *others)}
    search_text.follow_renames(ctx, definition, {o.id: (titles[o.id], titles[survivor.id]) for o in others})

    def meet(entity: str, stays: int, goes: int) -> None:
        _meet(ctx, entity, stays, goes, moved, depth)

    mine = Moved()
    follow.links(ctx, definition, survivor.id, ids[1:], mine, meet)
    beside.move(ctx, definition, survivor.id, ids[1:], mine)
    shares = beside.united_shares(ctx, definition, survivor.id, ids[1:])
    beyond = off.move(ctx, definition, survivor, others, mine)
    away = {key: new.pop(key) for key in list(new) if off.points_away(ctx, ctx.registry.field(definition.key, key))}
    _free_own_links(ctx, definition, ids)
    _move_lines(ctx, definition, survivor.id, stored, new)
    files = _copied_files(ctx, definition, stored[0], new)
    _delete(ctx, definition, found, stored[1:], titles)
    _keep(ctx, definition, survivor.id, ids[1:], mine)
    moved.links += mine.links
    _put_away_links(ctx, definition, survivor.id, away)
    change = Change(definition, "update", None, {**new, **files}, dict(stored[0]))
    given = {survivor.id: shares} if shares is not None else {}
    _write(ctx, change, survivor.id, beyond, _targets(ctx, definition, stored), given)
    _tell(ctx, definition, survivor.id, ids[1:], titles)
    left = find_stored(ctx, definition, [survivor.id])[survivor.id]
    rules.after(ctx, Merge(entity=found.entity, survivor=left, others=others))


def _values(
    ctx: Ctx, definition: EntityDef, ids: Sequence[int], stored: Sequence[Mapping[str, Any]],
    choices: Mapping[str, Choice],
) -> dict[str, Any]:  # fmt: skip
    """Return the values that the survivor gets, those that differ from its own.

    Raises:
        Invalid: united values pass a limit.
    """
    new: dict[str, Any] = {}
    problems = []
    for key, field in merging_values.merged_fields(ctx, definition).items():
        found = [values.get(key) for values in stored]
        choice = choices.get(key, merging_values.default(field, ids, found))
        value = merging_values.taken(field, choice, ids, found)
        value = merging_values.without_selves(field, definition.key, ids, value)
        if value == found[0]:
            continue
        if problem := planning.too_long(field, value):
            problems.append(problem)
        new[key] = value
    if problems:
        raise Invalid(problems)
    return new


def _meet(ctx: Ctx, entity: str, stays: int, goes: int, moved: Moved, depth: int) -> None:
    """Make two records one that would link to the same record although only one may.

    Raises:
        Conflict: they depend on each other without end.
    """
    if depth >= _DEPTH:
        raise Conflict(N_("Records that depend on these can't be merged"))
    definition = ctx.registry.entities.get(entity)
    if definition is None:
        message = N_("Records of a module that is off stand in the way; turn it on first")
        raise Conflict(message, plugin=entity.partition(".")[0])
    records = find_stored(ctx, definition, [stays, goes])
    if len(records) == 2:
        both = Merge(entity=entity, survivor=records[stays], others=[records[goes]])
        with history.as_system(ctx, "what links to merged records and may link only once is merged as well") as inside:
            _merge(inside, definition, both, {}, moved, depth + 1)


def _free_own_links(ctx: Ctx, definition: EntityDef, ids: Sequence[int]) -> None:
    """Take links among the merged records away from the survivor, before its foreign keys would act."""
    table: Any = definition.model.__table__
    for field in ctx.registry.fields(definition.key).values():
        if field.storage == "column" and getattr(field.type, "target", "") == definition.key:
            column = table.c[field.attr]
            value = None if column.nullable else ids[0]
            own = sa.update(table).where(table.c.id == ids[0], column.in_(ids[1:])).values({column: value})
            ctx.session.execute(own, execution_options=_SILENT)


def _move_lines(
    ctx: Ctx, definition: EntityDef, survivor: int, stored: Sequence[Mapping[str, Any]], new: Mapping[str, Any]
) -> None:
    """Give the survivor the lines themselves that it takes over: what refers to one goes on doing so."""
    for key, value in new.items():
        kind = ctx.registry.field(definition.key, key).type
        if not isinstance(kind, Lines):
            continue
        own = {line["id"] for line in stored[0].get(key) or ()}
        taken = [line["id"] for line in value if line.get("id") and line["id"] not in own]
        if taken:
            table: Any = kind.line.model.__table__
            ours = sa.update(table).where(table.c.id.in_(taken)).values(parent_id=survivor)
            ctx.session.execute(ours, execution_options=_SILENT)


def _copied_files(
    ctx: Ctx, definition: EntityDef, old: Mapping[str, Any], new: Mapping[str, Any]
) -> dict[str, int]:  # fmt: skip
    """Return copies of the files that the survivor takes over: the other's own go, and come back, with it."""
    found: dict[str, int] = {}
    for key, value in new.items():
        if value is None or not isinstance(ctx.registry.field(definition.key, key).type, File):
            continue
        row = ctx.session.get(StoredFile, value, execution_options=KERNEL)
        if row is not None and value != old.get(key):
            copy = StoredFile(
                name=row.name, content_type=row.content_type, size=row.size, digest=row.digest, box=row.box,
                created_at=ctx.now, created_by_id=ctx.actor.id,
            )  # fmt: skip
            ctx.session.add(copy)
            ctx.session.flush()
            found[key] = copy.id
    return found


def _delete(
    ctx: Ctx, definition: EntityDef, found: Merge, stored: Sequence[Mapping[str, Any]], titles: Mapping[int, str]
) -> None:
    """Take the others away, once nothing links to them any more.

    Raises:
        Conflict: a module says that one can't go.
    """
    changes = [Change(definition, "delete", o, {}, dict(v)) for o, v in zip(found.others, stored, strict=True)]
    for change in changes:
        if problems := checking.validated(ctx, change):
            first = problems[0]
            raise Conflict(first.message, params=first.params, plugin=first.plugin)
    text = titles[found.survivor.id]
    for other in found.others:
        history.note(ctx, definition.key, other.id, titles[other.id], "merge", note=f"→ {text} (#{found.survivor.id})")
    many.delete(ctx, changes)
    ctx.session.expunge(found.survivor)


def _keep(ctx: Ctx, definition: EntityDef, survivor: int, others: Sequence[int], moved: Moved) -> None:
    """Write down what the others became, and what an undo needs."""
    rows = [
        {"entity": definition.key, "record_id": other, "survivor_id": survivor, "batch_id": ctx.batch_id,
         "at": ctx.now, "moved": moved.entries[other]}
        for other in others
    ]  # fmt: skip
    gone = sa.delete(Merged).where(Merged.entity == definition.key, Merged.record_id.in_(others))
    ctx.session.execute(gone, execution_options=_SILENT)
    ctx.session.execute(sa.insert(Merged), rows, execution_options=KERNEL)


def _put_away_links(ctx: Ctx, definition: EntityDef, survivor: int, away: Mapping[str, Any]) -> None:
    """Set columns that link to records of modules that are off; they exist, another record had them."""
    table: Any = definition.model.__table__
    columns = {f.attr: away[k] for k, f in ctx.registry.fields(definition.key).items()
               if k in away and f.storage == "column"}  # fmt: skip
    if columns:
        ctx.session.execute(sa.update(table).where(table.c.id == survivor).values(columns), execution_options=_SILENT)


def _targets(ctx: Ctx, definition: EntityDef, stored: Sequence[Mapping[str, Any]]) -> dict[str, set[int]]:
    """Return what the records link to, by entity: the survivor may, whether the actor sees it or not."""
    found: dict[str, set[int]] = {}
    for key, field in ctx.registry.fields(definition.key).items():
        for value in (values.get(key) for values in stored):
            if isinstance(field.type, Related) and value:
                entity, _, number = value.partition(":")
                found.setdefault(entity, set()).add(int(number))
            elif isinstance(field.type, Link) and value:
                found.setdefault(field.type.target, set()).update(value if isinstance(value, list) else [value])
    return found


def _write(
    ctx: Ctx, change: Change, survivor: int, beyond: dict[str, Any], coming: checking.Coming, shares: Shares
) -> None:
    """Give the survivor its values, checked as those of any change, and share it with whom the others were shared.

    Raises:
        Invalid: values it may not have.
    """
    record = change.record = find_stored(ctx, change.definition, [survivor])[survivor]
    if beyond:
        record.custom = {**beyond, **(record.custom or {})}
    if problems := checking.problems(ctx, [change], coming=coming)[id(change)]:
        raise Invalid(problems)
    complete(ctx, change)
    many.update(ctx, [change], shares)
    ctx.session.flush()


def _tell(ctx: Ctx, definition: EntityDef, survivor: int, others: Sequence[int], titles: Mapping[int, str]) -> None:
    """Write to the survivor's history what it took in, and tell the news."""
    taken = ", ".join(f"{titles[o]} (#{o})" for o in others)
    inside = replace(ctx, batch_id=None)
    history.note(inside, definition.key, survivor, titles[survivor], "merge", note=f"← {taken}")
    events.emit(ctx, "record_merged", definition.key, survivor, others=list(others))
