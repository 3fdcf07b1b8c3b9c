"""Routes of field descriptions, and of the fields administrators make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crm_core import customfields, jobs
from crm_core.access import readable, require
from crm_core.context import Ctx
from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.errors import FilterError, Invalid, NotFound, Problem, ValueProblem
from crm_core.fieldtypes import CUSTOM_TYPES
from crm_core.filters import parse, to_json
from crm_core.i18n import N_
from crm_core.kernel import FIELD_INDEXES
from crm_core.models import CustomField
from crm_core.rest import bodies
from crm_core.rest.routing import PREFIX, Answer, Call, Route, items_of, shape
from crm_core.schemas import describe_field

_TEXT: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_LABEL: dict[str, Any] = {
    "type": ["string", "object"], "minLength": 1, "maxLength": 200,
    "additionalProperties": {"type": "string", "maxLength": 200},
}  # fmt: skip
_ROLES: dict[str, Any] = {"type": "array", "items": {"type": "string", "maxLength": 60}, "maxItems": 50}
_FREE: dict[str, Mapping[str, Any]] = {
    "label": _LABEL,
    "help": {**_LABEL, "minLength": 0, "maxLength": 1000},
    "required": _FLAG,
    "default": {},
    "section": {"type": "string", "maxLength": 60},
    "order": {"type": "integer", "minimum": 0, "maximum": 100_000},
    "read_roles": _ROLES,
    "edit_roles": _ROLES,
    "search": _FLAG,
    "indexed": _FLAG,
    "filterable": _FLAG,
    "visible_if": {"type": ["string", "null"], "maxLength": 10_000},
}
_OPTIONS: dict[str, Any] = shape(
    length={"type": "integer", "minimum": 1, "maximum": 65_000},
    low={"type": ["integer", "string", "null"], "maxLength": 40},
    high={"type": ["integer", "string", "null"], "maxLength": 40},
    scale={"type": "integer", "minimum": 0, "maximum": 12},
    currency={"type": "string", "maxLength": 60},
    list={"type": "string", "maxLength": 120},
    target={"type": "string", "maxLength": 60},
)
_NEW = shape(
    "key type label",
    key={"type": "string", "minLength": 1, "maxLength": 50, "pattern": "^[a-z][a-z0-9]*(_[a-z0-9]+)*$"},
    type={"type": "string", "enum": sorted(CUSTOM_TYPES)},
    options=_OPTIONS,
    choices={"type": "object", "additionalProperties": {"type": "string", "maxLength": 200}},
    unique=_FLAG,
    **_FREE,
)
_CHANGE = shape(**_FREE)
_FIELD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": ["integer", "null"]}, "key": _TEXT, "type": _TEXT, "label": _TEXT, "help": _TEXT,
        "required": _FLAG, "unique": _FLAG, "readonly": _FLAG, "filterable": _FLAG, "sortable": _FLAG,
        "multiple": _FLAG, "operators": {"type": "array", "items": _TEXT}, "section": _TEXT, "plugin": _TEXT,
        "custom": _FLAG, "options": {"type": "object"}, "schema": {"type": "object"},
    },
    "required": ["id", "key", "type", "label"],
    "additionalProperties": False,
}  # fmt: skip


def _entity(call: Call) -> EntityDef:
    return call.ctx.registry.entity(str(call.path["entity"]))


def list_(call: Call) -> Answer:
    """Answer the fields of an entity that the actor may read."""
    ctx, definition = call.ctx, _entity(call)
    require(ctx, definition.key, "read")
    mask = readable(ctx, definition.key)
    ids = _ids(ctx, definition)
    fields = ctx.registry.fields(definition.key).items()
    return Answer({"items": [{"id": ids.get(k), **describe_field(f)} for k, f in fields if k in mask]})


def _ids(ctx: Ctx, definition: EntityDef) -> dict[str, int]:
    query = sa.select(CustomField.key, CustomField.id).where(CustomField.entity == definition.key)
    return {f"{customfields.NAMESPACE}.{key}": i for key, i in ctx.session.execute(query, execution_options=KERNEL)}


def create(call: Call) -> Answer:
    """Make a field."""
    definition = _entity(call)
    bodies.check(_NEW, call.body)
    values = _values(call.ctx, call.body)
    kind = _type(call.body)
    if "default" in values:
        values["default"] = _default(call.ctx, kind, values["default"])
    row = customfields.create(call.ctx, definition.key, **values)
    _index(call, row)
    answer = _answer(row, 201)
    answer.headers["Location"] = f"{PREFIX}/fields/{definition.slug}/{row.id}"
    return answer


def _type(body: Mapping[str, Any]) -> Any:
    options = {"list": "", **body.get("options", {})} if "choice" in body["type"] else body.get("options", {})
    if body["type"] in ("integer", "decimal", "percent", "money"):
        _check_bounds(body["type"], options)
    return customfields.type_of(body["type"], options)


def _check_bounds(kind: str, options: Mapping[str, Any]) -> None:
    from crm_core.fieldtypes.numbers import parse_decimal

    for name in ("low", "high"):
        bound = options.get(name)
        if bound is None:
            continue
        if isinstance(bound, int) != (kind == "integer"):
            expected = "a whole number" if kind == "integer" else "text"
            raise Invalid([Problem(f"options.{name}", "type", N_("Expected %(expected)s"), {"expected": expected})])
        try:
            parse_decimal(bound)
        except ValueProblem as problem:
            raise Invalid([problem.at(f"options.{name}")]) from None


def _values(ctx: Ctx, body: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(body)
    for name in ("label", "help"):
        if isinstance(values.get(name), str):
            values[name] = {"en": values[name]}
    roles = {role.code for role in ctx.directory.roles()}
    for name in ("read_roles", "edit_roles"):
        if unknown := sorted(set(values.get(name, ())) - roles):
            raise Invalid([Problem(name, "unknown", N_("There is no role %(name)s"), {"name": unknown[0]})])
    if text := values.get("visible_if"):
        try:
            values["visible_if"] = to_json(parse(text))
        except FilterError as error:
            raise Invalid([Problem("visible_if", error.code, error.message, error.params)]) from error
    return values


def _default(ctx: Ctx, kind: Any, raw: Any) -> Any:
    try:
        return kind.dump(kind.parse(raw, ctx))
    except ValueProblem as problem:
        raise Invalid([problem.at("default")]) from None


def _index(call: Call, row: CustomField) -> None:
    """Have the index of a field built in the background, where nobody waits for it."""
    if row.indexed or row.unique:
        jobs.enqueue(call.ctx, FIELD_INDEXES, {})


def _answer(row: CustomField, status: int = 200) -> Answer:
    return Answer({"id": row.id, **describe_field(customfields.field_of(row))}, status)


def _row(call: Call) -> CustomField:
    row = customfields.find(call.ctx, int(call.path["field_id"]))
    if row.entity != _entity(call).key:
        raise NotFound(N_("There is no such field"))
    return row


def update(call: Call) -> Answer:
    """Change what may change of a field: not its key and not its type."""
    row = _row(call)
    bodies.check(_CHANGE, call.body)
    values = _values(call.ctx, call.body)
    if "default" in values:
        values["default"] = _default(call.ctx, customfields.type_of(row.type, row.options), values["default"])
    changed = customfields.update(call.ctx, row.id, **values)
    _index(call, changed)
    return _answer(changed)


def retire(call: Call) -> Answer:
    """Take a field out of use; its values are kept."""
    customfields.retire(call.ctx, _row(call).id)
    return Answer(status=204)


_PATH = "/fields/{entity}"
ROUTES: tuple[Route, ...] = (
    Route(method="GET", path=_PATH, handler=list_, summary="Describe the fields of an entity", tag="fields",
          answers={200: items_of(_FIELD)}, help="The entity is named by slug or key."),
    Route(method="POST", path=_PATH, handler=create, summary="Make a custom field", tag="fields", scope="admin",
          body=_NEW, answers={201: _FIELD}, location=True, idempotent=True),
    Route(method="PATCH", path=f"{_PATH}/{{field_id}}", handler=update, summary="Change a custom field", tag="fields",
          scope="admin", body=_CHANGE, answers={200: _FIELD}),
    Route(method="DELETE", path=f"{_PATH}/{{field_id}}", handler=retire, summary="Retire a custom field",
          tag="fields", scope="admin", help="Its values are kept.", answers={204: None}),
)  # fmt: skip
