"""Routes of field descriptions, and of the fields administrators make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crm_core import custom_indexes, customfields, field_admin
from crm_core.access import readable, require
from crm_core.context import Ctx
from crm_core.contributions import EntityDef
from crm_core.custom_indexes import IndexState
from crm_core.db import KERNEL
from crm_core.fieldtypes import CUSTOM_TYPES
from crm_core.filters import from_json, to_text
from crm_core.models import CustomField
from crm_core.rest import bodies
from crm_core.rest.routing import ID, PREFIX, Answer, Call, Route, items_of, shape
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
    "unique": _FLAG,
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
    where={"type": "string", "maxLength": 10_000},
)
_NEW = shape(
    "key type label",
    key={"type": "string", "minLength": 1, "maxLength": 50, "pattern": "^[a-z][a-z0-9]*(_[a-z0-9]+)*$"},
    type={"type": "string", "enum": sorted(CUSTOM_TYPES)},
    options=_OPTIONS,
    choices={"type": "object", "additionalProperties": {"type": "string", "maxLength": 200}},
    **_FREE,
)
_CHANGE = shape(**_FREE)
_IDS: dict[str, Any] = {"type": "array", "items": ID, "maxItems": 1000}
_ORDER = shape("section", section={"type": "string", "minLength": 1, "maxLength": 60}, before=_IDS, after=_IDS)
_USAGE = shape(
    "records entries views",
    records={"type": "integer"}, entries={"type": "integer"}, views={"type": "array", "items": _TEXT},
)  # fmt: skip
_BY_LANGUAGE: dict[str, Any] = {"type": "object", "additionalProperties": _TEXT}
_STORED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"}, "key": _TEXT, "type": _TEXT, "options": {"type": "object"}, "label": _BY_LANGUAGE,
        "help": _BY_LANGUAGE, "required": _FLAG, "unique": _FLAG, "indexed": _FLAG, "filterable": _FLAG,
        "search": _FLAG, "default": {}, "section": _TEXT, "order": {"type": "integer"}, "read_roles": _ROLES,
        "edit_roles": _ROLES, "visible_if": {"type": ["string", "null"]},
        "retired_at": {"type": ["string", "null"], "format": "date-time"},
        "index": {"type": ["object", "null"]},
    },
    "required": ["id", "key", "type", "label", "retired_at", "index"],
    "additionalProperties": False,
}  # fmt: skip
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
    row = field_admin.define(call.ctx, definition.key, **call.body)
    answer = _answer(row, 201)
    answer.headers["Location"] = f"{PREFIX}/fields/{definition.slug}/{row.id}"
    return answer


def _answer(row: CustomField, status: int = 200) -> Answer:
    return Answer({"id": row.id, **describe_field(customfields.field_of(row))}, status)


def _row(call: Call) -> CustomField:
    return field_admin.find(call.ctx, _entity(call), int(call.path["field_id"]))


def definitions(call: Call) -> Answer:
    """Answer the fields administrators made, as they are stored."""
    ctx, definition = call.ctx, _entity(call)
    states = custom_indexes.states(ctx, definition.key)
    return Answer({"items": [_stored(row, states) for row in field_admin.every(ctx, definition.key)]})


_AS_STORED = (
    "id", "key", "type", "options", "label", "help", "required", "unique", "indexed", "filterable", "search",
    "default", "section", "order", "read_roles", "edit_roles", "retired_at",
)  # fmt: skip


def _stored(row: CustomField, states: Mapping[str, IndexState]) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in _AS_STORED}
    state = states.get(f"{customfields.NAMESPACE}.{row.key}")
    index = None if state is None else {"ready": state.ready, "percent": state.percent}
    shown = to_text(from_json(row.visible_if)) if row.visible_if else None
    return {**found, "key": f"{customfields.NAMESPACE}.{row.key}", "visible_if": shown, "index": index}


def update(call: Call) -> Answer:
    """Change what may change of a field: not its key and not its type."""
    row = _row(call)
    bodies.check(_CHANGE, call.body)
    return _answer(field_admin.change(call.ctx, row, **call.body))


def retire(call: Call) -> Answer:
    """Take a field out of use; its values are kept."""
    field_admin.retire(call.ctx, _row(call))
    return Answer(status=204)


def restore(call: Call) -> Answer:
    """Bring a retired field back, with its values."""
    return _answer(field_admin.restore(call.ctx, _row(call)))


def usage(call: Call) -> Answer:
    """Answer what would go with a field."""
    found = field_admin.holdings(call.ctx, _row(call))
    return Answer({"records": found.records, "entries": found.entries, "views": list(found.views)})


def purge(call: Call) -> Answer:
    """Remove a retired field and its values for good, as a job."""
    return Answer({"job": field_admin.purge(call.ctx, _row(call))}, 202)


def arrange(call: Call) -> Answer:
    """Put fields into a section of the form, in an order."""
    bodies.check(_ORDER, call.body)
    body = call.body
    field_admin.arrange(call.ctx, _entity(call).key, body["section"], body.get("before", ()), body.get("after", ()))
    return Answer(status=204)


_PATH = "/fields/{entity}"
_ONE = f"{_PATH}/{{field_id}}"
ROUTES: tuple[Route, ...] = (
    Route(method="GET", path=_PATH, handler=list_, summary="Describe the fields of an entity", tag="fields",
          answers={200: items_of(_FIELD)}, help="The entity is named by slug or key."),
    Route(method="POST", path=_PATH, handler=create, summary="Make a custom field", tag="fields", scope="admin",
          body=_NEW, answers={201: _FIELD}, location=True, idempotent=True),
    Route(method="GET", path=f"{_PATH}/custom", handler=definitions, summary="List custom fields as they are stored",
          tag="fields", scope="admin", answers={200: items_of(_STORED)},
          help="Retired ones too. `index` says how far the index of a field is that has one."),
    Route(method="PUT", path=f"{_PATH}/order", handler=arrange, summary="Put custom fields in order", tag="fields",
          scope="admin", body=_ORDER, answers={204: None},
          help="`before` stand before the module's own fields of the section, `after` behind them."),
    Route(method="PATCH", path=_ONE, handler=update, summary="Change a custom field", tag="fields",
          scope="admin", body=_CHANGE, answers={200: _FIELD}),
    Route(method="DELETE", path=_ONE, handler=retire, summary="Retire a custom field",
          tag="fields", scope="admin", help="Its values are kept.", answers={204: None}),
    Route(method="POST", path=f"{_ONE}/restore", handler=restore, summary="Bring a retired field back", tag="fields",
          scope="admin", answers={200: _FIELD}),
    Route(method="GET", path=f"{_ONE}/usage", handler=usage, summary="Count what a custom field holds", tag="fields",
          scope="admin", answers={200: _USAGE}),
    Route(method="POST", path=f"{_ONE}/purge", handler=purge, summary="Remove a retired field for good", tag="fields",
          scope="admin", answers={202: shape("job", job={"type": "integer"})},
          help="Its values go with it, in the background; what the history says of them stays."),
)  # fmt: skip
