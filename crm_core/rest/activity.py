"""Routes of what surrounds a record: history, comments, timeline."""

from __future__ import annotations

import datetime as dt
from typing import Any

from crm_core import comments, history, records, timeline
from crm_core.comments import MAX_LENGTH, CommentEntry
from crm_core.contributions import EntityDef, TimelineEvent
from crm_core.errors import BadRequest
from crm_core.history import HistoryEntry
from crm_core.i18n import N_
from crm_core.rest import bodies
from crm_core.rest.routing import BEFORE, LIMIT, PREFIX, Answer, Call, Param, Route, items_of, shape

_TEXT: dict[str, Any] = {"type": "string"}
_WHEN: dict[str, Any] = {"type": "string", "format": "date-time"}
_WHO: dict[str, Any] = {"type": ["integer", "null"]}
EARLIER = Param("before", "Return what is older than this instant (ISO 8601).", {"type": "string", "maxLength": 40})
_NEXT = {"type": ["integer", "string", "null"]}


def _instant(call: Call) -> dt.datetime | None:
    raw = call.text("before").strip()
    if not raw:
        return None
    try:
        found = dt.datetime.fromisoformat(raw)
        return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError) as exc:
        message = N_("before: give an instant such as 2026-01-31T12:00:00Z")
        raise BadRequest(message, field="before") from exc


def history_(call: Call) -> Answer:
    """Answer who changed what, the newest first."""
    limit = call.whole("limit") or 50
    found = history.entries(call.ctx, call.entity.key, call.id, call.whole("before"), limit)
    return Answer({"items": [_change(e) for e in found], "next": found[-1].id if len(found) == limit else None})


def _change(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at,
        "actor": entry.actor,
        "actor_id": entry.actor_id,
        "action": entry.action,
        "via": entry.via,
        "note": entry.note,
        "operation": entry.operation,
        "batch": entry.batch_id,
        "undoes": entry.undoes_id,
        "undoable": entry.undoable,
        "changes": _changes(entry),
    }


def _changes(entry: HistoryEntry) -> list[dict[str, Any]]:
    return [{"field": c.key, "label": c.label, "old": c.old, "new": c.new} for c in entry.changes]


def timeline_(call: Call) -> Answer:
    """Answer what happened to a record: changes, comments, and what plugins add."""
    ctx, limit = call.ctx, call.whole("limit") or 50
    record = records.get(ctx, call.entity.key, call.id)
    found = timeline.timeline(ctx, call.entity.key, record, _instant(call), limit)
    events = [_event(event) for event in found]
    return Answer({"items": events, "next": events[-1]["at"] if len(events) >= limit else None})


def _event(event: TimelineEvent) -> dict[str, Any]:
    shown = {"at": timeline.instant(event.at), "actor": event.actor, "kind": event.kind, "title": event.title,
             "body": event.body, "url": event.url}  # fmt: skip
    if isinstance(event, timeline.CommentEvent):
        return {**shown, "body": event.comment.body, "comment_id": event.comment.id}
    return {**shown, "changes": _changes(event.entry)} if isinstance(event, timeline.ChangeEvent) else shown


def comments_(call: Call) -> Answer:
    """Answer the comments of a record, the newest first."""
    limit = call.whole("limit") or 50
    found = comments.entries(call.ctx, call.entity.key, call.id, _instant(call), limit)
    return Answer({"items": [_comment(c) for c in found], "next": found[-1].at if len(found) == limit else None})


def _comment(entry: CommentEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at,
        "author": entry.author,
        "author_id": entry.author_id,
        "channel": entry.channel,
        "body": entry.body,
        "edited_at": entry.edited_at,
        "editable": entry.editable,
    }


def add_comment(call: Call) -> Answer:
    """Write a comment."""
    bodies.check(_NEW, call.body)
    made = comments.add(call.ctx, call.entity.key, call.id, call.body["body"], call.body.get("channel") or "")
    answer = Answer(_comment(made), 201)
    answer.headers["Location"] = f"{PREFIX}/{call.entity.slug}/{call.id}/comments/{made.id}"
    return answer


def get_comment(call: Call) -> Answer:
    """Answer one comment."""
    return Answer(_comment(comments.get(call.ctx, call.entity.key, call.id, call.path["comment_id"])))


def edit_comment(call: Call) -> Answer:
    """Change one's own comment."""
    bodies.check(_CHANGE, call.body)
    ctx, key, number = call.ctx, call.entity.key, call.path["comment_id"]
    body = call.body.get("body")
    if body is None:
        body = comments.get(ctx, key, call.id, number).body
    return Answer(_comment(comments.edit(ctx, key, call.id, number, body, call.body.get("channel"))))


def remove_comment(call: Call) -> Answer:
    """Remove one's own comment."""
    comments.remove(call.ctx, call.entity.key, call.id, call.path["comment_id"])
    return Answer(status=204)


def _has_comments(definition: EntityDef) -> bool:
    return definition.comments


_CHANGE: dict[str, Any] = shape(
    body={"type": "string", "minLength": 1, "maxLength": MAX_LENGTH}, channel={"type": "string", "maxLength": 60}
)
_NEW: dict[str, Any] = {**_CHANGE, "required": ["body"]}
_COMMENT = shape(
    "id at author author_id channel body edited_at editable",
    id={"type": "integer"}, at=_WHEN, author=_TEXT, author_id=_WHO, channel=_TEXT, body=_TEXT,
    edited_at={"type": ["string", "null"], "format": "date-time"}, editable={"type": "boolean"},
)  # fmt: skip
_FIELD_CHANGE = shape("field label old new", field=_TEXT, label=_TEXT, old=_TEXT, new=_TEXT)
_ENTRY = shape(
    "id at actor actor_id action via note operation changes",
    id={"type": "integer"}, at=_WHEN, actor=_TEXT, actor_id=_WHO, action=_TEXT, via=_TEXT, note=_TEXT,
    operation=_TEXT, batch=_WHO, undoes=_WHO, undoable={"type": "boolean"},
    changes={"type": "array", "items": _FIELD_CHANGE},
)  # fmt: skip
_EVENT = shape(
    "at actor kind title body url", at=_WHEN, actor=_TEXT, kind=_TEXT, title=_TEXT, body=_TEXT, url=_TEXT,
    comment_id={"type": "integer"}, changes={"type": "array", "items": _FIELD_CHANGE},
)  # fmt: skip
_ONE = "/{slug}/{id}/comments/{comment_id}"

ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/{slug}/{id}/history", handler=history_, summary="History", tag="records",
          parameters=(LIMIT, BEFORE), answers={200: items_of(_ENTRY, next=_NEXT)}),
    Route(method="GET", path="/{slug}/{id}/timeline", handler=timeline_, summary="Timeline", tag="records",
          parameters=(LIMIT, EARLIER), answers={200: items_of(_EVENT, next=_NEXT)}),
    Route(method="GET", path="/{slug}/{id}/comments", handler=comments_, summary="Comments", tag="records",
          parameters=(LIMIT, EARLIER), answers={200: items_of(_COMMENT, next=_NEXT)}, applies=_has_comments),
    Route(method="POST", path="/{slug}/{id}/comments", handler=add_comment, summary="Comment", tag="records",
          scope="write", body=_NEW, answers={201: _COMMENT}, idempotent=True, location=True, applies=_has_comments),
    Route(method="GET", path=_ONE, handler=get_comment, summary="Read a comment", tag="records",
          answers={200: _COMMENT}, applies=_has_comments),
    Route(method="PATCH", path=_ONE, handler=edit_comment, summary="Change a comment", tag="records",
          scope="write", body=_CHANGE, answers={200: _COMMENT}, applies=_has_comments),
    Route(method="DELETE", path=_ONE, handler=remove_comment, summary="Remove a comment", tag="records",
          scope="write", answers={204: None}, applies=_has_comments),
)  # fmt: skip
