"""The groups a scan found, as the actor sees them now: with what differs, without what was found to be two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from crm_core.access import predicate, readable, require
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.duplicates.scanning import find, spec_of
from crm_core.errors import Invalid, NotFound, Problem
from crm_core.fieldtypes import File, Lines
from crm_core.i18n import N_
from crm_core.models import DuplicateMember, DuplicateScan, NotDuplicate
from crm_core.records.reading import find_many
from crm_core.records.rows import Row, plan_rows

if TYPE_CHECKING:
    from crm_core.context import Ctx

SHOWN = 20
"""Records of a group that are read; the others are counted."""
MAX_APART, COLUMNS = 50, 8
_WINDOW = 200
_APART = frozenset({"owner", "team", "visibility", "created_at", "created_by", "updated_at", "updated_by"})
"""Fields in which records differ without that meaning anything."""


@dataclass(frozen=True)
class Group:
    """Records that look the same: the first ones as the actor reads them, and how many there are in all."""

    number: int
    rows: tuple[Row, ...]
    size: int
    differing: frozenset[str]
    """Keys of the shown fields in which records differ."""

    @property
    def ids(self) -> list[int]:
        """Return the ids of the records read."""
        return [row.id for row in self.rows]


@dataclass(frozen=True)
class Found:
    """A page of groups; ``next`` is where the next page starts."""

    scan: DuplicateScan
    fields: tuple[FieldDef, ...]
    groups: tuple[Group, ...]
    next: int | None


def page(ctx: Ctx, scan_id: int, entity: str = "", *, after: int = 0, limit: int = 20) -> Found:
    """Return groups of a scan that still have two records the actor sees; those he has found to be two are left out.

    Raises:
        NotFound: there is no such scan of the actor's.
        Forbidden: the actor may read none of the records any more.
    """
    scan = find(ctx, scan_id, entity)
    definition, _, _ = spec_of(ctx, scan)
    require(ctx, definition.key, "read")
    found: list[tuple[int, list[int]]] = []
    start, more = after, True
    while len(found) <= limit and more:
        found += _open(ctx, definition, _members(ctx, definition, scan.id, start))
        start += _WINDOW
        more = start < scan.groups
    chosen = found[:limit]
    fields = _readable(ctx, definition)
    rows = _rows(ctx, definition, fields, [i for _, ids in chosen for i in ids[:SHOWN]])
    groups = tuple(_group(fields, number, ids, rows) for number, ids in chosen)
    shown = _shown(ctx, definition, scan, groups)
    return Found(scan, shown, groups, chosen[-1][0] if len(found) > limit else None)


def _readable(ctx: Ctx, definition: EntityDef) -> list[FieldDef]:
    mask = readable(ctx, definition.key)
    fields = ctx.registry.fields(definition.key).values()
    return [
        f for f in fields
        if f.key in mask and f.storage != "computed" and not f.hidden and not isinstance(f.type, File)
    ]  # fmt: skip


def _shown(
    ctx: Ctx, definition: EntityDef, scan: DuplicateScan, groups: Sequence[Group]
) -> tuple[FieldDef, ...]:  # fmt: skip
    """Return the fields groups are shown by: those that were compared, those that differ, then the list's columns."""
    known = {f.key: f for f in _readable(ctx, definition)}
    paths = (p.strip().partition(":")[0] for text in scan.spec["on"] for p in text.split(","))
    compared = [path if path in known else path.partition(".")[0] for path in paths]
    own = [f.key for f in known.values() if not f.readonly and f.key not in _APART]
    differing = [key for key in own if any(key in group.differing for group in groups)]
    wanted = [definition.title, *compared, *differing, *ctx.registry.view(definition.key).columns]
    keys = [k for k in dict.fromkeys(wanted) if k in known][:COLUMNS]
    return tuple(known[k] for k in dict.fromkeys([*keys, "updated_at"]) if k in known)


def _members(ctx: Ctx, definition: EntityDef, scan_id: int, after: int) -> list[tuple[int, list[int]]]:
    """Return the next groups with the ids of those records that are there for the actor."""
    model = definition.model
    query = (
        sa.select(DuplicateMember.group_no, DuplicateMember.record_id)
        .join(model, model.id == DuplicateMember.record_id)
        .where(
            DuplicateMember.scan_id == scan_id, DuplicateMember.group_no > after,
            DuplicateMember.group_no <= after + _WINDOW, predicate(ctx, definition, "read", model),
        )
        .order_by(DuplicateMember.group_no, DuplicateMember.record_id)
    )  # fmt: skip
    rows = ctx.session.execute(query, execution_options=KERNEL)
    return [(number, [r for _, r in found]) for number, found in groupby(rows, key=lambda row: row[0])]


def _open(ctx: Ctx, definition: EntityDef, groups: Sequence[tuple[int, list[int]]]) -> list[tuple[int, list[int]]]:
    """Leave out groups with one record, and those of which every pair was found to be two."""
    several = [(number, ids) for number, ids in groups if len(ids) > 1]
    small = {i for _, ids in several if len(ids) <= MAX_APART for i in ids}
    if not small:
        return several
    query = sa.select(NotDuplicate.low_id, NotDuplicate.high_id).where(
        NotDuplicate.entity == definition.key, NotDuplicate.low_id.in_(small)
    )
    apart = {(low, high) for low, high in ctx.session.execute(query, execution_options=KERNEL)}
    return [
        (number, ids) for number, ids in several
        if len(ids) > MAX_APART or not all(pair in apart for pair in combinations(sorted(ids), 2))
    ]  # fmt: skip


def _rows(ctx: Ctx, definition: EntityDef, fields: Sequence[FieldDef], ids: Sequence[int]) -> dict[int, Row]:
    if not ids:
        return {}
    model = definition.model
    plan = plan_rows(ctx, definition, model, fields, editable=True)
    query = sa.select(*plan.columns).where(model.id.in_(ids))
    return {row.id: row for row in (plan.row(raw) for raw in ctx.session.execute(query, execution_options=KERNEL))}


def _group(fields: Sequence[FieldDef], number: int, ids: Sequence[int], rows: Mapping[int, Row]) -> Group:
    found = tuple(rows[i] for i in ids[:SHOWN] if i in rows)
    differing = frozenset(f.key for f in fields if len({_plain(f, row.values.get(f.key)) for row in found}) > 1)
    return Group(number, found, len(ids), differing)


def _plain(field: FieldDef, value: Any) -> str:
    if isinstance(field.type, Lines):
        value = [{k: v for k, v in line.items() if k != "id"} for line in value or ()]
    return "" if value in (None, [], False) else str(value)


# ---------------------------------------------------------------- found to be two


def keep_apart(ctx: Ctx, entity: str, ids: Sequence[int]) -> int:
    """Remember that records are no duplicates of each other; return how many pairs that were.

    Raises:
        Forbidden: the actor may change none of the kind.
        Invalid: fewer than two records, or too many.
        NotFound: one is not there for the actor.
    """
    definition, wanted = _checked(ctx, entity, ids)
    pairs = list(combinations(wanted, 2))
    rows = [{"entity": definition.key, "low_id": low, "high_id": high, "user_id": ctx.actor.id, "at": ctx.now}
            for low, high in pairs]  # fmt: skip
    insert = (sqlite if ctx.database.is_sqlite else postgresql).insert(NotDuplicate)
    ctx.session.execute(insert.on_conflict_do_nothing(), rows, execution_options=KERNEL)
    return len(pairs)


def forget_apart(ctx: Ctx, entity: str, ids: Sequence[int]) -> int:
    """Forget that records are no duplicates; return how many pairs that were.

    Raises:
        Forbidden, Invalid, NotFound: as :func:`keep_apart`.
    """
    definition, wanted = _checked(ctx, entity, ids)
    gone = sa.delete(NotDuplicate).where(
        NotDuplicate.entity == definition.key, NotDuplicate.low_id.in_(wanted), NotDuplicate.high_id.in_(wanted)
    )
    done: Any = ctx.session.execute(gone, execution_options={**KERNEL, "synchronize_session": False})
    return int(done.rowcount)


def _checked(ctx: Ctx, entity: str, ids: Sequence[int]) -> tuple[EntityDef, list[int]]:
    definition = ctx.registry.entity(entity)
    require(ctx, definition.key, "update")
    wanted = sorted(set(ids))
    if not 2 <= len(wanted) <= MAX_APART:
        message = N_("Give from 2 to %(limit)s records")
        raise Invalid([Problem("ids", "count", message, {"limit": MAX_APART})])
    there = find_many(ctx, definition, wanted)
    if missing := [i for i in wanted if i not in there]:
        message = N_("Record %(id)s does not exist, or you may not see it")
        raise NotFound(message, params={"id": missing[0]}, field="ids")
    return definition, wanted
