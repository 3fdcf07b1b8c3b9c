"""Routes of modules, for administrators: states, plans, turning on and off, removing, who may use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crm_core import module_access, switching, uninstalling
from crm_core.errors import NotFound
from crm_core.i18n import N_
from crm_core.plugin_report import addition_document, document, removal_document, summary
from crm_core.plugin_states import PluginStatus
from crm_core.rest import bodies
from crm_core.rest.routing import ID, Answer, Call, Route, items_of, shape

_TEXT: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_TEXTS = {"type": "array", "items": _TEXT}
_PART = shape("kind label names", kind=_TEXT, label=_TEXT, names=_TEXTS)
_LINE = {"name": _TEXT, "state": _TEXT, "version": _TEXT, "title": _TEXT, "summary": _TEXT, "reason": _TEXT,
         "next": _TEXT}  # fmt: skip
_IDS = {"type": "array", "items": ID, "maxItems": 1000}
_AUDIENCE = shape(users=_IDS, teams=_IDS)
_INCIDENT = shape("at where message detail", at=_TEXT, where=_TEXT, message=_TEXT, detail=_TEXT)
_HOOK = shape(
    "hook calls failures longest_ms",
    hook=_TEXT, calls={"type": "integer"}, failures={"type": "integer"}, longest_ms={"type": "number"},
)  # fmt: skip
_DETAIL = shape(
    " ".join(_LINE),
    **_LINE, wanted=_FLAG, core=_TEXT, requires=_TEXTS, after=_TEXTS, default=_TEXT, package=_TEXT, place=_TEXT,
    adds={"type": "array", "items": _PART}, waiting=_TEXTS, audience=_AUDIENCE,
    incidents={"type": "array", "items": _INCIDENT}, hooks={"type": "array", "items": _HOOK}, detail=_TEXT,
)  # fmt: skip
_ADDITION = shape(
    "name title version adds waiting",
    name=_TEXT, title=_TEXT, version=_TEXT, adds={"type": "array", "items": _PART}, waiting=_TEXTS,
)  # fmt: skip
_HOLDING = shape("kind label name count", kind=_TEXT, label=_TEXT, name=_TEXT, count={"type": "integer"})
_REMOVAL = shape(
    "possible needed_by referring holdings",
    possible=_FLAG, needed_by=_TEXTS, holdings={"type": "array", "items": _HOLDING},
    referring={"type": "array", "items": shape("table to", table=_TEXT, to=_TEXT)},
)  # fmt: skip
_DONE = shape("items", items=_TEXTS)


def _status(call: Call) -> PluginStatus:
    found = call.deployment.statuses.get(str(call.path["name"]))
    if found is None:
        raise NotFound(N_("There is no plugin %(name)s"), params={"name": str(call.path["name"])[:60]})
    return found


def list_(call: Call) -> Answer:
    """Answer every module with its state, why it is in it and what to do next."""
    return Answer({"items": [summary(s) for s in call.deployment.statuses.values()]})


def one(call: Call) -> Answer:
    """Answer one module: what it adds, what waits, what went wrong."""
    return Answer(document(call.deployment, call.ctx.session, _status(call)))


def plan_enable(call: Call) -> Answer:
    """Answer what enabling would turn on and what that adds; the modules are imported for it."""
    found = switching.preview(call.deployment.database, call.deployment.config, _status(call).name)
    return Answer({"items": [addition_document(a) for a in found]})


def plan_uninstall(call: Call) -> Answer:
    """Answer what uninstalling would remove, counted."""
    found = uninstalling.plan(call.deployment.database, call.deployment.config, _status(call).name)
    return Answer(removal_document(found))


def enable(call: Call) -> Answer:
    """Turn a module on with all it requires; answer their names."""
    name, where = _status(call).name, call.deployment
    done = switching.enable(where.database, where.config, name, by=call.ctx.actor)
    where.refresh(force=True)
    return Answer({"items": done})


def _changed(work: Callable[..., Any]) -> Callable[[Call], Answer]:
    def handler(call: Call) -> Answer:
        name, where = _status(call).name, call.deployment
        found = work(where.database, where.config, name, by=call.ctx.actor)
        where.refresh(force=True)
        return Answer(removal_document(found)) if isinstance(found, uninstalling.Removal) else Answer(status=204)

    handler.__name__, handler.__doc__ = work.__name__, work.__doc__
    return handler


def audience(call: Call) -> Answer:
    """Limit a module to users and teams; empty lists open it to everyone."""
    name = _status(call).name
    bodies.check(_AUDIENCE, call.body)
    module_access.set_audience(call.ctx, name, call.body.get("users", ()), call.body.get("teams", ()))
    return Answer(status=204)


def _route(method: str, path: str, handler: Callable[[Call], Answer], summary: str, **more: Any) -> Route:
    return Route(
        method=method, path=f"/plugins{path}", handler=handler, summary=summary, tag="plugins", scope="admin",
        **{"writes": False, **more},
    )  # fmt: skip


ROUTES: tuple[Route, ...] = (
    _route("GET", "", list_, "List modules", answers={200: items_of(shape(" ".join(_LINE), **_LINE))}),
    _route("GET", "/{name}", one, "Read a module", answers={200: _DETAIL}),
    _route("GET", "/{name}/enable", plan_enable, "What enabling a module adds", answers={200: items_of(_ADDITION)}),
    _route("POST", "/{name}/enable", enable, "Enable a module", answers={200: _DONE}),
    _route("POST", "/{name}/disable", _changed(switching.disable), "Disable a module", answers={204: None}),
    _route("POST", "/{name}/release", _changed(switching.release), "Release a module from quarantine",
           answers={204: None}),
    _route("GET", "/{name}/uninstall", plan_uninstall, "What uninstalling a module removes", answers={200: _REMOVAL}),
    _route("POST", "/{name}/uninstall", _changed(uninstalling.uninstall), "Uninstall a module",
           answers={200: _REMOVAL}),
    _route("POST", "/{name}/forget", _changed(uninstalling.forget), "Remove what a module left behind",
           answers={200: _REMOVAL}),
    _route("PUT", "/{name}/audience", audience, "Limit a module to users and teams", body=_AUDIENCE, writes=True,
           answers={204: None}),
)  # fmt: skip
