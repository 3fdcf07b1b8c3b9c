"""Dates that are reached: looked for every few minutes, each stretch of time once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from crm_automations import triggers
from crm_automations.lists import DATE
from crm_automations.models import Automation, Run
from crm_automations.settings import KEEP_DAYS
from crm_core.api import N_, Cond, Ctx, DateTime, JobDef, JobRun, ListQuery, Node, Row, and_, records

PAGE = 500


def look(run: JobRun) -> None:
    """Set off what became due since the last look, one transaction an automation."""
    with run.operation(write=False) as ctx:
        waiting = triggers.automations(ctx, trigger=DATE)
    for row in waiting:
        run.check_cancelled()
        with run.operation() as ctx:
            for record_id in _due(ctx, row):
                triggers.start(ctx, row.id, row.values["watched"], record_id, DATE)
            found = ctx.session.get(Automation, row.id)
            if found is not None:
                found.checked_until = ctx.now


def _due(ctx: Ctx, row: Row) -> Iterator[int]:
    """Yield the records whose date, moved by the offset, was reached since the last look."""
    entity, key = row.values["watched"], row.values["field"]
    if entity not in ctx.registry.entities or key not in ctx.registry.fields(entity):
        return
    shift = dt.timedelta(**{row.values["unit"] or "days": row.values["offset"] or 0})
    last = 0
    while True:
        node = and_(between(ctx, row, (row.values["checked_until"] or ctx.now) - shift, ctx.now - shift),
                    Cond("id", ">", last))  # fmt: skip
        page = records.facts(ctx, entity, ListQuery(fields=(key,), filter=node, sort=(("id", False),), limit=PAGE))
        yield from (found.id for found in page)
        if len(page) < PAGE:
            return
        last = page[-1].id


def between(ctx: Ctx, row: Row, after: dt.datetime, until: dt.datetime) -> Node:
    """Return the filter of dates in a stretch of time; days begin where the automation's owner lives."""
    key = row.values["field"]
    kind = ctx.registry.field(row.values["watched"], key).type
    ends: tuple[Any, Any] = (after.isoformat(), until.isoformat())
    if not isinstance(kind, DateTime):
        owner = ctx.directory.user(row.values["owner"])
        zone = owner.locale.zone if owner else ctx.locale.zone
        ends = (after.astimezone(zone).date().isoformat(), until.astimezone(zone).date().isoformat())
    return and_(Cond(key, ">", ends[0]), Cond(key, "<=", ends[1]))


def clear(run: JobRun) -> dict[str, int]:
    """Delete runs older than the log is kept."""
    with run.operation() as ctx:
        oldest = ctx.now - dt.timedelta(days=ctx.directory.setting(KEEP_DAYS))
        gone: Any = ctx.session.execute(sa.delete(Run).where(Run.created_at < oldest))
    return {"deleted": int(gone.rowcount)}


JOBS = (
    JobDef(name="automations.dates", label=N_("Dates that automations wait for"), handler=look, cron="*/5 * * * *"),
    JobDef(name="automations.clear", label=N_("Old runs of automations"), handler=clear, cron="47 2 * * *"),
)
