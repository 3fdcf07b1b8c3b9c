"""History: who changed what, kept as text for ever, shown through the reader's masks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access.masks import readable
from crm_core.access.scope import predicate
from crm_core.contributions import FieldDef
from crm_core.db import KERNEL
from crm_core.errors import NotFound
from crm_core.fieldtypes import Link
from crm_core.i18n import N_, gettext
from crm_core.models import Change as ChangeRow

if TYPE_CHECKING:
    from crm_core.context import Ctx

VERBS: Mapping[str, str] = {
    "create": N_("created"),
    "update": N_("changed"),
    "delete": N_("deleted"),
    "import": N_("imported"),
    "system": N_("acted without limits"),
}


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


def note(
    ctx: Ctx,
    entity: str,
    record_id: int,
    title: str,
    action: str,
    diff: Mapping[str, Any] | None = None,
    note: str = "",
) -> None:
    """Write one line of history in the operation's transaction."""
    values = row(ctx, entity, record_id, title, action, diff, note)
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
    return {
        "at": ctx.now, "operation": ctx.operation_id, "actor_id": ctx.actor.id, "actor": ctx.actor.name[:120],
        "via": ctx.actor.via, "entity": entity, "record_id": record_id, "title": title[:200], "action": action,
        "diff": dict(diff) if diff else None, "note": note[:500],
    }  # fmt: skip


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
    return _select(ctx, definition.key, [ChangeRow.record_id == record_id], before, limit)


def recent(ctx: Ctx, entity: str, *, limit: int = 20) -> list[HistoryEntry]:
    """Return the newest changes of an entity's records that the actor may see."""
    definition = ctx.registry.entity(entity)
    model = definition.model
    visible = sa.select(model.id).where(predicate(ctx, definition, "read", model))
    newest = sa.select(ChangeRow.id).where(ChangeRow.entity == definition.key).order_by(ChangeRow.id.desc()).limit(500)
    return _select(ctx, definition.key, [ChangeRow.id.in_(newest), ChangeRow.record_id.in_(visible)], None, limit)


def _select(ctx: Ctx, entity: str, where: list[Any], before: int | None, limit: int) -> list[HistoryEntry]:
    query = sa.select(ChangeRow).where(ChangeRow.entity == entity, *where)
    if before is not None:
        query = query.where(ChangeRow.id < before)
    rows = ctx.session.scalars(
        query.order_by(ChangeRow.id.desc()).limit(min(limit, 500)), execution_options=KERNEL
    ).all()
    titles = _link_titles(ctx, entity, rows)
    return [_entry(ctx, entity, r, titles) for r in rows]


def _entry(ctx: Ctx, entity: str, found: ChangeRow, titles: Mapping[tuple[str, int], str]) -> HistoryEntry:
    fields, mask = ctx.registry.fields(entity), readable(ctx, entity)
    changes = []
    for key, (old, new) in (found.diff or {}).items():
        field = fields.get(key)
        if field is None:
            if ctx.actor.is_admin:
                changes.append(FieldChange(key, key, _plain(old), _plain(new)))
        elif key in mask:
            changes.append(
                FieldChange(key, field.title(), _words(ctx, field, old, titles), _words(ctx, field, new, titles))
            )
    verb = gettext(VERBS.get(found.action, found.action))
    return HistoryEntry(
        found.id, found.at, found.actor, found.actor_id, found.action, verb, tuple(changes), found.operation,
        found.via, found.note, found.title, found.entity, found.record_id,
    )  # fmt: skip


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


def _link_titles(ctx: Ctx, entity: str, rows: Any) -> dict[tuple[str, int], str]:
    """Return the titles of linked records the actor may see, one statement a target entity."""
    wanted: dict[str, set[int]] = {}
    fields = ctx.registry.fields(entity)
    for found in rows:
        for key, pair in (found.diff or {}).items():
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
        titles.update({(target, i): t or "" for i, t in ctx.session.execute(query, execution_options=KERNEL)})
    return titles
