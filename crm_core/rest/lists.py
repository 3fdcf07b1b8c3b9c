"""Routes of reference lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_core import list_merging, lists, stored_filters
from crm_core.contributions import ListDef
from crm_core.errors import NotFound
from crm_core.i18n import LANGUAGES, N_, gettext, translate_mapping
from crm_core.rest import bodies
from crm_core.rest.routing import ID, PREFIX, Answer, Call, Param, Route, items_of, shape
from crm_core.schemas import describe_field

_TEXT: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_LABEL: dict[str, Any] = {
    "type": ["string", "object"],
    "minLength": 1,
    "maxLength": 120,
    "properties": {code: {"type": "string", "maxLength": 120} for code in LANGUAGES},
    "additionalProperties": False,
}
_VALUES: dict[str, Mapping[str, Any]] = {
    "colour": {"type": "string", "maxLength": 9},
    "icon": {"type": "string", "maxLength": 40},
    "role": {"type": "string", "maxLength": 40},
    "parent": {"type": "string", "maxLength": 60},
    "values": {"type": "object"},
}
_NEW = shape("label", label=_LABEL, **_VALUES)
_CHANGE = shape(label=_LABEL, active=_FLAG, **_VALUES)
_ORDER = shape("ids", ids={"type": "array", "items": ID, "maxItems": 2000})
_ENTRY = shape(
    "id code title label colour icon role parent active values",
    id={"type": "integer"}, code=_TEXT, title=_TEXT, label={"type": "object", "additionalProperties": _TEXT},
    colour=_TEXT, icon=_TEXT, role=_TEXT, parent=_TEXT, active=_FLAG, values={"type": "object"},
)  # fmt: skip
_LIST = shape(
    "key label fixed extensible section roles values",
    key=_TEXT, label=_TEXT, fixed=_FLAG, extensible=_FLAG, section=_TEXT,
    roles={"type": "array", "items": shape("code label", code=_TEXT, label=_TEXT)},
    values={"type": "array", "items": {"type": "object"}},
)  # fmt: skip
_MERGE = shape("into", into=ID)
_INTO = Param("into", "The entry that stays.", ID, required=True)
_WHOLE: dict[str, Any] = {"type": "integer"}
_MERGED = shape(
    "from into records fields comments below named batch",
    into=_ENTRY, records=_WHOLE, comments=_WHOLE, below=_WHOLE, batch={"type": ["integer", "null"]},
    fields={"type": "array", "items": shape("entity field label records", entity=_TEXT, field=_TEXT, label=_TEXT,
                                            records=_WHOLE)},
    named={"type": "array", "items": shape("what count", what=_TEXT, count=_WHOLE)},
    **{"from": _ENTRY},
)  # fmt: skip
_ACTIVE = Param("active", "1 leaves out deactivated entries.", {"type": "string", "enum": ["0", "1"]})


def list_(call: Call) -> Answer:
    """Answer every reference list."""
    ctx = call.ctx
    return Answer({"items": [_described(call, definition) for definition in ctx.registry.lists.values()]})


def _described(call: Call, definition: ListDef) -> dict[str, Any]:
    return {
        "key": definition.key,
        "label": gettext(definition.label),
        "fixed": definition.fixed,
        "extensible": lists.may_add(call.ctx, definition.key),
        "section": definition.section,
        "roles": [{"code": code, "label": gettext(label)} for code, label in definition.roles],
        "values": [describe_field(field) for field in definition.extra],
    }


def _key(call: Call) -> str:
    return lists.definition_of(call.ctx, str(call.path["key"])).key


def _entry(entry: Any) -> dict[str, Any]:
    keys = ("id", "code", "label", "colour", "icon", "role", "parent", "active", "values")
    found = {key: getattr(entry, key) for key in keys}
    return {**found, "title": translate_mapping(entry.label)}


def entries(call: Call) -> Answer:
    """Answer the entries of a list in their order."""
    active = call.flag("active", False)
    found = call.ctx.directory.entries(_key(call))
    return Answer({"items": [_entry(e) for e in found if e.active or not active]})


def add(call: Call) -> Answer:
    """Add an entry at the end; the one that has the label already is answered with 200."""
    key = _key(call)
    bodies.check(_NEW, call.body)
    values = {name: value for name, value in call.body.items() if name != "label"}
    known = {entry.id for entry in call.ctx.directory.entries(key)}
    made = lists.add_entry(call.ctx, key, call.body["label"], **values)
    answer = Answer(_entry(made), 200 if made.id in known else 201)
    answer.headers["Location"] = f"{PREFIX}/lists/{key}/{made.id}"
    return answer


def _own(call: Call) -> int:
    """Return the id of the path when it is one of the list's.

    Raises:
        NotFound: it belongs to another list, or to none.
    """
    entry_id = int(call.path["entry_id"])
    found = call.ctx.directory.entry_by_id(entry_id)
    if found is None or found.list != _key(call) or found.merged_into:
        raise NotFound(N_("There is no such entry"))
    return entry_id


def update(call: Call) -> Answer:
    """Change an entry; its code stays."""
    bodies.check(_CHANGE, call.body)
    return Answer(_entry(lists.update_entry(call.ctx, _own(call), **call.body)))


def remove(call: Call) -> Answer:
    """Remove an entry that nothing uses; used ones are deactivated instead."""
    lists.remove_entry(call.ctx, _own(call))
    return Answer(status=204)


def plan_merge(call: Call) -> Answer:
    """Answer what merging an entry into another would change; nothing is written."""
    return Answer(merge_document(list_merging.plan(call.ctx, _own(call), call.whole("into") or 0)))


def merge(call: Call) -> Answer:
    """Make an entry another of its list."""
    bodies.check(_MERGE, call.body)
    return Answer(merge_document(list_merging.merge(call.ctx, _own(call), int(call.body["into"]))))


def merge_document(found: list_merging.Plan) -> dict[str, Any]:
    """Return what a merge changes, or changed, as JSON shows it."""
    fields = [
        {"entity": use.place.entity.key, "field": use.place.key, "label": use.place.title(), "records": use.records}
        for use in found.uses
    ]
    named = [{"what": text, "count": count} for text, count in stored_filters.in_words(found.named)]
    return {
        "from": _entry(found.source), "into": _entry(found.target), "records": found.records, "fields": fields,
        "comments": found.comments, "below": found.below, "named": named, "batch": found.batch_id,
    }  # fmt: skip


def reorder(call: Call) -> Answer:
    """Put the entries in an order; those not named follow."""
    bodies.check(_ORDER, call.body)
    lists.reorder(call.ctx, _key(call), [int(i) for i in call.body["ids"]])
    return Answer(status=204)


_ONE = "/lists/{key}/{entry_id}"
ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/lists", handler=list_, summary="List the reference lists", tag="lists",
          answers={200: items_of(_LIST)}),
    Route(method="GET", path="/lists/{key}", handler=entries, summary="Entries of a list", tag="lists",
          parameters=(_ACTIVE,), answers={200: items_of(_ENTRY)}),
    Route(method="POST", path="/lists/{key}", handler=add, summary="Add an entry", tag="lists", scope="write",
          body=_NEW, answers={201: _ENTRY, 200: _ENTRY}, location=True, idempotent=True,
          help="Who may: administrators, and everyone where the list allows it. An entry with the same label is "
               "answered with 200."),
    Route(method="PATCH", path=_ONE, handler=update, summary="Change an entry", tag="lists", scope="admin",
          body=_CHANGE, answers={200: _ENTRY}),
    Route(method="DELETE", path=_ONE, handler=remove, summary="Remove an unused entry", tag="lists", scope="admin",
          answers={204: None}),
    Route(method="GET", path=f"{_ONE}/merge", handler=plan_merge, summary="What merging an entry would change",
          tag="lists", scope="admin", parameters=(_INTO,), answers={200: _MERGED}),
    Route(method="POST", path=f"{_ONE}/merge", handler=merge, summary="Merge an entry into another", tag="lists",
          scope="admin", body=_MERGE, answers={200: _MERGED},
          help="Records, kept filters and defaults follow; `batch` can be undone."),
    Route(method="PUT", path="/lists/{key}/order", handler=reorder, summary="Put entries in order", tag="lists",
          scope="admin", body=_ORDER, answers={204: None}),
)  # fmt: skip
