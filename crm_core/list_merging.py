"""One entry of a reference list becomes another: the records, the kept filters and the defaults that name it follow.

Set by set, not record by record: the hooks of modules are not asked and nobody is notified, as in an import, but each
record's history tells, and the whole can be undone as one batch. What names the entry elsewhere (texts of modules,
addresses, files to import) goes on meaning the other: the entry stays as a former name of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import batches, history, jobs, list_moving, stored_filters
from crm_core.contributions import FieldDef
from crm_core.db import KERNEL
from crm_core.directory import touch
from crm_core.errors import Conflict, Forbidden, NotFound
from crm_core.fieldtypes import Choice
from crm_core.i18n import N_, gettext
from crm_core.list_rules import check_merge
from crm_core.list_usage import Place, comments_of, count, places
from crm_core.models import Batch, Change, CustomField, ListEntry, SettingRow
from crm_core.settings import definitions
from crm_core.stored_filters import Exchange, Found

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.directory import ListEntryView

JOB = "core.list_merges"
"""The job that looks once more for records of merged entries: somebody may have saved one in the same moment."""
_SOON = dt.timedelta(seconds=10)


@dataclass(frozen=True)
class Use:
    """How many records hold the entry in a field."""

    place: Place
    records: int


@dataclass(frozen=True)
class Plan:
    """What a merge changes; ``batch_id`` is what it is undone by, once it is done."""

    source: ListEntryView
    target: ListEntryView
    uses: tuple[Use, ...]
    comments: int
    named: tuple[Found, ...]
    """Kept filters and defaults that name the entry."""
    below: int
    """Entries that stand below it and will stand below the other."""
    batch_id: int | None = None

    @property
    def records(self) -> int:
        """Return how many records change; one that changes in two fields counts twice."""
        return sum(use.records for use in self.uses)


def plan(ctx: Ctx, source_id: int, target_id: int) -> Plan:
    """Return what :func:`merge` would change.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: one of the entries is not there.
        Invalid: they are the same, or of two lists.
        Conflict: the entry can't go: of a fixed list, needed by a module, or the last active one.
    """
    source, target = check_merge(ctx, source_id, target_id)
    exchange = _exchange(ctx, source, target)
    uses = (Use(place, count(ctx, place.holding(source))) for place in places(ctx, source.list))
    below = sa.select(ListEntry.id).where(ListEntry.list == source.list, ListEntry.parent == source.code)
    return Plan(
        source, target, tuple(use for use in uses if use.records), comments_of(ctx, source),
        (*stored_filters.naming(ctx, exchange), *_defaults(ctx, exchange)), count(ctx, below),
    )  # fmt: skip


def merge(ctx: Ctx, source_id: int, target_id: int) -> Plan:
    """Make one entry another in the operation's transaction; return what was changed.

    Raises:
        Forbidden, NotFound, Invalid, Conflict: as :func:`plan`.
    """
    rows = _locked(ctx, source_id, target_id)
    found = plan(ctx, source_id, target_id)
    label = f"{found.source.title()} → {found.target.title()}"
    inside = batches.begin(replace(ctx, batch_id=None), batches.MERGE, found.source.list, label, source_id=source_id)
    for use in found.uses:
        list_moving.move(inside, use.place, found.source, found.target)
    kept = stored_filters.rewrite(ctx, [*found.named, *_entries(ctx, rows[source_id], rows[target_id])])
    size = count(ctx, sa.select(Change.id).where(Change.batch_id == inside.batch_id))
    batches.update(ctx, inside.batch_id, {"size": size})
    diff = {"merged_into": [None, found.target.code]}
    title = f"{found.source.list} {found.source.code}"
    history.note(ctx, "core.list", source_id, title, "merge", diff, kept={"rewritten": kept})
    touch(ctx.session)
    jobs.enqueue(ctx, JOB, {"list": found.source.list}, run_at=ctx.now + _SOON)
    return replace(found, batch_id=inside.batch_id)


def _locked(ctx: Ctx, *ids: int) -> dict[int, ListEntry]:
    """Return the rows of entries that nobody else merges meanwhile."""
    query = sa.select(ListEntry).where(ListEntry.id.in_(ids)).order_by(ListEntry.id).with_for_update()
    rows = ctx.session.scalars(query, execution_options={**KERNEL, "populate_existing": True}).all()
    if any(row.merged_into for row in rows):
        raise NotFound(N_("There is no such entry"))
    return {row.id: row for row in rows}


def _exchange(ctx: Ctx, source: ListEntryView, target: ListEntryView) -> Exchange:
    """Return what puts the target where a value means the source, by code or by label."""

    def exchange(field: FieldDef, value: Any) -> Any:
        if not isinstance(field.type, Choice) or field.type.list != source.list or not isinstance(value, str):
            return value
        meant = ctx.directory.find_entry(source.list, value)
        return target.code if meant is not None and meant.id == source.id else value

    return exchange


def _defaults(ctx: Ctx, exchange: Exchange) -> Iterator[Found]:
    """Yield the defaults of own fields and the settings that name the entry."""
    query = sa.select(CustomField).where(CustomField.default.is_not(None)).order_by(CustomField.id)
    known = definitions(ctx)
    for row in ctx.session.scalars(query, execution_options=KERNEL):
        fields = ctx.registry.fields(row.entity) if row.entity in ctx.registry.entities else {}
        field = fields.get(f"cf.{row.key}")
        if field is not None and (new := _of_value(field, row.default, exchange)) != row.default:
            yield Found("field", field.title(), row, "default", new)
    for setting in ctx.session.scalars(sa.select(SettingRow).order_by(SettingRow.key), execution_options=KERNEL):
        definition = known.get(setting.key)
        if definition is None or not isinstance(definition.type, Choice):
            continue
        field = FieldDef(entity="core.setting", key=setting.key, type=definition.type, label=definition.label)
        if (new := _of_value(field, setting.value, exchange)) != setting.value:
            yield Found("setting", gettext(definition.label), setting, "value", new)


def _of_value(field: FieldDef, value: Any, exchange: Exchange) -> Any:
    if isinstance(value, list):
        return list(dict.fromkeys(exchange(field, item) for item in value))
    return exchange(field, value)


def _entries(ctx: Ctx, source: ListEntry, target: ListEntry) -> Iterator[Found]:
    """Yield what changes in the list itself: the mark, who stands below whom, and what the entry became."""
    query = sa.select(ListEntry).where(ListEntry.list == source.list).order_by(ListEntry.id)
    every = {e.code: e for e in ctx.session.scalars(query, execution_options=KERNEL)}
    above, step = {target.code}, target
    while step.parent in every and step.parent not in above:
        step = every[step.parent]
        above.add(step.code)
    for entry in every.values():
        if entry.parent == source.code:
            yield Found("entry", "", entry, "parent", source.parent if entry.code in above else target.code)
        if entry.merged_into == source.code:
            yield Found("entry", "", entry, "merged_into", target.code)
    if source.role:
        yield Found("entry", "", target, "role", source.role)
        yield Found("entry", "", source, "role", "")
    yield Found("entry", "", source, "merged_into", target.code)


# ---------------------------------------------------------------- afterwards


def catch_up(ctx: Ctx, list_key: str = "") -> int:
    """Give what still holds merged entries what they became; return how many fields that were.

    Somebody may have saved a record while the entry was merged, or a module may have been off.
    """
    done = 0
    for key, merged in ctx.directory.merged.items():
        if list_key and key != list_key:
            continue
        for place in places(ctx, key):
            for entry in merged:
                target = ctx.directory.became(key, entry.code)
                if target is not None and count(ctx, place.holding(entry)):
                    list_moving.move(ctx, place, entry, target)
                    done += 1
    return done


def unmerge(ctx: Ctx, batch: Batch) -> None:
    """Put an entry that was merged into its list again, and the filters and defaults that named it.

    Raises:
        Forbidden: the actor is no administrator.
        Conflict: another entry has its label by now.
    """
    if not ctx.actor.is_admin:
        raise Forbidden(N_("Only administrators may change this list"))
    entry = ctx.session.get(ListEntry, batch.source_id, execution_options=KERNEL)
    if entry is None or not entry.merged_into:
        return
    view = ctx.directory.entry(entry.list, entry.code)
    labels = {label for e in ctx.directory.entries(entry.list) for label in e.label.values()}
    if labels & set(entry.label.values()):
        raise Conflict(N_("Another entry of this list has this label"))
    query = sa.select(Change.kept).where(
        Change.entity == "core.list", Change.record_id == entry.id, Change.action == "merge"
    )
    kept = ctx.session.scalar(query.order_by(Change.id.desc()).limit(1), execution_options=KERNEL) or {}
    stored_filters.put_back(ctx, kept.get("rewritten", []))
    diff = {"merged_into": [view.merged_into if view else None, None]}
    history.note(ctx, "core.list", entry.id, f"{entry.list} {entry.code}", "undo", diff)
    touch(ctx.session)


def as_unmerged(ctx: Ctx, batch: Batch) -> Ctx:
    """Return the operation as it is once the entry of a batch stands in its list again."""
    view = ctx.directory.entry_by_id(batch.source_id or 0)
    if view is None or not view.merged_into:
        return ctx
    directory = ctx.directory
    merged = {**directory.merged, view.list: tuple(e for e in directory.merged[view.list] if e.id != view.id)}
    lists = {**directory.lists, view.list: (*directory.entries(view.list), replace(view, merged_into=""))}
    return replace(ctx, directory=replace(directory, lists=lists, merged=merged, statements={}), cache={})
