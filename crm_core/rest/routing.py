"""How a route of the API is written: one description serves the dispatcher and the OpenAPI document alike.

A module of routes offers ``ROUTES``, a tuple of :class:`Route`; ``crm_core.rest.MODULES`` names the modules. What
is not described here can't be sent: unknown parameters are refused, bodies are read as described.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from werkzeug.datastructures import Headers, MultiDict

from crm_core.errors import BadRequest, NotFound, unknown_name
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import EntityDef
    from crm_core.deployment import Deployment
    from crm_core.registry import Registry

PREFIX = "/api/v1"
MAX_ID = 2**53 - 1
ID: Mapping[str, Any] = {"type": "integer", "minimum": 1, "maximum": MAX_ID}

Schema = Mapping[str, Any]
Scope = Literal["read", "write", "admin", "none"]


def ref(name: str) -> dict[str, Any]:
    """Return a reference to a schema of the document; ``{entity}`` stands for the route's entity."""
    return {"$ref": f"#/components/schemas/{name}"}


def items_of(item: Schema, /, **more: Any) -> dict[str, Any]:
    """Return the schema of an object with a list ``items`` (and more members)."""
    members = {"items": {"type": "array", "items": item}, **more}
    return {"type": "object", "properties": members, "required": ["items", *more], "additionalProperties": False}


def shape(required: str = "", /, **members: Schema) -> dict[str, Any]:
    """Return the schema of an object with exactly these members; ``required`` names some, separated by spaces."""
    found: dict[str, Any] = {"type": "object", "properties": members, "additionalProperties": False}
    return {**found, "required": required.split()} if required else found


@dataclass(frozen=True)
class Param:
    """A parameter of the URL's query; ``schema`` gives the type and the bounds that are enforced."""

    name: str
    help: str
    schema: Schema = field(default_factory=lambda: {"type": "string", "maxLength": 10_000})
    required: bool = False
    where: Literal["query", "header"] = "query"


LIMIT = Param("limit", "How many to return.", {"type": "integer", "minimum": 1, "maximum": 500, "default": 50})
BEFORE = Param("before", "Return what is older than this id.", ID)


@dataclass
class Answer:
    """What a handler answers: a JSON-able value or ready JSON (empty: no content), status and headers.

    The body of a route with ``media`` is a response of Flask, the file.
    """

    body: Any = b""
    status: int = 200
    headers: Headers = field(default_factory=Headers)


@dataclass(frozen=True)
class Call:
    """One request as its handler sees it.

    Attributes:
        ctx: the running operation, in one transaction.
        path: the parameters of the path, converted.
        query: the parameters of the query, as text.
        body: the JSON body, or ``None`` where the route takes none.
        entity: the kind of record the path names, for routes of entities.
        headers: the request's headers (``If-Match`` and its kin).
    """

    ctx: Ctx
    deployment: Deployment
    route: Route
    path: Mapping[str, Any]
    query: MultiDict[str, str]
    headers: Any
    body: Any = None
    found: EntityDef | None = None

    @property
    def entity(self) -> EntityDef:
        """Return the entity of the path.

        Raises:
            NotFound: its plugin is off.
        """
        if self.found is None:
            raise NotFound
        return self.found

    @property
    def id(self) -> int:
        """Return the record's id of the path."""
        return int(self.path["id"])

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter of the query."""
        return self.query.get(name, default)

    def whole(self, name: str) -> int | None:
        """Return a whole number of the query within the bounds its description gives, or the default.

        Raises:
            BadRequest: not a whole number, or out of bounds; both bounds are named.
        """
        schema = next(p for p in self.route.parameters if p.name == name).schema
        raw = self.query.get(name, "").strip()
        if not raw:
            default: int | None = schema.get("default")
            return default
        low, high = schema["minimum"], schema["maximum"]
        digits = raw.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 16 and low <= int(raw) <= high):
            message = N_("%(name)s: give a whole number from %(low)s to %(high)s")
            raise BadRequest(message, field=name, params={"name": name, "low": low, "high": high})
        return int(raw)

    def flag(self, name: str, default: bool) -> bool:
        """Return a yes or no of the query.

        Raises:
            BadRequest: neither.
        """
        raw = self.query.get(name, "").strip().lower()
        if raw in ("", "0", "1", "true", "false"):
            return default if not raw else raw in ("1", "true")
        raise BadRequest(N_("%(name)s: give 1 or 0"), field=name, params={"name": name})


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method on one path, with all that the dispatcher and the OpenAPI document must know about it.

    Attributes:
        path: below ``/api/v1``, in OpenAPI writing (``/tags/{id}``); ``/{slug}`` first makes it a route of every
            entity. ``{id}`` and names ending in ``_id`` are whole numbers.
        scope: what a token must allow: ``read``, ``write`` or ``admin`` (which also needs an administrator);
            ``none`` for whoever is signed in, whatever the token's scopes.
        body: JSON Schema of the body; ``None`` when the route reads none.
        files: names of multipart parts that hold files; the body is then a form.
        answers: JSON Schema by success status, ``None`` for an answer without content.
        open_query: further query parameters are conditions of a filter.
        idempotent: the route knows ``Idempotency-Key``.
        writes: runs in a writing transaction; by default whatever is not GET.
        applies: says for which entities the route exists.
        contributed: the route exists only for entities with a contribution of this type (an importer).
        media: content types of a file that a successful answer is, instead of JSON.
        plugin: the plugin that added the route; filled in by the kernel.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    help: str = ""
    scope: Scope = "read"
    parameters: tuple[Param, ...] = ()
    body: Schema | None = None
    body_optional: bool = False
    files: tuple[str, ...] = ()
    answers: Mapping[int, Schema | None] = field(default_factory=dict)
    open_query: bool = False
    idempotent: bool = False
    etag: bool = False
    etag_match: bool = False
    location: bool = False
    writes: bool | None = None
    applies: Callable[[EntityDef], bool] = lambda definition: True
    contributed: type[Any] | None = None
    media: tuple[str, ...] = ()
    plugin: str = ""

    @property
    def per_entity(self) -> bool:
        """Tell whether every entity has this route."""
        return self.path.startswith("/{slug}")

    @property
    def is_write(self) -> bool:
        """Tell whether the handler runs in a writing transaction."""
        return self.method != "GET" if self.writes is None else self.writes

    def exists_for(self, definition: EntityDef, registry: Registry) -> bool:
        """Tell whether a route of every entity exists for this one."""
        if self.contributed is not None and all(c.entity != definition.key for c in registry.of(self.contributed)):
            return False
        return self.applies(definition)

    def check_query(self, query: MultiDict[str, str]) -> None:
        """Refuse parameters that the route does not know.

        Raises:
            FilterError: one is unknown; the nearest known one is named.
            BadRequest: one is given more than once, is missing, or holds a null character.
        """
        known = [p.name for p in self.parameters if p.where == "query"]
        for name, values in query.lists():
            if any("\x00" in text for text in (name, *values)):
                message = N_("A parameter holds a character that can't be stored")
                raise BadRequest(message, field=name.replace("\x00", "\ufffd")[:80])
            if name in known:
                if len(values) > 1:
                    raise BadRequest(N_("%(name)s is given twice"), field=name, params={"name": name})
            elif not self.open_query:
                raise unknown_name(name, known, N_("parameter"))
        for parameter in self.parameters:
            if parameter.required and parameter.where == "query" and not query.get(parameter.name):
                name = parameter.name
                raise BadRequest(N_("%(name)s is required"), field=name, params={"name": name})
