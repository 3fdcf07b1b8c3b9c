"""Which options a field type takes, and which values they may have: for types that administrators choose."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from crm_core.errors import Problem, ValueProblem
from crm_core.fieldtypes.base import FieldType, wrong_type
from crm_core.fieldtypes.choices import currency_names
from crm_core.fieldtypes.numbers import MAX_INTEGER, Decimal, Integer, Rating, parse_decimal
from crm_core.i18n import N_

MAX_LENGTH, MAX_SCALE, MAX_STARS, NAME_LENGTH, FILTER_LENGTH = 65_000, 12, 10, 120, 10_000
FIELD = "field:"
"""Begins the currency of amounts whose currency is the value of another field."""

_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
Rule = Callable[[type[FieldType], Any], None]


def problems(kind: type[FieldType], options: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with the options of a type, each under ``options.<name>``."""
    return list(_problems(kind, options))


def _problems(kind: type[FieldType], options: Mapping[str, Any]) -> Iterator[Problem]:
    known = inspect.signature(kind).parameters
    for name in known:
        if known[name].default is inspect.Parameter.empty and options.get(name) in (None, ""):
            yield Problem(f"options.{name}", "required", N_("This is required"))
    for name, value in options.items():
        if name not in known:
            message = (
                N_("This type has no such option; possible: %(known)s") if known else N_("This type has no options")
            )
            yield Problem(f"options.{name[:80]}", "unknown", message, {"known": ", ".join(known)})
            continue
        try:
            _RULES[name](kind, value)
        except ValueProblem as problem:
            yield problem.at(f"options.{name}")
    if _crossed(options.get("low"), options.get("high")):
        params = {"low": options["low"], "high": options["high"]}
        yield Problem("options.low", "range", N_("%(low)s is above %(high)s"), params)


def _whole(value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type("a whole number")
    if not low <= value <= high:
        raise ValueProblem("range", N_("Must be between %(low)s and %(high)s"), low=low, high=high)


def _bound(kind: type[FieldType], value: Any) -> None:
    """Check a bound: whole numbers have whole ones, decimal numbers have them as text, so that they stay exact."""
    if value is None:
        return
    if issubclass(kind, Rating):
        _whole(value, 1, MAX_STARS)
    elif issubclass(kind, Integer):
        _whole(value, -MAX_INTEGER, MAX_INTEGER)
    elif issubclass(kind, Decimal):
        _text(value, 40)
        if not _PLAIN.fullmatch(value):
            raise ValueProblem("number", N_("%(value)s is not a number"), value=value)


def _crossed(low: Any, high: Any) -> bool:
    try:
        return low is not None and high is not None and parse_decimal(low) > parse_decimal(high)
    except ValueProblem:
        return False


def _text(value: Any, limit: int) -> None:
    if not isinstance(value, str):
        raise wrong_type("text")
    if len(value) > limit:
        message = N_("At most %(limit)s characters; this has %(length)s")
        raise ValueProblem("too_long", message, limit=limit, length=len(value))


def _currency(kind: type[FieldType], value: Any) -> None:
    _text(value, NAME_LENGTH)
    if not value.startswith(FIELD) and value not in currency_names("en"):
        raise ValueProblem("currency", N_("%(value)s is not a currency code such as EUR"), value=value[:20])


def _choices(kind: type[FieldType], value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, Mapping) or not all(isinstance(t, str) for pair in value.items() for t in pair):
        raise wrong_type("an object of labels by code")


_RULES: Mapping[str, Rule] = {
    "length": lambda kind, value: _whole(value, 1, MAX_LENGTH),
    "scale": lambda kind, value: _whole(value, 0, MAX_SCALE),
    "low": _bound,
    "high": _bound,
    "currency": _currency,
    "list": lambda kind, value: _text(value, NAME_LENGTH),
    "target": lambda kind, value: _text(value, NAME_LENGTH),
    "where": lambda kind, value: _text(value, FILTER_LENGTH),
    "choices": _choices,
}
