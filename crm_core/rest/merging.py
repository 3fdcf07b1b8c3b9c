"""Routes of merging records: what a merge would do, and doing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_core import merging
from crm_core.errors import Invalid, Problem
from crm_core.i18n import N_, gettext
from crm_core.merging import Done, Plan
from crm_core.rest import bodies
from crm_core.rest.routing import ID, Answer, Call, Param, Route, shape
from crm_core.rest.serial import Serializer

_TEXT: dict[str, Any] = {"type": "string"}
_WHOLE: dict[str, Any] = {"type": "integer"}
_BODY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "others": {"type": "array", "items": ID, "maxItems": merging.MAX_RECORDS - 1},
        "choices": {"type": "object"},
        "versions": {"type": "object"},
    },
    "required": ["others"],
    "additionalProperties": False,
}
_DRY = Param("dry_run", "1 says what would happen and changes nothing.", {"type": "string", "enum": ["0", "1"]})


def merge_records(call: Call) -> Answer:
    """Merge records into the one of the path, or say what would happen."""
    bodies.check(_BODY, call.body)
    others, choices = [int(i) for i in call.body["others"]], _choices(call.body.get("choices", {}))
    if call.flag("dry_run", False):
        return Answer(plan_document(call.ctx, merging.look(call.ctx, call.entity.key, call.id, others, choices)))
    versions = {int(k): v for k, v in _numbers(call.body.get("versions", {})).items()}
    done = merging.merge(call.ctx, call.entity.key, call.id, others, choices, versions=versions)
    return Answer(done_document(done))


def _choices(given: Mapping[str, Any]) -> dict[str, int | str]:
    """Return choices as the engine takes them.

    Raises:
        Invalid: one is neither an id nor ``all``.
    """
    found: dict[str, int | str] = {}
    for key, value in given.items():
        if value != merging.ALL and (isinstance(value, bool) or not isinstance(value, int)):
            message = N_("Give the id of one of the merged records, or all")
            raise Invalid([Problem(str(key)[:80], "choice", message)])
        found[key] = value
    return found


def _numbers(given: Mapping[str, Any]) -> Mapping[str, int]:
    for key, value in given.items():
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (whole and key.isascii() and key.isdigit() and len(key) < 17):
            raise Invalid([Problem("versions", "type", N_("Give versions as numbers by the ids of the records"))])
    return given


def done_document(done: Done) -> dict[str, Any]:
    """Return what a merge did as JSON shows it; how many links followed is not told: some may be out of sight."""
    return {"survivor": done.survivor, "merged": list(done.merged), "batch": done.batch_id, "dry_run": False}


def plan_document(ctx: Any, plan: Plan) -> dict[str, Any]:
    """Return what a merge would do as JSON shows it."""
    write = Serializer(ctx, plan.definition, [side.field for side in plan.sides]).record
    return {
        "dry_run": True,
        "survivor": plan.ids[0],
        "merged": plan.ids[1:],
        "possible": not plan.problems,
        "problems": [
            {"field": p.field, "code": p.code, "message": p.text(), "plugin": p.plugin or ""} for p in plan.problems
        ],
        "fields": [
            {"field": side.field.key, "label": side.field.title(), "chosen": side.chosen, "differs": side.differs,
             "may_choose": side.may_choose, "may_unite": side.may_unite}
            for side in plan.sides
        ],
        "records": [write(row) for row in plan.rows],
        "links": [
            {"entity": entity, "label": gettext(ctx.registry.entity(entity).plural), "field": field.key, "count": count}
            for entity, field, count in plan.links
        ],
    }  # fmt: skip


_FLAG = {"type": "boolean"}
_FIELD = shape(
    "field label chosen differs may_choose may_unite", field=_TEXT, label=_TEXT,
    chosen={"type": ["integer", "string"]}, differs=_FLAG, may_choose=_FLAG, may_unite=_FLAG,
)  # fmt: skip
_PLAN = shape(
    "dry_run survivor merged possible problems fields records links",
    dry_run=_FLAG, survivor=_WHOLE, merged={"type": "array", "items": _WHOLE}, possible=_FLAG,
    problems={"type": "array", "items": shape(
        "field code message plugin", field={"type": ["string", "null"]}, code=_TEXT, message=_TEXT, plugin=_TEXT)},
    fields={"type": "array", "items": _FIELD}, records={"type": "array", "items": {"type": "object"}},
    links={"type": "array", "items": shape(
        "entity label field count", entity=_TEXT, label=_TEXT, field=_TEXT, count=_WHOLE)},
)  # fmt: skip
_DONE = shape(
    "survivor merged batch dry_run", survivor=_WHOLE, merged={"type": "array", "items": _WHOLE},
    batch={"type": ["integer", "null"]}, dry_run=_FLAG,
)  # fmt: skip

ROUTES: tuple[Route, ...] = (
    Route(method="POST", path="/{slug}/{id}/merge", handler=merge_records, summary="Merge records", tag="duplicates",
          scope="write", parameters=(_DRY,), body=_BODY, answers={200: {"anyOf": [_DONE, _PLAN]}}, idempotent=True,
          help="The record of the path stays; `others` become part of it, with all that links to them, and their ids "
               "lead to it: GET answers 307. `choices` name for a field the id of the record whose value is taken, or "
               "`all` for several values, lines and long texts; otherwise the survivor's value, for an empty one the "
               "next record's. `versions` (by id) refuse what was changed meanwhile. `batch` undoes it."),
)  # fmt: skip
