"""Deleted records come back: which values can, and why others can't."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crm_core.access import readable, require
from crm_core.change import Change
from crm_core.contributions import EntityDef
from crm_core.errors import Forbidden, Problem, ValueProblem
from crm_core.i18n import N_
from crm_core.records import checking, keeping
from crm_core.records.reading import existing
from crm_core.titles import words_of
from crm_core.undo.back import SWEPT, is_file
from crm_core.undo.net import Net
from crm_core.undo.steps import Key, Step
from crm_core.undo.values import given

if TYPE_CHECKING:
    from crm_core.context import Ctx


class _Return:
    """One record on its way back: its values, and what they lost."""

    def __init__(self, net: Net, title: str) -> None:
        self.net, self.title = net, title
        self.values: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self.written: Change | None = None

    def step(self, ctx: Ctx) -> Step:
        """Return what comes back; problems of fields the actor may not read are kept to ourselves."""
        mask = readable(ctx, self.net.entity) if self.net.entity in ctx.registry.entities else frozenset()
        shown = {k: [None, self.net.diff[k][0]] for k in self.values if k in mask and k in self.net.diff}
        told = tuple(p for p in self.problems if p.field is None or p.field in mask)
        possible = self.written is not None
        return Step(self.net, self.title, problems=told, diff=shown, written=self.written, possible=possible)


def come_back(ctx: Ctx, nets: Sequence[Net]) -> list[Step]:
    """Return what bringing deleted records back does; they may link to each other."""
    returns: dict[Key, _Return] = {}
    for entity in dict.fromkeys(net.entity for net in nets):
        group = [net for net in nets if net.entity == entity]
        returns |= {(entity, r.net.record_id): r for r in _returns(ctx, ctx.registry.entity(entity), group)}
    waiting = [r for r in returns.values() if not r.problems or r.values]
    coming: dict[str, set[int]] = {}
    for one in waiting:
        coming.setdefault(one.net.entity, set()).add(one.net.record_id)
    while True:
        for entity in coming:
            _leave_lost(ctx, [r for r in waiting if r.net.entity == entity], coming)
        lost = [r for r in waiting if r.written is None and r.net.record_id in coming[r.net.entity]]
        if not lost:
            break
        for one in lost:
            coming[one.net.entity].discard(one.net.record_id)
    return [one.step(ctx) for one in returns.values()]


def _returns(ctx: Ctx, definition: EntityDef, nets: Sequence[Net]) -> list[_Return]:
    """Return the records of an entity with the values that are theirs, or why they can't come back."""
    words = words_of(ctx, definition.key)
    there = existing(ctx, definition, [net.record_id for net in nets])
    here = keeping.files_of(ctx, {net.record_id: net.kept for net in nets})
    found = []
    for net in nets:
        one = _Return(net, words(net.title))
        found.append(one)
        if net.record_id in there:
            one.problems.append(Problem(None, "exists", N_("The record is there again")))
        elif refusal := _refusal(ctx, definition):
            one.problems.append(refusal)
        else:
            _fill(ctx, definition, one, here[net.record_id])
    return found


def _refusal(ctx: Ctx, definition: EntityDef) -> Problem | None:
    try:
        require(ctx, definition.key, "create")
    except Forbidden as error:
        return Problem(None, "forbidden", error.message, error.params)
    return None


def _fill(ctx: Ctx, definition: EntityDef, one: _Return, files: set[int]) -> None:
    """Read the stored values; what can't be read any more, and files that are swept away, are left out."""
    fields = ctx.registry.fields(definition.key)
    stored: Mapping[str, Any] = {k: old for k, (old, _) in one.net.diff.items()} | one.net.kept.get("values", {})
    for key, raw in stored.items():
        if key not in fields:
            continue
        try:
            value = fields[key].type.parse(given(fields[key], raw, ()), ctx)
        except ValueProblem as problem:
            one.problems.append(problem.at(key))
            continue
        if is_file(fields[key], value) and value not in files:
            one.problems.append(Problem(key, "file", SWEPT))
        else:
            one.values[key] = value


def _leave_lost(ctx: Ctx, returns: Sequence[_Return], coming: Mapping[str, set[int]]) -> None:
    """Leave out values that can't come back, such as links to what is gone; what is left is checked."""
    waiting = [r for r in returns if r.net.record_id in coming[r.net.entity]]
    for one in waiting:
        one.written = None
    while waiting:
        changes = [Change(ctx.registry.entity(r.net.entity), "create", None, dict(r.values)) for r in waiting]
        wrong = checking.problems(ctx, changes, coming=coming, tolerant=True)
        left = []
        for one, change in zip(waiting, changes, strict=True):
            if not (found := wrong[id(change)]):
                one.written = change
                continue
            one.problems += [p for p in found if p not in one.problems]
            lost = {p.field for p in found if p.code != "required"} & one.values.keys()
            for key in lost:
                del one.values[str(key)]
            if lost:
                left.append(one)
        waiting = left
