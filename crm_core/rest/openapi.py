"""The OpenAPI 3.1 document: every route with its parameters, bodies and answers; the same for every actor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from apispec import APISpec

from crm_core import __version__
from crm_core.accounts.web import COOKIE
from crm_core.contributions import ActionDef, EntityDef
from crm_core.i18n import gettext, use_language
from crm_core.registry import Registry
from crm_core.rest import jsonio, problems
from crm_core.rest.routing import ID, MAX_ID, PREFIX, Route, ref
from crm_core.schemas import create_schema, patch_schema, record_schema, write_schema

_PLACE = re.compile(r"\{(\w+)\}")
_ERRORS: Mapping[int, str] = {
    400: "The request can't be read: JSON, a parameter, a filter, a sort or a column",
    401: "No valid token or session",
    403: "The actor or the token may not do this",
    404: "It does not exist, or the actor may not see it",
    409: "A rule forbids it in the present state, or the same request is still running",
    412: "Someone else changed the record meanwhile (If-Match)",
    413: "The body is too large",
    415: "The body is not of the type this route reads",
    422: "Values do not pass validation; all problems together",
    429: "Too many requests; wait as long as Retry-After says",
    500: "A plugin failed; nothing was saved",
    503: "The service is busy; nothing was written",
}
_READING = (400, 401, 403, 404, 429, 500, 503)
_WRITING = (*_READING, 409)
_BODY = (413, 415, 422)
_HEADERS: Mapping[str, Mapping[str, Any]] = {
    "ETag": {"schema": {"type": "string"}, "description": "The record's version in quotes."},
    "Location": {"schema": {"type": "string"}, "description": "Where the new thing is."},
    "Link": {"schema": {"type": "string"}, "description": 'The next page, rel="next".'},
    "Retry-After": {"schema": {"type": "string"}, "description": "Seconds to wait."},
    "WWW-Authenticate": {"schema": {"type": "string"}, "description": "How to sign in."},
}
_ABOUT = """\
Every kind of record has the same routes. Send `Authorization: Bearer crm_…`. Values that one may not read are absent
from answers; a record that one may not see does not exist (404).

Records hold their fields by name, custom fields under `cf` and a plugin's fields under its name; bodies may also write
`"cf.score": 5`. Links are `{"id": 5, "title": "…"}` in answers, `null` when the linked record is not visible, and in
bodies an id or an object with `id`. Decimals are text, instants are ISO 8601 in UTC.

Lists take conditions as parameters, `city=Paris&cf.score__gte=100` with the operators `__eq __ne __lt __lte __gt __gte
__in __nin __contains __startswith __endswith __has __isnull`, or an expression: `filter=name startswith "Ker" and
(cf.score > 100 or tags has "vip")`.
"""


def build(registry: Registry, routes: Iterable[Route]) -> dict[str, Any]:
    """Return the document."""
    with use_language("en"):
        return _build(registry, list(routes))


def _build(registry: Registry, routes: list[Route]) -> dict[str, Any]:
    spec = APISpec(
        title="CRM",
        version=__version__,
        openapi_version="3.1.0",
        info={"description": _ABOUT},
        servers=[{"url": "/"}],
        security=[{"token": []}, {"session": []}],
        jsonSchemaDialect="https://json-schema.org/draft/2020-12/schema",
    )
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer", "bearerFormat": "crm_…"})
    spec.components.security_scheme(
        "session",
        {"type": "apiKey", "in": "cookie", "name": COOKIE,
         "description": "A signed-in browser; what writes also needs the header X-CSRF-Token."},
    )  # fmt: skip
    _components(spec, registry)
    for definition in registry.entities.values():
        spec.tag({"name": definition.slug, "description": gettext(definition.plural)})
    for path, operations in _paths(registry, routes).items():
        spec.path(path=path, operations=operations)
    return spec.to_dict()


def _components(spec: APISpec, registry: Registry) -> None:
    spec.components.schema("Problem", PROBLEM)
    for code, text in _ERRORS.items():
        spec.components.response(f"Error{code}", _error(code, text))
    for key, definition in registry.entities.items():
        spec.components.schema(key, record_schema(registry, definition))
        spec.components.schema(f"{key}.new", create_schema(registry, definition))
        spec.components.schema(f"{key}.change", patch_schema(registry, definition))


PROBLEM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "remedy": {"type": "string"},
        "plugin": {"type": "string"},
        "version": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": ["string", "null"]},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "plugin": {"type": "string"},
                },
                "required": ["field", "code", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "instance"],
}


def _error(code: int, text: str) -> dict[str, Any]:
    found: dict[str, Any] = {"description": text, "content": {problems.MIMETYPE: {"schema": ref("Problem")}}}
    if code == 401:
        found["headers"] = {"WWW-Authenticate": _HEADERS["WWW-Authenticate"]}
    elif code in (429, 503):
        found["headers"] = {"Retry-After": _HEADERS["Retry-After"]}
    return found


def _paths(registry: Registry, routes: list[Route]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for definition in registry.entities.values():
        for route in routes:
            if not (route.per_entity and route.exists_for(definition, registry)):
                continue
            if "{action}" not in route.path:
                path = PREFIX + route.path.replace("{slug}", definition.slug)
                found.setdefault(path, {})[route.method.lower()] = _operation(route, definition)
                continue
            for action in registry.actions(definition.key):
                path = PREFIX + route.path.replace("{slug}", definition.slug).replace("{action}", action.name)
                found.setdefault(path, {})[route.method.lower()] = _operation(route, definition, action)
    for route in routes:
        if not route.per_entity:
            operation = _operation(route)
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path" and parameter["name"] == "entity":
                    parameter["schema"] = {"type": "string", "enum": [*registry.slugs, *registry.entities]}
            found.setdefault(PREFIX + route.path, {})[route.method.lower()] = operation
    return found


def _operation(route: Route, definition: EntityDef | None = None, action: ActionDef | None = None) -> dict[str, Any]:
    name = route.handler.__name__.strip("_")
    owner = definition.slug.replace("-", "_") if definition else route.tag.replace(" ", "_")
    found: dict[str, Any] = {
        "operationId": f"{owner}_{name}" + (f"_{action.name}" if action else ""),
        "tags": [definition.slug if definition else route.tag],
        "summary": gettext(action.label) if action else route.summary,
        "responses": _responses(route),
    }
    if route.help:
        found["description"] = route.help
    if parameters := _parameters(route):
        found["parameters"] = parameters
    if (body := _request_body(route, action)) is not None:
        found["requestBody"] = body
    return _filled(found, definition) if definition else found


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in _PLACE.findall(route.path):
        if name in ("slug", "action"):
            continue
        whole = name == "id" or name.endswith("_id")
        schema = dict(ID) if whole else {"type": "string", "minLength": 1, "maxLength": 120}
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    for parameter in route.parameters:
        found.append(
            {"name": parameter.name, "in": parameter.where, "description": parameter.help,
             "required": parameter.required, "schema": dict(parameter.schema)}
        )  # fmt: skip
    return [*found, *_header_parameters(route)]


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    found = []
    if route.idempotent:
        found.append(
            _header("Idempotency-Key", "Repeats with the same key, within 24 hours, get the first answer.",
                    pattern="^[!-~]{1,200}$")
        )  # fmt: skip
    if route.etag_match:
        found.append(
            _header("If-Match", "The version that is meant to be changed, in quotes; else 412.", maxLength=200)
        )
    if route.etag and route.method == "GET":
        found.append(_header("If-None-Match", "The version already known, in quotes: 304 if it is still so.",
                             maxLength=200))  # fmt: skip
    return found


def _header(name: str, text: str, **rules: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": text, "required": False, "schema": {"type": "string", **rules}}


def _request_body(route: Route, action: ActionDef | None) -> dict[str, Any] | None:
    if route.body is None and not route.files:
        return None
    schema = dict(route.body or {"type": "object"})
    if route.files:
        parts = {name: {"type": "string", "contentMediaType": "application/octet-stream"} for name in route.files}
        schema = {"type": "object", "properties": {**schema.get("properties", {}), **parts}, "required": [*route.files]}
        return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    if action is not None:
        schema = _action_schema(action)
    return {"required": not route.body_optional, "content": {jsonio.MIMETYPE: {"schema": schema}}}


def _action_schema(action: ActionDef) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {f.key: write_schema(f) for f in action.form},
        "required": [f.key for f in action.form if f.required and f.default is None],
        "additionalProperties": False,
    }


def _responses(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, schema in route.answers.items():
        answer: dict[str, Any] = {"description": route.summary}
        if schema is not None:
            kinds = route.media if route.media and status == 200 else (jsonio.MIMETYPE,)
            answer["content"] = {kind: {"schema": dict(schema)} for kind in kinds}
        headers = [n for n, on in (("ETag", route.etag), ("Location", route.location and status in (201, 202))) if on]
        if headers:
            answer["headers"] = {name: _HEADERS[name] for name in headers}
        found[str(status)] = answer
    if route.etag and route.method == "GET":
        found["304"] = {"description": "Unchanged since the version named in If-None-Match"}
    codes = set(_WRITING if route.is_write else _READING)
    if route.body is not None or route.files or route.is_write:
        codes |= set(_BODY)
    if route.parameters:
        codes.add(422)
    if route.etag_match:
        codes.add(412)
    found.update({str(code): {"$ref": f"#/components/responses/Error{code}"} for code in sorted(codes)})
    return found


def _filled(value: Any, definition: EntityDef) -> Any:
    if isinstance(value, str):
        return value.replace("{entity}", definition.key)
    if isinstance(value, dict):
        return {k: _filled(v, definition) for k, v in value.items()}
    return [_filled(v, definition) for v in value] if isinstance(value, list | tuple) else value


__all__ = ["MAX_ID", "PROBLEM", "build"]
