"""Questions asked in a dialog, or on a page of their own where there are no scripts."""

from __future__ import annotations

from typing import Any

import flask

from crm_core.contributions import EntityDef
from crm_core.records import Row
from crm_core.web.request import is_fragment


def dialog(template: str, definition: EntityDef, row: Row, **values: Any) -> str:
    """Return a question about a record as the inside of a dialog, or as a page."""
    layout = "form/dialog.html" if is_fragment() else "form/question.html"
    url = f"/{definition.slug}/{row.id}"
    values.setdefault("error", None)
    return flask.render_template(template, layout=layout, definition=definition, row=row, url=url, **values)


def fragment(html: str, status: int) -> flask.Response:
    """Return a part of a page that is shown although its status tells of a mistake."""
    response = flask.make_response(html, status)
    response.headers["X-Fragment"] = "1"
    return response


def go(url: str) -> flask.Response:
    """Return a redirect that also leaves a dialog."""
    if is_fragment():
        response = flask.make_response("")
        response.headers["HX-Redirect"] = url
        return response
    return flask.make_response(flask.redirect(url, 303))


def local(url: str | None) -> str:
    """Return an address if it stays on this site, else nothing."""
    if not url or not url.startswith("/") or url[1:2] in ("/", "\\") or any(c < " " for c in url):
        return ""
    return url.partition("#")[0]
