"""Stored files: sent to those who may read the record they belong to, in a way no browser runs anything of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import flask
from werkzeug.exceptions import NotFound
from werkzeug.wsgi import wrap_file

from crm_core import files, images
from crm_core.web.request import current

if TYPE_CHECKING:
    from crm_core.context import Ctx

SIDES = (48, 96, 192, 960)
"""Sizes of thumbnails in pixels; others are not made, so that nobody fills the disk with them."""

_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
_ACTIVE = ("text/html", "image/svg+xml", "application/xml", "text/xml", "application/xhtml+xml", "text/javascript")
ID = "<int(max=9007199254740991):file_id>"


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule(f"/files/{ID}", "file", serve)
    app.add_url_rule(f"/files/{ID}/thumb/<int:side>", "file.thumb", thumbnail)


def serve(file_id: int) -> flask.Response:
    """Send a file: pictures to be shown, everything else to be saved."""
    return sent(current(), file_id)


def sent(ctx: Ctx, file_id: int) -> flask.Response:
    """Return the answer that sends a file, or the part of it that is asked for.

    Raises:
        NotFound: no such file for the actor.
    """
    opened = files.open_(ctx, file_id)
    file = opened.file
    if not opened.store.remote:
        return _send(opened.path, file.content_type, file.name, file.digest)
    request = flask.request
    sent = _mimetype(file.content_type)
    response = flask.Response(wrap_file(request.environ, opened.open()), mimetype=sent, direct_passthrough=True)
    shown = "inline" if file.content_type in images.TYPES else "attachment"
    response.headers.set("Content-Disposition", shown, filename=file.name)
    response.content_length = file.size
    response.set_etag(file.digest)
    response.make_conditional(request, accept_ranges=True, complete_length=file.size)
    return _guarded(response)


def thumbnail(file_id: int, side: int) -> flask.Response:
    """Send a small version of a picture, or of a page; pages after the first are drawn in one size alone."""
    text = flask.request.args.get("page", "1")
    page = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
    if side not in SIDES or page < 1 or (page > 1 and side != SIDES[-1]):
        raise NotFound
    path, kind = files.thumbnail(current(), file_id, side, page)
    return _send(path, kind, path.name, path.name)


def _mimetype(kind: str) -> str:
    return "application/octet-stream" if kind in _ACTIVE else kind


def _send(path: Path, kind: str, name: str, etag: str) -> flask.Response:
    shown = kind in images.TYPES
    response = flask.send_file(
        path, mimetype=_mimetype(kind), as_attachment=not shown, download_name=name, conditional=True, etag=etag,
        max_age=None,
    )  # fmt: skip
    return _guarded(response)


def _guarded(response: flask.Response) -> flask.Response:
    # Kept by the browser, but asked for each time: the right to see it may be gone.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
