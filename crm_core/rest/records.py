"""Routes of records: lists, one record, its actions, and bulk changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from crm_core import events, merging, records
from crm_core.access import readable
from crm_core.context import Ctx
from crm_core.contributions import EntityDef, FieldDef
from crm_core.errors import BadRequest, NotFound, Stale
from crm_core.fieldtypes import Computed
from crm_core.filters import Node, and_, from_query, parse
from crm_core.filters.query import RESERVED, SUFFIXES
from crm_core.i18n import N_
from crm_core.records import ListQuery, Row
from crm_core.rest.routing import ID, LIMIT, PREFIX, Answer, Call, Param, Route, ref, shape
from crm_core.rest.serial import Serializer

ENVELOPE = ("id", "version", "entity", "title")
"""Members of a record that are always there; ``title`` is a field of some entities too."""

_TEXT = {"type": "string", "maxLength": 10_000}
FILTER = Param("filter", 'An expression, such as name startswith "Ker" and not email is null.', _TEXT)
_LIST = (
    Param("q", "Words to search for.", {"type": "string", "maxLength": 500}),
    FILTER,
    Param("sort", "Up to five fields, a minus before those that descend: -cf.score,name.", _TEXT),
    Param("fields", "The fields wanted, such as name,cf.score; cf stands for all custom ones.", _TEXT),
    LIMIT,
    Param("after", "Where the page before ended: next of its answer.", _TEXT),
    Param("count", "0 leaves out the total.", {"type": "string", "enum": ["0", "1", "true", "false"]}),
)
_NOT_CONDITIONS = (*RESERVED, "count")


def list_(call: Call) -> Answer:
    """Answer one page of a list."""
    ctx, definition = call.ctx, call.entity
    fields = listed_fields(ctx, definition, call.text("fields"))
    query = ListQuery(
        fields=tuple(f.key for f in fields) or ("id",),
        filter=filter_of(call),
        q=call.text("q"),
        sort=records.parse_sort(call.text("sort")),
        limit=call.whole("limit") or 50,
        after=call.text("after") or None,
        count=call.flag("count", True),
    )
    page = records.list_(ctx, definition.key, query)
    events.read(ctx, definition.key, (row.id for row in page.items))
    write = Serializer(ctx, definition, fields).record
    total = {"value": page.total, "exact": page.exact} if page.total is not None else None
    answer = Answer({"items": [write(row) for row in page.items], "next": page.next, "total": total})
    if page.next:
        answer.headers["Link"] = f'<{_next_url(call, page.next)}>; rel="next"'
    return answer


def _next_url(call: Call, cursor: str) -> str:
    kept = [(name, text) for name, text in call.query.items(multi=True) if name != "after"]
    return f"{PREFIX}/{call.entity.slug}?{urlencode([*kept, ('after', cursor)])}"


def filter_of(call: Call) -> Node | None:
    """Return the filter that the query's conditions and its expression ask for together.

    Raises:
        FilterError: one can't be read, or names a parameter or field that is not known.
    """
    fields = readable(call.ctx, call.entity.key)
    for name in call.query:
        bare = name.rpartition("__")[0] if name.rpartition("__")[2] in SUFFIXES else name
        root = bare.partition(".")[0]
        if name in _NOT_CONDITIONS or bare in fields or root in fields or bare in ("id", *call.entity.short):
            continue
        known = [*_NOT_CONDITIONS, *fields, *call.entity.short]
        raise call.ctx.registry.unknown(call.entity.key, bare, known, N_("parameter or field"))
    found = from_query(call.query.items(multi=True), reserved=_NOT_CONDITIONS)
    text = call.text("filter")
    if not text.strip():
        return found
    return parse(text) if found is None else and_(found, parse(text))


def listed_fields(ctx: Ctx, definition: EntityDef, text: str) -> list[FieldDef]:
    """Return the fields of a list; all that the actor may read, or those named.

    Raises:
        FilterError: one is unknown or hidden from the actor; the nearest known one is named.
        BadRequest: one is worked out record by record, and so has no place in a list.
    """
    fields, mask = ctx.registry.fields(definition.key), readable(ctx, definition.key)
    allowed = {key: field for key, field in fields.items() if key in mask}
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    if not wanted:
        return [f for f in allowed.values() if not isinstance(f.type, Computed)]
    found = [field for name in wanted for field in _named(ctx, definition, name, allowed)]
    for field in found:
        if isinstance(field.type, Computed):
            message = N_("%(name)s is given with single records only")
            raise BadRequest(message, field="fields", params={"name": field.key})
    return list({field.key: field for field in found}.values())


def _named(ctx: Ctx, definition: EntityDef, name: str, allowed: dict[str, FieldDef]) -> list[FieldDef]:
    if name in allowed:
        return [allowed[name]]
    group = [field for key, field in allowed.items() if key.startswith(f"{name}.")]
    if not group and name not in ENVELOPE:
        error = ctx.registry.unknown(definition.key, name, [*allowed, *ENVELOPE])
        error.field = "fields"
        raise error
    return group


def _shown(ctx: Ctx, definition: EntityDef, row: Row, keys: Iterable[str]) -> dict[str, Any]:
    fields = ctx.registry.fields(definition.key)
    return Serializer(ctx, definition, [fields[k] for k in keys]).record(row)


def record_answer(ctx: Ctx, definition: EntityDef, record_id: int, status: int = 200, text: str = "") -> Answer:
    """Answer one record with its ETag; ``text`` names the fields wanted."""
    mask = readable(ctx, definition.key)
    allowed = {key: field for key, field in ctx.registry.fields(definition.key).items() if key in mask}
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    keys = [f.key for name in wanted for f in _named(ctx, definition, name, allowed)] if wanted else list(allowed)
    row = records.read(ctx, definition.key, record_id, tuple(keys) or ("id",))
    answer = Answer(_shown(ctx, definition, row, dict.fromkeys(keys)), status)
    answer.headers["ETag"] = f'"{row.version}"'
    return answer


def create(call: Call) -> Answer:
    """Create a record."""
    made = records.create(call.ctx, call.entity.key, call.body)
    answer = _written(call, made.id, 201)
    answer.headers["Location"] = f"{PREFIX}/{call.entity.slug}/{made.id}"
    return answer


def get(call: Call) -> Answer:
    """Answer one record; the id of one that was merged leads on to what it became.

    Not for ever: an undo brings it back under its id.
    """
    try:
        answer = record_answer(call.ctx, call.entity, call.id, text=call.text("fields"))
        events.viewed(call.ctx, call.entity.key, call.id)
        return answer
    except NotFound:
        survivor = merging.survivor_of(call.ctx, call.entity.key, call.id)
        if survivor is None:
            raise
    answer = Answer({"id": survivor, "entity": call.entity.key}, 307)
    answer.headers["Location"] = f"{PREFIX}/{call.entity.slug}/{survivor}"
    return answer


def expected_version(call: Call) -> int | None:
    """Return the version that ``If-Match`` asks for (RFC 9110, 13.1.1), ``None`` when any will do.

    Raises:
        Stale: none of those named is stored.
    """
    raw = call.headers.get("If-Match")
    if raw is None or raw.strip() == "*":
        return None
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in raw.split(",")]
    versions = [int(tag) for tag in tags if tag.isascii() and tag.isdigit() and len(tag) < 10]
    if len(versions) == 1:
        return versions[0]
    stored = records.get(call.ctx, call.entity.key, call.id).version
    if stored not in versions:
        raise Stale(version=stored)
    return stored


def update(call: Call) -> Answer:
    """Change fields of a record."""
    records.update(call.ctx, call.entity.key, call.id, call.body, version=expected_version(call))
    return _written(call, call.id)


def _written(call: Call, record_id: int, status: int = 200) -> Answer:
    """Answer a record as it was written; one that was given away, which its writer may not read any more, with 204."""
    try:
        return record_answer(call.ctx, call.entity, record_id, status)
    except NotFound:
        return Answer(status=204)


def delete(call: Call) -> Answer:
    """Delete a record."""
    records.delete(call.ctx, call.entity.key, call.id, version=expected_version(call))
    return Answer(status=204)


def act(call: Call) -> Answer:
    """Perform an action on a record."""
    name = str(call.path["action"])
    data = call.body if call.body is not None else {}
    done = records.act(call.ctx, call.entity.key, call.id, name, data, version=expected_version(call))
    return Answer({"result": plain(done)})


def plain(value: Any) -> Any:
    """Return an action's result if JSON can hold it; records become ``{"entity", "id"}``."""
    if hasattr(value, "__entity__"):
        return {"entity": value.__entity__["key"], "id": value.id}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    return value


_PAGE = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": ref("{entity}")},
        "next": {"type": ["string", "null"]},
        "total": {
            "type": ["object", "null"],
            "properties": {"value": {"type": "integer", "minimum": 0}, "exact": {"type": "boolean"}},
            "required": ["value", "exact"],
        },
    },
    "required": ["items", "next", "total"],
    "additionalProperties": False,
}
_FIELDS = Param("fields", "The fields wanted, such as name,cf.score.", _TEXT)
_MERGED = shape("id entity", id=ID, entity={"type": "string"})
_RESULT = {"type": "object", "properties": {"result": {}}, "required": ["result"], "additionalProperties": False}

ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/{slug}", handler=list_, summary="List", tag="records", parameters=_LIST,
          open_query=True, answers={200: _PAGE}),
    Route(method="POST", path="/{slug}", handler=create, summary="Create", tag="records", scope="write",
          body=ref("{entity}.new"), answers={201: ref("{entity}"), 204: None}, idempotent=True, etag=True,
          location=True, applies=lambda definition: definition.creatable),
    Route(method="GET", path="/{slug}/{id}", handler=get, summary="Read", tag="records", parameters=(_FIELDS,),
          help="The id of a record that was merged answers 307 and leads to what it became.",
          answers={200: ref("{entity}"), 307: _MERGED}, etag=True),
    Route(method="PATCH", path="/{slug}/{id}", handler=update, summary="Change", tag="records", scope="write",
          help="Fields that are not named stay as they are; null empties one. A record that is given away, so that one "
               "may not read it any more, is answered with 204.",
          body=ref("{entity}.change"), answers={200: ref("{entity}"), 204: None}, etag=True, etag_match=True),
    Route(method="DELETE", path="/{slug}/{id}", handler=delete, summary="Delete", tag="records", scope="write",
          answers={204: None}, etag_match=True),
    Route(method="POST", path="/{slug}/{id}/actions/{action}", handler=act, summary="Act", tag="records",
          scope="write", body={"type": "object"}, body_optional=True, answers={200: _RESULT}, idempotent=True,
          etag_match=True),
)  # fmt: skip
