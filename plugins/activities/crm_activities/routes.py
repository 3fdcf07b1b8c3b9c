"""Routes below ``/api/v1/events`` and ``/api/v1/activities`` beside those that every kind of record has."""

from __future__ import annotations

from typing import Any

from crm_activities import availability, calendar, notices, recurrence, today
from crm_activities.fields import Rule
from crm_activities.names import EVENT
from crm_core.api import (
    N_,
    BadRequest,
    DateTime,
    Invalid,
    RestRoutes,
    ValueProblem,
    access,
    parse_filter,
    rest,
)

_TEXT: dict[str, Any] = {"type": "string"}
_WHEN: dict[str, Any] = {"type": "string", "format": "date-time"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_NUMBER: dict[str, Any] = {"type": "integer"}
_OR_NOT: dict[str, Any] = {"type": ["string", "null"]}
_SPAN = rest.shape("starts_at ends_at", starts_at=_WHEN, ends_at=_WHEN)
_FREE = rest.shape(
    "kind id name free busy", kind={"type": "string", "enum": ["user", "resource"]}, id=_NUMBER, name=_TEXT, free=_FLAG,
    busy={"type": "array", "items": _SPAN},
)  # fmt: skip
_SHOWN = rest.shape(
    "title start end all_day colour assigned_to person editable busy",
    id=_NUMBER, title=_TEXT, start=_WHEN, end=_WHEN, all_day=_FLAG, type=_TEXT, status=_OR_NOT, priority=_TEXT,
    colour=_TEXT, location=_OR_NOT, assigned_to={"type": ["integer", "null"]}, person=_TEXT, contact=_OR_NOT, url=_TEXT,
    editable=_FLAG, busy=_FLAG, series=_FLAG, version=_NUMBER,
)  # fmt: skip
_QUEUED = rest.shape(
    "record title url kind at overdue contact",
    record=_TEXT, title=_TEXT, url=_TEXT, kind=_TEXT, at=_WHEN, overdue=_FLAG, contact=_TEXT,
)  # fmt: skip
_NOTICE = rest.shape(
    "id subject body record created_at", id=_NUMBER, subject=_TEXT, body=_TEXT, record=_TEXT, created_at=_WHEN
)
_MOMENTS = (
    rest.Param("from", "From this day or moment on.", required=True),
    rest.Param("to", "Until this day or moment, without it.", required=True),
)
_PEOPLE = rest.Param("people", "Numbers of users, separated by commas.")


def _numbers(call: rest.Call, name: str) -> list[int]:
    """Return the numbers a parameter lists.

    Raises:
        BadRequest: something in it is no number, or there are too many.
    """
    parts = [part.strip() for part in call.text(name).split(",") if part.strip()]
    if len(parts) > availability.MOST or not all(p.isascii() and p.isdigit() and len(p) < 16 for p in parts):
        raise BadRequest(N_("%(name)s: give numbers separated by commas"), field=name, params={"name": name})
    return list(dict.fromkeys(map(int, parts)))


def shown(call: rest.Call) -> rest.Answer:
    """Answer what a calendar shows."""
    access.require(call.ctx, EVENT, "read")
    start, end = calendar.between(call.ctx, call.text("from"), call.text("to"))
    node = parse_filter(call.text("filter")) if call.text("filter") else None
    people = _numbers(call, "people")
    return rest.Answer({"items": calendar.feed(call.ctx, start, end, node=node, people=people, q=call.text("q"))})


def free(call: rest.Call) -> rest.Answer:
    """Answer who and what is free."""
    ctx = call.ctx
    access.require(ctx, EVENT, "read")
    start, end = calendar.between(ctx, call.text("from"), call.text("to"))
    found = availability.availability(ctx, _numbers(call, "people"), _numbers(call, "resources"), start, end)
    return rest.Answer({"items": [
        {"kind": f.kind, "id": f.id, "name": f.name, "free": not f.busy, "busy": availability.spans(f.busy)}
        for f in found
    ]})  # fmt: skip


def due(call: rest.Call) -> rest.Answer:
    """Answer what is overdue or due today."""
    return rest.Answer({"items": [
        {"record": i.record, "title": i.title, "url": i.url, "kind": i.kind, "at": DateTime().dump(i.at),
         "overdue": i.overdue, "contact": i.contact}
        for i in today.queue(call.ctx)
    ]})  # fmt: skip


def told(call: rest.Call) -> rest.Answer:
    """Answer the notices that wait to be read."""
    return rest.Answer({"items": [
        {"id": n.id, "subject": n.subject, "body": n.body, "record": f"{n.entity}:{n.record_id}",
         "created_at": DateTime().dump(n.created_at)}
        for n in notices.unread(call.ctx, 500)
    ]})  # fmt: skip


def seen(call: rest.Call) -> rest.Answer:
    """Mark a notice as read."""
    notices.mark_read(call.ctx, call.id)
    return rest.Answer(status=204)


def summary(call: rest.Call) -> rest.Answer:
    """Answer what a rule of recurrence means: a sentence, and its first moments (AC-82)."""
    ctx, kind = call.ctx, Rule()
    try:
        rule = kind.parse(call.text("rule"), ctx)
        start = DateTime().convert(call.text("start"), ctx)
        moments = recurrence.moments(rule, start, ctx.locale.timezone)
    except ValueProblem as problem:
        raise Invalid([problem.at("rule")]) from problem
    return rest.Answer({
        "rule": rule, "summary": kind.show(rule, ctx), "count": len(moments),
        "moments": [DateTime().dump(m) for m in moments[:10]],
    })  # fmt: skip


def routes() -> tuple[rest.Route, ...]:
    """Return the routes."""
    rule = rest.Param("rule", "As in RFC 5545: `FREQ=WEEKLY;BYDAY=MO;COUNT=5`.", required=True)
    start = rest.Param("start", "When the first one begins.", required=True)
    return (
        rest.Route(
            method="GET", path="/events/calendar", handler=shown, summary="What a calendar shows", tag="events",
            parameters=(
                *_MOMENTS, _PEOPLE, rest.Param("filter", "A filter, as lists take it."), rest.Param("q", "A search.")
            ),
            help="With `people` also the times at which these are busy with what one may not see.",
            answers={200: rest.items_of(_SHOWN)},
        ),
        rest.Route(
            method="GET", path="/events/availability", handler=free, summary="Who and what is free", tag="events",
            parameters=(*_MOMENTS, _PEOPLE, rest.Param("resources", "Numbers of resources, separated by commas.")),
            answers={200: rest.items_of(_FREE)},
        ),
        rest.Route(
            method="GET", path="/events/recurrence", handler=summary, summary="What a rule of recurrence means",
            tag="events", parameters=(rule, start),
            answers={200: rest.shape("rule summary count moments", rule=_TEXT, summary=_TEXT, count=_NUMBER,
                                     moments={"type": "array", "items": _WHEN})},
        ),
        rest.Route(
            method="GET", path="/activities/queue", handler=due, summary="What is overdue or due today",
            tag="activities", answers={200: rest.items_of(_QUEUED)},
        ),
        rest.Route(
            method="GET", path="/activities/notices", handler=told, summary="Notices that wait to be read",
            tag="activities", answers={200: rest.items_of(_NOTICE)},
        ),
        rest.Route(
            method="DELETE", path="/activities/notices/{id}", handler=seen, summary="Mark a notice as read",
            tag="activities", scope="write", answers={204: None},
        ),
    )  # fmt: skip


ROUTES = RestRoutes(routes=routes)
