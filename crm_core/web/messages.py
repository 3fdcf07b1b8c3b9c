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
    if not found.messages:
        return
    redirects = response.status_code in (301, 302, 303, 307) or "HX-Redirect" in response.headers
    if not redirects and flask.request.headers.get("HX-Request"):
        to_header(response, found.messages)
        found.messages = []
    elif redirects and found.who is not None and found.who.session_id is not None:
        waiting = [*found.who.flash, *(m.dump() for m in found.messages)][-LIMIT:]
        if found.write:
            sessions.set_flash(found.open().session, found.who.session_id, waiting)
        found.messages = []


def to_header(response: flask.Response, found: Iterable[Message]) -> None:
    """Send messages as an event of the page; header values are ASCII."""
    events = json.loads(response.headers.get("HX-Trigger", "{}"))
    for message in found:
        events[EVENT] = message.dump()
    response.headers["HX-Trigger"] = json.dumps(events)


def waiting(found: Visit) -> list[dict[str, str]]:
    """Return the messages this page shows: those kept by the last answer and this one's own."""
    kept = list(found.who.flash) if found.who is not None else []
    found.shown = found.shown or bool(kept)
    own = [m.dump() for m in found.messages]
    found.messages = []
    return [*kept, *own]


def forget_shown(found: Visit) -> None:
    """Drop the kept messages once a page has shown them, in a short transaction of its own."""
    if not found.shown or found.who is None or found.who.session_id is None:
        return
    with found.deployment.database.transaction() as session:
        sessions.set_flash(session, found.who.session_id, [])
