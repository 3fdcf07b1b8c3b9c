"""Bulk changes: up to 1,000 records in one transaction, each succeeding or failing by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crm_core import batches, records
from crm_core.errors import BadRequest, CrmError, Forbidden, Invalid, Problem
from crm_core.i18n import N_
from crm_core.records.actions import MAX_BULK, attempt
from crm_core.rest import bodies, problems
from crm_core.rest.records import plain
from crm_core.rest.routing import ID, MAX_ID, Answer, Call, Route, items_of, shape

if TYPE_CHECKING:
    from crm_core.context import Ctx

_ITEM = {"type": "object", "properties": {"id": ID, "version": {"type": "integer", "minimum": 1}}}
_BODY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "action": {"type": "string", "minLength": 1, "maxLength": 60},
        "ids": {"type": "array", "items": ID, "maxItems": MAX_BULK},
        "data": {"type": "object"},
        "items": {"type": "array", "items": _ITEM, "maxItems": MAX_BULK},
    },
    "additionalProperties": False,
}
_RESULT = shape(
    "ok id",
    ok={"type": "boolean"},
    id={"type": ["integer", "null"]},
    result={},
    version={"type": "integer"},
    error=shape(
        "status code detail",
        status={"type": "integer"},
        code={"type": "string"},
        detail={"type": "string"},
        plugin={"type": "string"},
        version={"type": "integer"},
        errors={"type": "array", "items": {"type": "object"}},
    ),
)


def bulk(call: Call) -> Answer:
    """Change many records."""
    bodies.check(_BODY, call.body)
    body: Mapping[str, Any] = call.body
    if ("items" in body) == ("ids" in body):
        raise Invalid([Problem("ids", "required", N_("Give either ids with an action, or items"))])
    if "items" in body:
        if "data" in body or body.get("action", "update") not in ("create", "update"):
            raise Invalid([Problem("items", "action", N_("Items are created or updated, each with its own values"))])
        results, batch = _items(call, body)
    else:
        results, batch = _named(call, body)
    failed = sum(not result["ok"] for result in results)
    return Answer({"items": results, "done": len(results) - failed, "failed": failed, "batch": batch})


def _items(call: Call, body: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int | None]:
    action = body.get("action")
    inside = batches.begin(call.ctx, batches.BULK, call.entity.key, action or "save")
    results = [_item(inside, call, item, action) for item in body["items"]]
    return results, batches.close(inside)


def _named(call: Call, body: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int | None]:
    action = body.get("action")
    if not action:
        raise Invalid([Problem("action", "required", N_("This is required"))])
    if action == "create":
        raise BadRequest(N_("New records are given as items"), field="items")
    done = records.bulk(call.ctx, call.entity.key, [int(i) for i in body["ids"]], action, body.get("data", {}))
    found: list[dict[str, Any]] = []
    for result in done:
        entry: dict[str, Any] = {"id": result.id, "ok": result.ok}
        if result.error is not None:
            entry["error"] = _error(call, result.error)
        elif action == "update":
            entry["version"] = result.value
        elif action != "delete":
            entry["result"] = plain(result.value)
        found.append(entry)
    return found, done.batch_id


def _item(ctx: Ctx, call: Call, item: Mapping[str, Any], action: str | None) -> dict[str, Any]:
    key, record_id = call.entity.key, None if action == "create" else item.get("id")
    try:
        with attempt(ctx):
            if record_id is not None:
                made = records.update(ctx, key, int(record_id), item, version=item.get("version"))
            elif action == "update":
                raise Invalid([Problem("id", "required", N_("This is required"))])
            elif not call.entity.creatable:
                raise Forbidden(N_("Records of this kind are not made by hand"))
            else:
                made = records.create(ctx, key, item)
    except CrmError as error:
        return {"id": record_id, "ok": False, "error": _error(call, error)}
    return {"id": made.id, "ok": True, "version": made.version}


def _error(call: Call, error: CrmError) -> dict[str, Any]:
    document = problems.document(error, "")
    wanted = ("status", "detail", "errors", "plugin", "version")
    return {"code": error.code, **{name: document[name] for name in wanted if name in document}}


_COUNT = {"type": "integer", "minimum": 0, "maximum": MAX_ID}
ROUTES: tuple[Route, ...] = (
    Route(method="POST", path="/{slug}/bulk", handler=bulk, summary="Change many", tag="records", scope="write",
          help='Either {"action": "update", "ids": […], "data": {…}}: the action is update, delete or the name of an '
               'action, data are its values ("+tags" and "-tags" add and take away). Or {"items": [{"id": 5}, {…}]}: '
               "items with an id are updated, those without are created. At most 1,000. Each succeeds or fails by "
               "itself; the answer is 200 with one result an item, in order. `batch` undoes them as one.",
          body=_BODY, answers={200: items_of(_RESULT, done=_COUNT, failed=_COUNT,
                                                      batch={"type": ["integer", "null"]})}, idempotent=True),
)  # fmt: skip
