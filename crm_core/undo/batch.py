"""Undoing a batch, chunk by chunk: the records of a chunk together, in one transaction with the checkpoint.

A process may die at any moment: what was committed is counted and not looked at again, what was not is done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from crm_core import batches, jobs, merging
from crm_core.db import KERNEL
from crm_core.errors import Conflict, NotFound, Problem
from crm_core.i18n import N_, gettext
from crm_core.models import Batch, Change, Import, Job
from crm_core.records.bulkwriter import rare_collections
from crm_core.undo import ground
from crm_core.undo.net import nets_of_batch
from crm_core.undo.passes import Result, undo_nets
from crm_core.undo.steps import UNAVAILABLE, Step, may_be_told

if TYPE_CHECKING:
    from crm_core.context import Ctx

JOB = "core.undo"
CHUNK = 500
"""Records in one transaction."""
AT_ONCE = 50
"""Up to so many changes are undone while one waits; more by a job."""
_KEPT_REASONS, _KEPT_RECORDS = 50, 200


class Runner(Protocol):
    """What the work is given: a job's run, or a command in the foreground."""

    def operation(self, *, write: bool = True, quiet: bool = False) -> AbstractContextManager[Ctx]:
        """Run the block in one transaction as the one who undoes."""

    def progress(self, done: int | None = None, total: int | None = None, message: str | None = None) -> None:
        """Tell how far the work is."""

    def check_cancelled(self) -> None:
        """Raise when the work should stop."""


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
    ground.restore(ctx, batch)
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
        with rare_collections(), run.operation(quiet=True) as ctx:
            going = _chunk(ctx, batch_id)
            outcome = dict(batches.find(ctx, batch_id).outcome or {})
            run.progress(outcome["seen"], total, gettext(N_("%(count)s records undone"), count=outcome["undone"]))
    return {key: outcome[key] for key in ("undone", "left")}


def _total(run: Runner, batch_id: int) -> int:
    with run.operation(write=False) as ctx:
        undone = batches.find(ctx, batch_id).undoes_id
        if undone is None:
            raise NotFound(N_("There is no such undoing"))
        records = sa.select(Change.entity, Change.record_id).where(Change.batch_id == undone).distinct().subquery()
        return ctx.session.scalar(sa.select(sa.func.count()).select_from(records), execution_options=KERNEL) or 0


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
    outcome: dict[str, Any] = {**(batch.outcome or {})}
    outcome |= {"reasons": dict(outcome["reasons"]), "records": list(outcome["records"])}
    undone = batches.find(ctx, batch.undoes_id or 0)
    inside = replace(ground.as_restored(ctx, undone), batch_id=batch_id, quiet=True)
    done = 0
    for result in undo_nets(inside, [net for net in nets if net.effect]):
        done += result.done
        _count(ctx, result, outcome)
    values: dict[str, Any] = {"outcome": outcome, "size": Batch.size + done, "state": "open" if nets else "done"}
    if nets:
        values["position"] = nets[-1].last
    elif undone.kind == batches.RECORDS:
        _unmerge(inside, undone, outcome)
    # The condition makes sure that nobody else has dealt with these records meanwhile.
    if not batches.update(ctx, batch_id, values, Batch.position.is_not_distinct_from(batch.position)):
        raise Conflict(N_("Another process works on this undoing"))
    return bool(nets)


def _unmerge(ctx: Ctx, undone: Batch, outcome: dict[str, Any]) -> None:
    """Give the records that are back what had followed the merge; what stays with the survivor is counted."""
    for reason, count in merging.back(ctx, undone.id).items():
        outcome["reasons"][reason] = outcome["reasons"].get(reason, 0) + count


def _count(ctx: Ctx, result: Result, outcome: dict[str, Any]) -> None:
    """Count what came of a record; one that the actor may not know of is counted nowhere."""
    outcome["seen"] += 1
    told = may_be_told(ctx, result.step)
    if result.done:
        outcome["undone"] += 1
    elif told:
        outcome["left"] += 1
    if result.problems and told:
        _note(ctx, result.step, result.problems, outcome)


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
