"""Texts of steps: what stands in braces is filled in, what is relative to now becomes a date."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from crm_core.api import N_, Ctx, Date, DateTime, FieldType, Row, ValueProblem

_PLACE = re.compile(r"\{([a-z_][a-z0-9_.]*)\}")
_MOMENT = re.compile(r"(today|now)(?:\s*([+-]\s*\d{1,5})\s*(min|h|d|w))?")
_UNITS = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def places(text: str | None) -> Iterator[str]:
    """Yield the fields a text has places for."""
    return (match[1] for match in _PLACE.finditer(text or ""))


def filled(ctx: Ctx, entity: str, row: Row, text: str | None) -> str:
    """Return a text with the record's values in its places; what can't be read leaves nothing."""
    fields = ctx.registry.fields(entity)

    def value(match: re.Match[str]) -> str:
        key = match[1]
        label = row.labels.get(key)
        if key == "id":
            return str(row.id)
        if isinstance(label, str):
            return label
        if isinstance(label, Mapping):
            return ", ".join(map(str, label.values()))
        held = row.values.get(key)
        return fields[key].type.show(held, ctx) if key in fields and held not in (None, "", []) else ""

    return _PLACE.sub(value, text or "")


def is_moment(kind: FieldType, text: str) -> bool:
    """Tell whether a text counts from now, as ``today+7d`` does for a date."""
    return isinstance(kind, Date | DateTime) and _MOMENT.fullmatch(text.strip()) is not None


def raw(ctx: Ctx, kind: FieldType, text: str) -> Any:
    """Return the raw value a text means for a field: a moment counted from now, a JSON list, or the text itself."""
    if isinstance(kind, Date | DateTime) and (match := _MOMENT.fullmatch(text.strip())):
        return _moment(ctx, kind, match)
    if kind.multiple and text.lstrip().startswith("["):
        return json_of(text, list)
    return text


def _moment(ctx: Ctx, kind: FieldType, match: re.Match[str]) -> str:
    """Return the date or moment in ISO 8601; ``today`` is the person's day, at its beginning."""
    now = ctx.now.astimezone(ctx.locale.zone)
    amount, unit = int((match[2] or "0").replace(" ", "")), _UNITS[match[3] or "d"]
    if match[1] == "today":
        now = now.replace(hour=0, minute=0, second=0, microsecond=0)
    found = now + dt.timedelta(**{unit: amount})
    return found.isoformat() if isinstance(kind, DateTime) else found.date().isoformat()


def json_of(text: str | None, kind: type[Any] = dict) -> Any:
    """Return a JSON object (or list); no text is an empty one.

    Raises:
        ValueProblem: it is not JSON, or of another kind.
    """
    try:
        found = json.loads(text) if text and text.strip() else kind()
    except ValueError as exc:
        raise ValueProblem("json", N_("This is not JSON: %(reason)s"), reason=str(exc)[:100]) from exc
    if not isinstance(found, kind):
        raise ValueProblem("json", N_('Write the values as JSON, such as {"name": "Call {name}"}'))
    return found


def values_of(ctx: Ctx, target: str, entity: str, row: Row, text: str | None) -> dict[str, Any]:
    """Return the values of a record or action to be made, every text among them filled in."""
    known = ctx.registry.fields(target) if target else {}
    found: dict[str, Any] = {}
    for key, item in json_of(text).items():
        if isinstance(item, str):
            item = filled(ctx, entity, row, item)
            item = raw(ctx, known[key].type, item) if key in known else item
        elif isinstance(item, list):
            item = [filled(ctx, entity, row, part) if isinstance(part, str) else part for part in item]
        found[key] = item
    return found
