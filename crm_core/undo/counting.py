"""How many records of a batch would go back, as far as the history tells: one statement whatever the size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm_core.access import predicate
from crm_core.db import KERNEL
from crm_core.db.jsonkeys import has_key, item_of, keys_of
from crm_core.history import EFFECTS
from crm_core.models import Change

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import EntityDef

BACK, PART, CHANGED, GONE, OFF = "back", "part", "changed", "gone", "off"
"""It goes back; a part of it, the rest was changed since; all of it was changed since; it is not there any more, or
there again; its module is off."""


@dataclass(frozen=True)
class State:
    """How a record stands."""

    entity: str
    record_id: int
    state: str


class Counting:
    """The records of a batch that the actor may know of, each with how it stands."""

    def __init__(self, ctx: Ctx, batch_id: int) -> None:
        """Put the statement together; the kinds of record are asked for first."""
        self.ctx, self.batch_id, self.dialect = ctx, batch_id, ctx.database.dialect
        query = sa.select(Change.entity).where(Change.batch_id == batch_id).distinct()
        found = sorted(ctx.session.scalars(query, execution_options=KERNEL))
        lines = (
            sa.select(
                Change.entity, Change.record_id, sa.func.min(Change.id).label("first"),
                sa.func.max(Change.id).label("last"),
            )
            .where(Change.batch_id == batch_id).group_by(Change.entity, Change.record_id)
        ).subquery("lines")  # fmt: skip
        self.first, self.last, self.lines = aliased(Change), aliased(Change), lines
        self.source = sa.join(lines, self.first, self.first.id == lines.c.first).join(
            self.last, self.last.id == lines.c.last
        )
        self.parts = [self._part(entity) for entity in found]

    def counts(self) -> dict[str, int]:
        """Return how many records there are in each state."""
        if not self.parts:
            return {}
        states = sa.union_all(*self.parts).subquery()
        query = sa.select(states.c.state, sa.func.count()).group_by(states.c.state)
        return {state: count for state, count in self.ctx.session.execute(query, execution_options=KERNEL) if state}

    def page(self, limit: int) -> list[State]:
        """Return some records, those that can't wholly go back first, of each kind the one changed last first."""
        if not self.parts:
            return []
        states = sa.union_all(*self.parts).subquery()
        query = sa.select(states.c.entity, states.c.record_id, states.c.state).where(states.c.state != "")
        query = query.order_by(sa.case((states.c.state == BACK, 1), else_=0), states.c.last.desc()).limit(limit)
        return [State(*row) for row in self.ctx.session.execute(query, execution_options=KERNEL)]

    def _part(self, entity: str) -> Any:
        lines, definition = self.lines, self.ctx.registry.entities.get(entity)
        known = self.first.actor_id == self.ctx.actor.id, self.last.actor_id == self.ctx.actor.id
        if definition is None:
            state, visible = sa.literal(OFF), sa.or_(*known)
        else:
            state, visible = self._state(definition), sa.or_(*known, self._visible(definition))
        query = sa.select(lines.c.entity, lines.c.record_id, lines.c.last, state.label("state"))
        return query.select_from(self.source).where(lines.c.entity == entity, visible)

    def _there(self, definition: EntityDef, *where: Any) -> Any:
        model = definition.model
        found = sa.select(sa.literal(1)).where(model.id == self.lines.c.record_id, *where)
        return found.correlate(self.lines, self.first, self.last).exists()

    def _visible(self, definition: EntityDef) -> Any:
        seen = self._there(definition, predicate(self.ctx, definition, "read", definition.model))
        return sa.or_(seen, ~self._there(definition))

    def _state(self, definition: EntityDef) -> Any:
        """Return the SQL of how a record stands; nothing where the batch did nothing to it in sum."""
        first, last = _effect(self.first), _effect(self.last)
        there = self._there(definition)
        other = self._other()
        touched = sa.select(sa.literal(1)).where(*other.where, _effect(other.row) == "update")
        return sa.case(
            (sa.and_(first == "create", last == "delete"), ""),
            (sa.and_(first != "create", last == "delete"), sa.case((there, GONE), else_=BACK)),
            (~there, GONE),
            (first == "create", sa.case((self._outer(touched).exists(), CHANGED), else_=BACK)),
            (last == "update", self._values()),
            else_="",
        )

    def _other(self) -> _Other:
        row = aliased(Change)
        return _Other(row, (
            row.entity == self.lines.c.entity, row.record_id == self.lines.c.record_id, row.id > self.lines.c.first,
            row.batch_id.is_distinct_from(self.batch_id),
        ))  # fmt: skip

    def _outer(self, query: Any) -> Any:
        return query.correlate(self.lines, self.first, self.last)

    def _values(self) -> Any:
        """Return how a changed record stands: a field counts as changed when somebody left it with another value."""
        some = self._outer(sa.select(sa.literal(1)).where(*self._other().where)).exists()
        key = keys_of(self.dialect, self.last.diff)
        moved = sa.select(sa.literal(1)).select_from(key)
        changed, same = (self._outer(moved.where(w)).exists() for w in (self._left(key), ~self._left(key)))
        return sa.case((~some, BACK), (~changed, BACK), (same, PART), else_=CHANGED)

    def _left(self, key: Any) -> Any:
        """Return the condition that the newest other change of a field left another value than the batch did."""
        other, newer = self._other(), self._other()
        own = item_of(self.dialect, self.last.diff, key.c.key, 1)
        later = sa.select(sa.literal(1)).where(
            *newer.where, newer.row.id > other.row.id, has_key(self.dialect, newer.row.diff, key.c.key)
        )
        left = sa.select(sa.literal(1)).where(
            *other.where,
            has_key(self.dialect, other.row.diff, key.c.key),
            item_of(self.dialect, other.row.diff, key.c.key, 1).is_distinct_from(own),
            ~later.correlate(self.lines, self.first, self.last, other.row, key).exists(),
        )
        return left.correlate(self.lines, self.first, self.last, key).exists()


@dataclass(frozen=True)
class _Other:
    """A line of history of the record since the batch's first that is none of the batch's."""

    row: Any
    where: Sequence[Any]


def _effect(row: Any) -> Any:
    """Return the SQL of what a line of history did to its record."""
    return sa.case((row.effect != "", row.effect), *((row.action == a, e) for a, e in EFFECTS.items()), else_="")
