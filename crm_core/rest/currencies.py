"""Routes of currencies and their rates."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from crm_core import money
from crm_core.errors import Invalid, Problem, ValueProblem
from crm_core.fieldtypes.numbers import parse_decimal
from crm_core.i18n import N_
from crm_core.rest import bodies
from crm_core.rest.routing import Answer, Call, Route, shape

_CODE: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z]{3}$"}
_DAY: dict[str, Any] = {"type": "string", "format": "date"}
_RATE: dict[str, Any] = {"type": "string", "maxLength": 40}
_RATES = {"type": "array", "items": shape("day rate", day=_DAY, rate=_RATE)}
_CURRENCY = shape("code default rates", code={"type": "string"}, default={"type": "boolean"}, rates=_RATES)
_ALL = shape("items default", items={"type": "array", "items": _CURRENCY}, default={"type": "string"})
_BODY = shape(
    default=_CODE,
    rates={"type": "array", "maxItems": 500, "items": shape("currency rate", currency=_CODE, day=_DAY, rate=_RATE)},
)


def list_(call: Call) -> Answer:
    """Answer the default currency, and the rates of the others."""
    directory = call.ctx.directory
    items = [
        {
            "code": code,
            "default": code == directory.default_currency,
            "rates": [{"day": day, "rate": str(rate)} for day, rate in directory.rates.get(code, ())],
        }
        for code in directory.currencies
    ]
    return Answer({"items": items, "default": directory.default_currency})


def put(call: Call) -> Answer:
    """Set rates (what one unit is worth in the default currency from a day on), then the default currency."""
    bodies.check(_BODY, call.body)
    for number, entry in enumerate(call.body.get("rates", ())):
        day, rate = _day(entry.get("day"), number, call.ctx.now.date()), _rate(entry["rate"], number)
        money.set_rate(call.ctx, entry["currency"], day, rate)
    if "default" in call.body:
        money.set_default(call.ctx, call.body["default"])
    return Answer(status=204)


def _day(raw: str | None, number: int, today: dt.date) -> dt.date:
    try:
        return dt.date.fromisoformat(raw) if raw else today
    except ValueError:
        problem = Problem(f"rates[{number}].day", "date", N_("Write a day as 2026-12-31"))
        raise Invalid([problem]) from None


def _rate(raw: str, number: int) -> Decimal:
    try:
        return parse_decimal(raw)
    except ValueProblem as problem:
        raise Invalid([problem.at(f"rates[{number}].rate")]) from None


ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/currencies", handler=list_, summary="List currencies", tag="currencies",
          answers={200: _ALL}),
    Route(method="PUT", path="/currencies", handler=put, summary="Set rates and the default currency",
          tag="currencies", scope="admin", body=_BODY, answers={204: None},
          help="A rate says what one unit is worth in the default currency, from a day on (today unless said)."),
)  # fmt: skip
