"""The page that asks how a list is to be exported, and the way to it from the list."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import flask

from crm_core.api import (
    BlueprintDef,
    CrmError,
    Ctx,
    EntityDef,
    Fragment,
    ListQuery,
    NotFound,
    access,
    admin,
    current_language,
    filter_text,
    listed,
    operation,
    records,
    render,
    signed_in,
)
from crm_transfer import exporting, settings
from crm_transfer.models import EVERYTHING, EXPORT

Answer = flask.typing.ResponseReturnValue


def fragments(ctx: Ctx, slot: str, subject: Any) -> Iterator[Fragment]:
    """Yield the button beside a list that leads to its export, with the list's filter and order in its address."""
    if slot == "list.actions" and getattr(subject, "key", "") == EXPORT and ctx.actor.is_admin:
        yield Fragment(render("transfer/everything.html"), weight=40)
    if slot != "list.actions" or not isinstance(subject, EntityDef) or not access.may(ctx, subject.key, "export"):
        return
    if exporting.formats_of(ctx, subject.key):
        query = flask.request.query_string.decode("ascii", "replace")
        url = f"/transfer/export/{subject.slug}" + (f"?{query}" if query else "")
        yield Fragment(render("transfer/button.html", url=url), weight=50)


def blueprint() -> flask.Blueprint:
    """Return the pages."""
    made = flask.Blueprint("transfer", __name__, template_folder="templates")
    made.add_url_rule("/export/<slug>", "export", signed_in(ask))
    made.add_url_rule("/export/<slug>", "export_do", signed_in(do), methods=["POST"])
    made.add_url_rule("/everything", "everything", admin(everything), methods=["POST"])
    return made


def everything() -> Answer:
    """Have all data written to an archive, and lead to it."""
    return flask.redirect(f"/exports/{records.create(operation(), EXPORT, {'source': EVERYTHING}).id}", 303)


def ask(slug: str) -> Answer:
    """Ask for format, columns and headings."""
    return _page(*_list_of(slug))


def _list_of(slug: str) -> tuple[Ctx, EntityDef, ListQuery]:
    ctx = operation()
    definition = ctx.registry.entities.get(ctx.registry.slugs.get(slug, ""))
    if definition is None or not access.may(ctx, definition.key, "read"):
        raise NotFound
    access.require(ctx, definition.key, "export")
    return ctx, definition, listed(ctx, definition.key, flask.request.args)


def _page(ctx: Ctx, definition: EntityDef, query: ListQuery, error: CrmError | None = None) -> Answer:
    form = flask.request.form
    chosen = form.getlist("column") or list(query.fields)
    fields = exporting.fields_of(ctx, definition.key)
    shown = [f for key in query.fields for f in fields if f.key == key]
    page = flask.render_template(
        "transfer/export.html",
        definition=definition,
        formats=exporting.formats_of(ctx, definition.key),
        fields=[*shown, *(f for f in fields if f not in shown)],
        chosen=chosen,
        rows=records.exportable(ctx, definition.key, query),
        direct=ctx.directory.setting(settings.DIRECT_ROWS),
        filter=filter_text(query.filter) if query.filter is not None else "",
        words=query.q,
        action=flask.request.full_path.rstrip("?"),
        separator=form.get("separator") or ("semicolon" if current_language() == "fr" else "comma"),
        form=form,
        error=error,
    )
    return page if error is None else flask.make_response(page, error.status)


def do(slug: str) -> Answer:
    """Send the file at once, or have it written in the background and lead to it."""
    ctx, definition, query = _list_of(slug)
    form = flask.request.form
    raw = {**_text_of(query), **{name: form.get(name, "") for name in ("format", "headings", "separator")},
           "fields": ",".join(form.getlist("column"))}  # fmt: skip
    try:
        wish = exporting.wish_of(ctx, definition.key, raw)
        if form.get("every") or exporting.count(ctx, wish) > ctx.directory.setting(settings.DIRECT_ROWS):
            made = _kept(ctx, definition, raw, form.get("every", ""))
            return flask.redirect(f"/exports/{made}", 303)
        return _sent(ctx, replace(wish, query=replace(wish.query, filter=query.filter)))
    except CrmError as error:
        return _page(ctx, definition, query, error)


def _text_of(query: ListQuery) -> dict[str, str]:
    """Return a list as an export keeps it."""
    sort = ",".join(("-" if down else "") + path for path, down in query.sort)
    return {"filter": filter_text(query.filter) if query.filter is not None else "", "q": query.q, "sort": sort}


def _kept(ctx: Ctx, definition: EntityDef, raw: Mapping[str, str], every: str) -> int:
    values = {
        "source": definition.key, "format": raw["format"], "filter": raw["filter"], "words": raw["q"],
        "sort": raw["sort"], "columns": raw["fields"], "headings": raw["headings"], "separator": raw["separator"],
        "every": every,
    }  # fmt: skip
    return records.create(ctx, EXPORT, values).id


def _sent(ctx: Ctx, wish: exporting.Wish) -> flask.Response:
    target = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the answer it is sent with
    try:
        exporting.write(ctx, wish, target)
        target.seek(0)
    except BaseException:
        target.close()
        raise
    name, kind = exporting.name_of(ctx, wish), wish.format.content_type
    response = flask.send_file(target, mimetype=kind, as_attachment=True, download_name=name, max_age=None)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


PAGES = BlueprintDef(blueprint=blueprint)
