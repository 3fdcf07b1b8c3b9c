"""The SQL of a field: what it is compared by, what it is sorted by, what it is read from."""

from __future__ import annotations

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


def lines_json(field: FieldDef, alias: Any) -> Any:
    """Return a scalar subquery: the JSON array of a record's lines, in their order."""
    line = field.type.line  # type: ignore[attr-defined]
    child = sa.orm.aliased(line.model)
    inner = (
        sa.select(child).where(child.parent_id == alias.id).order_by(child.position, child.id).correlate(alias)
    ).subquery()
    parts: list[Any] = []
    for key, attr in [("id", "id"), *((f.key, f.attr) for f in line.fields)]:
        value = inner.c[attr]
        # As text: JSON numbers become binary fractions on the way.
        exact = isinstance(value.type, ExactDecimal)
        parts += [sa.literal_column(f"'{key}'"), sa.cast(value, sa.String) if exact else value]
    return sa.select(JsonArray(JsonObject(*parts))).select_from(inner).scalar_subquery()


def links_json(field: FieldDef, alias: Any, model: type[Any]) -> Any:
    """Return a scalar subquery: the JSON array of the ids in a field with several values, in their order."""
    table, condition = links_of(alias, model, field)
    inner = (
        sa.select(table.c.target_id.label("t")).where(condition).order_by(table.c.position, table.c.target_id)
    ).correlate(alias).subquery()  # fmt: skip
    return sa.select(JsonArray(inner.c.t)).select_from(inner).scalar_subquery()
