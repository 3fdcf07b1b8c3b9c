"""Amounts of money: rounding by currency, conversion by the rates of the day, and the words they are shown in.

A rate says what one unit of a currency is worth in the default currency, from a day on. There is no rate of 1:1 by
default: a conversion without a rate is an error that names the currency (OP-60).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crm_core import history
from crm_core.db import KERNEL
from crm_core.directory import touch
from crm_core.errors import Conflict, Forbidden, Invalid, Problem
from crm_core.i18n import N_, current_language
from crm_core.models import CurrencyRate, SettingRow

if TYPE_CHECKING:
    from crm_core.context import Ctx

Rates = Mapping[str, tuple[tuple[dt.date, Decimal], ...]]

_PRECISION = Context(prec=15, rounding=ROUND_HALF_UP)
_HIGHEST_RATE = Decimal(10) ** 12
DEFAULT_CURRENCY = "core.default_currency"


class MissingRate(Conflict):
    """There is no rate of a currency on or before a day."""

    code, title = "missing_rate", N_("A currency has no rate")

    def __init__(self, currency: str, day: dt.date) -> None:
        """Keep the currency and the day."""
        super().__init__(
            N_("There is no rate for %(currency)s on %(day)s or before"),
            params={"currency": currency, "day": day.isoformat()},
        )
        self.currency, self.day = currency, day


def minor_units(currency: str) -> int:
    """Return the number of decimals of a currency (ISO 4217): 2 for EUR, 0 for JPY, 3 for TND."""
    from babel.numbers import get_currency_precision

    return get_currency_precision(currency)


def round_money(amount: Decimal, currency: str) -> Decimal:
    """Return an amount rounded to the currency's decimals, halves away from zero."""
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), ROUND_HALF_UP)


def format_money(amount: Decimal, currency: str, language: str | None = None) -> str:
    """Return an amount as people of a language write it: ``€1,234.50``, ``1 234,50 €``."""
    from babel.numbers import format_currency

    return format_currency(amount, currency, locale=language or current_language())


def rates(ctx: Ctx) -> Rates:
    """Return every rate by currency, oldest day first."""
    return {code: tuple((day, Decimal(rate)) for day, rate in rows) for code, rows in ctx.directory.rates.items()}


def rate(ctx: Ctx, currency: str, day: dt.date) -> Decimal:
    """Return what one unit of a currency is worth in the default currency on a day.

    Raises:
        MissingRate: no rate on or before the day.
    """
    if currency == ctx.directory.default_currency:
        return Decimal(1)
    known = [value for since, value in ctx.directory.rates.get(currency, ()) if since <= day]
    if not known:
        raise MissingRate(currency, day)
    return Decimal(known[-1])


def convert(ctx: Ctx, amount: Decimal, source: str, target: str, day: dt.date) -> Decimal:
    """Return an amount in another currency by the rates of a day, rounded to the target's decimals.

    Raises:
        MissingRate: a rate is missing; amounts are never taken as 1:1.
    """
    if source == target:
        return round_money(amount, target)
    return round_money(amount * rate(ctx, source, day) / rate(ctx, target, day), target)


def set_rate(ctx: Ctx, currency: str, day: dt.date, value: Decimal) -> None:
    """Set what one unit of a currency is worth from a day on (AD-09).

    Raises:
        Forbidden: the actor is no administrator.
        Invalid: an unknown currency, the default currency itself, or a rate that is not positive.
    """
    _require_admin(ctx)
    currency = _checked_currency(currency)
    if currency == ctx.directory.default_currency:
        raise Invalid([Problem("currency", "default", N_("The default currency has no rate: it is always 1"))])
    try:
        value = _PRECISION.plus(Decimal(value))
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or not 0 < value < _HIGHEST_RATE:
        raise Invalid([Problem("rate", "rate", N_("A rate is a number greater than 0"))])
    before = dict(ctx.directory.rates.get(currency, ())).get(day)
    _write_rates(ctx, {(currency, day): value})
    history.note(ctx, "core.currency", 0, f"{currency} {day.isoformat()}", "update", {"rate": [before, _text(value)]})
    touch(ctx.session)


def remove_rate(ctx: Ctx, currency: str, day: dt.date) -> None:
    """Remove one rate.

    Raises:
        Forbidden: the actor is no administrator.
    """
    _require_admin(ctx)
    where = sa.and_(CurrencyRate.currency == currency, CurrencyRate.day == day)
    ctx.session.execute(sa.delete(CurrencyRate).where(where), execution_options=KERNEL)
    before = dict(ctx.directory.rates.get(currency, ())).get(day)
    history.note(ctx, "core.currency", 0, f"{currency} {day.isoformat()}", "delete", {"rate": [before, None]})
    touch(ctx.session)


def set_default(ctx: Ctx, currency: str) -> None:
    """Make a currency the one totals are computed in (AD-08); known rates are converted to it.

    Raises:
        Forbidden: the actor is no administrator.
        Invalid: an unknown currency.
        Conflict: there are rates, but none of the new default, so that they can't be converted.
    """
    _require_admin(ctx)
    old, new = ctx.directory.default_currency, _checked_currency(currency)
    if new == old:
        return
    known = rates(ctx)
    if known and new not in known:
        raise Conflict(
            N_("Give a rate for %(currency)s first, so that the other rates can be converted to it"),
            params={"currency": new},
            field="default_currency",
        )
    ctx.session.execute(sa.delete(CurrencyRate), execution_options=KERNEL)
    _write_rates(ctx, rebased(known, old, new))
    ctx.session.execute(sa.delete(SettingRow).where(SettingRow.key == DEFAULT_CURRENCY), execution_options=KERNEL)
    row = {"key": DEFAULT_CURRENCY, "value": new, "changed_at": ctx.now, "changed_by_id": ctx.actor.id}
    ctx.session.execute(sa.insert(SettingRow), [row], execution_options=KERNEL)
    history.note(ctx, "core.setting", 0, DEFAULT_CURRENCY, "update", {DEFAULT_CURRENCY: [old, new]})
    touch(ctx.session)


def rebased(known: Rates, old: str, new: str) -> dict[tuple[str, dt.date], Decimal]:
    """Return rates against ``old`` as rates against ``new``, from the first day on which both are known."""
    result: dict[tuple[str, dt.date], Decimal] = {}
    base = known.get(new, ())
    others = {**{code: rows for code, rows in known.items() if code != new}, old: ((dt.date.min, Decimal(1)),)}
    for code, rows in others.items():
        for day in sorted({day for day, _ in (*rows, *base) if day != dt.date.min}):
            value, divisor = _on(rows, day), _on(base, day)
            if value and divisor:
                result[code, day] = _PRECISION.divide(value, divisor)
    return result


def _on(rows: tuple[tuple[dt.date, Decimal], ...], day: dt.date) -> Decimal | None:
    known = [value for since, value in rows if since <= day]
    return known[-1] if known else None


def _write_rates(ctx: Ctx, values: Mapping[tuple[str, dt.date], Decimal]) -> None:
    for currency, day in values:
        where = sa.and_(CurrencyRate.currency == currency, CurrencyRate.day == day)
        ctx.session.execute(sa.delete(CurrencyRate).where(where), execution_options=KERNEL)
    rows = [{"currency": code, "day": day, "rate": _text(value)} for (code, day), value in values.items()]
    if rows:
        ctx.session.execute(sa.insert(CurrencyRate), rows, execution_options=KERNEL)


def _text(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _checked_currency(currency: str) -> str:
    from crm_core.fieldtypes.choices import currency_names

    code = currency.strip().upper()
    if code not in currency_names("en"):
        problem = Problem(
            "currency", "currency", N_("%(value)s is not a currency code such as EUR"), {"value": code[:20]}
        )
        raise Invalid([problem])
    return code


def _require_admin(ctx: Ctx) -> None:
    if not ctx.actor.is_admin:
        raise Forbidden(N_("Only administrators may change currencies and rates"))
