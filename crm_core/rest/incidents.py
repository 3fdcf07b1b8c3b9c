"""Routes of incidents, for administrators: what failed in which module; seen, and cleared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crm_core import incidents
from crm_core.rest import bodies
from crm_core.rest.routing import ID, LIMIT, Answer, Call, Param, Route, items_of, shape

_TEXT: dict[str, Any] = {"type": "string"}
_COUNT: dict[str, Any] = {"type": "integer"}
_TROUBLE = shape(
    "id plugin where message detail count new first last",
    id=ID, plugin=_TEXT, where=_TEXT, message=_TEXT, detail=_TEXT, count=_COUNT, new=_COUNT,
    first=_TEXT, last=_TEXT,
)  # fmt: skip
_CHOICE = shape(id=ID, plugin={"type": "string", "maxLength": 60})
_CHANGED = shape("changed", changed=_COUNT)
_PLUGIN = Param("plugin", "Only what this module did.", {"type": "string", "maxLength": 60})


def list_(call: Call) -> Answer:
    """Answer what went wrong, equal incidents together, the latest first."""
    found = incidents.troubles(call.ctx.session, call.text("plugin"), call.whole("limit") or incidents.LIMIT)
    return Answer({"items": [one.document() for one in found]})


def _changing(work: Callable[[Any, str, int | None], int]) -> Callable[[Call], Answer]:
    def handler(call: Call) -> Answer:
        bodies.check(_CHOICE, call.body)
        return Answer({"changed": work(call.ctx, call.body.get("plugin", ""), call.body.get("id"))})

    handler.__name__, handler.__doc__ = work.__name__, work.__doc__
    return handler


def _route(method: str, path: str, handler: Callable[[Call], Answer], summary: str, **more: Any) -> Route:
    return Route(method=method, path=f"/incidents{path}", handler=handler, summary=summary, tag="incidents",
                 scope="admin", **more)  # fmt: skip


ROUTES: tuple[Route, ...] = (
    _route("GET", "", list_, "List incidents", writes=False, parameters=(_PLUGIN, LIMIT),
           answers={200: items_of(_TROUBLE)}),
    _route("POST", "/seen", _changing(incidents.mark_seen), "Mark incidents as seen", writes=True, body=_CHOICE,
           answers={200: _CHANGED}),
    _route("POST", "/clear", _changing(incidents.clear), "Remove incidents", writes=True, body=_CHOICE,
           answers={200: _CHANGED}),
)  # fmt: skip
