"""Changing, deleting and bringing back many records of one entity: checked changes in a few statements for all.

What must happen with one happens with each: hooks, files, links, search text, access, history, events. The doors for a
single record (``writing``) come through here too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from crm_core import events, history, search_text
from crm_core.access.sets import shares_of_many
from crm_core.change import Change
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.errors import Conflict
from crm_core.fieldtypes import Link
from crm_core.i18n import N_
from crm_core.models import Share
from crm_core.records import keeping
from crm_core.records.noting import Note, note_many
from crm_core.records.reading import title_of
from crm_core.records.storing import Shares, check_after, store

if TYPE_CHECKING:
    from crm_core.context import Ctx

_SILENT: Mapping[str, Any] = {**KERNEL, "synchronize_session": False}


# ---------------------------------------------------------------- change


def update(ctx: Ctx, changes: Sequence[Change], shares: Shares | None = None) -> None:
    """Write checked changes of records that are there; one that changes nothing writes nothing.

    ``shares`` replace whom records are shared with by hand.

    Raises:
        CrmError: a change can't be written; of several :class:`~crm_core.records.storing.Refused` says which.
    """
    shares = shares or {}
    fields = ctx.registry.fields(changes[0].entity) if changes else {}
    diffs = {c.record.id: history.diff_of(fields, c.old, c.values) for c in changes}
    changes = [c for c in changes if diffs[c.record.id] or c.record.id in shares]
    if not changes:
        return
    definition = changes[0].definition
    before = {c.record.id: title_of(definition, c.record) for c in changes}
    for change in changes:
        record = change.record
        record.updated_at, record.updated_by_id = ctx.now, ctx.actor.id
        record.version += 1
    sharing = replace_shares(ctx, definition, shares)
    store(ctx, changes, shares)
    check_after(ctx, changes, "update")
    for change in changes:
        ctx.registry.hooks.after_write(ctx, change)
    after = {c.record.id: title_of(definition, c.record) for c in changes}
    search_text.follow_renames(ctx, definition, {number: (before[number], after[number]) for number in before})
    notes = [Note(number, title, diffs[number], sharing.get(number)) for number, title in after.items()]
    note_many(ctx, definition.key, "update", notes)
    for number in after:
        events.emit(ctx, "record_updated", definition.key, number, fields=sorted(diffs[number]))


def replace_shares(ctx: Ctx, definition: EntityDef, shares: Shares) -> dict[int, dict[str, Any]]:
    """Write whom records are shared with by hand; return what the history keeps of it, by record."""
    if not shares:
        return {}
    old = shares_of_many(ctx, definition.key, shares)
    gone = sa.delete(Share).where(Share.entity == definition.key, Share.record_id.in_(shares))
    ctx.session.execute(gone, execution_options=_SILENT)
    rows = [
        {"entity": definition.key, "record_id": number, "principal": principal, "write": write}
        for number, people in shares.items()
        for principal, write in people.items()
    ]
    if rows:
        ctx.session.execute(sa.insert(Share), rows, execution_options=KERNEL)
    return {n: history.kept_sharing(old.get(n, {}), people) for n, people in shares.items()}


# ---------------------------------------------------------------- delete


def delete(ctx: Ctx, changes: Sequence[Change]) -> None:
    """Delete records that nothing stands in the way of, with all that goes with them.

    Raises:
        Conflict: something else still depends on one of them.
    """
    definition = changes[0].definition
    records = {change.record.id: change.record for change in changes}
    titles = {number: title_of(definition, record) for number, record in records.items()}
    last = {c.record.id: keeping.last_values(ctx, definition, c.old) for c in changes}
    kept = keeping.collect(ctx, definition, list(records.values()), [c.old for c in changes])
    for change in changes:
        ctx.registry.hooks.after_write(ctx, change)
    search_text.follow_renames(ctx, definition, {number: (title, "") for number, title in titles.items()})
    _unlink(ctx, definition, records)
    keeping.put_away(ctx, definition, records)
    _remove(ctx, definition, records)
    notes = [
        Note(number, titles[number], {key: [value, None] for key, value in last[number].items()}, kept[number])
        for number in records
    ]
    note_many(ctx, definition.key, "delete", notes)
    for number in records:
        events.emit(ctx, "record_deleted", definition.key, number)


def _remove(ctx: Ctx, definition: EntityDef, records: Mapping[int, Any]) -> None:
    """Delete the rows; lines, links and what can't be without them go by the foreign keys."""
    ctx.session.flush()
    gone = sa.delete(definition.model.__table__).where(definition.model.id.in_(records))
    try:
        ctx.session.execute(gone, execution_options=KERNEL)
    except IntegrityError as exc:
        raise Conflict(N_("Other records still depend on this one")) from exc
    for record in records.values():
        if record in ctx.session:
            ctx.session.expunge(record)


def _unlink(ctx: Ctx, definition: EntityDef, ids: Collection[int]) -> None:
    """Take records out of the links of others: one statement a field that points to their entity.

    Where the column's foreign key cascades, the other record goes with this one and needs no link any more.
    """
    for other, field, _, linked in keeping.pointing(ctx, definition):
        if linked is None:
            continue
        if field.type.multiple:
            table = other.model.__links__
            gone = sa.delete(table).where(table.c.field == field.key, table.c.target_id.in_(ids))
            ctx.session.execute(gone, execution_options=_SILENT)
        elif not keeping.cascades(other, field):
            cleared = sa.update(other.model).where(linked.in_(ids)).values({field.attr: None})
            ctx.session.execute(cleared, execution_options=_SILENT)


# ---------------------------------------------------------------- bring back


def restore(ctx: Ctx, changes: Mapping[int, Change], kept: keeping.Kept) -> None:
    """Bring deleted records back under their ids, from checked changes and what the history kept, both by id.

    Raises:
        CrmError: one can't come back; of several :class:`~crm_core.records.storing.Refused` says which.
    """
    definition = next(iter(changes.values())).definition
    ordered = list(_linked_first(ctx, definition, changes))
    for number in ordered:
        changes[number].record = _again(ctx, definition, number, kept[number])
    keeping.bring_files(ctx, definition, kept)
    keeping.bring_shares(ctx, definition, kept)
    back = [changes[number] for number in ordered]
    store(ctx, back)
    keeping.bring_rest(ctx, definition, kept)
    check_after(ctx, back, "create")
    for change in back:
        ctx.registry.hooks.after_write(ctx, change)
    titles = {change.record.id: title_of(definition, change.record) for change in back}
    search_text.follow_renames(ctx, definition, {number: ("", title) for number, title in titles.items()})
    note_many(ctx, definition.key, "create", [Note(number, title) for number, title in titles.items()])
    for number in titles:
        events.emit(ctx, "record_created", definition.key, number)


def _again(ctx: Ctx, definition: EntityDef, number: int, kept: Mapping[str, Any]) -> Any:
    made = kept.get("created_at")
    return definition.model(
        id=number, version=kept.get("version", 0) + 1, created_by_id=kept.get("created_by"), updated_at=ctx.now,
        created_at=dt.datetime.fromisoformat(made) if made else ctx.now, updated_by_id=ctx.actor.id,
        custom=dict(kept.get("custom") or {}),
    )  # fmt: skip


def _linked_first(ctx: Ctx, definition: EntityDef, changes: Mapping[int, Change]) -> Iterator[int]:
    """Yield the ids, a record after those of its kind that it links to: foreign keys are checked at once."""
    fields: list[FieldDef] = [
        f
        for f in ctx.registry.fields(definition.key).values()
        if isinstance(f.type, Link) and f.type.target == definition.key and f.storage == "column"
    ]
    done: set[int] = set()
    for first in changes:
        way = [first] if first not in done else []
        while way:
            number = way[-1]
            done.add(number)
            targets = (changes[number].values.get(f.key) for f in fields)
            waiting = next((t for t in targets if t in changes and t not in done), None)
            if waiting is not None:
                way.append(waiting)
                continue
            yield way.pop()
