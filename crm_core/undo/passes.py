"""Undoing many records together, each wholly or not at all, in as few passes as what is in whose way allows.

A pass looks at all records that are left and writes those nothing stands in the way of; these may have been in the way
of others, which the next pass looks at again. The first reasons stand when a pass writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from crm_core.db.engine import is_passing
from crm_core.errors import CrmError, Problem
from crm_core.i18n import N_
from crm_core.records.actions import attempt
from crm_core.records.checking import of_error
from crm_core.undo.net import Net
from crm_core.undo.plan import examine_all
from crm_core.undo.steps import Key, Step
from crm_core.undo.writing import Left, write_all

if TYPE_CHECKING:
    from crm_core.context import Ctx

PASSES = 3
"""After so many, records that are still in each other's way are undone one after the other."""


@dataclass(frozen=True)
class Result:
    """What came of one record."""

    step: Step
    done: bool
    problems: Sequence[Problem]

    @property
    def settled(self) -> bool:
        """Tell whether another look would find the same."""
        return self.done or (self.step.settled and tuple(self.problems) == self.step.problems)


def undo_nets(ctx: Ctx, nets: Sequence[Net]) -> list[Result]:
    """Undo what was done to records, the newest change first; return what came of each, in order.

    Raises:
        Unavailable: the database is busy or gone; nothing may be committed.
    """
    results: dict[Key, Result] = {}
    waiting = list(nets)
    moved = True
    for _ in range(PASSES):
        found = _together(ctx, waiting, partly=False)
        results.update({result.step.key: result for result in found})
        moved = any(result.done for result in found)
        waiting = [result.step.net for result in found if not result.settled]
        if not (waiting and moved):
            break
    # In each other's way to the end: in the order they were done, the last one first. Else what can goes back in part.
    for part in [[net] for net in waiting] if moved else [waiting]:
        results.update({result.step.key: result for result in _together(ctx, part, partly=True)})
    return [results[net.entity, net.record_id] for net in nets]


def _together(ctx: Ctx, nets: Sequence[Net], *, partly: bool) -> list[Result]:
    """Look at records and undo those that can be, wholly unless ``partly``; one that fails leaves the others alone."""
    if not nets:
        return []
    steps: list[Step] = []
    try:
        with attempt(ctx):
            steps = examine_all(ctx, nets, lock=True)
            ready = {step.key for step in steps if step.possible and (partly or step.settled)}
            write_all(ctx, [step for step in steps if step.key in ready])
    except Left as left:
        refused = [_failed(step, left.errors[step.key]) for step in steps if step.key in left.errors]
        return [
            *_together(ctx, [n for n in nets if (n.entity, n.record_id) not in left.errors], partly=partly),
            *refused,
        ]
    except (CrmError, DBAPIError) as error:
        if is_passing(error):
            raise
        if len(nets) == 1:
            return [_failed(steps[0] if steps else Step(nets[0], nets[0].title), error)]
        middle = len(nets) // 2
        return [r for part in (nets[:middle], nets[middle:]) for r in _together(ctx, part, partly=partly)]
    return [Result(step, step.key in ready, step.problems) for step in steps]


def _failed(step: Step, error: Exception) -> Result:
    if isinstance(error, CrmError):
        return Result(step, False, [*step.problems, *of_error(error)])
    broken = Problem(None, "database", N_("Someone else changed something this depends on; please try again"))
    return Result(step, False, [*step.problems, broken])
