"""What one or several lines of history did to a record in sum."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm_core.db import KERNEL
from crm_core.history import SHARING, effect_of
from crm_core.models import Change

if TYPE_CHECKING:
    from crm_core.context import Ctx


@dataclass(frozen=True)
class Net:
    """The sum of lines of history of one record: ``diff`` from what was before the first to what was after the last."""

    entity: str
    record_id: int
    title: str
    effect: str
    diff: Mapping[str, Any]
    rows: Sequence[Change]
    kept: Mapping[str, Any] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """Return the id of the oldest line."""
        return self.rows[0].id

    @property
    def last(self) -> int:
        """Return the id of the newest line."""
        return self.rows[-1].id

    @property
    def sharing(self) -> tuple[dict[int, bool], dict[int, bool]] | None:
        """Return whom the record was shared with by hand before and after, ``None`` where that was not changed."""
        kept = [row.kept[SHARING] for row in self.rows if row.kept and SHARING in row.kept]
        if not kept or kept[0][0] == kept[-1][1]:
            return None
        return dict(kept[0][0]), dict(kept[-1][1])

    @property
    def actor_id(self) -> int | None:
        """Return who made the newest change."""
        return self.rows[-1].actor_id

    @property
    def actor(self) -> str:
        """Return the name of who made the newest change."""
        return self.rows[-1].actor

    @property
    def at(self) -> dt.datetime:
        """Return when the newest change was made."""
        return self.rows[-1].at


def net_of(rows: Sequence[Change]) -> Net:
    """Return the sum of a record's lines of history, oldest first."""
    first, last = effect_of(rows[0]), effect_of(rows[-1])
    effect = "" if first == "create" and last == "delete" else "create" if first == "create" else last
    found = Net(
        rows[-1].entity, rows[-1].record_id, rows[-1].title, effect, merged(rows), rows, rows[-1].kept or {}
    )  # fmt: skip
    return found


def merged(rows: Sequence[Change]) -> dict[str, Any]:
    """Return ``[old, new]`` by field over several lines; what came back to where it was is left out."""
    found: dict[str, Any] = {}
    for row in rows:
        for key, (old, new) in (row.diff or {}).items():
            found[key] = [found[key][0] if key in found else old, new]
    return {key: pair for key, pair in found.items() if pair[0] != pair[1]}


def others_of(ctx: Ctx, nets: Sequence[Net]) -> list[list[Change]]:
    """Return, for nets of one entity, the records' lines of history since the first of theirs that are none of them.

    One statement; oldest first.
    """
    if not nets:
        return []
    ids, oldest = [net.record_id for net in nets], min(net.first for net in nets)
    query = sa.select(Change).where(Change.entity == nets[0].entity, Change.record_id.in_(ids), Change.id > oldest)
    by_record: dict[int, list[Change]] = defaultdict(list)
    for row in ctx.session.scalars(query.order_by(Change.id), execution_options=KERNEL):
        by_record[row.record_id].append(row)
    own = {row.id for net in nets for row in net.rows}
    return [[row for row in by_record[n.record_id] if row.id > n.first and row.id not in own] for n in nets]


def nets_of_batch(ctx: Ctx, batch_id: int, before: int | None, limit: int) -> list[Net]:
    """Return what a batch did, record by record, the one changed last first.

    ``before`` is the newest line of the record the page before ended with.
    """
    later = aliased(Change)
    newest = ~sa.exists().where(
        later.entity == Change.entity, later.record_id == Change.record_id, later.id > Change.id,
        later.batch_id == batch_id,
    )  # fmt: skip
    query = sa.select(Change).where(Change.batch_id == batch_id, newest).order_by(Change.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Change.id < before)
    heads = ctx.session.scalars(query, execution_options=KERNEL).all()
    return nets_of(ctx, batch_id, [(head.entity, head.record_id) for head in heads])


def nets_of(ctx: Ctx, batch_id: int, keys: Sequence[tuple[str, int]]) -> list[Net]:
    """Return what a batch did to some of its records, in their order; one statement an entity."""
    by_record: dict[tuple[str, int], list[Change]] = {key: [] for key in keys}
    for entity in {entity for entity, _ in keys}:
        ids = [number for key, number in keys if key == entity]
        rows = sa.select(Change).where(Change.entity == entity, Change.record_id.in_(ids), Change.batch_id == batch_id)
        for row in ctx.session.scalars(rows.order_by(Change.id), execution_options=KERNEL):
            by_record[entity, row.record_id].append(row)
    return [net_of(by_record[key]) for key in keys]
