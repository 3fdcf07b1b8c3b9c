"""Values as a form holds them: every value as the text a person would type, and such texts read from a request.

A *raw* value is a text, a list of texts (several values), a mapping of texts (an address) or a list of mappings
(lines). Field types parse raw values; ``to_raw`` is the way back, so that a form that nobody touched posts what
it was opened with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from crm_core.contributions import FieldDef
from crm_core.fieldtypes import Address, Boolean, DateTime, Decimal, Duration, FieldType, Lines, Phone, Text
from crm_core.fieldtypes import Date as DateType
from crm_core.fieldtypes import File as FileType
from crm_core.fieldtypes.parts import ADDRESS_PARTS

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage, MultiDict

    from crm_core.context import Ctx

EXCLUSIVE = ("primary", "is_default")
"""Keys of yes/no parts of which one line at most is marked (CT-66)."""
_PLAIN = Text()
_LINE = re.compile(r"\[([A-Za-z0-9]{1,12})\]\[([A-Za-z0-9_.]{1,60})\]")


def to_raw(kind: FieldType, value: Any, ctx: Ctx) -> Any:
    """Return a Python value as a form holds it."""
    if isinstance(kind, Lines):
        return [_line_to_raw(kind, line, ctx) for line in value or ()]
    if isinstance(kind, Address):
        return {key: to_raw(part, (value or {}).get(key), ctx) for key, part in ADDRESS_PARTS.items()}
    if kind.multiple:
        return [str(item) for item in value or ()]
    if value is None:
        return ""
    return _text(kind, value, ctx)


def _line_to_raw(kind: Lines, line: Mapping[str, Any], ctx: Ctx) -> dict[str, str]:
    found = {f.key: to_raw(f.type, line.get(f.key), ctx) for f in kind.line.asked}
    return {"id": str(line.get("id") or ""), **found}


def _text(kind: FieldType, value: Any, ctx: Ctx) -> str:
    if isinstance(kind, Boolean):
        return "true" if value else "false"
    if isinstance(kind, DateType | DateTime | Phone):
        return kind.show(value, ctx)
    if isinstance(kind, Duration):
        seconds = f":{value % 60:02d}" if value % 60 else ""
        return f"{value // 3600}:{value % 3600 // 60:02d}{seconds}"
    if isinstance(kind, Decimal):
        digits = format(value, "f")
        digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
        return digits.replace(".", ",") if ctx.locale.language == "fr" else digits
    return str(value)


def read_posted(fields: Iterable[FieldDef], form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the raw values of the fields that a posted form holds; fields it does not name are left out."""
    found: dict[str, Any] = {}
    for field in fields:
        if (raw := _read(field, form)) is not None:
            found[field.key] = raw
    return found


def _read(field: FieldDef, form: MultiDict[str, str]) -> Any:
    kind, name = field.type, field.key
    if isinstance(kind, Lines):
        return _read_lines(kind, name, form) if name in form else None
    if isinstance(kind, Address):
        parts = {key: form[f"{name}[{key}]"] for key in ADDRESS_PARTS if f"{name}[{key}]" in form}
        return parts or None
    if isinstance(kind, DateTime) and f"{name}[date]" in form:
        return f"{form[f'{name}[date]']} {form.get(f'{name}[time]', '')}".strip()
    if name not in form:
        return None
    if isinstance(kind, FileType) and form.get(f"{name}[remove]"):
        return ""
    items = [clean(item) for item in form.getlist(name)]
    return [item for item in items if item.strip()] if kind.multiple else items[-1]


def clean(text: str) -> str:
    """Return typed text with the line ends of this side: browsers send CR LF."""
    return text.replace("\r\n", "\n").replace("\x00", "")


def _read_lines(kind: Lines, name: str, form: MultiDict[str, str]) -> list[dict[str, str]]:
    return list(read_rows(kind, name, form).values())


def read_rows(kind: Lines, name: str, form: MultiDict[str, str]) -> dict[str, dict[str, str]]:
    """Return the lines a posted form holds, by the index in their names, without those removed or never filled."""
    parts = {f.key for f in kind.line.asked}
    rows: dict[str, dict[str, str]] = {}
    for key in form:
        match = _LINE.fullmatch(key, len(name)) if key.startswith(name + "[") else None
        if match is None or not (match[2] in parts or match[2] in ("id", "_delete")):
            continue
        rows.setdefault(match[1], {})[match[2]] = clean(form.getlist(key)[-1])
    for mark in (key for key in EXCLUSIVE if key in parts):
        if f"{name}[{mark}]" in form:
            for index, row in rows.items():
                row[mark] = "true" if form[f"{name}[{mark}]"] == index else "false"
    kept = list(rows.items())[: kind.limit + 1]
    return {index: row for index, row in kept if not row.pop("_delete", "") and not is_blank(kind, row)}


def is_blank(kind: Lines, row: Mapping[str, str]) -> bool:
    """Tell whether a line holds nothing that makes it worth keeping."""
    return not row.get("id") and all(not row.get(key, "").strip() for key in kind.line.significant)


def uploads(fields: Iterable[FieldDef], files: MultiDict[str, FileStorage]) -> dict[str, FileStorage]:
    """Return the files chosen in a form, by field key."""
    found: dict[str, FileStorage] = {}
    for field in fields:
        chosen = files.get(f"{field.key}[file]") if isinstance(field.type, FileType) else None
        if chosen is not None and chosen.filename:
            found[field.key] = chosen
    return found


def same(kind: FieldType, left: Any, right: Any) -> bool:
    """Tell whether two raw values mean the same: nothing is nothing, whichever way it is written."""
    return bool(_canonical(kind, left) == _canonical(kind, right))


def _canonical(kind: FieldType, raw: Any) -> Any:
    if isinstance(kind, Lines):
        types = {f.key: f.type for f in kind.line.fields}
        return [_parts({k: _canonical(types.get(k, _PLAIN), v) for k, v in line.items()}) for line in raw or ()]
    if isinstance(raw, Mapping):
        return _parts(raw)
    if isinstance(raw, list | tuple):
        return [str(item) for item in raw] or ""
    text = "" if raw is None else str(raw).strip()
    return "" if isinstance(kind, Boolean) and text == "false" else text


def _parts(raw: Mapping[str, Any]) -> Any:
    return {k: str(v).strip() for k, v in raw.items() if v} or ""
