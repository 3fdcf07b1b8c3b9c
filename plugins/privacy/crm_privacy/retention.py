"""Rules for how long data is kept: what one finds, and its nightly run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from crm_core.api import (
    N_,
    Change,
    Cond,
    CrmError,
    Ctx,
    JobDef,
    JobRun,
    KeepRule,
    ListQuery,
    Problem,
    and_,
    erasing,
    parse_filter,
    records,
)
from crm_privacy import erasures
from crm_privacy.models import ERASURE, RULE, RUN

PART = 200
SHOWN = 50
_RULE = ("name", "source", "filter", "how", "active")


def problems(ctx: Ctx, change: Change) -> Iterator[Problem]:
    """Yield what is wrong with a rule: a filter that can't be asked."""
    source = change.get("source")
    if change.verb == "delete" or source not in ctx.registry.entities or not change.get("filter"):
        return
    try:
        query = ListQuery(fields=("id",), filter=parse_filter(change.get("filter")), limit=1, count=False)
        records.list_(ctx, source, query)
    except CrmError as error:
        for found in error.problems() or (Problem("filter", error.code, error.message, error.params),):
            yield Problem("filter", found.code, found.message, found.params)


def candidates(ctx: Ctx, source: str, text: str, how: str, after: int = 0) -> list[tuple[int, str, list[str]]]:
    """Return records a rule finds, by number: (id, title, why it must be kept); anonymous ones are left out.

    Args:
        ctx: an operation that sees everything.
        source: key of the entity.
        text: the filter.
        how: ``anonymise`` or ``delete``.
        after: only ids above.
    """
    where = and_(parse_filter(text), Cond("id", ">", after))
    query = ListQuery(fields=("updated_at",), filter=where, sort=(("id", False),), limit=PART, count=False)
    rows = records.list_(ctx, source, query).items
    ids = [row.id for row in rows]
    done = _anonymous(ctx, source, ids) if how == "anonymise" else {}
    model: Any = ctx.registry.entity(source).model
    there = {record.id: record for record in ctx.session.scalars(sa.select(model).where(model.id.in_(ids)))}
    found = []
    for row in rows:
        if row.id in done and row.values["updated_at"] <= done[row.id]:
            found.append((row.id, "", ["anonymous"]))
            continue
        found.append((row.id, row.title, _reasons(ctx, source, there[row.id], how)))
    return found


def _reasons(ctx: Ctx, source: str, record: Any, how: str) -> list[str]:
    """Return why a record can't be erased in a way: rules of modules keep it, or what would be deleted with it."""
    own = [k.reason for k in erasing.kept_by(ctx, source, record) if not k.fields or how == "delete"]
    if own or how != "delete" or all(rule.entity == source for rule in ctx.registry.of(KeepRule)):
        return own
    return [problem.text() for problem in erasing.plan(ctx, source, record, "delete").problems]


def _anonymous(ctx: Ctx, source: str, ids: list[int]) -> dict[int, Any]:
    """Return when records were last made anonymous, by id."""
    if not ids:
        return {}
    where = and_(Cond("subject", "in", tuple(f"{source}:{n}" for n in ids)), Cond("how", "=", "anonymise"))
    query = ListQuery(fields=("subject", "created_at"), filter=where, sort=(("id", False),), limit=500, count=False)
    rows = records.list_(ctx, ERASURE, query).items
    return {int(row.values["subject"].rpartition(":")[2]): row.values["created_at"] for row in rows}


def trial(ctx: Ctx, rule_id: int) -> dict[str, Any]:
    """Return what a rule would do now, with the first records; nothing is written.

    Raises:
        NotFound: the rule is not there for the actor.
    """
    rule = records.read(ctx, RULE, rule_id, _RULE).values
    found: list[tuple[int, str]] = []
    kept: list[tuple[int, str, str]] = []
    after, total = 0, 0
    while part := candidates(ctx, rule["source"], rule["filter"], rule["how"], after):
        for number, title, reasons in part:
            if reasons == ["anonymous"]:
                continue
            if reasons:
                kept.append((number, title, reasons[0]))
            else:
                total += 1
                found += [(number, title)] if len(found) < SHOWN else []
        after = part[-1][0]
    return {
        "count": total, "kept": len(kept), "how": rule["how"], "source": rule["source"],
        "records": [{"id": n, "title": t} for n, t in found],
        "kept_records": [{"id": n, "title": t, "reason": r} for n, t, r in kept[:SHOWN]],
    }  # fmt: skip


def run_all(run: JobRun) -> dict[str, int]:
    """Run every active rule; each record is a transaction of its own, each rule writes a log."""
    system = run.deployment.system_actor("retention")
    with run.operation(write=False, actor=system) as ctx:
        query = ListQuery(fields=_RULE, filter=Cond("active", "=", True), sort=(("id", False),), limit=500)
        rules = records.list_(ctx, RULE, query).items
    done = 0
    for rule in rules:
        done += _run(run, system, rule)
    return {"rules": len(rules), "done": done}


def _run(run: JobRun, system: Any, rule: Any) -> int:
    counts, after, error = {"found": 0, "done": 0, "kept": 0, "failed": 0}, 0, None
    values = rule.values
    try:
        while True:
            run.check_cancelled()
            with run.operation(write=False, actor=system) as ctx:
                part = candidates(ctx, values["source"], values["filter"], values["how"], after)
            if not part:
                break
            for number, _, reasons in part:
                _one(run, system, rule, number, reasons, counts)
            after = part[-1][0]
    except CrmError as problem:
        error = problem.text()
    with run.operation(actor=system) as ctx:
        log = {"name": values["name"], "rule": rule.id, "how": values["how"], "ended_at": ctx.now, "error": error}
        records.create(ctx, RUN, {**log, **counts})
    return counts["done"]


def _one(run: JobRun, system: Any, rule: Any, number: int, reasons: list[str], counts: dict[str, int]) -> None:
    if reasons == ["anonymous"]:
        return
    counts["found"] += 1
    if reasons:
        counts["kept"] += 1
        return
    run.check_cancelled()
    try:
        with run.operation(actor=system) as ctx:
            text = f"{rule.values['source']}:{number}"
            erasures.erase(ctx, text, rule.values["how"], {"rule": rule.id}, {"reason": "retention"})
        counts["done"] += 1
    except CrmError as error:
        counts["kept" if error.code == "conflict" else "failed"] += 1
    run.progress(counts["found"])


JOB = JobDef(name="privacy.retention", label=N_("Retention rules"), handler=run_all, cron="15 3 * * *")
