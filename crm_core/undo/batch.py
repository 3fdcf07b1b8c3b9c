"""Undoing a batch: a look at what would happen, then record after record, chunk by chunk, each with its checkpoint.

A process may die at any moment: what was committed is counted and not looked at again, what was not is done again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from crm_core import batches, jobs, list_merging
from crm_core.db import KERNEL
from crm_core.errors import Conflict, CrmError, NotFound, Problem, Unavailable
from crm_core.i18n import N_, gettext
from crm_core.models import Batch, Change, Import, Job
from crm_core.records.actions import attempt
from crm_core.undo import changes
from crm_core.undo.net import Net, nets_of_batch
from crm_core.undo.plan import UNAVAILABLE, Step, examine

if TYPE_CHECKING:
    from crm_core.context import Ctx

JOB = "core.undo"
CHUNK = 50
"""Records in one transaction."""
AT_ONCE = 50
"""Up to so many changes are undone while one waits; more by a job."""
LOOKED_AT = 200
"""Records a look beforehand examines; a batch of more says so."""
_KEPT_REASONS, _KEPT_RECORDS = 50, 200


class Runner(Protocol):
    """What the work is given: a job's run, or a command in the foreground."""

    def operation(self, *, write: bool = True, quiet: bool = False) -> AbstractContextManager[Ctx]:
        """Run the block in one transaction as the one who undoes."""

    def progress(self, done: int | None = None, total: int | None = None, message: str | None = None) -> None:
        """Tell how far the work is."""

    def check_cancelled(self) -> None:
        """Raise when the work should stop."""


@dataclass(frozen=True)
class Preview:
    """What undoing a batch would do; ``more`` when it has more records than were looked at."""

    batch: Batch
    steps: Sequence[Step]
    more: bool

    @property
    def undone(self) -> int:
        """Return how many records would go back, wholly or in part."""
        return sum(step.possible for step in self.steps)

    @property
    def left(self) -> Sequence[Step]:
        """Return the records that would stay as they are, or come back only in part."""
        return [step for step in self.steps if step.problems]


def look(ctx: Ctx, batch_id: int, limit: int = LOOKED_AT) -> Preview:
    """Return what undoing a batch would do, and what stands in its way.

    Raises:
        NotFound: there is no such batch, or it is another person's and the actor doesn't administer.
    """
    batch = batches.find(ctx, batch_id)
    nets = nets_of_batch(ctx, batch.id, None, limit + 1)
    steps = list(_steps(list_merging.as_unmerged(ctx, batch), nets[:limit]))
    return Preview(batch, steps, len(nets) > limit)


def _steps(ctx: Ctx, nets: Sequence[Net]) -> Iterator[Step]:
    """Yield the steps of a batch in order: a record that goes back is out of the way of those after it."""
    handled: set[tuple[str, int]] = set()
    for net in nets:
        if not net.effect:
            continue
        step = examine(ctx, net, frozenset(handled))
        if step.possible:
            handled.add((net.entity, net.record_id))
        if _may_be_told(ctx, step):
            yield step


def _may_be_told(ctx: Ctx, step: Step) -> bool:
    """Tell whether the actor may know that the batch holds this record: he sees it, or changed it himself."""
    return not step.hidden or any(row.actor_id == ctx.actor.id is not None for row in step.net.rows)


def active(ctx: Ctx, batch: Batch) -> bool:
    """Tell whether a batch is still being written."""
    job_id = batch.job_id
    if batch.kind == batches.IMPORT:
        job_id = ctx.session.scalar(
            sa.select(Import.job_id).where(Import.id == batch.source_id), execution_options=KERNEL
        )
    if job_id is None:
        return False
    state = ctx.session.scalar(sa.select(Job.state).where(Job.id == job_id), execution_options=KERNEL)
    return state in jobs.ACTIVE


def draft(ctx: Ctx, batch_id: int) -> Batch:
    """Write down that a batch is to be undone; :func:`work` does it.

    Raises:
        NotFound: there is no such batch, or it is another person's and the actor doesn't administer.
        Conflict: it is still being written, or is being undone already.
    """
    batch = batches.find(ctx, batch_id)
    before = batches.undoings(ctx, [batch.id]).get(batch.id)
    if active(ctx, batch):
        raise Conflict(N_("This is still going on; wait for its end or cancel it"))
    if before is not None and active(ctx, before):
        raise Conflict(N_("This is being undone already"))
    if batch.kind == batches.MERGE:
        list_merging.unmerge(ctx, batch)
    outcome = {"undone": 0, "left": 0, "seen": 0, "reasons": {}, "records": []}
    inside = batches.begin(
        replace(ctx, batch_id=None), batches.UNDO, batch.entity, batch.label, undoes_id=batch.id, state="open",
        outcome=outcome,
    )  # fmt: skip
    return batches.find(ctx, inside.batch_id or 0)


def start(ctx: Ctx, batch_id: int) -> Batch:
    """Undo a batch: a small one now, a large one by a job. Return the batch that the undoing is itself.

    Raises:
        NotFound: there is no such batch, or it is another person's and the actor doesn't administer.
        Conflict: it is still being written, or is being undone already.
    """
    size = batches.find(ctx, batch_id).size
    made = draft(ctx, batch_id)
    if size > AT_ONCE:
        job_id = jobs.enqueue(ctx, JOB, {"batch_id": made.id})
        batches.update(ctx, made.id, {"job_id": job_id})
    else:
        while _chunk(ctx, made.id):
            pass
    return batches.find(ctx, made.id)


def work(run: Runner, batch_id: int) -> dict[str, Any]:
    """Do a drafted undoing from where it stands to its end; return what came of it."""
    total = _total(run, batch_id)
    going = True
    while going:
        _stop_if_asked(run, batch_id)
        with run.operation(quiet=True) as ctx:
            going = _chunk(ctx, batch_id)
            outcome = dict(batches.find(ctx, batch_id).outcome or {})
            run.progress(outcome["seen"], total, gettext(N_("%(count)s records undone"), count=outcome["undone"]))
    return {key: outcome[key] for key in ("undone", "left")}


def _total(run: Runner, batch_id: int) -> int:
    with run.operation(write=False) as ctx:
        undone = batches.find(ctx, batch_id).undoes_id
        if undone is None:
            raise NotFound(N_("There is no such undoing"))
        counted = sa.select(sa.func.count()).where(Change.batch_id == undone)
        return ctx.session.scalar(counted, execution_options=KERNEL) or 0


def _stop_if_asked(run: Runner, batch_id: int) -> None:
    try:
        run.check_cancelled()
    except jobs.Cancelled:
        with run.operation() as ctx:
            batches.update(ctx, batch_id, {"state": "cancelled"})
        raise


def _chunk(ctx: Ctx, batch_id: int) -> bool:
    """Undo the next records in the operation's transaction; tell whether there may be more."""
    batch = batches.find(ctx, batch_id)
    nets = nets_of_batch(ctx, batch.undoes_id or 0, batch.position, CHUNK)
    # Another process may not have read yet that a merged entry stands in its list again.
    undone = batches.find(ctx, batch.undoes_id or 0)
    inside = replace(list_merging.as_unmerged(ctx, undone), batch_id=batch_id, quiet=True)
    outcome: dict[str, Any] = {**(batch.outcome or {})}
    outcome |= {"reasons": dict(outcome["reasons"]), "records": list(outcome["records"])}
    done = 0
    for net in nets:
        done += _one(inside, net, outcome)
    values: dict[str, Any] = {"outcome": outcome, "size": Batch.size + done, "state": "open" if nets else "done"}
    if nets:
        values["position"] = nets[-1].last
    # The condition makes sure that nobody else has dealt with these records meanwhile.
    if not batches.update(ctx, batch_id, values, Batch.position.is_not_distinct_from(batch.position)):
        raise Conflict(N_("Another process works on this undoing"))
    return bool(nets)


def _one(ctx: Ctx, net: Net, outcome: dict[str, Any]) -> bool:
    """Undo what was done to one record and note what came of it; tell whether anything was written."""
    if not net.effect:
        return False
    step = examine(ctx, net)
    problems = list(step.problems)
    done = step.possible
    if done:
        try:
            with attempt(ctx):
                changes.write(ctx, step)
        except Unavailable:
            raise
        except CrmError as error:
            done = False
            problems += error.problems() or [Problem(None, error.code, error.message, error.params, error.plugin)]
    outcome["seen"] += 1
    if done:
        outcome["undone"] += 1
    elif _may_be_told(ctx, step):
        outcome["left"] += 1
    if problems and _may_be_told(ctx, step):
        _note(ctx, step, problems, outcome)
    return done


def _note(ctx: Ctx, step: Step, problems: Sequence[Problem], outcome: dict[str, Any]) -> None:
    """Keep why a record stayed as it was, or which part of it: the reasons counted, the first records by name."""
    texts = reasons(ctx, step.net.entity, problems)
    for text in texts:
        if text in outcome["reasons"] or len(outcome["reasons"]) < _KEPT_REASONS:
            outcome["reasons"][text] = outcome["reasons"].get(text, 0) + 1
    if len(outcome["records"]) < _KEPT_RECORDS and UNAVAILABLE not in problems:
        outcome["records"].append([step.net.entity, step.net.record_id, step.title, texts])


def reasons(ctx: Ctx, entity: str, problems: Sequence[Problem]) -> list[str]:
    """Return why something can't be undone in words, with the label of the field it is about."""
    fields = ctx.registry.fields(entity) if entity in ctx.registry.entities else {}
    found = []
    for problem in problems:
        field = fields.get(problem.field or "")
        found.append(f"{field.title()}: {problem.text()}" if field is not None else problem.text())
    return list(dict.fromkeys(found))
