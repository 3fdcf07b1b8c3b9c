"""From a record to the cells of a table: which columns a field has, and what stands in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from crm_core.api import (
    N_,
    Address,
    Boolean,
    Choice,
    Ctx,
    Date,
    DateTime,
    Decimal,
    ExportSheet,
    FieldDef,
    FieldType,
    File,
    Integer,
    Lines,
    Link,
    Links,
    MultiChoice,
    Related,
    Row,
    Tags,
    Team,
    User,
    Users,
    gettext,
)

GAP = " ::: "
"""Stands between the names of several linked records: names hold commas and semicolons."""
PARTS = ("street", "zip", "city", "state", "country")
Text = Callable[[Any, Any], str]
"""Takes a value and its label, returns the text of a cell."""


@dataclass(frozen=True)
class Column:
    """One column: its heading, what of a row stands in it, and the text of that."""

    heading: str
    value: Callable[[Row], tuple[Any, Any]]
    text: Text
    kind: FieldType | None = None

    def cell(self, row: Row) -> str:
        """Return the text of a row's cell."""
        value, label = self.value(row)
        return "" if value is None else self.text(value, label)


def columns_of(ctx: Ctx, sheet: ExportSheet) -> list[Column]:
    """Return the columns of a sheet, the id first where the file is to be imported again."""
    found = [] if sheet.readable else [Column("id", lambda row: (row.id, None), _plain, Integer())]
    for field in sheet.fields:
        found += _columns(ctx, sheet, field)
    return found


def _columns(ctx: Ctx, sheet: ExportSheet, field: FieldDef) -> Iterator[Column]:
    key = field.key
    heading = field.title() if sheet.readable else key
    if isinstance(field.type, Lines):
        yield from _line_columns(ctx, sheet, field)
    elif isinstance(field.type, Address):
        for part in PARTS:
            words = f"{heading} – {gettext(_PART_NAMES[part])}" if sheet.readable else f"{key}.{part}"
            yield Column(words, _part_of(key, part), _plain)
    else:
        yield Column(heading, _value_of(key), text_of(ctx, field.type, readable=sheet.readable), field.type)


_PART_NAMES = {
    "street": N_("Street"), "zip": N_("Postal code"), "city": N_("City"), "state": N_("State"),
    "country": N_("Country"),
}  # fmt: skip


def _value_of(key: str) -> Callable[[Row], tuple[Any, Any]]:
    return lambda row: (row.values.get(key), row.labels.get(key))


def _part_of(key: str, part: str) -> Callable[[Row], tuple[Any, Any]]:
    return lambda row: ((row.values.get(key) or {}).get(part), None)


def _line_columns(ctx: Ctx, sheet: ExportSheet, field: FieldDef) -> Iterator[Column]:
    """Yield the columns of owned lines: ``emails.1.address``, ``emails.1.kind``, ``emails.2.address``, and so on."""
    line: Any = field.type.line  # type: ignore[attr-defined]
    for number in range(sheet.lines.get(field.key, 1)):
        for part in line.asked:
            if not sheet.readable:
                heading = f"{field.key}.{number + 1}.{part.key}"
            else:
                heading = f"{field.title()} {number + 1} – {part.title()}"
            text = text_of(ctx, part.type, readable=sheet.readable)
            yield Column(heading, _line_part(field.key, number, part.key), text)


def _line_part(key: str, number: int, part: str) -> Callable[[Row], tuple[Any, Any]]:
    def read(row: Row) -> tuple[Any, Any]:
        lines = row.values.get(key)
        return (lines[number].get(part) if lines and number < len(lines) else None), None

    return read


# ---------------------------------------------------------------- the text of a value


def text_of(ctx: Ctx, kind: FieldType, *, readable: bool) -> Text:
    """Return what makes the text of a value: as people read it, or as an import understands it."""
    for known, make in (*_LINKED, *(_READABLE if readable else _PLAIN_ONES)):
        if isinstance(kind, known):
            return make(ctx, kind)
    if readable and type(kind).show is not FieldType.show:
        return lambda value, label: kind.show(value, ctx)
    return _plain


def _plain(value: Any, label: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _iso(ctx: Ctx, kind: Any) -> Text:
    def text(value: Any, label: Any) -> str:
        return value.isoformat() if isinstance(value, dt.date) else str(value)

    return text


def _title(ctx: Ctx, kind: Any) -> Text:
    """Write the name of a linked record; without one the actor may not see it."""
    return lambda value, label: label or ""


def _titles(ctx: Ctx, kind: Any) -> Text:
    return lambda value, label: GAP.join(label[i] for i in value if i in label) if label else ""


def _person(ctx: Ctx, kind: Any) -> Text:
    """Write the address of a user, which an import finds the user by."""
    return lambda value, label: found.email if (found := ctx.directory.user(value)) else ""


def _people(ctx: Ctx, kind: Any) -> Text:
    write = _person(ctx, kind)
    return lambda value, label: ", ".join(filter(None, (write(item, None) for item in value)))


def _shown(ctx: Ctx, kind: Any) -> Text:
    seen: dict[Any, str] = {}

    def text(value: Any, label: Any) -> str:
        key = tuple(value) if isinstance(value, list) else value
        if key not in seen:
            if len(seen) > 1000:
                seen.clear()
            seen[key] = kind.show(value, ctx)
        return seen[key]

    return text


def _codes(ctx: Ctx, kind: Any) -> Text:
    return lambda value, label: ", ".join(value)


def _truth(ctx: Ctx, kind: Any) -> Text:
    return lambda value, label: "true" if value else "false"


def _address(ctx: Ctx, kind: Any) -> Text:
    return lambda value, label: f"/files/{value}"


def _related(ctx: Ctx, kind: Any) -> Text:
    return lambda value, label: str(value) if label is not None else ""


Makes = tuple[tuple[type[FieldType], Callable[[Ctx, Any], Text]], ...]
_LINKED: Makes = ((Tags, _shown), (File, _address))
_READABLE: Makes = (
    (Users, _shown), (User, _shown), (Team, _shown), (Links, _titles), (Link, _title), (Related, _title),
    (Choice, _shown), (Boolean, _shown),
)  # fmt: skip
_PLAIN_ONES: Makes = (
    (Users, _people), (Team, _shown), (User, _person), (Links, _titles), (Link, _title), (Related, _related),
    (MultiChoice, _codes), (Boolean, _truth), (DateTime, _iso), (Date, _iso),
)  # fmt: skip


def json_of(ctx: Ctx, sheet: ExportSheet) -> Callable[[Row], dict[str, Any]]:
    """Return what makes an object of a row, for JSON Lines."""
    writers = [(f.key, _json_writer(ctx, f.type)) for f in sheet.fields]

    def write(row: Row) -> dict[str, Any]:
        values, labels = row.values, row.labels
        return {"id": row.id, **{key: make(values.get(key), labels.get(key)) for key, make in writers}}

    return write


def _json_writer(ctx: Ctx, kind: FieldType) -> Callable[[Any, Any], Any]:
    if isinstance(kind, Lines):
        parts = [(f.key, _json_writer(ctx, f.type)) for f in kind.line.asked]
        return lambda value, label: [{key: make(line.get(key), None) for key, make in parts} for line in value or ()]
    if isinstance(kind, Links) or (isinstance(kind, Link) and not isinstance(kind, User | Team)):
        return _json_link
    if isinstance(kind, User | Users | Team | Related):
        text = text_of(ctx, kind, readable=False)
        if isinstance(kind, Users):
            return lambda value, label: [found for item in value or () if (found := text([item], label))]
        return lambda value, label: None if value is None else text(value, label)
    if isinstance(kind, Tags):
        return lambda value, label: [tag.name for i in value or () if (tag := ctx.directory.tag(i))]
    dump = kind.dump
    return lambda value, label: None if value is None else dump(value)


def _json_link(value: Any, label: Any) -> Any:
    if isinstance(value, list):
        return [{"id": i, "title": label[i]} for i in value if i in label] if label else []
    return {"id": value, "title": label} if value is not None and label is not None else None


def native(kind: FieldType, value: Any, ctx: Ctx) -> Any:
    """Return a value that a workbook keeps as a number, a truth or a date; ``None`` for what is text there."""
    if isinstance(kind, DateTime):
        return value.astimezone(ctx.locale.zone).replace(tzinfo=None)
    if isinstance(kind, Date | Boolean | Integer):
        return value
    return float(value) if isinstance(kind, Decimal) else None
