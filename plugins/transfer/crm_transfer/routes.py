"""REST: a list as a file, at once; longer lists are kept exports (``POST /api/v1/exports``)."""

from __future__ import annotations

import tempfile
from typing import Any

from flask import send_file

from crm_core.api import N_, Conflict, Ctx, ExportFormat, RestRoutes, archive, records, rest
from crm_transfer import exporting, settings
from crm_transfer.models import EVERYTHING, EXPORT

_TEXT: dict[str, Any] = {"type": "string", "maxLength": 10_000}
_PARAMETERS = (
    rest.Param("format", "csv, xlsx, jsonl, or what the kind of record offers besides (vcard).",
               {"type": "string", "maxLength": 20, "default": "csv"}),
    rest.Param("filter", 'An expression, such as name startswith "Ker" and not email is null.', _TEXT),
    rest.Param("q", "Words to search for.", {"type": "string", "maxLength": 500}),
    rest.Param("sort", "Up to five fields, a minus before those that descend: -cf.score,name.", _TEXT),
    rest.Param("fields", "The fields wanted, in the order of the columns; all that may be read without it.", _TEXT),
    rest.Param("headings", "names of fields, with values an import understands, or labels that people read.",
               {"type": "string", "enum": ["names", "labels"], "default": "names"}),
    rest.Param("separator", "What stands between the cells of a CSV table.",
               {"type": "string", "enum": list(exporting.SEPARATORS), "default": "comma"}),
)  # fmt: skip
_MADE = rest.shape(
    "export job left_out", export={"type": "integer"}, job={"type": ["integer", "null"]}, left_out={"type": "object"}
)
_HELP = (
    "The records that the caller may read and export, with the fields he may read. A list longer than the setting "
    "`transfer.direct_rows` allows is refused with 409: create an export then, which a job writes."
)


def export(call: rest.Call) -> rest.Answer:
    """Send a list as a file."""
    raw = {name: call.text(name) for name in ("format", "filter", "q", "sort", "fields", "headings", "separator")}
    wish = exporting.wish_of(call.ctx, call.entity.key, raw)
    check_direct(call.ctx, exporting.count(call.ctx, wish))
    target = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the answer it is sent with
    try:
        exporting.write(call.ctx, wish, target)
        target.seek(0)
    except BaseException:
        target.close()
        raise
    name, kind = exporting.name_of(call.ctx, wish), wish.format.content_type
    response = send_file(target, mimetype=kind, download_name=name, as_attachment=True, max_age=None)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return rest.Answer(response)


def everything(call: rest.Call) -> rest.Answer:
    """Have all data written to an archive."""
    made: Any = records.create(call.ctx, EXPORT, {"source": EVERYTHING})
    left = archive.left_out(call.ctx)
    answer = rest.Answer({"export": made.id, "job": made.job, "left_out": left}, 202)
    answer.headers["Location"] = f"{rest.PREFIX}/exports/{made.id}"
    return answer


def check_direct(ctx: Ctx, rows: int) -> None:
    """Refuse to send more rows at once than the setting allows.

    Raises:
        Conflict: there are more.
    """
    limit = ctx.directory.setting(settings.DIRECT_ROWS)
    if rows > limit:
        message = N_("%(rows)s rows are more than the %(limit)s that are sent at once; create an export instead")
        raise Conflict(message, params={"rows": rows, "limit": limit})


def routes() -> tuple[rest.Route, ...]:
    """Return the routes."""
    return (
        rest.Route(
            method="GET", path="/{slug}/export", handler=export, summary="Export a list", tag="exports", help=_HELP,
            parameters=_PARAMETERS, answers={200: {"type": "string"}}, contributed=ExportFormat,
            media=("text/csv", "application/jsonl", "application/octet-stream"),
        ),
        rest.Route(
            method="POST", path="/exports/everything", handler=everything, summary="Export all data", tag="exports",
            scope="admin", answers={202: _MADE}, location=True,
            help="An archive that `crm import --all` reads into an empty system; `Location` tells how it stands. "
            "`left_out` names the rows of modules that are off, by module and table: they are not in it.",
        ),
    )  # fmt: skip


ROUTES = RestRoutes(routes=routes)
