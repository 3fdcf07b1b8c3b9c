"""Stored files: sent to those who may read the record they belong to, in a way no browser runs anything of them."""

from __future__ import annotations

from pathlib import Path

import flask
from werkzeug.exceptions import NotFound

from crm_core import files, images
from crm_core.web.request import current

SIDES = (48, 96, 192)
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
    opened = files.open_(current(), file_id)
    return _send(opened.path, opened.file.content_type, opened.file.name, opened.file.digest)


def thumbnail(file_id: int, side: int) -> flask.Response:
    """Send a small version of a picture."""
    if side not in SIDES:
        raise NotFound
    path, kind = files.thumbnail(current(), file_id, side)
    return _send(path, kind, path.name, path.name)


def _send(path: Path, kind: str, name: str, etag: str) -> flask.Response:
    shown = kind in images.TYPES
    mimetype = "application/octet-stream" if kind in _ACTIVE else kind
    response = flask.send_file(
        path, mimetype=mimetype, as_attachment=not shown, download_name=name, conditional=True, etag=etag, max_age=None
    )
    # Kept by the browser, but asked for each time: the right to see it may be gone.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
