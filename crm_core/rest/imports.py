"""Routes of imports: a file is sent, a job does the work, and the report tells what came of it."""

from __future__ import annotations

import tempfile
from typing import Any

from flask import request, send_file

from crm_core import import_report, imports, jobs, tables
from crm_core.contributions import Importer
from crm_core.errors import NotFound
from crm_core.import_options import options_of
from crm_core.import_protocol import MODES, ImportOptions
from crm_core.models import Import
from crm_core.rest import bodies
from crm_core.rest.routing import ID, PREFIX, Answer, Call, Param, Route, shape
from crm_core.rest.uploads import upload_of

_TEXT: dict[str, Any] = {"type": "string"}
_COUNT: dict[str, Any] = {"type": "integer"}
_COUNTS = shape(" ".join(import_report.COUNTS), **dict.fromkeys(import_report.COUNTS, _COUNT))
_PROBLEM = shape(
    "line outcome field code message value",
    line=_COUNT, outcome=_TEXT, field=_TEXT, code=_TEXT, message=_TEXT, value=_TEXT,
)  # fmt: skip
_ROWS = {"type": "array", "items": {"type": "array", "items": _TEXT}}
_PREVIEW = shape("rows encoding separator quote", rows=_ROWS, encoding=_TEXT, separator=_TEXT, quote=_TEXT)
_REPORT = shape(
    "id entity state dry_run file counts position error header mapping preview problems next job",
    id=_COUNT, entity=_TEXT, state={"type": "string", "enum": [*jobs.STATES, imports.DRAFT, imports.PREPARING]},
    dry_run={"type": "boolean"}, file=_TEXT, counts=_COUNTS, position=_COUNT, error=_TEXT,
    header={"type": "array", "items": _TEXT}, mapping={"type": "object"},
    preview={"anyOf": [_PREVIEW, {"type": "null"}]},
    problems={"type": "array", "items": _PROBLEM}, next={"type": ["integer", "null"]},
    job={"type": ["integer", "null"]}, batch={"type": ["integer", "null"]},
)  # fmt: skip
_STARTED = shape(
    "import job url report", job={"type": ["integer", "null"]}, url=_TEXT, report=_TEXT, **{"import": _COUNT}
)
_OUTCOME = Param("outcome", "Only rows with this outcome.", {"type": "string", "enum": ["failed", "skipped", "warned"]})
_AFTER = Param("after", "Return the problems after this one (`next` of the answer before).", ID)
_LIMIT = Param(
    "limit", "How many rows with problems to return.", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}
)
_FORM = shape(
    region={"type": "string", "pattern": "^[A-Za-z]{2}$"}, lenient={"type": "string", "enum": ["0", "1"]},
    dry_run={"type": "string", "enum": ["0", "1"]}, map={"type": "array", "items": _TEXT},
    match=_TEXT, mode={"type": "string", "enum": list(MODES)}, clear={"type": "string", "enum": ["0", "1"]},
    make={"type": "string", "enum": ["", "0", "1"]}, draft={"type": "string", "enum": ["0", "1"]},
    encoding=_TEXT, separator=_TEXT, quote=_TEXT, joiner=_TEXT, into=_TEXT,
)  # fmt: skip
_FLAG = {"type": "boolean"}
_CHOSEN = shape(
    region={"type": "string", "pattern": "^[A-Za-z]{2}$"}, lenient=_FLAG, dry_run=_FLAG, clear=_FLAG,
    make={"type": ["boolean", "null"]},
    match=_TEXT, mode={"type": "string", "enum": list(MODES)}, map={"type": "object", "additionalProperties": _TEXT},
    encoding=_TEXT, separator=_TEXT, quote=_TEXT, joiner=_TEXT, into=_TEXT,
)  # fmt: skip
_HELP = (
    "`region` is the home country of phone numbers; with `lenient` a bad value costs the value, not the row; with "
    "`dry_run` nothing is saved; `map` (`Column=field`, as often as needed) changes what a column is taken for. "
    "`match` is the field a record is known by, `mode` what becomes of known and new ones; with `clear` an empty cell "
    "empties the field; `make` (1 or 0) makes missing entries of lists and linked records or refuses their rows. "
    "`encoding`, `separator` (comma, semicolon, tab, bar, or the character) and `quote` (double, single, none, or the "
    "character) say how a table is written; each is recognised without. Texts of several columns that go to one field "
    "are joined by `joiner` (space, comma, semicolon, dash, line, or the text). `into` puts the records into something "
    "besides, as a module offers it. With `draft` nothing starts yet: the report tells the columns and the first rows, "
    "`PATCH …/import/{id}` reads the file with other options, and `POST …/import/{id}/start` starts it. A workbook or "
    "another file that is no table is read by the job first; a draft of it is `preparing` until then."
)
_NAMES = ("region", "lenient", "dry_run", "match", "mode", "clear", "make", "encoding", "separator", "quote", "joiner",
          "into")  # fmt: skip


def start(call: Call) -> Answer:
    """Keep the file and start the import."""
    sent = upload_of("file")
    form = request.form
    raw = {name: form.get(name) for name in _NAMES}
    options = options_of({**raw, "overrides": form.getlist("map")}, call.ctx.locale.region)
    do = imports.draft if form.get("draft") == "1" else imports.start
    return _started(call, do(call.ctx, call.entity.slug, sent.stream, sent.filename or "file", options))


def begin(call: Call) -> Answer:
    """Start an import that was uploaded as a draft, with other options if some are given."""
    row = _row(call)
    return _started(call, imports.begin(call.ctx, row.id, _chosen(call, row)))


def look(call: Call) -> Answer:
    """Read the file of a draft with other options, and tell what it looks like then."""
    row = _row(call)
    imports.look_again(call.ctx, row.id, _chosen(call, row))
    return _answer(call, row.id)


def _row(call: Call) -> Import:
    row = imports.find(call.ctx, call.id)
    if row.entity != call.entity.key:
        raise NotFound
    return row


def _chosen(call: Call, row: Import) -> ImportOptions:
    """Return the options of a draft with those that the body changes."""
    given = call.body or {}
    bodies.check(_CHOSEN, given)
    columns = {**(row.options.get("overrides") or {}), **given.get("map", {})}
    return options_of({**row.options, **given, "overrides": columns}, call.ctx.locale.region)


def failed(call: Call) -> Answer:
    """Send the failed rows as a file that can be mended and imported."""
    row = _row(call)
    target = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the answer it is sent with
    target.writelines(text.encode() for text in import_report.failed_rows(call.ctx, row))
    target.seek(0)
    kind = "text/csv" if row.header else "text/vcard"
    name = import_report.failed_name(call.ctx, row)
    response = send_file(target, mimetype=kind, download_name=name, as_attachment=True, max_age=None)
    response.headers["Cache-Control"] = "private, no-store"
    return Answer(response)


def _started(call: Call, made: Import) -> Answer:
    report_url = f"{PREFIX}/{call.entity.slug}/import/{made.id}"
    url = f"{PREFIX}/jobs/{made.job_id}" if made.job_id is not None else report_url
    answer = Answer({"import": made.id, "job": made.job_id, "url": url, "report": report_url}, 202)
    answer.headers["Location"] = url
    return answer


def report(call: Call) -> Answer:
    """Answer how an import stands, with what is wrong row by row."""
    return _answer(call, call.id, call.text("outcome"), call.whole("after") or 0, call.whole("limit") or 100)


def _answer(call: Call, import_id: int, outcome: str = "", after: int = 0, limit: int = 100) -> Answer:
    found = import_report.report(call.ctx, import_id)
    problems, following = import_report.problems(call.ctx, import_id, outcome=outcome, after=after, limit=limit)
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
            "preview": _preview(call, row),
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


def _preview(call: Call, row: Import) -> dict[str, Any] | None:
    if row.state != imports.DRAFT:
        return None
    found = imports.preview(call.ctx, row)
    names = {mark: name for name, mark in tables.SEPARATORS.items()}
    quotes = {mark: name for name, mark in tables.QUOTES.items()}
    return {
        "rows": found.rows, "encoding": found.encoding, "separator": names.get(found.separator, found.separator),
        "quote": quotes.get(found.quote, found.quote),
    }  # fmt: skip


ROUTES: tuple[Route, ...] = (
    Route(method="POST", path="/{slug}/import", handler=start, summary="Import a file", tag="imports", scope="write",
          help=_HELP, body=_FORM, files=("file",), answers={202: _STARTED}, location=True, contributed=Importer),
    Route(method="POST", path="/{slug}/import/{id}/start", handler=begin, summary="Start an import that was looked at",
          tag="imports", scope="write", body=_CHOSEN, body_optional=True, answers={202: _STARTED}, location=True,
          contributed=Importer),
    Route(method="PATCH", path="/{slug}/import/{id}", handler=look, summary="Read the file of an import otherwise",
          tag="imports", scope="write", body=_CHOSEN, answers={200: _REPORT}, contributed=Importer,
          help="For a draft only: other columns, encoding, separator or quote; the answer shows the first rows."),
    Route(method="GET", path="/{slug}/import/{id}/failed", handler=failed, summary="Failed rows of an import",
          tag="imports", answers={200: {"type": "string"}}, contributed=Importer, media=("text/csv", "text/vcard")),
    Route(method="GET", path="/{slug}/import/{id}", handler=report, summary="Report of an import", tag="imports",
          parameters=(_OUTCOME, _AFTER, _LIMIT), answers={200: _REPORT}, contributed=Importer),
)  # fmt: skip
