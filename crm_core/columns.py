"""The SQL of a field: what it is compared by, what it is sorted by, what it is read from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from crm_core.contributions import FieldDef
from crm_core.db.expressions import JsonArray, JsonObject, json_value
from crm_core.fieldtypes.numbers import ExactDecimal


def storage_key(field: FieldDef) -> str:
    """Return the key of a custom or contributed field in the JSON column."""
    return field.attr or field.key.replace(".", "__")


def scalar(field: FieldDef, alias: Any) -> Any:
    """Return the value's expression on ``alias`` (a model or an alias of one)."""
    if field.storage == "custom":
        return json_value(alias.custom, storage_key(field), field.type.kind)
    return getattr(alias, field.attr)


def comparable(field: FieldDef, alias: Any) -> Any:
    """Return what the field is compared by: the folded companion of text, else the value."""
    return getattr(alias, field.key_attr) if field.key_attr else scalar(field, alias)


def links_of(alias: Any, model: type[Any], field: FieldDef, link: Any | None = None) -> tuple[Any, Any]:
    """Return the link table's alias and the condition that ties it to the record's field."""
    table = link if link is not None else model.__links__.alias()
    return table, sa.and_(table.c.record_id == alias.id, table.c.field == field.key)


_made: dict[tuple[type[Any], str], Any] = {}
"""Expressions that depend on nothing but a model and a field: made once, because that costs more than to run them."""


def alias_of(model: type[Any], slot: str) -> Any:
    """Return an alias of a model for one use in a statement, ``slot``; the same one each time."""
    key = (model, f"alias {slot}")
    if key not in _made:
        _made[key] = sa.orm.aliased(model)
    return _made[key]


def lines_json(field: FieldDef, alias: Any) -> Any:
    """Return a scalar subquery: the JSON array of a record's lines, in their order."""
    return _once(field, alias, lambda: _lines_json(field, alias))


def links_json(field: FieldDef, alias: Any, model: type[Any]) -> Any:
    """Return a scalar subquery: the JSON array of the ids in a field with several values, in their order."""
    return _once(field, alias, lambda: _links_json(field, alias, model))


def _once(field: FieldDef, alias: Any, make: Callable[[], Any]) -> Any:
    if not isinstance(alias, type):
        return make()
    key = (alias, field.key)
    if key not in _made:
        _made[key] = make()
    return _made[key]


def _lines_json(field: FieldDef, alias: Any) -> Any:
    line = field.type.line  # type: ignore[attr-defined]
    child = line.model.__table__.alias()
    wanted = [("id", "id"), *((f.key, f.attr) for f in line.fields)]
    inner = (
        sa.select(*(child.c[attr] for _, attr in wanted))
        .where(child.c.parent_id == alias.id).order_by(child.c.position, child.c.id).correlate(alias)
    ).subquery()  # fmt: skip
    parts: list[Any] = []
    for key, attr in wanted:
        value = inner.c[attr]
        # As text: JSON numbers become binary fractions on the way.
        exact = isinstance(value.type, ExactDecimal)
        parts += [sa.literal_column(f"'{key}'"), sa.cast(value, sa.String) if exact else value]
    return sa.select(JsonArray(JsonObject(*parts))).select_from(inner).scalar_subquery()


def _links_json(field: FieldDef, alias: Any, model: type[Any]) -> Any:
    table, condition = links_of(alias, model, field)
    inner = (
        sa.select(table.c.target_id.label("t")).where(condition).order_by(table.c.position, table.c.target_id)
    ).correlate(alias).subquery()  # fmt: skip
    return sa.select(JsonArray(inner.c.t)).select_from(inner).scalar_subquery()
