"""Undoing batches: a change of many records, an import, and the undoing of that; by the job, as people start it."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from typing import Any

from benchmarks import stock
from benchmarks.bench import Bench
from crm_core import batches, records, undo
from crm_core.records.actions import MAX_BULK
from crm_core.testing.deployments import TestDeployment

ROWS = 5000
CONTACT = stock.CONTACT


def run(bench: Bench) -> None:
    """Make batches in an empty deployment and undo each."""
    table = bench.section(
        f"Undoing a batch of {ROWS:,} records",
        "By the job, checks, hooks, permissions, history, search and links kept: each record of a company and a person "
        "with an e-mail address and a link to the company.",
        "what is undone", "seconds", "records/s",
    )  # fmt: skip
    folder = stock.home() / f"undo-{bench.kind}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    url = f"sqlite:///{folder / 'crm.sqlite3'}" if bench.make is None else bench.make("undoing")
    crm, _ = stock.empty(folder, url)
    imported, ids = _import(crm)
    changed = _change(crm, ids)
    undone = 0
    for what, batch in (("a change of a field", changed), ("an import", imported), ("the undoing of an import", 0)):
        begin = time.perf_counter()
        undone = _undo(crm, batch or undone)
        seconds = time.perf_counter() - begin
        table.rows.append([what, f"{seconds:.1f}", f"{ROWS / seconds:,.0f}"])
    crm.close()


def _import(crm: TestDeployment) -> tuple[int, list[int]]:
    with crm.as_user(crm.admin, quiet=True) as ctx:
        inside = batches.begin(ctx, batches.IMPORT, CONTACT, "measured")
        common = {"visibility": "read"}
        company = [{"kind": "company", "name": f"Company {n}", **common} for n in range(ROWS // 50)]
        companies: list[Any] = records.bulk_create(inside, CONTACT, company)
        people = [
            {"kind": "person", "first_name": "Anne", "last_name": f"No {n}", "company": companies[n % len(companies)],
             "emails": [{"address": f"anne{n}@example.com"}], **common}
            for n in range(ROWS - len(companies))
        ]  # fmt: skip
        made: list[Any] = records.bulk_create(inside, CONTACT, people)
        batches.update(ctx, inside.batch_id, {"size": ROWS})
        return inside.batch_id or 0, [*companies, *made]


def _change(crm: TestDeployment, ids: list[int]) -> int:
    """Set a field as the dialog does, a thousand records at a time, in one batch."""
    with crm.as_user(crm.admin) as ctx:
        inside = batches.begin(ctx, batches.BULK, CONTACT, "update")
        batches.update(ctx, inside.batch_id, {"size": ROWS})
        batch = inside.batch_id
    for start in range(0, ROWS, MAX_BULK):
        with crm.as_user(crm.admin) as ctx:
            data = {"score": 4}
            records.bulk(replace(ctx, batch_id=batch), CONTACT, ids[start : start + MAX_BULK], "update", data)
    return batch or 0


def _undo(crm: TestDeployment, batch: int) -> int:
    with crm.as_user(crm.admin) as ctx:
        made = undo.start(ctx, batch).id
    crm.run_jobs()
    with crm.as_user(crm.admin, write=False) as ctx:
        found = batches.find(ctx, made)
        if (found.outcome or {}).get("undone") != ROWS:
            raise RuntimeError(f"undone: {found.outcome}")
    return made
