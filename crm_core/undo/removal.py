"""What was made is deleted: unless it was changed since, somebody put something on it, or others link to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access import predicate, readable
from crm_core.change import Change
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.errors import Problem
from crm_core.fieldtypes import File
from crm_core.history import SHARING, effect_of
from crm_core.i18n import N_
from crm_core.models import Change as ChangeRow
from crm_core.models import Comment, StoredFile
from crm_core.records import checking, keeping
from crm_core.records.reading import values_of_many
from crm_core.titles import words_of
from crm_core.undo.net import Net, merged, others_of
from crm_core.undo.steps import Key, Sight, Step
from crm_core.undo.values import changed_since

if TYPE_CHECKING:
    from crm_core.context import Ctx

_SHOWN = 3


def remove(sight: Sight, nets: Sequence[Net]) -> Iterator[Step]:
    """Yield what deleting made records of one entity does; links to them are looked at by :func:`leave_linked`."""
    ctx, definition = sight.ctx, sight.definition
    words = words_of(ctx, definition.key)
    records = [sight.records[net.record_id] for net in nets]
    commented, filed = _attached(ctx, definition, sight.records)
    given = zip(nets, records, values_of_many(ctx, definition, records), others_of(ctx, nets), strict=True)
    for net, record, values, rows in given:
        title = words(net.title)
        if refusal := sight.refused(record.id):
            yield Step(net, title, problems=(refusal,))
            continue
        later = [row for row in rows if effect_of(row) == "update"]
        problems = [changed_since(ctx, None, later[-1])] if later and _changed(later) else []
        if record.id in commented:
            problems.append(Problem(None, "comments", N_("There are comments on it")))
        if record.id in filed:
            problems.append(Problem(None, "files", N_("Files were put on it")))
        written = Change(definition, "delete", record, {}, values)
        problems += checking.validated(ctx, written, tolerant=True)
        yield Step(net, title, problems=tuple(problems), written=written, possible=not problems)


def _changed(later: Sequence[ChangeRow]) -> bool:
    """Tell whether lines of history left something changed: a value, whom it is shared with, or what a note says."""
    return bool(merged(later)) or any((r.note and not r.diff) or (r.kept and SHARING in r.kept) for r in later)


def _attached(ctx: Ctx, definition: EntityDef, records: Mapping[int, Any]) -> tuple[set[int], set[int]]:
    """Return what others may have put on records: those with comments, and with files beside their own fields'."""
    own = [k for k, f in ctx.registry.fields(definition.key).items() if isinstance(f.type, File)]

    def having(model: Any, *where: Any) -> set[int]:
        query = sa.select(model.record_id).where(model.entity == definition.key, model.record_id.in_(records), *where)
        return set(ctx.session.scalars(query.distinct(), execution_options=KERNEL))

    return having(Comment), having(StoredFile, StoredFile.field.not_in(own))


# ---------------------------------------------------------------- links of others


@dataclass
class _Ties:
    """Who links to the records that would be deleted: those that go as well, and the first of the others."""

    inside: dict[Key, set[Key]]
    outside: dict[Key, tuple[EntityDef, list[int]]]


def leave_linked(ctx: Ctx, steps: Sequence[Step], *, lenient: bool) -> list[Step]:
    """Return the steps without deleting what others link to, the reason told.

    Of records that link to each other all are deleted or those stay that the ones left link to.
    """
    wanted = {step.key for step in steps if step.possible and step.effect == "create"}
    if not wanted:
        return list(steps)
    going = {step.key for step in steps if step.possible} if lenient else wanted
    ties = _ties(ctx, wanted, going)
    blocked = set(ties.outside)
    while more := {k for k, by in ties.inside.items() if k not in blocked and not by.isdisjoint(blocked)}:
        blocked |= more
    names = _Names(ctx, ties, blocked)
    return [_blocked(step, names.problem(step.key)) if step.key in blocked else step for step in steps]


def _blocked(step: Step, problem: Problem) -> Step:
    return replace(step, problems=(*step.problems, problem), possible=False)


def _ties(ctx: Ctx, wanted: set[Key], going: set[Key]) -> _Ties:
    found = _Ties({}, {})
    for entity in {entity for entity, _ in wanted}:
        ids = [number for key, number in wanted if key == entity]
        for other, link, own, linked in keeping.pointing(ctx, ctx.registry.entity(entity)):
            if linked is None:
                continue
            along = [number for key, number in going if key == other.key]
            inside = along if len(going) > 1 else ()
            for target, number in _rows(ctx, link, own, linked, ids, own.in_(along), len(along)) if inside else ():
                if (other.key, number) != (entity, target):
                    found.inside.setdefault((entity, target), set()).add((other.key, number))
            for target, number in _rows(ctx, link, own, linked, ids, own.not_in(along), _SHOWN):
                known = found.outside.setdefault((entity, target), (other, []))
                if known[0].key == other.key and number not in known[1]:
                    known[1].append(number)
    return found


def _rows(
    ctx: Ctx, link: FieldDef, own: Any, linked: Any, ids: Sequence[int], where: Any, most: int
) -> Iterator[tuple[int, int]]:
    """Yield (linked, linking) ids, at most so many of the linking ones for each linked; one statement."""
    place = sa.func.row_number().over(partition_by=linked, order_by=own).label("place")
    query = sa.select(linked.label("target"), own.label("own"), place).where(linked.in_(ids), where)
    if link.type.multiple:
        query = query.where(own.table.c.field == link.key)
    first = query.subquery()
    wanted = sa.select(first.c.target, first.c.own).where(first.c.place <= most)
    yield from ((target, number) for target, number in ctx.session.execute(wanted, execution_options=KERNEL))


class _Names:
    """The names of linking records that the actor sees, one statement an entity."""

    def __init__(self, ctx: Ctx, ties: _Ties, blocked: set[Key]) -> None:
        self.shown: dict[Key, list[Key]] = {}
        for key in blocked:
            other, ids = ties.outside.get(key, (None, []))
            inside = sorted(k for k in ties.inside.get(key, ()) if k in blocked)
            self.shown[key] = [(other.key, i) for i in ids[:_SHOWN]] if other is not None else inside[:_SHOWN]
        self.titles: dict[Key, str] = {}
        linking = {k for keys in self.shown.values() for k in keys}
        for entity in {entity for entity, _ in linking}:
            self._read(ctx, ctx.registry.entity(entity), [number for key, number in linking if key == entity])

    def _read(self, ctx: Ctx, definition: EntityDef, ids: Sequence[int]) -> None:
        if definition.title not in readable(ctx, definition.key):
            return
        model, words = definition.model, words_of(ctx, definition.key)
        query = sa.select(model.id, getattr(model, definition.title)).where(
            model.id.in_(ids), predicate(ctx, definition, "read", model)
        )
        for number, title in ctx.session.execute(query, execution_options=KERNEL):
            self.titles[definition.key, number] = words(title) or f"#{number}"

    def problem(self, key: Key) -> Problem:
        """Return that others link to a record; those the actor sees are named."""
        names = [self.titles[k] for k in self.shown[key] if k in self.titles]
        if names:
            return Problem(None, "linked", N_("Other records link to it: %(names)s"), {"names": ", ".join(names)})
        return Problem(None, "linked", N_("It is used elsewhere"))
