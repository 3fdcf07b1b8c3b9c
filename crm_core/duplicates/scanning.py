"""Scanning the records of an entity for duplicates: read in parts, compared beside the database, groups written down.

A process that dies leaves nothing half: the groups are written in one transaction at the end, and the scan begins anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from itertools import islice, product
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from crm_core import jobs
from crm_core.access import require
from crm_core.db import KERNEL, utcnow
from crm_core.duplicates import criteria
from crm_core.duplicates.comparing import all_plain, blocks, sorted_words
from crm_core.duplicates.criteria import FUZZY, Alternative
from crm_core.duplicates.scratch import Key, Pair, Scratch
from crm_core.errors import NotFound, Unavailable
from crm_core.filters import from_json, to_json
from crm_core.i18n import N_, gettext
from crm_core.models import DuplicateMember, DuplicateScan, NotDuplicate
from crm_core.records.bulkwriter import insert_rows
from crm_core.records.listing import ListQuery, conditions, count
from crm_core.records.rows import plan_rows

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import EntityDef
    from crm_core.filters import Node

JOB = "core.duplicates"
PART = 2000
"""Records read in one transaction."""
KEPT = 10
"""Scans of an entity that are kept for each person."""
MAX_KEYS = 64
"""Keys that one record may have for one alternative: a record with very many lines is compared by the first ones."""
_SILENT: Mapping[str, Any] = {**KERNEL, "synchronize_session": False}


class Runner(Protocol):
    """What the work is given: a job's run, or a command in the foreground."""

    def operation(self, *, write: bool = True, quiet: bool = False) -> AbstractContextManager[Ctx]:
        """Run the block in one transaction as the one who scans."""

    def progress(self, done: int | None = None, total: int | None = None, message: str | None = None) -> None:
        """Tell how far the work is."""

    def check_cancelled(self) -> None:
        """Raise when the work should stop."""


def draft(ctx: Ctx, entity: str, on: Sequence[str], node: Node | None = None, q: str = "") -> DuplicateScan:
    """Write down that records are to be scanned; :func:`work` does it.

    Args:
        ctx: the operation; only records its actor may see are compared.
        entity: key or slug of the records' kind.
        on: the alternatives, see :func:`crm_core.duplicates.criteria.parse`; without any, the entity's usual ones.
        node: a filter the records pass.
        q: words they hold.

    Raises:
        Forbidden: the actor may read none of the records.
        Invalid: nothing to compare, or fields that can't be.
        FilterError: the filter names an unknown or unreadable field.
    """
    definition = ctx.registry.entity(entity)
    require(ctx, definition.key, "read")
    alternatives = criteria.parse(ctx, definition, on or criteria.usual(ctx, definition))
    conditions(ctx, definition, definition.model, ListQuery(filter=node, q=q))
    spec = {"on": [a.text for a in alternatives], "filter": to_json(node) if node is not None else None, "q": q[:500]}
    made = DuplicateScan(entity=definition.key, user_id=ctx.actor.id, spec=spec, created_at=ctx.now)
    ctx.session.add(made)
    ctx.session.flush()
    _forget_old(ctx, definition.key)
    return made


def start(ctx: Ctx, entity: str, on: Sequence[str], node: Node | None = None, q: str = "") -> DuplicateScan:
    """Scan by a job; raises what :func:`draft` raises."""
    made = draft(ctx, entity, on, node, q)
    made.job_id = jobs.enqueue(ctx, JOB, {"scan": made.id})
    ctx.session.flush()
    return made


def find(ctx: Ctx, scan_id: int, entity: str = "") -> DuplicateScan:
    """Return a scan of the actor; administrators see every one.

    Raises:
        NotFound: there is none, it is another person's, or of another entity.
    """
    query = sa.select(DuplicateScan).where(DuplicateScan.id == scan_id)
    found = ctx.session.scalar(query, execution_options={**KERNEL, "populate_existing": True})
    mine = found is not None and (ctx.actor.is_admin or found.user_id == ctx.actor.id is not None)
    if found is None or not mine or (entity and found.entity != entity):
        raise NotFound(N_("There is no such scan"))
    return found


def recent(ctx: Ctx, entity: str) -> list[DuplicateScan]:
    """Return the actor's scans of an entity, newest first."""
    query = sa.select(DuplicateScan).where(
        DuplicateScan.entity == entity, DuplicateScan.user_id.is_not_distinct_from(ctx.actor.id)
    )
    return list(ctx.session.scalars(query.order_by(DuplicateScan.id.desc()).limit(KEPT), execution_options=KERNEL))


def _forget_old(ctx: Ctx, entity: str) -> None:
    old = [scan.id for scan in recent(ctx, entity)][KEPT - 1 :]
    if old:
        last = DuplicateScan.id < min(old)
        mine = DuplicateScan.user_id.is_not_distinct_from(ctx.actor.id)
        gone = sa.delete(DuplicateScan).where(DuplicateScan.entity == entity, mine, last)
        ctx.session.execute(gone, execution_options=_SILENT)


def work(run: Runner, scan_id: int) -> dict[str, Any]:
    """Do a scan from its beginning; return its counts."""
    try:
        with closing(Scratch()) as scratch:
            return _work(run, scan_id, scratch)
    except BaseException as error:
        _note_end(run, scan_id, error)
        raise


def _work(run: Runner, scan_id: int, scratch: Scratch) -> dict[str, Any]:
    with run.operation() as ctx:
        scan = find(ctx, scan_id)
        definition, query, alternatives = spec_of(ctx, scan)
        total, _ = count(ctx, definition.key, query, capped=False)
        apart = _apart(ctx, definition.key)
        _set(ctx, scan_id, {"state": "running", "error": "", "finished_at": None})
    read = _read(run, scan_id, scratch, total)
    for place, block in enumerate(scratch.blocks()):
        scratch.join(block, apart)
        if not place % 2000:
            run.check_cancelled()
    run.progress(total, total, gettext(N_("Groups are put together")))
    with run.operation() as ctx:
        groups, members = _write(ctx, scan_id, scratch.groups())
        values = {"records": read, "groups": groups, "members": members}
        _set(ctx, scan_id, {**values, "state": "done", "finished_at": utcnow()})
    del definition, alternatives
    return {"scan": scan_id, **values}


def spec_of(ctx: Ctx, scan: DuplicateScan) -> tuple[EntityDef, ListQuery, tuple[Alternative, ...]]:
    """Return what a scan compares."""
    definition = ctx.registry.entity(scan.entity)
    stored = scan.spec.get("filter")
    query = ListQuery(filter=from_json(stored) if stored else None, q=scan.spec.get("q", ""))
    return definition, query, criteria.parse(ctx, definition, scan.spec["on"])


def _apart(ctx: Ctx, entity: str) -> set[Pair]:
    query = sa.select(NotDuplicate.low_id, NotDuplicate.high_id).where(NotDuplicate.entity == entity)
    return {(low, high) for low, high in ctx.session.execute(query, execution_options=KERNEL)}


def _read(run: Runner, scan_id: int, scratch: Scratch, total: int) -> int:
    """Keep the keys of all records the actor sees, part by part; return how many there are."""
    last, read = 0, 0
    while True:
        run.check_cancelled()
        with run.operation(write=False) as ctx:
            definition, query, alternatives = spec_of(ctx, find(ctx, scan_id))
            model, region = definition.model, ctx.locale.region
            fields = list({p.field.key: p.field for a in alternatives for p in a.parts}.values())
            plan = plan_rows(ctx, definition, model, fields, editable=False)
            where = conditions(ctx, definition, model, query)
            page = sa.select(*plan.columns).where(*where, model.id > last).order_by(model.id).limit(PART)
            rows = [plan.row(raw) for raw in ctx.session.execute(page, execution_options=KERNEL)]
        scratch.add(key for row in rows for key in keys(row.id, row.values, alternatives, region))
        read += len(rows)
        run.progress(read, total, gettext(N_("%(count)s records read"), count=read))
        if len(rows) < PART:
            return read
        last = rows[-1].id


def keys(record: int, values: Mapping[str, Any], alternatives: Sequence[Alternative], region: str) -> Iterator[Key]:
    """Yield the keys of one record: equal ones make records the same, or worth a closer look at similar texts."""
    for number, alternative in enumerate(alternatives):
        equal: list[list[str]] = []
        similar: list[list[str]] = []
        for part in alternative.parts:
            found = all_plain(part, part.values(values), region)
            if not found:
                break
            (similar if part.how == FUZZY else equal).append(found)
        else:
            yield from islice(_combined(number, record, equal, similar), MAX_KEYS)


def _combined(number: int, record: int, equal: Sequence[list[str]], similar: Sequence[list[str]]) -> Iterator[Key]:
    for values in product(*equal):
        if not similar:
            yield number, "\x1f".join(values), record, ""
            continue
        for texts in product(*similar):
            text = "\x1f".join(map(sorted_words, texts))
            for block in blocks(texts[0]) if not values else ("",):
                yield number, "\x1f".join((*values, block)), record, text


def _write(ctx: Ctx, scan_id: int, groups: Iterator[list[int]]) -> tuple[int, int]:
    """Write the groups down in place of those of an earlier start; return how many groups and records there are."""
    gone = sa.delete(DuplicateMember).where(DuplicateMember.scan_id == scan_id)
    ctx.session.execute(gone, execution_options=_SILENT)
    counted = [0, 0]

    def rows() -> Iterator[tuple[int, int, int]]:
        for group in groups:
            counted[0] += 1
            counted[1] += len(group)
            yield from ((scan_id, counted[0], record) for record in group)

    found = rows()
    table: Any = DuplicateMember.__table__
    while part := list(islice(found, 5 * PART)):
        insert_rows(ctx, table, ("scan_id", "group_no", "record_id"), part)
    return counted[0], counted[1]


def _note_end(run: Runner, scan_id: int, error: BaseException) -> None:
    from crm_core.jobs.execute import describe

    values: dict[str, Any] = {"finished_at": utcnow()}
    if isinstance(error, jobs.Cancelled):
        values["state"] = "cancelled"
    elif isinstance(error, Exception) and not isinstance(error, Unavailable | NotFound):
        values |= {"state": "failed", "error": describe(error)}
    else:
        return
    with run.operation() as ctx:
        _set(ctx, scan_id, values)


def _set(ctx: Ctx, scan_id: int, values: Mapping[str, Any]) -> None:
    statement = sa.update(DuplicateScan).where(DuplicateScan.id == scan_id).values(**values)
    ctx.session.execute(statement, execution_options=_SILENT)
