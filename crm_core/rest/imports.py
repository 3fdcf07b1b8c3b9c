"""Routes of imports: a file is sent, a job does the work, and the report tells what came of it."""

from __future__ import annotations

from typing import Any

from flask import request

from crm_core import import_report, imports, jobs
from crm_core.contributions import Importer
from crm_core.rest.routing import ID, PREFIX, Answer, Call, Param, Route, shape
from crm_core.rest.uploads import upload_of

_TEXT: dict[str, Any] = {"type": "string"}
_COUNT: dict[str, Any] = {"type": "integer"}
_COUNTS = shape(" ".join(import_report.COUNTS), **dict.fromkeys(import_report.COUNTS, _COUNT))
_PROBLEM = shape(
    "line outcome field code message value",
    line=_COUNT, outcome=_TEXT, field=_TEXT, code=_TEXT, message=_TEXT, value=_TEXT,
)  # fmt: skip
_REPORT = shape(
    "id entity state dry_run file counts position error header mapping problems next job",
    id=_COUNT, entity=_TEXT, state={"type": "string", "enum": [*jobs.STATES, imports.DRAFT]},
    dry_run={"type": "boolean"}, file=_TEXT, counts=_COUNTS, position=_COUNT, error=_TEXT,
    header={"type": "array", "items": _TEXT}, mapping={"type": "object"},
    problems={"type": "array", "items": _PROBLEM}, next={"type": ["integer", "null"]},
    job={"type": ["integer", "null"]}, batch={"type": ["integer", "null"]},
)  # fmt: skip
_STARTED = shape("import job url report", job=_COUNT, url=_TEXT, report=_TEXT, **{"import": _COUNT})
_OUTCOME = Param("outcome", "Only rows with this outcome.", {"type": "string", "enum": ["failed", "skipped", "warned"]})
_AFTER = Param("after", "Return the problems after this one (`next` of the answer before).", ID)
_LIMIT = Param(
    "limit", "How many rows with problems to return.", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}
)
_FORM = shape(
    region={"type": "string", "pattern": "^[A-Za-z]{2}$"}, lenient={"type": "string", "enum": ["0", "1"]},
    dry_run={"type": "string", "enum": ["0", "1"]}, map={"type": "array", "items": _TEXT},
)  # fmt: skip
_HELP = (
    "`region` is the home country of phone numbers; with `lenient` a bad value costs the value, not the row; with "
    "`dry_run` nothing is saved; `map` (`Column=field`, as often as needed) changes what a column is taken for."
)


def start(call: Call) -> Answer:
    """Keep the file and start the import."""
    sent = upload_of("file")
    form = request.form
    raw = {name: form.get(name) for name in ("region", "lenient", "dry_run")}
    options = imports.options_of({**raw, "overrides": form.getlist("map")}, call.ctx.locale.region)
    made = imports.start(call.ctx, call.entity.slug, sent.stream, sent.filename or "file", options)
    url = f"{PREFIX}/jobs/{made.job_id}"
    report_url = f"{PREFIX}/{call.entity.slug}/import/{made.id}"
    answer = Answer({"import": made.id, "job": made.job_id, "url": url, "report": report_url}, 202)
    answer.headers["Location"] = url
    return answer


def report(call: Call) -> Answer:
    """Answer how an import stands, with what is wrong row by row."""
    found = import_report.report(call.ctx, call.id)
    outcome, after, limit = call.text("outcome"), call.whole("after") or 0, call.whole("limit") or 100
    problems, following = import_report.problems(call.ctx, call.id, outcome=outcome, after=after, limit=limit)
    row = found.row
    return Answer(
        {
            "id": row.id,
            "entity": row.entity,
            "state": found.state,
            "dry_run": found.dry_run,
            "file": found.file_name,
            "counts": dict(found.counts),
            "position": row.position,
            "error": found.error,
            "header": row.header,
            "mapping": row.mapping,
            "problems": [
                {
                    "line": p.line, "outcome": p.outcome, "field": p.field, "code": p.code, "message": p.text,
                    "value": p.value,
                }
                for p in problems
            ],
            "next": following,
            "job": row.job_id,
            "batch": import_report.batch_of(call.ctx, row.id),
        }
    )  # fmt: skip


ROUTES: tuple[Route, ...] = (
    Route(method="POST", path="/{slug}/import", handler=start, summary="Import a file", tag="imports", scope="write",
          help=_HELP, body=_FORM, files=("file",), answers={202: _STARTED}, location=True, contributed=Importer),
    Route(method="GET", path="/{slug}/import/{id}", handler=report, summary="Report of an import", tag="imports",
          parameters=(_OUTCOME, _AFTER, _LIMIT), answers={200: _REPORT}, contributed=Importer),
)  # fmt: skip
