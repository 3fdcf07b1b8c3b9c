"""Pages of its own: taking files over, and the trash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import flask
from werkzeug.datastructures import FileStorage

from crm_core.api import (
    N_,
    BlueprintDef,
    CrmError,
    Ctx,
    Invalid,
    NotFound,
    Problem,
    access,
    gettext,
    operation,
    records,
    render,
    signed_in,
)
from crm_documents import operations, tabs
from crm_documents.operations import Upload
from crm_documents.rules import DOCUMENT
from crm_documents.trash import trashed

Answer = flask.typing.ResponseReturnValue
ID = "<int(max=9007199254740991):document_id>"
MOST = 100
"""Files that are taken at once."""


def blueprint() -> flask.Blueprint:
    """Return the pages; a new blueprint each time, because the application is made anew."""
    pages = flask.Blueprint("documents", __name__, template_folder="templates")
    pages.add_url_rule("/upload", "upload", upload, methods=["POST"])
    pages.add_url_rule(f"/{ID}/versions", "add_version", add_version, methods=["POST"])
    pages.add_url_rule(f"/{ID}/versions/restore", "restore_version", restore_version, methods=["POST"])
    pages.add_url_rule(f"/{ID}/preview", "preview", preview)
    pages.add_url_rule("/trash", "trash", trash)
    pages.add_url_rule(f"/trash/{ID}/restore", "take_back", take_back, methods=["POST"])
    pages.add_url_rule(f"/trash/{ID}/delete", "purge", purge, methods=["POST"])
    return pages


@signed_in
def upload() -> Answer:
    """Put files on a record; each is taken or refused by itself."""
    ctx, form = operation(), flask.request.form
    record, refused, done = form.get("record", ""), [], 0
    for sent in _sent():
        try:
            with _attempt(ctx):
                operations.add(ctx, record, _upload(sent), form.get("description", ""))
            done += 1
        except NotFound:
            raise
        except CrmError as error:
            refused.append((sent.filename or "", error))
    entity, _, number = record.partition(":")
    slug = ctx.registry.entity(entity).slug
    return _answer(refused, done, f"/{slug}/{number}?tab=documents")


@signed_in
def add_version(document_id: int) -> Answer:
    """Take a new version of a document."""
    ctx, refused = operation(), []
    sent = _sent()[0]
    try:
        with _attempt(ctx):
            operations.add_version(ctx, document_id, _upload(sent), flask.request.form.get("note", ""))
    except NotFound:
        raise
    except CrmError as error:
        refused.append((sent.filename or "", error))
    return _answer(refused, 1 - len(refused), f"/documents/{document_id}?tab=versions")


@signed_in
def restore_version(document_id: int) -> Answer:
    """Go back to a version."""
    number = flask.request.form.get("number", "")
    records.act(operation(), DOCUMENT, document_id, "restore_version", {"number": number})
    return flask.redirect(f"/documents/{document_id}?tab=versions", 303)


@signed_in
def preview(document_id: int) -> Answer:
    """Answer the picture of one page of a document, which is drawn once it is looked at."""
    page = flask.request.args.get("page", "")
    document: Any = records.get(operation(), DOCUMENT, document_id)
    if not flask.request.headers.get("HX-Request"):
        return flask.redirect(f"/documents/{document_id}?{urlencode({'page': page})}", 303)
    return tabs.preview(document, page)


@signed_in
def trash() -> str:
    """Show what was deleted and is not gone yet."""
    ctx = operation()
    access.require(ctx, DOCUMENT, "read")
    page = trashed(ctx, 100, flask.request.args.get("after"))
    days = ctx.directory.setting("documents.keep_days")
    return render("documents/trash.html", page=page, fields=ctx.registry.fields(DOCUMENT), days=days)


@signed_in
def take_back(document_id: int) -> Answer:
    """Take a document out of the trash."""
    operations.take_back(operation(), document_id)
    return flask.redirect(f"/documents/{document_id}", 303)


@signed_in
def purge(document_id: int) -> Answer:
    """Remove a document for good."""
    operations.purge(operation(), document_id)
    return flask.redirect("/documents/trash", 303)


def _sent() -> Sequence[FileStorage]:
    found = [one for one in flask.request.files.getlist("file") if one.filename]
    if not found:
        raise Invalid([Problem("file", "required", N_("Choose a file first"))])
    if len(found) > MOST:
        raise Invalid([Problem("file", "too_many", N_("At most %(limit)s files at once"), {"limit": MOST})])
    return found


def _upload(sent: FileStorage) -> Upload:
    return Upload(sent.stream, sent.filename or "", sent.mimetype)


@contextmanager
def _attempt(ctx: Ctx) -> Iterator[None]:
    """Write what the block does whole or not at all, whatever becomes of the other files."""
    queued = len(ctx.queue)
    try:
        with ctx.session.begin_nested():
            yield
    except CrmError:
        del ctx.queue[queued:]
        ctx.cache.clear()
        raise


def _answer(refused: list[tuple[str, CrmError]], done: int, url: str) -> Answer:
    """Go on to the page, or say what was refused: to scripts as JSON, to people on a page."""
    status = refused[0][1].status if refused else 201
    if flask.request.accept_mimetypes.best == "application/json":
        errors: list[dict[str, Any]] = [{"name": name, "message": _words(error)} for name, error in refused]
        return {"done": done, "errors": errors, "url": url}, status
    if not refused:
        return flask.redirect(url, 303)
    shown = [(name or gettext(N_("File")), _words(error)) for name, error in refused]
    return render("documents/refused.html", refused=shown, done=done, url=url), status


def _words(error: CrmError) -> str:
    return " ".join(dict.fromkeys(p.text() for p in error.problems())) or error.text()


PAGES = BlueprintDef(blueprint=blueprint)
