"""Routes below ``/api/v1/notifications``: one's notices, and what one chooses."""

from __future__ import annotations

from typing import Any

from crm_core.api import DateTime, RestRoutes, rest
from crm_notifications import channels, notices, preferences

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_NONE: dict[str, Any] = {"type": ["string", "null"]}
_TYPED: dict[str, Any] = {"type": ["string", "null"], "maxLength": 40}
_NOTICE = rest.shape(
    "id kind subject body record url created_at read", id=_NUMBER, kind=_TEXT, subject=_TEXT, body=_TEXT, record=_TEXT,
    url=_TEXT, created_at={"type": "string", "format": "date-time"}, read=_FLAG,
)  # fmt: skip
_PAGE = rest.items_of(_NOTICE, next={"type": ["integer", "null"]}, unread=_NUMBER)
_TICKS = rest.shape("", **{channel: _FLAG for channel in channels.LABELS})
_ALL_TICKS = rest.shape(" ".join(channels.LABELS), **{channel: _FLAG for channel in channels.LABELS})
_KIND = rest.shape("key label channels", key=_TEXT, label=_TEXT, channels=_ALL_TICKS)
_CHOSEN = rest.shape(
    "kinds available digest_at quiet_from quiet_to phone", kinds={"type": "array", "items": _KIND},
    available=_ALL_TICKS, digest_at=_NONE, quiet_from=_NONE, quiet_to=_NONE, phone=_NONE,
)  # fmt: skip
_CHOICES = rest.shape(
    "", kinds={"type": "object", "additionalProperties": _TICKS}, digest_at=_TYPED, quiet_from=_TYPED, quiet_to=_TYPED,
    phone=_TYPED,
)  # fmt: skip


def listing(call: rest.Call) -> rest.Answer:
    """Answer one's notices, the newest first."""
    ctx = call.ctx
    rows, older = notices.listed(
        ctx, call.whole("limit") or 50, call.whole("before"), unread=call.flag("unread", False)
    )
    items = [
        {"id": n.id, "kind": n.kind, "subject": n.subject, "body": n.body, "record": n.record, "url": n.url,
         "created_at": DateTime().dump(n.created_at), "read": n.read}
        for n in rows
    ]  # fmt: skip
    return rest.Answer({"items": items, "next": older, "unread": notices.summary(ctx)[0]})


def read(call: rest.Call) -> rest.Answer:
    """Mark a notice as read."""
    notices.mark_read(call.ctx, call.id)
    return rest.Answer(status=204)


def read_all(call: rest.Call) -> rest.Answer:
    """Mark all notices as read."""
    return rest.Answer({"read": notices.mark_all_read(call.ctx)})


def chosen(call: rest.Call) -> rest.Answer:
    """Answer what one has chosen."""
    return rest.Answer(preferences.shown(call.ctx))


def choose(call: rest.Call) -> rest.Answer:
    """Keep what one chooses."""
    preferences.update(call.ctx, call.body)
    return rest.Answer(preferences.shown(call.ctx))


def routes() -> tuple[rest.Route, ...]:
    """Return the routes."""
    unread = rest.Param("unread", "1: only those that wait to be read.")
    tag = "notifications"
    return (
        rest.Route(
            method="GET", path="/notifications", handler=listing, summary="One's notices", tag=tag,
            parameters=(rest.LIMIT, rest.BEFORE, unread), answers={200: _PAGE},
            help="Subject, text and address are empty where one may not see the record any more.",
        ),
        rest.Route(
            method="POST", path="/notifications/{id}/read", handler=read, summary="Mark a notice as read", tag=tag,
            scope="write", answers={204: None},
        ),
        rest.Route(
            method="POST", path="/notifications/read", handler=read_all, summary="Mark all notices as read", tag=tag,
            scope="write", answers={200: rest.shape("read", read=_NUMBER)},
        ),
        rest.Route(
            method="GET", path="/notifications/preferences", handler=chosen, summary="What one is told, and how",
            tag=tag, answers={200: _CHOSEN},
        ),
        rest.Route(
            method="PATCH", path="/notifications/preferences", handler=choose, tag=tag, scope="write",
            summary="Choose what one is told, and how", body=_CHOICES, answers={200: _CHOSEN},
            help="`kinds` holds ticks by kind and channel; what is not named stays. Times are `HH:MM` in one's own "
                 "time zone: `digest_at` sends mails once a day, between `quiet_from` and `quiet_to` nothing is sent.",
        ),
    )  # fmt: skip


ROUTES = RestRoutes(routes=routes)
