import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from crm_core import money
from crm_core.errors import Conflict, Forbidden, Invalid
from crm_core.models import Change

D = dt.date


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [("1.005", "EUR", "1.01"), ("-1.005", "EUR", "-1.01"), ("1234.5", "JPY", "1235"), ("1.23456", "TND", "1.235")],
)
def test_amounts_are_rounded_to_the_decimals_of_their_currency(amount, currency, rounded):
    assert money.round_money(Decimal(amount), currency) == Decimal(rounded)


def test_amounts_are_written_in_the_language_of_the_reader():
    assert money.format_money(Decimal("1234.5"), "EUR", "en") == "€1,234.50"
    assert money.format_money(Decimal("1234.5"), "EUR", "fr") == "1\u202f234,50\xa0€"
    assert money.format_money(Decimal("1234"), "JPY", "en") == "¥1,234"


def set_rates(crm, **rates):
    for name, value in rates.items():
        with crm.as_user(crm.admin) as ctx:
            money.set_rate(ctx, name[:3], D(2026, 1, int(name[3:] or 1)), Decimal(value))


def test_ad_09_the_rate_on_or_before_the_day_counts(crm):
    set_rates(crm, USD1="0.90", USD10="0.80", GBP1="1.20")
    with crm.as_user(crm.user) as ctx:
        assert money.convert(ctx, Decimal(100), "USD", "EUR", D(2026, 1, 9)) == Decimal("90.00")
        assert money.convert(ctx, Decimal(100), "USD", "EUR", D(2026, 1, 10)) == Decimal("80.00")
        assert money.convert(ctx, Decimal(100), "EUR", "USD", D(2026, 2, 1)) == Decimal("125.00")
        assert money.convert(ctx, Decimal(100), "GBP", "USD", D(2026, 2, 1)) == Decimal("150.00")
        assert money.convert(ctx, Decimal("1.005"), "EUR", "EUR", D(2000, 1, 1)) == Decimal("1.01")
        assert money.rates(ctx)["USD"] == ((D(2026, 1, 1), Decimal("0.9")), (D(2026, 1, 10), Decimal("0.8")))


def test_op_60_a_missing_rate_is_reported_by_name_and_never_taken_as_one(crm):
    set_rates(crm, USD5="0.90")
    with crm.as_user(crm.user) as ctx:
        for pair in (("CHF", "EUR"), ("EUR", "CHF")):
            with pytest.raises(money.MissingRate, match="CHF"):
                money.convert(ctx, Decimal(1), *pair, D(2026, 1, 9))
        with pytest.raises(money.MissingRate, match="USD on 2026-01-04"):
            money.convert(ctx, Decimal(1), "USD", "EUR", D(2026, 1, 4))


def test_ad_09_only_administrators_set_rates(crm):
    with crm.as_user(crm.user) as ctx:
        with pytest.raises(Forbidden):
            money.set_rate(ctx, "USD", D(2026, 1, 1), Decimal(1))
        with pytest.raises(Forbidden):
            money.remove_rate(ctx, "USD", D(2026, 1, 1))
        with pytest.raises(Forbidden):
            money.set_default(ctx, "USD")


@pytest.mark.parametrize(
    ("currency", "rate"), [("EUR", "1"), ("XXQ", "1"), ("USD", "0"), ("USD", "-1"), ("USD", "NaN"), ("USD", "1e13")]
)
def test_rates_are_checked(crm, currency, rate):
    with crm.as_user(crm.admin) as ctx, pytest.raises(Invalid):
        money.set_rate(ctx, currency, D(2026, 1, 1), Decimal(rate))


def test_a_rate_is_replaced_and_removed_and_both_are_in_the_history(crm):
    set_rates(crm, USD1="0.90")
    set_rates(crm, USD1="0.91")
    with crm.as_user(crm.admin) as ctx:
        assert money.rates(ctx) == {"USD": ((D(2026, 1, 1), Decimal("0.91")),)}
        money.remove_rate(ctx, "USD", D(2026, 1, 1))
    with crm.as_user() as ctx:
        assert money.rates(ctx) == {}
        rows = ctx.session.scalars(sa.select(Change).order_by(Change.id)).all()
        assert [r.diff["rate"] for r in rows] == [[None, "0.9"], ["0.9", "0.91"], ["0.91", None]]


def test_ad_08_rates_follow_a_new_default_currency(crm):
    set_rates(crm, USD1="0.90", GBP5="1.20", USD10="0.80")
    with crm.as_user(crm.admin) as ctx:
        money.set_default(ctx, "gbp")
    with crm.as_user(crm.admin) as ctx:
        assert ctx.directory.default_currency == "GBP"
        known = money.rates(ctx)
        assert known["USD"] == ((D(2026, 1, 5), Decimal("0.75")), (D(2026, 1, 10), Decimal("0.666666666666667")))
        assert known["EUR"] == ((D(2026, 1, 5), Decimal("0.833333333333333")),)
        assert "GBP" not in known
        assert money.convert(ctx, Decimal(120), "EUR", "GBP", D(2026, 1, 6)) == Decimal("100.00")


def test_ad_08_a_default_without_a_rate_is_refused_while_there_are_rates(crm):
    with crm.as_user(crm.admin) as ctx:
        money.set_default(ctx, "CHF")
    set_rates(crm, USD1="0.90")
    with crm.as_user(crm.admin) as ctx, pytest.raises(Conflict, match="SEK"):
        money.set_default(ctx, "SEK")
    with crm.as_user(crm.admin) as ctx, pytest.raises(Invalid):
        money.set_default(ctx, "not a currency")
