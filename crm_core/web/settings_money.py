"""Currencies as administrators set them: the default one and the rates of the day (AD-08, AD-09)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import flask

from crm_core import money
from crm_core.errors import CrmError, Invalid, Problem, ValueProblem
from crm_core.fieldtypes import Currency, Date
from crm_core.fieldtypes.numbers import parse_decimal
from crm_core.i18n import N_, gettext
from crm_core.web.request import admin, current, notify

Answer = flask.typing.ResponseReturnValue
HERE = "/settings/currencies"


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule(HERE, "currencies", page)
    app.add_url_rule(HERE, "currencies.rate", set_rate, methods=["POST"])
    app.add_url_rule(f"{HERE}/default", "currencies.default", set_default, methods=["POST"])
    app.add_url_rule(f"{HERE}/remove", "currencies.remove", remove, methods=["POST"])


@admin
def page() -> str:
    """Show the default currency and every rate, the newest of each currency first."""
    ctx = current()
    found = {code: list(reversed(rows)) for code, rows in sorted(money.rates(ctx).items())}
    return flask.render_template(
        "settings/currencies.html",
        default=ctx.directory.default_currency,
        rates=found,
        choices=Currency().entries(ctx),
        today=ctx.now.astimezone(ctx.locale.zone).date(),
        day=lambda value: Date().show(value, ctx),
    )


@admin
def set_default() -> Answer:
    """Make another currency the default one."""
    ctx, code = current(), flask.request.form.get("currency", "")
    try:
        with ctx.session.begin_nested():
            money.set_default(ctx, code)
    except CrmError as error:
        return _back(error)
    return _back(None, gettext(N_("Totals are worked out in %(currency)s from now on"), currency=code))


@admin
def set_rate() -> Answer:
    """Set a rate from a day on."""
    ctx, form = current(), flask.request.form
    try:
        with ctx.session.begin_nested():
            money.set_rate(ctx, form.get("currency", ""), _day(form.get("day", "")), _rate(form.get("rate", "")))
    except CrmError as error:
        return _back(error)
    return _back(None, gettext(N_("The rate of %(currency)s is saved"), currency=form.get("currency", "")))


@admin
def remove() -> Answer:
    """Remove a rate."""
    ctx, form = current(), flask.request.form
    try:
        with ctx.session.begin_nested():
            money.remove_rate(ctx, form.get("currency", ""), dt.date.fromisoformat(form.get("day", "")))
    except (CrmError, ValueError) as error:
        return _back(error if isinstance(error, CrmError) else Invalid([Problem("day", "date", N_("Give a day"))]))
    return _back(None, gettext(N_("The rate is removed")))


def _day(text: str) -> dt.date:
    try:
        found = Date().parse(text, current())
    except ValueProblem as problem:
        raise Invalid([problem.at("day")]) from problem
    if found is None:
        raise Invalid([Problem("day", "required", N_("Give the day from which the rate holds"))])
    day: dt.date = found
    return day


def _rate(text: str) -> Decimal:
    try:
        return parse_decimal(text)
    except ValueProblem as problem:
        raise Invalid([problem.at("rate")]) from problem


def _back(error: CrmError | None, text: str = "") -> Answer:
    if error is not None:
        notify("; ".join(p.text() for p in error.problems()) or error.text(), "error")
    else:
        notify(text)
    return flask.redirect(HERE, 303)
