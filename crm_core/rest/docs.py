"""The OpenAPI document and the page that lists its operations."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import render_template

from crm_core.errors import CrmError
from crm_core.i18n import gettext
from crm_core.rest import jsonio, openapi
from crm_core.rest.routing import Answer, Call, Route

if TYPE_CHECKING:
    from crm_core.registry import Registry

_LOCK = threading.Lock()
_made: tuple[Any, dict[str, Any], bytes] | None = None


def document(registry: Registry) -> tuple[dict[str, Any], bytes]:
    """Return the OpenAPI document of a registry, as an object and as JSON; made once."""
    from crm_core import rest

    global _made
    with _LOCK:
        if _made is None or _made[0] is not registry:
            found = openapi.build(registry, rest.routes(registry))
            _made = (registry, found, jsonio.dumps(found))
        return _made[1], _made[2]


def openapi_json(call: Call) -> Answer:
    """Answer the OpenAPI document."""
    return Answer(document(call.ctx.registry)[1])


@dataclass(frozen=True)
class Operation:
    """One operation as the page shows it."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Mapping[str, Any], ...]
    fields: tuple[tuple[str, str, bool, str], ...]
    """Members of the body: name, type, required, meaning."""
    answers: tuple[tuple[str, str], ...]


def groups(found: Mapping[str, Any]) -> list[tuple[str, str, list[Operation]]]:
    """Return (tag, meaning, operations) in the document's order."""
    meanings = {tag["name"]: tag.get("description", "") for tag in found.get("tags", ())}
    by_tag: dict[str, list[Operation]] = {}
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            by_tag.setdefault(operation["tags"][0], []).append(_operation(found, path, method, operation))
    return [(tag, meanings.get(tag, ""), found) for tag, found in by_tag.items()]


def _operation(document_: Mapping[str, Any], path: str, method: str, found: Mapping[str, Any]) -> Operation:
    return Operation(
        id=found["operationId"],
        method=method.upper(),
        path=path,
        summary=found.get("summary", ""),
        description=found.get("description", ""),
        parameters=tuple(found.get("parameters", ())),
        fields=tuple(_members(document_, found.get("requestBody"))),
        answers=tuple((code, _meaning(document_, answer)) for code, answer in found["responses"].items()),
    )


def _meaning(found: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    return str(_resolved(found, answer).get("description", ""))


def _resolved(found: Mapping[str, Any], item: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in item:
        for step in item["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return found
    return item


def _members(found: Mapping[str, Any], body: Mapping[str, Any] | None) -> Iterator[tuple[str, str, bool, str]]:
    if body is None:
        return
    schema = _resolved(found, next(iter(body["content"].values()))["schema"])
    required = schema.get("required", ())
    for name, member in schema.get("properties", {}).items():
        inner = member.get("properties")
        if inner and member.get("type") == "object" and "title" not in member:
            for key, part in inner.items():
                yield f"{name}.{key}", type_text(part), False, str(part.get("title", ""))
            continue
        yield name, type_text(member), name in required, str(member.get("title", ""))


def type_text(schema: Mapping[str, Any]) -> str:
    """Return a schema's type in a few words: ``string``, ``[{address, kind, primary}]``, ``red | green``."""
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"] if value is not None)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(dict.fromkeys(type_text(s) for s in choices if s.get("type") != "null"))
    kind = schema.get("type", "")
    return " | ".join(_kind_text(k, schema) for k in ([kind] if isinstance(kind, str) else kind) if k != "null")


def _kind_text(kind: str, schema: Mapping[str, Any]) -> str:
    if kind == "array":
        return f"[{type_text(schema.get('items', {}))}]"
    if kind == "object" and (members := schema.get("properties")):
        return "{" + ", ".join(name for name in members) + "}"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def problem_types() -> list[tuple[str, int, str]]:
    """Return (code, status, title) of every problem the API may answer with, by status."""
    found: dict[str, tuple[int, str]] = {}
    waiting: list[type[CrmError]] = [CrmError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        found.setdefault(kind.code, (kind.status, kind.title))
    return sorted(
        ((code, status, gettext(title)) for code, (status, title) in found.items()), key=lambda p: (p[1], p[0])
    )


def page() -> str:
    """Answer the page of the documentation; a page of the web face, for whoever is signed in."""
    from crm_core.web.request import current

    found, _ = document(current().registry)
    about = found["info"]["description"].replace("`", "").strip().split("\n\n")
    return render_template(
        "api/docs.html", about=about, groups=groups(found), type_text=type_text, problems=problem_types()
    )


ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/openapi.json", handler=openapi_json, summary="This document", tag="documentation",
          scope="none", answers={200: {"type": "object"}}),
)  # fmt: skip
