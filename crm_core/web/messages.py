"""Messages for the person: with the answer where the page can take them at once, else kept for the next page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import flask

from crm_core.accounts import sessions

if TYPE_CHECKING:
    from crm_core.web.request import Message, Visit

EVENT = "crm:toast"
LIMIT = 5


def keep(found: Visit, response: flask.Response) -> None:
    """Put the request's messages on the answer, or into the session for the page that comes next."""
    redirects = response.status_code in (301, 302, 303, 307) or "HX-Redirect" in response.headers
    if not redirects:
        if flask.request.headers.get("HX-Request") and (said := _kept(found) + [m.dump() for m in found.messages]):
            _to_header(response, said)
        found.messages = []
    elif found.messages and found.write and found.who is not None and found.who.session_id is not None:
        waiting = [*found.who.flash, *(m.dump() for m in found.messages)][-LIMIT:]
        sessions.set_flash(found.open().session, found.who.session_id, waiting)


def to_header(response: flask.Response, found: Iterable[Message]) -> None:
    """Send messages as an event of the page."""
    _to_header(response, [m.dump() for m in found])


def _to_header(response: flask.Response, found: list[dict[str, str]]) -> None:
    """Send messages as an event of the page; header values are ASCII, which JSON's escapes are."""
    events = json.loads(response.headers.get("HX-Trigger", "{}"))
    response.headers["HX-Trigger"] = json.dumps({**events, EVENT: {"items": found}})


def waiting(found: Visit) -> list[dict[str, str]]:
    """Return the messages a page shows: those kept by the last answer and this one's own; parts of pages show none."""
    if flask.request.headers.get("HX-Request"):
        return []
    own = [m.dump() for m in found.messages]
    found.messages = []
    return _kept(found) + own


def _kept(found: Visit) -> list[dict[str, str]]:
    kept = list(found.who.flash) if found.who is not None and not found.shown else []
    found.shown = found.shown or bool(kept)
    return kept


def forget_shown(found: Visit) -> None:
    """Drop the kept messages once a page has shown them, in a short transaction of its own."""
    if not found.shown or found.who is None or found.who.session_id is None:
        return
    with found.deployment.database.brief_transaction() as session:
        sessions.set_flash(session, found.who.session_id, [])
