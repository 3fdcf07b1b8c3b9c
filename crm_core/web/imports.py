"""Importing a file step by step: upload, look at the columns, try it or do it, read the report (IE-01)."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import flask

from crm_core import access, files, import_columns, import_report, imports, jobs, tables
from crm_core.contributions import EntityDef, Importer
from crm_core.errors import CrmError, NotFound
from crm_core.i18n import N_, gettext
from crm_core.import_options import options_of
from crm_core.import_protocol import JOINER_NAMES, MODES, ImportOptions
from crm_core.models import Import
from crm_core.web.questions import go
from crm_core.web.request import current, notify

if TYPE_CHECKING:
    from crm_core.context import Ctx

Answer = flask.typing.ResponseReturnValue
ID = "<int(max=9007199254740991):import_id>"
PAGE = 100


def install(app: flask.Flask) -> None:
    """Add the routes."""
    base = "/<entity:definition>/import"
    app.add_url_rule(base, "import", new)
    app.add_url_rule(base, "import.upload", upload, methods=["POST"])
    app.add_url_rule(f"{base}/{ID}", "import.page", show)
    app.add_url_rule(f"{base}/{ID}", "import.begin", begin, methods=["POST"])
    app.add_url_rule(f"{base}/{ID}/progress", "import.progress", progress)
    app.add_url_rule(f"{base}/{ID}/again", "import.again", again, methods=["POST"])
    app.add_url_rule(f"{base}/{ID}/cancel", "import.cancel", cancel, methods=["POST"])
    app.add_url_rule(f"{base}/{ID}/failed", "import.failed", failed)


def _importer(definition: EntityDef) -> Importer:
    return imports.importer_of(current().registry, definition.key)


def new(definition: EntityDef) -> Answer:
    """Ask for a file."""
    return _upload_page(definition)


def _upload_page(definition: EntityDef, error: CrmError | None = None) -> Answer:
    ctx = current()
    importer = _importer(definition)
    access.require(ctx, definition.key, "create")
    page = flask.render_template(
        "imports/upload.html",
        definition=definition,
        importer=importer,
        error=error,
        accept=",".join(f".{ending}" for ending in imports.endings(ctx.registry, importer)),
        limit=files.size_text(ctx.config.max_upload),
        region=flask.request.form.get("region") or ctx.locale.region,
        recent=imports.listing(ctx, importer.slug),
        states=STATES,
        layout=_layout(flask.request.form),
    )
    return page if error is None else flask.make_response(page, error.status)


def _layout(chosen: Mapping[str, Any], found: imports.Preview | None = None) -> dict[str, Any]:
    """Return what the page shows of how a table is written: what may be chosen, what is, and what was recognised."""
    separators = {mark: name for name, mark in tables.SEPARATORS.items()}
    seen = None
    if found is not None and found.separator:
        name = separators.get(found.separator)
        separator = gettext(tables.SEPARATOR_NAMES[name]) if name else found.separator
        seen = {"encoding": _encoding_name(found.encoding), "separator": separator}
    return {
        "seen": seen,
        "encodings": _offered(tables.ENCODINGS, chosen.get("encoding")),
        "separators": _offered(tables.SEPARATOR_NAMES, chosen.get("separator")),
        "quotes": _offered(tables.QUOTE_NAMES, chosen.get("quote")),
        "chosen": {name: chosen.get(name) or "" for name in ("encoding", "separator", "quote")},
    }


def _offered(names: Mapping[str, str], chosen: str | None) -> list[tuple[str, str]]:
    found = [(key, gettext(label)) for key, label in names.items()]
    return found if not chosen or chosen in names else [*found, (chosen, chosen)]


def _encoding_name(name: str) -> str:
    """Return what people call an encoding: one that is offered, or its byte order left out."""
    plain = name.removesuffix("-sig").removesuffix("-le").removesuffix("-be")
    return gettext(tables.ENCODINGS[plain]) if plain in tables.ENCODINGS else name.upper()


def upload(definition: EntityDef) -> Answer:
    """Keep the file, and lead on to its columns."""
    ctx, form = current(), flask.request.form
    sent = flask.request.files.get("file")
    if sent is None or not sent.filename:
        return _upload_page(definition, _no_file())
    try:
        with ctx.session.begin_nested():
            given = {name: form.get(name) for name in ("region", "encoding", "separator", "quote")}
            options = options_of(given, ctx.locale.region)
            slug = _importer(definition).slug
            made = imports.draft(ctx, slug, sent.stream, sent.filename, options, remember=True)
    except CrmError as error:
        return _upload_page(definition, error)
    return flask.redirect(f"/{definition.slug}/import/{made.id}", 303)


def _no_file() -> CrmError:
    from crm_core.errors import Invalid, Problem

    return Invalid([Problem("file", "required", N_("Choose a file"))])


def show(definition: EntityDef, import_id: int) -> Answer:
    """Show an import: its columns before it starts, its progress and its report afterwards."""
    ctx = current()
    row = _found(ctx, definition, import_id)
    if row.state == imports.DRAFT:
        return _columns_page(definition, row)
    return flask.render_template("imports/page.html", **_report(ctx, definition, row))


def progress(definition: EntityDef, import_id: int) -> Answer:
    """Show how far an import is: the part of its page that asks again while it goes on, or once read, its columns."""
    ctx = current()
    row = _found(ctx, definition, import_id)
    if row.state == imports.DRAFT:
        return go(f"/{definition.slug}/import/{row.id}")
    return flask.render_template("imports/report.html", **_report(ctx, definition, row))


def _found(ctx: Ctx, definition: EntityDef, import_id: int) -> Import:
    row = imports.find(ctx, import_id)
    if row.entity != definition.key:
        raise NotFound
    return row


def _report(ctx: Ctx, definition: EntityDef, row: Import) -> dict[str, Any]:
    after = flask.request.args.get("after", "0")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 17 else 0
    problems, more = import_report.problems(ctx, row.id, after=start, limit=PAGE)
    return {
        "definition": definition,
        "report": import_report.report(ctx, row.id),
        "problems": problems,
        "more": more,
        "names": import_report.COUNTS,
        "batch": import_report.batch_of(ctx, row.id),
        "states": STATES,
        "field_label": lambda key: _field_label(ctx, definition, key),
    }


def _field_label(ctx: Ctx, definition: EntityDef, key: str) -> str:
    found = ctx.registry.fields(definition.key).get(key.partition(".")[0])
    return found.title() if found is not None else key


# ---------------------------------------------------------------- the columns, before it starts


def _columns_page(definition: EntityDef, row: Import, error: CrmError | None = None) -> Answer:
    ctx, form = current(), flask.request.form
    found, importer = imports.preview(ctx, row), _importer(definition)
    targets = import_columns.targets(ctx, importer)
    chosen = {**row.options, **form}
    columns = [
        {
            "name": name,
            "choices": _choices(targets, form.get(f"column.{number}", ""), _target(row.mapping, name)),
            "target": form.get(f"column.{number}", _target(row.mapping, name)),
            "sample": [r[number] for r in found.rows if number < len(r) and r[number]],
        }
        for number, name in enumerate(row.header)
    ]
    page = flask.render_template(
        "imports/columns.html",
        definition=definition,
        row=row,
        error=error,
        layout=None if row.conversion else _layout(chosen, found),
        columns=columns,
        region=form.get("region") or row.options.get("region", ""),
        lenient=bool(form.get("lenient", row.options.get("lenient"))),
        matches=list(importer.matches(ctx, definition.key)) if importer.matches is not None else None,
        modes=MODES,
        chosen=chosen,
        making=_making(importer, chosen.get("make")),
        joiners=_offered({name: JOINER_NAMES[name] for name in JOINER_NAMES}, chosen.get("joiner")),
        destinations=import_columns.destinations(ctx, definition.key),
    )
    return page if error is None else flask.make_response(page, error.status)


def _making(importer: Importer, chosen: Any) -> list[tuple[str, str, bool]]:
    """Return what may become of names that are not known here: value, label, and whether it is chosen."""
    kept = {None: "", True: "1", False: "0"}.get(chosen, chosen)
    return [(value, gettext(label), value == kept) for value, label in importer.making]


def _target(mapping: Mapping[str, Any], column: str) -> str:
    found = mapping.get(column) or []
    return found if isinstance(found, str) else ", ".join(found)


def _choices(targets: Sequence[tuple[str, str]], *kept: str) -> list[tuple[str, str]]:
    """Return what a column may be: what it is taken for first, where that is none of the fields alone."""
    labels = dict(targets)
    own = [name for name in dict.fromkeys(kept) if name and name not in labels]
    words = [(name, ", ".join(labels.get(part, part) for part in name.split(", "))) for name in own]
    return [*words, *targets]


def begin(definition: EntityDef, import_id: int) -> Answer:
    """Read the file otherwise, try the import without writing anything, or start it."""
    ctx, form = current(), flask.request.form
    row = _found(ctx, definition, import_id)
    do = imports.look_again if form.get("do") == "look" else imports.begin
    try:
        with ctx.session.begin_nested():
            do(ctx, row.id, _asked(ctx, row, _importer(definition), form))
    except CrmError as error:
        if row.state != imports.DRAFT:
            raise
        return _columns_page(definition, row, error)
    return flask.redirect(f"/{definition.slug}/import/{row.id}", 303)


_ASKED = ("region", "lenient", "match", "mode", "clear", "make", "encoding", "separator", "quote", "joiner", "into")


def _asked(ctx: Ctx, row: Import, importer: Importer, form: Mapping[str, str]) -> ImportOptions:
    """Return the options that the form of the columns asks for."""
    columns = _overrides(row, form, whole=importer.guess is not None)
    raw = {name: form.get(name) for name in _ASKED}
    return options_of({**raw, "dry_run": form.get("do") == "try", "overrides": columns}, ctx.locale.region)


def _overrides(row: Import, form: Mapping[str, str], *, whole: bool) -> dict[str, str]:
    """Return the columns whose place the person has changed, beside those changed before; all of them if ``whole``.

    A column that was taken for a place already, and still is, is named too where another one now goes there as well.
    """
    found = dict(row.options.get("overrides") or {})
    kept: dict[str, str] = {}
    for number, name in enumerate(row.header):
        typed = form.get(f"column.{number}", "").strip()
        if f"column.{number}" in form and (whole or typed != _target(row.mapping, name)):
            found[name] = typed
        elif typed:
            kept[name] = typed
    wanted = set(found.values())
    return {**found, **{name: place for name, place in kept.items() if place in wanted}}


# ---------------------------------------------------------------- afterwards


def again(definition: EntityDef, import_id: int) -> Answer:
    """Import for real what was tried."""
    ctx = current()
    made = imports.again(ctx, _found(ctx, definition, import_id).id, dry_run=False)
    return flask.redirect(f"/{definition.slug}/import/{made.id}", 303)


def cancel(definition: EntityDef, import_id: int) -> Answer:
    """Cancel an import; what it has written stays."""
    ctx = current()
    row = _found(ctx, definition, import_id)
    if row.job_id is None:
        raise NotFound
    jobs.cancel(ctx, row.job_id)
    notify(gettext(N_("The import stops; what it has written stays")), "info")
    return flask.redirect(f"/{definition.slug}/import/{row.id}", 303)


def failed(definition: EntityDef, import_id: int) -> flask.Response:
    """Send the failed rows as a file that can be mended and imported."""
    ctx = current()
    row = _found(ctx, definition, import_id)
    target = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the answer it is sent with
    for text in import_report.failed_rows(ctx, row):
        target.write(text.encode())
    target.seek(0)
    name = import_report.failed_name(ctx, row)
    kind = "text/csv" if row.header else "text/vcard"
    response = flask.send_file(target, mimetype=kind, as_attachment=True, download_name=name, max_age=None)
    response.headers["Cache-Control"] = "private, no-store"
    return response


STATES = {**jobs.STATES, imports.DRAFT: N_("Not started"), imports.PREPARING: N_("The file is being read")}
