"""Fields made of parts: an address, owned lines, files, pictures and computed values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.db import Identifier, JsonDocument
from crm_core.errors import Forbidden, ValueProblem
from crm_core.fieldtypes.base import NULL_OPERATORS, FieldType, json_schema, wrong_type
from crm_core.fieldtypes.choices import Country
from crm_core.fieldtypes.links import as_id
from crm_core.fieldtypes.texts import Text
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.entities import LineDef

ADDRESS_PARTS: Mapping[str, FieldType] = {
    "street": Text(255),
    "city": Text(120),
    "state": Text(120),
    "zip": Text(20),
    "country": Country(),
}


class Address(FieldType):
    """One postal address: street, city, state, zip, country."""

    name, label, widget = "address", N_("Address"), "address"
    operators = NULL_OPERATORS
    sortable = False

    def column(self) -> sa.types.TypeEngine[Any]:
        """Return a JSON document."""
        return JsonDocument

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the filled parts, ``None`` when all are blank."""
        if not isinstance(raw, Mapping):
            raise wrong_type("an object with street, city, state, zip and country")
        if unknown := sorted(set(raw) - set(ADDRESS_PARTS)):
            raise ValueProblem("unknown", N_("Unknown part: %(name)s"), name=str(unknown[0])[:60])
        parts = {key: kind.parse(raw.get(key), ctx) for key, kind in ADDRESS_PARTS.items()}
        return {k: v for k, v in parts.items() if v} or None

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return one line."""
        if not value:
            return ""
        town = " ".join(p for p in (value.get("zip"), value.get("city")) if p)
        country = Country().show(value.get("country"), ctx)
        return ", ".join(p for p in (value.get("street"), town, value.get("state"), country) if p)

    def search_text(self, value: Any) -> str:
        """Return street and town."""
        return " ".join(str(v) for k, v in (value or {}).items() if k in ("street", "city", "zip"))

    def schema(self) -> dict[str, Any]:
        """Return an object with the five parts."""
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {k: {**t.schema(), "type": [t.schema()["type"], "null"]} for k, t in ADDRESS_PARTS.items()},
        }


class GivenLines(list[dict[str, Any]]):
    """Lines as they were given, without the blank ones; ``places`` says where each stood among all."""

    def __init__(self, lines: Iterable[dict[str, Any]], places: Sequence[int]) -> None:
        """Keep the lines and their places."""
        super().__init__(lines)
        self.places = tuple(places)


class Lines(FieldType):
    """Owned children, edited in the parent's form and saved in its transaction."""

    name, label, widget = "lines", N_("Lines"), "lines"
    operators = NULL_OPERATORS
    custom, sortable = False, False
    limit = 500

    def __init__(self, line: LineDef) -> None:
        """Keep the description of one line."""
        self.line = line

    def parse(self, raw: Any, ctx: Ctx) -> Any:
        """Return a list of lines, each a mapping of its field keys; wholly blank lines are left out.

        A plain value stands for the line's main field: ``"a@example.org"`` for ``{"address": "a@example.org"}``.
        """
        if raw is None or raw == "":
            return []
        if not isinstance(raw, list | tuple):
            raw = [raw]
        if len(raw) > self.limit:
            raise ValueProblem("too_many", N_("At most %(limit)s entries"), limit=self.limit)
        found = [(number, line) for number, item in enumerate(raw) if (line := self._line(item, ctx))]
        return GivenLines((line for _, line in found), [number for number, _ in found])

    def _line(self, item: Any, ctx: Ctx) -> dict[str, Any] | None:
        if not isinstance(item, Mapping):
            item = {self.line.main: item}
        known = {f.key: f for f in self.line.fields}
        if unknown := sorted(str(k) for k in item if k not in known and k != "id"):
            raise ValueProblem("unknown", N_("Unknown part: %(name)s"), name=unknown[0][:60])
        values = {}
        for key, field in known.items():
            try:
                values[key] = field.type.parse(item.get(key, field.default_value(ctx)), ctx)
            except ValueProblem as problem:
                problem.params.setdefault("part", key)
                raise
        if all(values[k] in (None, "", False) for k in self.line.significant):
            return None
        for key, field in known.items():
            if field.required and values[key] in (None, ""):
                raise ValueProblem("required", N_("%(part)s is required"), part=field.label)
        if item.get("id") not in (None, ""):
            values["id"] = as_id(item["id"])
        return values

    def dump(self, value: Any) -> Any:
        """Return the lines with their ids."""
        types = {f.key: f.type for f in self.line.fields}
        return [{k: types[k].dump(v) if k in types else v for k, v in line.items()} for line in value or ()]

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the main values, separated by commas; of a line without one, the first value there is."""
        main = [f for f in self.line.fields if f.key == self.line.main]
        others = [f for f in self.line.fields if f.key in self.line.significant]
        shown = (
            next(filter(None, (f.type.show(line.get(f.key), ctx) for f in main + others)), "") for line in value or ()
        )
        return ", ".join(filter(None, shown))

    def search_text(self, value: Any) -> str:
        """Return the searched fields of every line."""
        found = [f.type.search_text(line.get(f.key)) for line in value or () for f in self.line.fields if f.search]
        return " ".join(t for t in found if t)

    def schema(self) -> dict[str, Any]:
        """Return an array of objects."""
        properties = {f.key: json_schema(f) for f in self.line.fields}
        properties["id"] = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
        item = {"type": "object", "properties": properties, "additionalProperties": False}
        return {"type": "array", "items": item, "maxItems": self.limit}


class File(FieldType):
    """One stored file, given by its id after the upload."""

    name, label, widget, kind = "file", N_("File"), "file", "int"
    operators = NULL_OPERATORS
    custom, sortable = False, False

    def __init__(self, max_bytes: int = 25 * 1024 * 1024, types: tuple[str, ...] = ()) -> None:
        """Keep the limit and the content types accepted (empty: any)."""
        self.max_bytes, self.types = max_bytes, types

    def column(self) -> sa.types.TypeEngine[Any]:
        """Return an id."""
        return Identifier

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the id of the file."""
        return as_id(raw)

    def search_text(self, value: Any) -> str:
        """Return nothing."""
        return ""

    def schema(self) -> dict[str, Any]:
        """Return a positive integer."""
        return {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}


class Image(File):
    """A picture, made to fit into ``box`` (width, height) when it is larger; never enlarged."""

    name, label, widget = "image", N_("Picture"), "image"

    def __init__(self, max_bytes: int = 1024 * 1024, box: tuple[int, int] = (200, 300)) -> None:
        """Keep limit and box."""
        super().__init__(max_bytes, ("image/jpeg", "image/png", "image/gif", "image/webp"))
        self.box = box


class Computed(FieldType):
    """A value worked out when it is read; shown, never stored, filtered or sorted.

    Where it is worked out of records of a kind the actor may not read, there is no value, and the rest is shown.
    """

    name, label, widget = "computed", N_("Computed"), "readonly"
    operators = frozenset[str]()
    custom, sortable = False, False

    def __init__(self, function: Callable[[Ctx, Any], Any], of: FieldType | None = None) -> None:
        """Keep the function of (operation, record) and the type its result is shown as."""
        self.compute, self.of = function, of or Text()

    def function(self, ctx: Ctx, record: Any) -> Any:
        """Return the value for the actor; nothing, or an empty list, where he may not read what it is made of."""
        try:
            return self.compute(ctx, record)
        except Forbidden:
            return [] if self.of.schema().get("type") == "array" else None

    def dump(self, value: Any) -> Any:
        """Return the JSON of the result's type."""
        return self.of.dump(value)

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the text of the result's type."""
        return self.of.show(value, ctx)

    def search_text(self, value: Any) -> str:
        """Return nothing."""
        return ""

    def schema(self) -> dict[str, Any]:
        """Return the schema of the result's type."""
        return self.of.schema()
