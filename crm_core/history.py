"""History: who changed what, kept as text for ever, shown through the reader's masks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from crm_core import recording
from crm_core.access.masks import readable
from crm_core.access.scope import predicate
from crm_core.context import principal_of
from crm_core.contributions import FieldDef
from crm_core.db import KERNEL, Identifier
from crm_core.errors import NotFound
from crm_core.fieldtypes import Link
from crm_core.i18n import N_, gettext
from crm_core.models import Change as ChangeRow
from crm_core.models import Merged
from crm_core.titles import words_of

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributed_events import RecordedEvent

VERBS: Mapping[str, str] = {
    "create": N_("created"),
    "update": N_("changed"),
    "delete": N_("deleted"),
    "merge": N_("merged"),
    "relink": N_("followed a merge"),
    "import": N_("imported"),
    "undo": N_("undid a change"),
    "system": N_("acted without limits"),
    "erase": N_("erased personal data"),
}
ERASED = "erased"
"""Marks, among what a line of history keeps, that its values were personal data and are gone for good."""
EFFECTS: Mapping[str, str] = {"create": "create", "import": "create", "update": "update", "delete": "delete"}
"""What an action does to a record; an undo says it itself."""


@dataclass(frozen=True)
class FieldChange:
    """One field's change in words."""

    key: str
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class HistoryEntry:
    """One line of history as its reader may see it."""

    id: int
    at: dt.datetime
    actor: str
    actor_id: int | None
    action: str
    verb: str
    changes: tuple[FieldChange, ...]
    operation: str
    via: str
    note: str
    title: str
    entity: str
    record_id: int
    effect: str = ""
    """What it did to the record, also where it undid something: create, update, delete; nothing for anything else."""
    batch_id: int | None = None
    undoes_id: int | None = None
    undoable: bool = False
    """Whether the reader may ask for its undoing; what stands in the way shows when he does."""


def effect_of(found: Any) -> str:
    """Return what a line of history did to its record: ``create``, ``update``, ``delete``, or nothing."""
    return found.effect or EFFECTS.get(found.action, "")


SHARING = "sharing"
"""Where a line of history keeps whom a record was shared with by hand: before and after."""
UNDO_DAYS = "core.undo_days"


def undoable_since(ctx: Ctx) -> dt.datetime | None:
    """Return since when changes can be undone, ``None`` for all that the history holds.

    The one rule: for the values of records, and for the files that were taken from them.
    """
    days = ctx.directory.setting(UNDO_DAYS)
    return ctx.now - dt.timedelta(days=days) if days else None


def is_too_old(ctx: Ctx, at: dt.datetime) -> bool:
    """Tell whether a change was made too long ago to be undone."""
    since = undoable_since(ctx)
    return since is not None and at < since


def is_erased(found: Any) -> bool:
    """Tell whether the values of a line of history were erased: nothing can be undone by it."""
    return bool(found.kept and found.kept.get(ERASED))


def may_undo(ctx: Ctx, actor_id: int | None) -> bool:
    """Tell whether the actor may undo what someone did: his own changes, or as an administrator everybody's."""
    return ctx.actor.is_admin or (actor_id is not None and actor_id == ctx.actor.id)


def note(
    ctx: Ctx,
    entity: str,
    record_id: int,
    title: str,
    action: str,
    diff: Mapping[str, Any] | None = None,
    note: str = "",
    kept: Mapping[str, Any] | None = None,
) -> None:
    """Write one line of history in the operation's transaction; ``kept`` is what a deleted record takes along."""
    values = {**row(ctx, entity, record_id, title, action, diff, note), "kept": dict(kept) if kept else None}
    ctx.session.execute(sa.insert(ChangeRow.__table__), [values], execution_options=KERNEL)  # type: ignore[arg-type]


def note_event(ctx: Ctx, event: RecordedEvent, record_id: int, title: str, text: str) -> None:
    """Write an event of a module to a record's history; it says itself what it is called when the module is gone."""
    values = row(ctx, event.entity, record_id, title, event.key, None, text)
    values |= {"batch_id": None, "kept": {"event": event.label}}
    ctx.session.execute(sa.insert(ChangeRow.__table__), [values], execution_options=KERNEL)  # type: ignore[arg-type]


def row(
    ctx: Ctx,
    entity: str,
    record_id: int,
    title: str,
    action: str,
    diff: Mapping[str, Any] | None = None,
    note: str = "",
) -> dict[str, Any]:
    """Return the columns of one line of history, for bulk writers."""
    batch_id = ctx.batch_id if ctx.batch_id is not None and entity in ctx.registry.entities else None
    done = undone(ctx, entity, record_id, action)
    return {
        "recorded": recording.wanted(ctx, entity, action, diff or ()),
        "at": ctx.now, "operation": ctx.operation_id, "actor_id": ctx.actor.id, "actor": ctx.actor.name[:120],
        "via": ctx.actor.via, "entity": entity, "record_id": record_id, "title": title[:200],
        "action": done.action, "diff": dict(diff) if diff else None, "note": note[:500], "batch_id": batch_id,
        "undoes_id": done.undoes_id, "effect": done.effect,
    }  # fmt: skip


class Done(NamedTuple):
    """What a line of history says was done: the action, what that undoes, and what it was itself when it undoes."""

    action: str
    undoes_id: int | None = None
    effect: str = ""


def undone(ctx: Ctx, entity: str, record_id: int, action: str) -> Done:
    """Return what an action on a record is called in the history: an undoing, where that is what goes on."""
    undoes = ctx.undoing.get((entity, record_id))
    return Done("undo", undoes, EFFECTS[action]) if undoes is not None and action in EFFECTS else Done(action)


@contextmanager
def as_system(ctx: Ctx, reason: str) -> Iterator[Ctx]:
    """Lift every permission inside the block; the reason is written to the history.

    Raises:
        ValueError: the reason is empty.
    """
    if not reason.strip():
        raise ValueError("as_system needs a reason")
    note(ctx, "core.system", 0, "", "system", None, reason)
    guard, ctx.session.guard = ctx.session.guard, None
    try:
        yield replace(ctx, actor=replace(ctx.actor, system=True, moderator=True), cache={})
    finally:
        ctx.session.guard = guard


def kept_sharing(old: Mapping[int, bool], new: Mapping[int, bool]) -> dict[str, Any]:
    """Return what a line of history keeps of a change of sharing: principals and whether they may write."""
    return {SHARING: [sorted([p, w] for p, w in people.items()) for people in (old, new)]}


def stored(field: FieldDef, value: Any) -> Any:
    """Return a value in the form history keeps it."""
    if value is None or value == []:
        return None
    return field.type.dump(value)


def diff_of(fields: Mapping[str, FieldDef], old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return what really changed, ``[old, new]`` by field key."""
    found = {}
    for key, value in new.items():
        field = fields.get(key)
        if field is None or not field.tracked:
            continue
        before, after = stored(field, old.get(key)), stored(field, value)
        if before != after:
            found[key] = [before, after]
    return found


def entries(ctx: Ctx, entity: str, record_id: int, before: int | None = None, limit: int = 50) -> list[HistoryEntry]:
    """Return a visible record's history, newest first; fields the actor may not read are left out.

    Raises:
        NotFound: the record is not there for the actor.
    """
    definition = ctx.registry.entity(entity)
    model = definition.model
    visible = sa.select(model.id).where(model.id == record_id, predicate(ctx, definition, "read", model))
    if not 0 < record_id < 2**63 or ctx.session.scalar(visible, execution_options=KERNEL) is None:
        raise NotFound()
    return of_visible(ctx, definition.key, record_id, before, limit)


def of_visible(
    ctx: Ctx, entity: str, record_id: int, before: int | None = None, limit: int = 50, *, recorded: bool = False
) -> list[HistoryEntry]:
    """Return what :func:`entries` returns, of a record that the caller has found visible already.

    With ``recorded`` only what timelines show (KN-20).
    """
    where = [*([ChangeRow.recorded] if recorded else []), *([ChangeRow.id < before] if before is not None else [])]
    return _select(ctx, entity, [ChangeRow.id.in_(_newest(entity, record_id, where, min(limit, 500)))], None, limit)


def _newest(entity: str, record_id: int, where: Sequence[Any], limit: int) -> Any:
    """Return the select of a record's newest lines, and of those of the records that became part of it."""
    own = sa.select(ChangeRow.id).where(ChangeRow.entity == entity, ChangeRow.record_id == record_id, *where)
    merged = (
        sa.select(ChangeRow.id)
        .join(Merged, (Merged.entity == ChangeRow.entity) & (Merged.record_id == ChangeRow.record_id))
        .where(Merged.entity == entity, Merged.survivor_id == record_id, ChangeRow.action != "delete", *where)
    )
    parts = (part.order_by(ChangeRow.id.desc()).limit(limit).subquery() for part in (own, merged))
    return sa.union_all(*(sa.select(part.c.id) for part in parts))


def part_of(entity: str, record_id: int) -> Any:
    """Return the select of the ids of a record and of those that became part of it."""
    merged = sa.select(Merged.record_id).where(Merged.entity == entity, Merged.survivor_id == record_id)
    return sa.union_all(sa.select(sa.literal(record_id, Identifier)), merged)


def recent(ctx: Ctx, entity: str, *, limit: int = 20) -> list[HistoryEntry]:
    """Return the newest changes of an entity's records that the actor may see."""
    definition = ctx.registry.entity(entity)
    model = definition.model
    visible = sa.select(model.id).where(predicate(ctx, definition, "read", model))
    newest = sa.select(ChangeRow.id).where(ChangeRow.entity == definition.key).order_by(ChangeRow.id.desc()).limit(500)
    return _select(ctx, definition.key, [ChangeRow.id.in_(newest), ChangeRow.record_id.in_(visible)], None, limit)


def deletions(ctx: Ctx, *, everyone: bool = False, before: int | None = None, limit: int = 50) -> list[HistoryEntry]:
    """Return the deletions the actor made (an administrator: everybody's), newest first, of records still gone."""
    last = (ChangeRow.action == "delete") | ((ChangeRow.action == "undo") & (ChangeRow.effect == "delete"))
    query = sa.select(ChangeRow).where(last, _gone(ctx))
    if not (everyone and ctx.actor.is_admin):
        query = query.where(ChangeRow.actor_id == ctx.actor.id)
    if before is not None:
        query = query.where(ChangeRow.id < before)
    if (since := undoable_since(ctx)) is not None:
        query = query.where(ChangeRow.at >= since)
    rows = ctx.session.scalars(query.order_by(ChangeRow.id.desc()).limit(limit), execution_options=KERNEL)
    entries = [_entry(ctx, row.entity, row, {}) for row in rows]
    return [replace(e, title=words_of(ctx, e.entity)(e.title), changes=()) for e in entries]


def _gone(ctx: Ctx) -> Any:
    """Return the condition that the record of a line of history is not there any more, and its module is on."""
    parts = []
    for entity in ctx.registry.entities.values():
        there = sa.select(sa.literal(1)).where(entity.model.id == ChangeRow.record_id).correlate(ChangeRow).exists()
        parts.append((ChangeRow.entity == entity.key) & ~there)
    return sa.or_(*parts) if parts else sa.false()


def _select(ctx: Ctx, entity: str, where: list[Any], before: int | None, limit: int) -> list[HistoryEntry]:
    query = sa.select(ChangeRow).where(ChangeRow.entity == entity, *where)
    if before is not None:
        query = query.where(ChangeRow.id < before)
    rows = ctx.session.scalars(
        query.order_by(ChangeRow.id.desc()).limit(min(limit, 500)), execution_options=KERNEL
    ).all()
    titles, words = _link_titles(ctx, entity, [r.diff or {} for r in rows]), words_of(ctx, entity)
    return [replace(_entry(ctx, entity, r, titles), title=words(r.title)) for r in rows]


def _entry(ctx: Ctx, entity: str, found: ChangeRow, titles: Mapping[tuple[str, int], str]) -> HistoryEntry:
    changes = (*_in_words(ctx, entity, found.diff or {}, titles), *sharing_in_words(ctx, found.kept))
    named = (found.kept or {}).get("event") or VERBS.get(found.action, found.action)
    verb, effect = gettext(named), effect_of(found)
    return HistoryEntry(
        found.id, found.at, found.actor, found.actor_id, found.action, verb, changes, found.operation,
        found.via, found.note, found.title, found.entity, found.record_id, effect, found.batch_id, found.undoes_id,
        may_undo(ctx, found.actor_id) and bool(effect) and (effect != "update" or bool(changes))
        and not is_too_old(ctx, found.at) and not is_erased(found),
    )  # fmt: skip


def in_words(ctx: Ctx, entity: str, diffs: Sequence[Mapping[str, Any]]) -> list[tuple[FieldChange, ...]]:
    """Return changes of fields, ``[old, new]`` by key, as the actor may read them; one statement a linked entity."""
    titles = _link_titles(ctx, entity, diffs)
    return [_in_words(ctx, entity, diff, titles) for diff in diffs]


def sharing_in_words(ctx: Ctx, kept: Mapping[str, Any] | None) -> tuple[FieldChange, ...]:
    """Return whom a record was shared with by hand before and after, where a line of history kept it."""
    if not kept or SHARING not in kept:
        return ()
    old, new = (", ".join(_person(ctx, principal, write) for principal, write in people) for people in kept[SHARING])
    return (FieldChange(SHARING, gettext(N_("Shared with")), old, new),)


def _person(ctx: Ctx, principal: int, write: bool) -> str:
    """Return the name of a user or a team, and that it may write."""
    kind, number = principal_of(principal)
    found: Any = ctx.directory.team(number) if kind == "team" else ctx.directory.user(number)
    name = found.name if found is not None else f"#{number}"
    return gettext(N_("%(name)s (may change)"), name=name) if write else name


def _in_words(
    ctx: Ctx, entity: str, diff: Mapping[str, Any], titles: Mapping[tuple[str, int], str]
) -> tuple[FieldChange, ...]:
    fields, mask = ctx.registry.fields(entity), readable(ctx, entity)
    changes = []
    for key, (old, new) in diff.items():
        field = fields.get(key)
        if field is None:
            if ctx.actor.is_admin:
                changes.append(FieldChange(key, key, _plain(old), _plain(new)))
        elif key in mask:
            changes.append(
                FieldChange(key, field.title(), _words(ctx, field, old, titles), _words(ctx, field, new, titles))
            )
    return tuple(changes)


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def _words(ctx: Ctx, field: FieldDef, value: Any, titles: Mapping[tuple[str, int], str]) -> str:
    if value is None:
        return ""
    if isinstance(field.type, Link) and field.type.target != "core.user":
        ids = value if isinstance(value, list) else [value]
        return ", ".join(titles.get((field.type.target, i), "…") for i in ids)
    loaded = [field.type.load(v) for v in value] if field.type.multiple and isinstance(value, list) else value
    if not field.type.multiple and field.storage != "lines":
        loaded = field.type.load(value)
    return field.type.show(loaded, ctx)


def _link_titles(ctx: Ctx, entity: str, diffs: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], str]:
    """Return the titles of linked records the actor may see, one statement a target entity."""
    wanted: dict[str, set[int]] = {}
    fields = ctx.registry.fields(entity)
    for diff in diffs:
        for key, pair in diff.items():
            field = fields.get(key)
            if field is None or not isinstance(field.type, Link) or field.type.target == "core.user":
                continue
            for value in pair:
                linked = value if isinstance(value, list) else [value]
                wanted.setdefault(field.type.target, set()).update(i for i in linked if isinstance(i, int))
    titles: dict[tuple[str, int], str] = {}
    for target, ids in wanted.items():
        try:
            definition = ctx.registry.entity(target)
        except NotFound:
            continue
        model = definition.model
        title = getattr(model, definition.title)
        query = sa.select(model.id, title).where(model.id.in_(ids), predicate(ctx, definition, "read", model))
        words = words_of(ctx, definition.key)
        titles.update({(target, i): words(t) for i, t in ctx.session.execute(query, execution_options=KERNEL)})
    return titles
