"""What one or several lines of history did to a record in sum."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm_core.db import KERNEL
from crm_core.history import effect_of
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


def others(ctx: Ctx, net: Net) -> list[Change]:
    """Return the record's lines of history since the first of these that are none of them, oldest first."""
    query = (
        sa.select(Change)
        .where(Change.entity == net.entity, Change.record_id == net.record_id, Change.id > net.first)
        .order_by(Change.id)
    )
    own = {row.id for row in net.rows}
    return [row for row in ctx.session.scalars(query, execution_options=KERNEL) if row.id not in own]


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
    by_record: dict[tuple[str, int], list[Change]] = {(h.entity, h.record_id): [] for h in heads}
    for entity in {h.entity for h in heads}:
        ids = [h.record_id for h in heads if h.entity == entity]
        all_rows = sa.select(Change).where(
            Change.entity == entity, Change.record_id.in_(ids), Change.batch_id == batch_id
        )
        for row in ctx.session.scalars(all_rows.order_by(Change.id), execution_options=KERNEL):
            by_record[(entity, row.record_id)].append(row)
    return [net_of(by_record[(h.entity, h.record_id)]) for h in heads]
