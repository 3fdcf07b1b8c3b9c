"""The work of an import: chunk by chunk, each chunk one transaction with its checkpoint.

A process may die at any moment: what was committed is counted and not read again, what was not is done again. So no
row is written half, and none twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from crm_core import batches, files
from crm_core.contributed_faces import ImportInto
from crm_core.contributions import Importer
from crm_core.db import KERNEL, utcnow
from crm_core.errors import Conflict, CrmError, Forbidden, Invalid, NotSignedIn, Problem, Unavailable
from crm_core.i18n import N_, gettext
from crm_core.import_protocol import ImportOptions, ImportRow, ImportSource, RowResult
from crm_core.import_reading import chunks
from crm_core.models import Batch, Import, ImportProblem, StoredFile
from crm_core.records.bulkwriter import rare_collections

if TYPE_CHECKING:
    from crm_core.context import Ctx

ENTITY = "core.import"
"""What files of imports are attached to; no entity of the registry, so only their uploader reads them."""
MAX_WARNINGS = 5000
"""Remarks on written rows are kept up to this many; all are counted."""
MAX_CRASHES = 20
"""Rows on which the plugin's writer may fail with an error of its own before the import is given up."""


class Runner(Protocol):
    """What the work is given: a job's run, or a command in the foreground."""

    def operation(self, *, write: bool = True, quiet: bool = False) -> AbstractContextManager[Ctx]:
        """Run the block in one transaction as the import's user."""

    def progress(self, done: int | None = None, total: int | None = None, message: str | None = None) -> None:
        """Tell how far the work is."""

    def check_cancelled(self) -> None:
        """Raise when the work should stop."""


def work(run: Runner, import_id: int) -> dict[str, Any]:
    """Do an import from where it stands to its end; return its counts.

    Raises:
        Invalid: the file or its columns can't be used.
        Conflict: the plugin's writer fails again and again, or another process works on the import.
    """
    try:
        _Work(run, import_id).go()
    except BaseException as exc:
        end(run, import_id, exc)
        raise
    return end(run, import_id, None)


def open_source(importer: Importer, path: Path, options: ImportOptions) -> ImportSource:
    """Open a file with a plugin's reader.

    Raises:
        Invalid: the file or its columns can't be used; the reader's words are kept.
    """
    try:
        return importer.open(path, options)
    except CrmError:
        raise
    except ValueError as exc:
        code, message = getattr(exc, "code", "unreadable"), getattr(exc, "message", str(exc))
        raise Invalid([Problem("file", code, message, getattr(exc, "params", {}), importer.plugin)]) from exc


class _Work:
    """One start of one import."""

    def __init__(self, run: Runner, import_id: int) -> None:
        self.run, self.import_id = run, import_id
        self.crashes = 0
        with run.operation() as ctx:
            row = _row(ctx, import_id)
            self.importer = _importer(ctx, row)
            self.position = row.position
            self.options = ImportOptions(**row.options, resume_at=row.position)
            file = ctx.session.get_one(StoredFile, row.file_id, execution_options=KERNEL)
            self.path = files.local(ctx, file.digest)
            self.batch_id = None if self.options.dry_run else _batch(ctx, row, file.name)
            _set(ctx, import_id, {"state": "running", "error": "", "finished_at": None})

    def go(self) -> None:
        """Read and write chunk after chunk."""
        source = open_source(self.importer, self.path, self.options)
        with rare_collections(), closing(chunks(self.importer, self.path, self.options, source)) as found:
            for chunk in found:
                self.run.check_cancelled()
                self._write(chunk.rows, chunk.share)

    def _write(self, rows: Sequence[ImportRow], share: float | None) -> None:
        """Write a chunk; when the writer fails on it, its halves, down to the row it fails on."""
        try:
            with self.run.operation(quiet=True) as ctx:
                good = [r for r in rows if not any(p.fatal for p in r.problems)]
                self._keep(ctx, rows, dict(zip(map(id, good), self._results(ctx, good), strict=True)))
                self._tell(share)
        except (Unavailable, Forbidden, NotSignedIn, Conflict):
            raise
        except Exception as exc:
            if len(rows) > 1:
                middle = len(rows) // 2
                self._write(rows[:middle], share)
                self._write(rows[middle:], share)
                return
            self._note_crash(exc)
            with self.run.operation(quiet=True) as ctx:
                self._keep(ctx, rows, {id(rows[0]): _failure(exc)})
                self._tell(share)

    def _results(self, ctx: Ctx, rows: Sequence[ImportRow]) -> Sequence[RowResult]:
        if not rows:
            return []
        if not self.options.dry_run:
            return self._written(replace(ctx, batch_id=self.batch_id), rows)
        savepoint = ctx.session.begin_nested()
        try:
            return self._written(ctx, rows)
        finally:
            savepoint.rollback()
            ctx.queue.clear()
            ctx.cache.clear()

    def _written(self, ctx: Ctx, rows: Sequence[ImportRow]) -> Sequence[RowResult]:
        found = self.importer.write(ctx, rows)
        if self.options.into:
            key, _, choice = self.options.into.partition(":")
            place = next(
                (i for i in ctx.registry.of(ImportInto) if (i.entity, i.key) == (self.importer.entity, key)), None
            )
            if place is None:
                raise Conflict(N_("What the records were to be put into is gone: a module was turned off"))
            place.put(ctx, choice, [r.record_id for r in found if r.record_id is not None])
        return found

    def _note_crash(self, exc: Exception) -> None:
        if not isinstance(exc, CrmError):
            self.crashes += 1
            if self.crashes > MAX_CRASHES:
                message = N_("The module failed on more than %(count)s rows, the last time with: %(error)s")
                params = {"count": MAX_CRASHES, "error": f"{type(exc).__name__}: {exc}"[:300]}
                raise Conflict(message, params=params, plugin=self.importer.plugin) from exc

    def _keep(self, ctx: Ctx, rows: Sequence[ImportRow], results: Mapping[int, RowResult]) -> None:
        """Write counts, problems and the checkpoint in the transaction of the chunk."""
        counts = dict.fromkeys(("created", "updated", "skipped", "failed", "warned"), 0)
        kept = []
        for row in rows:
            result = results.get(id(row)) or RowResult(outcome="failed")
            counts[result.outcome] += 1
            problems = [*row.problems, *(p for p in result.problems if p not in row.problems)]
            if result.outcome in ("created", "updated") and problems:
                counts["warned"] += 1
            if problems or result.outcome == "failed":
                kept.append(self._problem(row, result, problems))
        position = rows[-1].position
        values = {name: getattr(Import, name) + n for name, n in counts.items() if n}
        # The condition makes sure that nobody else has dealt with these rows meanwhile.
        if not _set(ctx, self.import_id, {"position": position, **values}, Import.position == self.position):
            raise Conflict(N_("Another process works on this import"))
        if self.batch_id is not None:
            grown = Batch.size + counts["created"] + counts["updated"]
            batches.update(ctx, self.batch_id, {"size": grown})
        self._store(ctx, kept)
        self.position = position

    def _problem(self, row: ImportRow, result: RowResult, problems: Sequence[Any]) -> dict[str, Any]:
        outcome = "warned" if result.outcome in ("created", "updated") else result.outcome
        raw: Any = row.raw if isinstance(row.raw, str) else list(row.raw)
        return {
            "import_id": self.import_id,
            "line": row.line,
            "outcome": outcome,
            "raw": None if outcome == "warned" else raw,
            "problems": [_document(p) for p in problems],
        }

    def _store(self, ctx: Ctx, kept: list[dict[str, Any]]) -> None:
        warned = [k for k in kept if k["outcome"] == "warned"]
        if warned:
            count = sa.select(sa.func.count()).where(
                ImportProblem.import_id == self.import_id, ImportProblem.outcome == "warned"
            )
            room = MAX_WARNINGS - int(ctx.session.scalar(count, execution_options=KERNEL) or 0)
            surplus = set(map(id, warned[max(0, room) :]))
            kept = [k for k in kept if id(k) not in surplus]
        if kept:
            ctx.session.execute(sa.insert(ImportProblem), kept, execution_options=KERNEL)

    def _tell(self, share: float | None) -> None:
        total = 1000 if share is not None else None
        message = gettext(N_("%(count)s rows read"), count=self.position)
        self.run.progress(int(share * 1000) if share is not None else self.position, total, message)


def _failure(exc: Exception) -> RowResult:
    """Return the result of a row on which the writer failed."""
    if isinstance(exc, CrmError) and exc.problems():
        problems: list[Any] = [_Words(p.field, p.code, p.message, dict(p.params)) for p in exc.problems()]
    elif isinstance(exc, CrmError):
        problems = [_Words(None, exc.code, exc.message, dict(exc.params))]
    else:
        message = N_("The module failed on this row (%(error)s)")
        problems = [_Words(None, "plugin_error", message, {"error": f"{type(exc).__name__}: {exc}"[:200]})]
    return RowResult(outcome="failed", problems=problems)


class _Words:
    """A problem of the kernel's own, in the writing of source problems."""

    fatal = True
    value = ""

    def __init__(self, field: str | None, code: str, message: str, params: Mapping[str, Any]) -> None:
        self.field, self.code, self.message, self.params = field, code, message, params


def _document(problem: Any) -> dict[str, Any]:
    params = {k: v if isinstance(v, str | int | float | bool) else str(v) for k, v in (problem.params or {}).items()}
    return {
        "field": problem.field,
        "code": problem.code,
        "message": problem.message,
        "params": params,
        "value": str(getattr(problem, "value", "") or "")[:200],
        "fatal": bool(getattr(problem, "fatal", True)),
    }


def end(run: Runner, import_id: int, exc: BaseException | None) -> dict[str, Any]:
    """Write down how the work ended; an interrupted one stays as it is, and goes on elsewhere."""
    from crm_core.jobs import Cancelled
    from crm_core.jobs.execute import describe

    values: dict[str, Any] = {"finished_at": utcnow()}
    if exc is None:
        values["state"] = "done"
    elif isinstance(exc, Cancelled):
        values["state"] = "cancelled"
    elif isinstance(exc, Exception) and not isinstance(exc, Unavailable):
        values |= {"state": "failed", "error": describe(exc)}
    else:
        return {}
    with run.operation() as ctx:
        _set(ctx, import_id, values)
        row = _row(ctx, import_id)
        return {n: getattr(row, n) for n in ("created", "updated", "skipped", "failed", "warned")}


def _row(ctx: Ctx, import_id: int) -> Import:
    statement = sa.select(Import).where(Import.id == import_id)
    return ctx.session.scalars(statement, execution_options={**KERNEL, "populate_existing": True}).one()


def _batch(ctx: Ctx, row: Import, name: str) -> int | None:
    """Return the batch of an import, begun when its work is."""
    known = batches.of_source(ctx, batches.IMPORT, row.id)
    if known is not None:
        return known.id
    return batches.begin(ctx, batches.IMPORT, row.entity, name, source_id=row.id).batch_id


def _importer(ctx: Ctx, row: Import) -> Importer:
    from crm_core.imports import importer_of

    return importer_of(ctx.registry, row.entity)


def _set(ctx: Ctx, import_id: int, values: Mapping[str, Any], *where: Any) -> int:
    statement = sa.update(Import).where(Import.id == import_id, *where).values(**values)
    done = ctx.session.execute(statement, execution_options={**KERNEL, "synchronize_session": False})
    return int(done.rowcount)  # type: ignore[attr-defined]
