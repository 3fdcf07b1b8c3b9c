"""``crm settings`` and ``crm currency``."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from crm_core.cli.base import as_option, json_option, operation, pairs, say, show, write_json
from crm_core.errors import BadRequest
from crm_core.i18n import N_


@click.group()
def settings() -> None:
    """Settings of the kernel and the plugins."""


@settings.command("list")
@json_option
@click.pass_context
def list_settings(ctx: click.Context, as_json: bool) -> None:
    """List every setting with its value."""
    from crm_core import settings as service

    with operation(ctx, write=False) as found:
        rows = [
            {"key": v.key, "value": _dumped(v), "changed": v.is_set, "label": v.definition.label}
            for v in service.values(found).values()
        ]
    show(as_json, ("key", "value", "changed", "label"), rows)


def _dumped(value: Any) -> Any:
    return None if value.value is None else value.definition.type.dump(value.value)


@settings.command("get")
@click.argument("key")
@click.pass_context
def get_setting(ctx: click.Context, key: str) -> None:
    """Write one setting's value as JSON; a secret is never shown."""
    from crm_core import settings as service
    from crm_core.errors import unknown_name

    with operation(ctx, write=False) as found:
        known = service.values(found)
        if key not in known:
            raise unknown_name(key, known, N_("setting"))
        value = _dumped(known[key])
    write_json(value)


@settings.command("set")
@click.argument("key")
@click.argument("value")
@as_option
@click.pass_context
def set_setting(ctx: click.Context, key: str, value: str, email: str | None) -> None:
    """Change a setting, as its form would read VALUE; an empty VALUE puts it back to its default.

    A secret is kept encrypted and never shown; an empty VALUE leaves it as it is, `crm settings reset` removes it.
    """
    from crm_core import settings as service

    with operation(ctx, email) as found:
        service.set_value(found, key, pairs([f"x={value}"])["x"])
    say(N_("%(key)s is set"), key=key)


@settings.command("reset")
@click.argument("key")
@as_option
@click.pass_context
def reset_setting(ctx: click.Context, key: str, email: str | None) -> None:
    """Put a setting back to its default; the way to remove a secret."""
    from crm_core import settings as service

    with operation(ctx, email) as found:
        service.reset(found, key)
    say(N_("%(key)s is set"), key=key)


@click.group()
def currency() -> None:
    """Default currency and rates."""


@currency.command("list")
@json_option
@click.pass_context
def list_rates(ctx: click.Context, as_json: bool) -> None:
    """List the rates: what one unit is worth in the default currency, from a day on."""
    with operation(ctx, write=False) as found:
        default = found.directory.default_currency
        rows = [{"currency": default, "since": None, "rate": "1"}]
        for code, rates in sorted(found.directory.rates.items()):
            rows += [{"currency": code, "since": day.isoformat(), "rate": str(rate)} for day, rate in rates]
    show(as_json, ("currency", "since", "rate"), rows)


@currency.command("set-rate")
@click.argument("code", metavar="CURRENCY")
@click.argument("rate")
@click.option("--day", help="From this day on (YYYY-MM-DD); today without it.")
@as_option
@click.pass_context
def set_rate(ctx: click.Context, code: str, rate: str, day: str | None, email: str | None) -> None:
    """Set what one unit of a currency is worth in the default currency: crm currency set-rate USD 0.92."""
    from crm_core import money

    with operation(ctx, email) as found:
        since = _day(day) if day else found.now.date()
        try:
            value = Decimal(rate.replace(",", "."))
        except InvalidOperation as exc:
            raise BadRequest(N_("%(value)s is not a number"), params={"value": rate}) from exc
        money.set_rate(found, code, since, value)
    say(N_("1 %(code)s is worth %(rate)s from %(day)s on"), code=code.upper(), rate=rate, day=since.isoformat())


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as exc:
        raise BadRequest(N_("%(value)s is not a day such as 2026-12-31"), params={"value": text}) from exc


@currency.command("remove-rate")
@click.argument("code", metavar="CURRENCY")
@click.argument("day")
@as_option
@click.pass_context
def remove_rate(ctx: click.Context, code: str, day: str, email: str | None) -> None:
    """Remove the rate that a currency has from a day on."""
    from crm_core import money

    with operation(ctx, email) as found:
        money.remove_rate(found, code.upper(), _day(day))
    say(N_("The rate of %(code)s from %(day)s on is removed"), code=code.upper(), day=day)


@currency.command("default")
@click.argument("code", metavar="[CURRENCY]", required=False)
@as_option
@click.pass_context
def default_currency(ctx: click.Context, code: str | None, email: str | None) -> None:
    """Show the default currency, or make another one the default; rates follow."""
    from crm_core import money

    with operation(ctx, email, write=bool(code)) as found:
        if code:
            money.set_default(found, code)
    with operation(ctx, email, write=False) as found:
        click.echo(found.directory.default_currency)
