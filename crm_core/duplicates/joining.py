"""Merging many groups of a scan: each group by itself, all undone as one. Equal names alone are never merged so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import batches, jobs, merging
from crm_core.access import require
from crm_core.db import KERNEL
from crm_core.duplicates import criteria, groups
from crm_core.duplicates.scanning import Runner, find, spec_of
from crm_core.errors import Conflict, CrmError, Invalid, Problem
from crm_core.i18n import N_, gettext
from crm_core.models import Change
from crm_core.records.actions import attempt
from crm_core.records.reading import permitted

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.models import DuplicateScan

JOB = "core.merge_groups"
MAX_GROUPS = 1000
_PART = 10
"""Groups merged in one transaction."""
_REASONS = 20


def may_join(ctx: Ctx, scan: DuplicateScan) -> bool:
    """Tell whether groups of a scan may be merged without looking at each: more than names was compared."""
    definition, _, alternatives = spec_of(ctx, scan)
    return all(criteria.is_proof(ctx, definition, alternative) for alternative in alternatives)


def start(ctx: Ctx, scan_id: int, numbers: Sequence[int], entity: str = "") -> int:
    """Merge groups of a scan by a job, by their numbers; return the job's id.

    Raises:
        NotFound: there is no such scan.
        Forbidden: the actor may not change and delete such records.
        Invalid: no groups, or too many.
        Conflict: only names were compared, so that each group has to be looked at.
    """
    scan = find(ctx, scan_id, entity)
    for action in ("update", "delete"):
        require(ctx, scan.entity, action)
    wanted = sorted({n for n in numbers if 0 < n <= scan.groups})
    if not wanted or len(wanted) > MAX_GROUPS:
        message = N_("Choose from 1 to %(limit)s groups")
        raise Invalid([Problem("groups", "count", message, {"limit": MAX_GROUPS})])
    if not may_join(ctx, scan):
        raise Conflict(N_("An equal or similar name alone is no proof: look at each group and merge it there"))
    return jobs.enqueue(ctx, JOB, {"scan": scan.id, "groups": wanted})


def work(run: Runner, scan_id: int, numbers: Sequence[int]) -> dict[str, Any]:
    """Merge groups part by part; a group that can't be merged is left, and the reason counted.

    A start after a crash goes on by itself: what was merged is no group any more.
    """
    state: dict[str, Any] = getattr(run, "state", {})
    done = state.setdefault("done", {"merged": 0, "gone": 0, "left": 0, "reasons": {}, "batch": None, "position": 0})
    while done["position"] < len(numbers):
        run.check_cancelled()
        with run.operation(quiet=True) as ctx:
            part = numbers[done["position"] : done["position"] + _PART]
            _part(ctx, scan_id, part, done)
            done["position"] += len(part)
            text = gettext(N_("%(count)s groups merged"), count=done["merged"])
            run.progress(done["position"], len(numbers), text)
    with run.operation() as ctx:
        if done["batch"] is not None:
            size = sa.select(sa.func.count()).where(Change.batch_id == done["batch"])
            batches.update(ctx, done["batch"], {"size": ctx.session.scalar(size, execution_options=KERNEL) or 0})
    return {key: done[key] for key in ("merged", "gone", "left", "reasons", "batch")}


def _part(ctx: Ctx, scan_id: int, numbers: Sequence[int], done: dict[str, Any]) -> None:
    scan = find(ctx, scan_id)
    if done["batch"] is None:
        begun = batches.begin(ctx, batches.RECORDS, scan.entity, gettext(N_("Groups of duplicates")))
        done["batch"] = begun.batch_id
    inside = replace(ctx, batch_id=done["batch"], quiet=True)
    for number in numbers:
        found = groups.page(inside, scan_id, after=number - 1, limit=1).groups
        if not found or found[0].number != number:
            done["gone"] += 1
            continue
        try:
            with attempt(inside):
                _join(inside, scan.entity, found[0])
            done["merged"] += 1
        except CrmError as error:
            done["left"] += 1
            _note(done, error)


def _join(ctx: Ctx, entity: str, group: groups.Group) -> None:
    """Merge a group into the record that says most, the oldest of equal ones; one that can't be deleted goes first."""
    if group.size > len(group.rows):
        raise Conflict(N_("The group is too large; look at it"))
    free = permitted(ctx, ctx.registry.entity(entity), group.ids, "delete")
    rows = sorted(group.rows, key=lambda row: (row.id in free, -sum(bool(v) for v in row.values.values()), row.id))
    for others in _parts([row.id for row in rows[1:]]):
        merging.merge(ctx, entity, rows[0].id, others)


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    size = merging.MAX_RECORDS - 1
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _note(done: dict[str, Any], error: CrmError) -> None:
    texts = Counter(done["reasons"])
    text = "; ".join(p.text() for p in error.problems()) or error.text()
    if text in texts or len(texts) < _REASONS:
        texts[text] += 1
    done["reasons"] = dict(texts)
