"""Routes of the saved views of lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crm_core.access import check_readable, compiler, require
from crm_core.contributions import EntityDef
from crm_core.errors import FilterError, ModuleOff, NotFound
from crm_core.filters import parse, to_text
from crm_core.i18n import N_
from crm_core.records import parse_sort
from crm_core.rest import bodies
from crm_core.rest.routing import PREFIX, Answer, Call, Param, Route, items_of, shape

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.web.views import View

_TEXT: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_COLUMNS: dict[str, Any] = {"type": "array", "items": {"type": "string", "maxLength": 120}, "maxItems": 60}
_SPEC: dict[str, Mapping[str, Any]] = {
    "filter": {"type": "string", "maxLength": 10_000},
    "sort": {"type": "string", "maxLength": 500},
    "columns": _COLUMNS,
    "look": {"type": "string", "maxLength": 40},
    "group": {"type": "string", "maxLength": 120},
}
_NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 80}
_NEW = shape("entity name", entity={"type": "string", "maxLength": 120}, name=_NAME, shared=_FLAG, **_SPEC)
_CHANGE = shape(name=_NAME, shared=_FLAG, **_SPEC)
_VIEW = shape(
    "id key entity name filter sort columns look group shared mine problem",
    id={"type": ["integer", "null"]}, key=_TEXT, entity=_TEXT, name=_TEXT, filter=_TEXT, sort=_TEXT,
    columns={"type": "array", "items": _TEXT}, look=_TEXT, group=_TEXT, shared=_FLAG, mine=_FLAG, problem=_TEXT,
)  # fmt: skip
_ENTITY = Param("entity", "Slug or key of the kind of record.", {"type": "string", "maxLength": 120}, required=True)


def _document(ctx: Ctx, definition: EntityDef, view: View) -> dict[str, Any]:
    return {
        "id": int(view.key) if view.saved else None,
        "key": view.key,
        "entity": definition.key,
        "name": view.label,
        "filter": to_text(view.filter) if view.filter is not None else "",
        "sort": view.sort,
        "columns": list(view.columns),
        "look": view.look,
        "group": view.group,
        "shared": view.shared,
        "mine": view.mine,
        "problem": view.problem or _problem(ctx, definition, view),
    }


def _problem(ctx: Ctx, definition: EntityDef, view: View) -> str:
    """Return why the filter or the order of a view can't be asked for today: a module is off, a field went."""
    try:
        if view.filter is not None:
            compiler(ctx).compile(view.filter, definition, definition.model)
    except FilterError as error:
        return error.text()
    try:
        check_readable(ctx, definition.key, [path for path, _ in parse_sort(view.sort)])
    except ModuleOff as error:
        return error.text()
    except FilterError:
        return ""  # A path through a link is none of the fields, and yet sorts.
    return ""


def list_(call: Call) -> Answer:
    """Answer the views of a list: those shipped, one's own, and shared ones."""
    from crm_core.web import views

    definition = call.ctx.registry.entity(call.text("entity"))
    require(call.ctx, definition.key, "read")
    return Answer({"items": [_document(call.ctx, definition, view) for view in views.views_of(call.ctx, definition)]})


def _one(call: Call, definition: EntityDef, view_id: int, status: int = 200) -> Answer:
    from crm_core.web import views

    found = next((v for v in views.views_of(call.ctx, definition) if v.saved and v.key == str(view_id)), None)
    if found is None:
        raise NotFound(N_("There is no such view, or it is no longer shared"))
    return Answer(_document(call.ctx, definition, found), status)


def _spec(call: Call, definition: EntityDef, body: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the view keeps; parts that the body does not name stay as they are."""
    from crm_core.filters import from_json
    from crm_core.web import views

    node = from_json(old["filter"]) if old.get("filter") else None
    if "filter" in body:
        node = parse(body["filter"]) if body["filter"].strip() else None
        if node is not None:
            compiler(call.ctx).compile(node, definition, definition.model)
    columns, sort = body.get("columns", old.get("columns", ())), body.get("sort", old.get("sort", ""))
    paths = [path for path, _ in parse_sort(body.get("sort", "")) if path != "id"]
    check_readable(call.ctx, definition.key, [*body.get("columns", ()), *paths])
    look, group = body.get("look", old.get("look", "")), body.get("group", old.get("group", ""))
    return views.spec_of(node, sort, columns, look, group)


def create(call: Call) -> Answer:
    """Save a view; one's own view of the same name is replaced."""
    from crm_core.web import views

    bodies.check(_NEW, call.body)
    body = call.body
    definition = call.ctx.registry.entity(body["entity"])
    require(call.ctx, definition.key, "read")
    spec = _spec(call, definition, body, {})
    number = views.save(call.ctx, definition.key, body["name"], spec, shared=body.get("shared", False))
    answer = _one(call, definition, number, 201)
    answer.headers["Location"] = f"{PREFIX}/views/{number}"
    return answer


def get(call: Call) -> Answer:
    """Answer one of one's own views."""
    from crm_core.web import views

    row = views.own_view(call.ctx, call.id)
    return _one(call, call.ctx.registry.entity(row.entity), row.id)


def update(call: Call) -> Answer:
    """Change a view."""
    from crm_core.web import views

    bodies.check(_CHANGE, call.body)
    row = views.own_view(call.ctx, call.id)
    definition, body = call.ctx.registry.entity(row.entity), call.body
    spec = _spec(call, definition, body, row.spec or {}) if _SPEC.keys() & body.keys() else None
    views.change(call.ctx, row.id, name=body.get("name"), shared=body.get("shared"), spec=spec)
    return _one(call, definition, row.id)


def delete(call: Call) -> Answer:
    """Delete a view."""
    from crm_core.web import views

    views.delete(call.ctx, call.id)
    return Answer(status=204)


ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/views", handler=list_, summary="List the views of a list", tag="views",
          parameters=(_ENTITY,), answers={200: items_of(_VIEW)}),
    Route(method="POST", path="/views", handler=create, summary="Save a view", tag="views", scope="write", body=_NEW,
          answers={201: _VIEW}, location=True, idempotent=True,
          help="filter is an expression of the filter language. Only administrators share views."),
    Route(method="GET", path="/views/{id}", handler=get, summary="Read a view", tag="views", answers={200: _VIEW}),
    Route(method="PATCH", path="/views/{id}", handler=update, summary="Change a view", tag="views", scope="write",
          body=_CHANGE, answers={200: _VIEW}),
    Route(method="DELETE", path="/views/{id}", handler=delete, summary="Delete a view", tag="views", scope="write",
          answers={204: None}),
)  # fmt: skip
