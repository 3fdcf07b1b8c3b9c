"""What every field type answers: how a value is stored, checked, compared, shown and described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa

from crm_core.db.expressions import Kind
from crm_core.errors import ValueProblem
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import FieldDef

NULL_OPERATORS = frozenset({"is null", "is not null"})
EQUALITY = frozenset({"=", "!=", "in", "not in"}) | NULL_OPERATORS
ORDER = EQUALITY | {"<", "<=", ">", ">="}
TEXT = ORDER | {"contains", "not contains", "startswith", "endswith"}
MULTIPLE = frozenset({"has", "not has", "in", "not in", "=", "!="}) | NULL_OPERATORS

_COMPARE = {
    "=": lambda e, v: e == v,
    "<": lambda e, v: e < v,
    "<=": lambda e, v: e <= v,
    ">": lambda e, v: e > v,
    ">=": lambda e, v: e >= v,
}


class FieldType:
    """Base of field types. Instances are immutable and may be shared.

    ``parse`` takes what JSON, a form or an import cell holds and returns the Python value (``None`` for empty);
    ``dump`` is its inverse for JSON; ``store`` and ``load`` translate to and from the JSON column of custom values.
    """

    name: ClassVar[str] = ""
    label: ClassVar[str] = ""
    kind: ClassVar[Kind] = "text"
    operators: ClassVar[frozenset[str]] = ORDER
    widget: ClassVar[str] = "text"
    custom: ClassVar[bool] = True
    """Offered to administrators as a custom field."""
    multiple: ClassVar[bool] = False
    """Values are rows of the entity's link table."""
    sortable: ClassVar[bool] = True

    def column(self) -> sa.types.TypeEngine[Any]:
        """Return the SQL type of a real column."""
        raise TypeError(f"{self.name} has no column")

    def parse(self, raw: Any, ctx: Ctx) -> Any:
        """Return the value of an input; blank text and ``None`` mean no value.

        Raises:
            ValueProblem: the input is not a value of this type.
        """
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return None
        return self.convert(raw, ctx)

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the value of an input that is not empty."""
        raise TypeError(self.name)

    def parse_filter(self, raw: Any, ctx: Ctx, op: str) -> Any:
        """Return the value a filter compares with."""
        return self.parse(raw, ctx)

    def dump(self, value: Any) -> Any:
        """Return the JSON form."""
        return value

    def store(self, value: Any) -> Any:
        """Return the form kept in the JSON column of custom values."""
        return self.dump(value)

    def load(self, raw: Any) -> Any:
        """Return the value of a stored form, of a column or of the JSON column."""
        return raw

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the text a person reads, in the language and zone of the operation."""
        return "" if value is None else str(value)

    def search_text(self, value: Any) -> str:
        """Return what a search should find the value by."""
        return "" if value is None else str(value)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a value (nullability is the field's affair)."""
        return {"type": "string"}

    def options(self) -> Mapping[str, Any]:
        """Return the parameters that make an equal type again (stored with custom fields)."""
        return {}

    def compare(self, expr: Any, op: str, value: Any) -> Any:
        """Return the SQL of ``expr op value``; a missing value is never equal, and ``!=`` includes it."""
        if op == "is null":
            return expr.is_(None)
        if op == "is not null":
            return expr.is_not(None)
        if op == "in":
            return expr.in_(value)
        if op in ("!=", "not in"):
            hit = expr.in_(value) if op == "not in" else expr == value
            return sa.or_(sa.not_(hit), expr.is_(None))
        return _COMPARE[op](expr, value)

    def ordering(self, expr: Any, ctx: Ctx) -> Any:
        """Return the SQL that rows are sorted by."""
        return expr

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.options().items())})"


def wrong_type(expected: str) -> ValueProblem:
    """Return the problem of a value that is of another type."""
    return ValueProblem("type", N_("Expected %(expected)s"), expected=expected)


def as_text(raw: Any) -> str:
    """Return text input without surrounding space and control characters other than line ends and tabs.

    Raises:
        ValueProblem: the input is not text.
    """
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise wrong_type("text")
    text = str(raw)
    if not text.isprintable():
        text = "".join(c for c in text if c.isprintable() or c in "\n\t\r").replace("\r\n", "\n").replace("\r", "\n")
    return text.strip()


def json_schema(field: FieldDef) -> dict[str, Any]:
    """Return the JSON Schema of a field's value, ``null`` included unless required."""
    schema = dict(field.type.schema())
    if not field.required and not field.type.multiple and field.storage != "lines":
        if "type" in schema and isinstance(schema["type"], str):
            schema["type"] = [schema["type"], "null"]
            if "enum" in schema:
                schema["enum"] = [*schema["enum"], None]
        else:
            schema = {"anyOf": [schema, {"type": "null"}]}
    if field.readonly:
        schema["readOnly"] = True
    return schema
