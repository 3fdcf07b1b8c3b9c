"""What came of an import: counts, problems line by line, and a file of the failed rows to mend and import again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import batches, jobs
from crm_core.db import KERNEL
from crm_core.i18n import N_, gettext
from crm_core.imports import find, state_of
from crm_core.models import Import, ImportProblem, Job, StoredFile

if TYPE_CHECKING:
    from crm_core.context import Ctx

COUNTS: Mapping[str, str] = {
    "created": N_("Created"),
    "updated": N_("Changed"),
    "skipped": N_("Skipped"),
    "failed": N_("Failed"),
    "warned": N_("With remarks"),
}
ERROR_COLUMN = "error"
_BATCH = 500
_CARD_END = "END:VCARD"


@dataclass(frozen=True)
class ProblemText:
    """One thing wrong with one line, in words."""

    line: int
    outcome: str
    field: str
    code: str
    text: str
    value: str


@dataclass(frozen=True)
class Report:
    """How an import stands. ``share`` is the part of the file that is read, 0 to 1, ``None`` while it is unknown."""

    row: Import
    state: str
    file_name: str
    share: float | None
    error: str
    counts: Mapping[str, int]

    @property
    def dry_run(self) -> bool:
        """Tell whether nothing is really written."""
        return bool(self.row.options.get("dry_run"))

    @property
    def active(self) -> bool:
        """Tell whether it goes on."""
        return self.state in jobs.ACTIVE


def report(ctx: Ctx, import_id: int) -> Report:
    """Return how an import of the actor stands.

    Raises:
        NotFound: there is none, or it is another person's.
    """
    row = find(ctx, import_id)
    options = {**KERNEL, "populate_existing": True}
    job = ctx.session.scalar(sa.select(Job).where(Job.id == row.job_id), execution_options=options)
    name = ctx.session.scalar(sa.select(StoredFile.name).where(StoredFile.id == row.file_id), execution_options=KERNEL)
    share = job.done / job.total if job is not None and job.total else None
    error = row.error or (job.error if job is not None and job.state == "failed" else "")
    state = state_of(row, job.state if job is not None else None)
    return Report(row, state, name or "", share, error, {key: getattr(row, key) for key in COUNTS})


def batch_of(ctx: Ctx, import_id: int) -> int | None:
    """Return the batch that undoes what an import has written; ``None`` when it has written nothing."""
    batch = batches.of_source(ctx, batches.IMPORT, import_id)
    return batch.id if batch is not None and batch.size else None


def problems(
    ctx: Ctx, import_id: int, *, outcome: str = "", after: int = 0, limit: int = 100
) -> tuple[list[ProblemText], int | None]:
    """Return what is wrong, in the order of the file, and where to go on (``None`` at the end).

    Raises:
        NotFound: there is no such import of the actor.
    """
    find(ctx, import_id)
    statement = sa.select(ImportProblem).where(ImportProblem.import_id == import_id, ImportProblem.id > after)
    if outcome:
        statement = statement.where(ImportProblem.outcome == outcome)
    rows = list(ctx.session.scalars(statement.order_by(ImportProblem.id).limit(limit), execution_options=KERNEL))
    found = [text for row in rows for text in texts_of(row)]
    return found, rows[-1].id if len(rows) == limit else None


def texts_of(row: ImportProblem) -> list[ProblemText]:
    """Return the problems of one source record in the current language."""
    found = row.problems or [{"field": None, "code": "failed", "message": N_("The row was not written")}]
    return [
        ProblemText(row.line, row.outcome, p.get("field") or "", p["code"], _words(p), p.get("value") or "")
        for p in found
    ]


def _words(problem: Mapping[str, Any]) -> str:
    params = problem.get("params") or {}
    try:
        return gettext(problem["message"], **params)
    except (KeyError, TypeError, ValueError):  # a plugin's message and parameters that don't fit each other
        return str(problem["message"])


def failed_name(ctx: Ctx, row: Import) -> str:
    """Return what the file of failed rows is called."""
    name = ctx.session.scalar(sa.select(StoredFile.name).where(StoredFile.id == row.file_id), execution_options=KERNEL)
    stem = (name or "import").rpartition(".")[0] or name or "import"
    return f"{stem}-failed.{'csv' if row.header else 'vcf'}"


def failed_rows(ctx: Ctx, row: Import) -> Iterator[str]:
    """Yield the text of a file with the failed rows as they were, and why: columns in a table, a property in a card."""
    if row.header:
        yield "\ufeff"
        yield from _table(ctx, row)
    else:
        for failed in _failed(ctx, row.id):
            yield _card(str(failed.raw or ""), _reason(failed))


def _table(ctx: Ctx, row: Import) -> Iterator[str]:
    header = list(row.header)
    # A mended file that fails again keeps its one column of errors.
    width = len(header) - 1 if header[-1].strip().lower() == ERROR_COLUMN else len(header)
    yield _line([*header[:width], ERROR_COLUMN])
    for failed in _failed(ctx, row.id):
        cells = [failed.raw] if isinstance(failed.raw, str) else list(failed.raw or ())
        surplus = cells[len(header) :]
        cells = (cells + [""] * width)[:width]
        yield _line([*cells, _reason(failed), *surplus])


def _line(cells: Sequence[str]) -> str:
    target = io.StringIO()
    csv.writer(target, lineterminator="\r\n").writerow(cells)
    return target.getvalue()


def _card(text: str, reason: str) -> str:
    head, end, _ = text.rstrip().rpartition(_CARD_END)
    note = "X-ERROR:" + reason.replace("\\", "\\\\").replace("\n", " ").replace(",", "\\,").replace(";", "\\;")
    lines = [head.rstrip(), note, _CARD_END] if end else [text.rstrip(), note]
    return "\r\n".join(lines) + "\r\n"


def _reason(failed: ImportProblem) -> str:
    parts = [f"{t.field}: {t.text}" if t.field else t.text for t in texts_of(failed)]
    return gettext(N_("Line %(line)s"), line=failed.line) + ": " + "; ".join(parts)


def _failed(ctx: Ctx, import_id: int) -> Iterator[ImportProblem]:
    last = 0
    while True:
        statement = (
            sa.select(ImportProblem)
            .where(ImportProblem.import_id == import_id, ImportProblem.outcome == "failed", ImportProblem.id > last)
            .order_by(ImportProblem.id)
            .limit(_BATCH)
        )
        rows = list(ctx.session.scalars(statement, execution_options=KERNEL))
        yield from rows
        if len(rows) < _BATCH:
            return
        last = rows[-1].id
        ctx.session.expunge_all()
