"""Checks a JSON body against the schema its route is documented with, so that both always say the same.

Understands the part of JSON Schema that fixed bodies use: ``type enum required properties additionalProperties items
minLength maxLength minimum maximum maxItems pattern``. Values of records are checked by their field types instead.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from crm_core.errors import Invalid, Problem
from crm_core.i18n import N_

_EXPECTED: Mapping[str, str] = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def check(schema: Mapping[str, Any], body: Any) -> None:
    """Refuse a body that does not fit.

    Raises:
        Invalid: names every member that does not fit.
    """
    if problems := list(_value(schema, body, "")):
        raise Invalid(problems)


def _is(kind: str, value: Any) -> bool:
    match kind:
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return whole and not isinstance(value, bool)


def _value(schema: Mapping[str, Any], value: Any, at: str) -> Iterator[Problem]:
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(kind, value) for kind in kinds):
        yield Problem(at or None, "type", N_("Expected %(expected)s"), {"expected": _EXPECTED[kinds[0]]})
        return
    if "enum" in schema and value not in schema["enum"]:
        known = ", ".join(str(known) for known in schema["enum"])
        message = N_("%(value)s is not one of: %(known)s")
        yield Problem(at or None, "choice", message, {"value": str(value)[:60], "known": known})
    for kind, checker in _CHECKS.items():
        if isinstance(value, kind) and not isinstance(value, bool):
            yield from checker(schema, value, at)


def _object(schema: Mapping[str, Any], value: dict[str, Any], at: str) -> Iterator[Problem]:
    members: Mapping[str, Any] = schema.get("properties", {})
    inside = f"{at}." if at else ""
    for name in schema.get("required", ()):
        if name not in value:
            yield Problem(inside + name, "required", N_("This is required"))
    others = schema.get("additionalProperties", True)
    for name, item in value.items():
        where = inside + name[:80]
        if name in members:
            yield from _value(members[name], item, where)
        elif isinstance(others, Mapping):
            yield from _value(others, item, where)
        elif not others:
            yield _unknown(name, members, where)


def _unknown(name: str, members: Mapping[str, Any], where: str) -> Problem:
    near = difflib.get_close_matches(name[:80], members, 1, 0.5)
    if near:
        message = N_("There is no field %(name)s; did you mean %(near)s?")
        return Problem(where, "unknown", message, {"name": name[:80], "near": near[0]})
    return Problem(where, "unknown", N_("There is no field %(name)s"), {"name": name[:80]})


def _array(schema: Mapping[str, Any], value: list[Any], at: str) -> Iterator[Problem]:
    limit = schema.get("maxItems")
    if limit is not None and len(value) > limit:
        yield Problem(at or None, "too_many", N_("At most %(limit)s entries"), {"limit": limit})
    elif "items" in schema:
        for number, item in enumerate(value):
            yield from _value(schema["items"], item, f"{at}[{number}]")


def _string(schema: Mapping[str, Any], value: str, at: str) -> Iterator[Problem]:
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    if len(value.strip()) < low:
        yield Problem(at or None, "required", N_("This is required"))
    elif high is not None and len(value) > high:
        message = N_("At most %(limit)s characters; this has %(length)s")
        yield Problem(at or None, "too_long", message, {"limit": high, "length": len(value)})
    elif "pattern" in schema and not re.search(schema["pattern"], value):
        yield Problem(at or None, "pattern", N_("%(value)s is not written as expected"), {"value": value[:60]})


def _number(schema: Mapping[str, Any], value: float, at: str) -> Iterator[Problem]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if (low is not None and value < low) or (high is not None and value > high):
        yield Problem(at or None, "range", N_("Must be between %(low)s and %(high)s"), {"low": low, "high": high})


_CHECKS: Mapping[type, Callable[[Mapping[str, Any], Any, str], Iterator[Problem]]] = {
    dict: _object,
    list: _array,
    str: _string,
    int: _number,
    float: _number,
}
