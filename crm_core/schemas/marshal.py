"""Marshmallow schemas made from field descriptions and the actor's masks.

For code that takes or gives records outside the records API: webhooks, messages, files of other programs. The records
API itself checks what it is given and needs none of this.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from marshmallow import Schema, ValidationError, fields, post_load, pre_load

from crm_core.access import editable, readable
from crm_core.contributions import FieldDef
from crm_core.errors import Invalid, Problem, ValueProblem
from crm_core.i18n import N_
from crm_core.records.values import flatten
from crm_core.schemas.describe import needed

if TYPE_CHECKING:
    from crm_core.context import Ctx

_REQUIRED = "Missing data for required field."


class FieldValue(fields.Field[Any]):
    """The one marshmallow field: it asks the type of the field it stands for."""

    def __init__(self, definition: FieldDef) -> None:
        """Take name and need from the description."""
        super().__init__(data_key=definition.key, allow_none=True, required=needed(definition))
        self.definition = definition

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kw: Any) -> Any:
        root: Any = self.root
        try:
            return self.definition.type.parse(value, root.ctx)
        except ValueProblem as problem:
            # A list, because marshmallow gathers lists of errors and looks at their members no further.
            raise ValidationError([problem.at(self.definition.key)]) from problem

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kw: Any) -> Any:
        """Let the type decide about ``None`` too: several values have an empty list for it."""
        if value is None:
            return self._deserialize(value, attr, data, **kw)
        return super().deserialize(value, attr, data, **kw)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kw: Any) -> Any:
        return self.definition.type.dump(value)


class RecordSchema(Schema):
    """A record of one entity as one actor may read or write it; made by :func:`schema_for`.

    ``load`` takes nested or flat names and returns Python values by field key; ``dump`` takes values by field key.
    """

    ctx: Ctx
    known: Mapping[str, FieldDef]
    names: Mapping[str, str]

    @pre_load
    def _flatten(self, data: Any, **kw: Any) -> Any:
        if not isinstance(data, Mapping):
            raise Invalid([Problem(None, "type", N_("Expected %(expected)s"), {"expected": "an object"})])
        return flatten(data, self.known)

    @post_load
    def _by_key(self, data: dict[str, Any], **kw: Any) -> dict[str, Any]:
        return {self.names[name]: value for name, value in data.items()}

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Read values by field key."""
        return obj.get(self.names[attr], default)

    def handle_error(self, error: ValidationError, data: Any, *, many: bool, **kw: Any) -> NoReturn:
        """Raise all problems together, as the rest of the kernel does."""
        messages: Mapping[str, Any] = error.messages if isinstance(error.messages, dict) else {}
        raise Invalid(self._problem(str(key), i) for key, found in messages.items() for i in found) from error

    def _problem(self, key: str, item: Any) -> Problem:
        if isinstance(item, Problem):
            return item
        if item == _REQUIRED:
            return Problem(key, "required", N_("%(label)s is required"), {"label": self.known[key].title()})
        shown = key[:80]
        if near := difflib.get_close_matches(shown, self.known, 1, 0.5):
            message = N_("There is no field %(name)s; did you mean %(near)s?")
            return Problem(shown, "unknown", message, {"name": shown, "near": near[0]})
        return Problem(shown, "unknown", N_("There is no field %(name)s"), {"name": shown})


def schema_for(ctx: Ctx, entity: str, *, write: bool = False) -> RecordSchema:
    """Return the schema of an entity with the fields the actor may read, or with ``write`` those he may set.

    The schema is made once an operation.
    """
    key = ("schema", entity, write)
    if key not in ctx.cache:
        allowed = editable(ctx, entity) if write else readable(ctx, entity)
        known = {k: f for k, f in ctx.registry.fields(entity).items() if k in allowed}
        names = {k.replace(".", "__"): k for k in known}
        kind: Any = RecordSchema.from_dict({n: FieldValue(known[k]) for n, k in names.items()}, name="RecordSchema")
        schema = kind()
        schema.ctx, schema.known, schema.names = ctx, known, names
        ctx.cache[key] = schema
    made: RecordSchema = ctx.cache[key]
    return made
