"""Whole and decimal numbers, money, percent, rating, duration and yes/no."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal as Exact
from decimal import InvalidOperation
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from crm_core.errors import ValueProblem
from crm_core.fieldtypes.base import EQUALITY, ORDER, FieldType, wrong_type
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx

_SPACES = re.compile(r"[\s\u00a0\u202f']")
MAX_INTEGER = 2**53 - 1


class ExactDecimal(sa.types.TypeDecorator[Exact]):
    """NUMERIC on PostgreSQL, a scaled whole number on SQLite: sums and comparisons are exact on both."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, precision: int = 18, scale: int = 2) -> None:
        """Keep precision and scale."""
        super().__init__(precision, scale)
        self.digits = scale

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """Return the database's own type."""
        return dialect.type_descriptor(sa.BigInteger() if dialect.name == "sqlite" else self.impl_instance)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Scale for SQLite."""
        if value is None or dialect.name != "sqlite":
            return value
        return int((Exact(value) * (10**self.digits)).to_integral_value())

    def process_result_value(self, value: Any, dialect: Dialect) -> Exact | None:
        """Return a decimal with the scale's digits."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return Exact(value).scaleb(-self.digits)
        return Exact(value)


def parse_decimal(raw: Any) -> Exact:
    """Read a number with a point or a comma as decimal mark and spaces between thousands.

    Raises:
        ValueProblem: not a finite number.
    """
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Exact):
        raise wrong_type("a number")
    text = _SPACES.sub("", str(raw))
    if "," in text and "." not in text and text.count(",") == 1:
        text = text.replace(",", ".")
    elif text.count(",") >= 1 and text.rfind(".") > text.rfind(","):
        text = text.replace(",", "")
    elif text.count(".") >= 1 and text.rfind(",") > text.rfind("."):
        text = text.replace(".", "").replace(",", ".")
    try:
        value = Exact(text)
    except InvalidOperation as exc:
        raise ValueProblem("number", N_("%(value)s is not a number"), value=str(raw)[:40]) from exc
    if not value.is_finite():
        raise ValueProblem("number", N_("%(value)s is not a number"), value=str(raw)[:40])
    return value


def _bounded(value: Any, low: Any, high: Any) -> Any:
    if (low is not None and value < low) or (high is not None and value > high):
        raise ValueProblem("range", N_("Must be between %(low)s and %(high)s"), low=low, high=high)
    return value


class Integer(FieldType):
    """A whole number within JavaScript's safe range."""

    name, label, widget, kind = "integer", N_("Whole number"), "number", "int"
    operators = ORDER

    def __init__(self, low: int | None = None, high: int | None = None) -> None:
        """Keep the bounds."""
        self.low = -MAX_INTEGER if low is None else low
        self.high = MAX_INTEGER if high is None else high

    def column(self) -> sa.types.TypeEngine[Any]:
        """Return a big integer."""
        return sa.BigInteger()

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return a bounded whole number."""
        value = parse_decimal(raw)
        if value != value.to_integral_value() or abs(value) > MAX_INTEGER:
            raise ValueProblem("integer", N_("%(value)s is not a whole number"), value=str(raw)[:40])
        return _bounded(int(value), self.low, self.high)

    def parse_filter(self, raw: Any, ctx: Ctx, op: str) -> Any:
        """Return a whole number of any size the database takes."""
        return Integer().convert(raw, ctx)

    def schema(self) -> dict[str, Any]:
        """Return a bounded integer."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def options(self) -> Mapping[str, Any]:
        """Return the bounds that were set."""
        bounds = {"low": self.low, "high": self.high}
        return {k: v for k, v in bounds.items() if abs(v) != MAX_INTEGER}


class Rating(Integer):
    """One to ``high`` stars."""

    name, label, widget = "rating", N_("Rating"), "rating"

    def __init__(self, high: int = 5) -> None:
        """Keep the number of stars."""
        super().__init__(1, high)

    def options(self) -> Mapping[str, Any]:
        """Return the number of stars."""
        return {"high": self.high}


class Decimal(FieldType):
    """An exact decimal number; more digits than ``scale`` are refused, not rounded."""

    name, label, widget, kind = "decimal", N_("Decimal number"), "decimal", "decimal"
    operators = ORDER

    def __init__(self, scale: int = 2, low: str | None = None, high: str | None = None) -> None:
        """Keep scale and bounds (bounds as text, so that they can be stored)."""
        self.scale, self.low, self.high = scale, low, high

    def column(self) -> sa.types.TypeEngine[Any]:
        """Return an exact decimal of 18 digits."""
        return ExactDecimal(18, self.scale)

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return a bounded decimal."""
        value = parse_decimal(raw)
        if abs(value) >= Exact(10) ** 15 or value != round(value, self.scale):
            raise ValueProblem("scale", N_("At most 15 digits before and %(scale)s after the mark"), scale=self.scale)
        low, high = (Exact(b) if b is not None else None for b in (self.low, self.high))
        return _bounded(round(value, self.scale), low, high)

    def parse_filter(self, raw: Any, ctx: Ctx, op: str) -> Any:
        """Return any decimal."""
        value = parse_decimal(raw)
        if abs(value) >= Exact(10) ** 15:
            raise ValueProblem("scale", N_("At most 15 digits before and %(scale)s after the mark"), scale=self.scale)
        return value

    def dump(self, value: Any) -> Any:
        """Return the digits as text, so that no reader rounds them."""
        return None if value is None else format(value, "f")

    def load(self, raw: Any) -> Any:
        """Return a decimal."""
        return None if raw is None else Exact(str(raw)).quantize(Exact(1).scaleb(-self.scale))

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the number as the language writes it."""
        from babel.numbers import format_decimal

        return "" if value is None else format_decimal(value, locale=ctx.locale.language)

    def schema(self) -> dict[str, Any]:
        """Return text holding digits."""
        return {"type": "string", "format": "decimal", "pattern": r"^-?[0-9]{1,15}(\.[0-9]+)?$"}

    def options(self) -> Mapping[str, Any]:
        """Return scale and bounds."""
        bounds = {"low": self.low, "high": self.high}
        return {"scale": self.scale} | {k: v for k, v in bounds.items() if v is not None}


class Percent(Decimal):
    """0 to 100."""

    name, label, widget = "percent", N_("Percent"), "percent"

    def __init__(self, scale: int = 2) -> None:
        """Keep the scale."""
        super().__init__(scale, "0", "100")

    def options(self) -> Mapping[str, Any]:
        """Return the scale."""
        return {"scale": self.scale}


class Money(Decimal):
    """An amount; its currency is a fixed ISO 4217 code or the value of another field (``field:currency``)."""

    name, label, widget = "money", N_("Amount"), "money"

    def __init__(self, currency: str = "field:currency", scale: int = 2) -> None:
        """Keep where the currency comes from."""
        super().__init__(scale)
        self.currency = currency

    def options(self) -> Mapping[str, Any]:
        """Return currency source and scale."""
        return {"currency": self.currency, "scale": self.scale}


class Duration(Integer):
    """A length of time in whole seconds; typed as ``1:30`` (hours and minutes) or ``90m``, ``2h``, ``45s``."""

    name, label, widget = "duration", N_("Duration"), "duration"

    def __init__(self) -> None:
        """Allow up to ten years."""
        super().__init__(0, 10 * 366 * 86400)

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return seconds."""
        if isinstance(raw, str):
            text = raw.strip().lower()
            if clock := re.fullmatch(r"(\d{1,5}):([0-5]\d)(?::([0-5]\d))?", text):
                hours, minutes, seconds = (int(g or 0) for g in clock.groups())
                return _bounded(hours * 3600 + minutes * 60 + seconds, self.low, self.high)
            if unit := re.fullmatch(r"(\d{1,9})\s*([hms])", text):
                return _bounded(int(unit[1]) * {"h": 3600, "m": 60, "s": 1}[unit[2]], self.low, self.high)
        return super().convert(raw, ctx)

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return hours and minutes."""
        return "" if value is None else f"{value // 3600}:{value % 3600 // 60:02d}"

    def options(self) -> Mapping[str, Any]:
        """Return nothing: the type has no parameters."""
        return {}


class Boolean(FieldType):
    """Yes or no."""

    name, label, widget, kind = "boolean", N_("Yes/no"), "checkbox", "bool"
    operators = EQUALITY
    _words: Mapping[str, bool] = {
        **dict.fromkeys(("1", "true", "yes", "on", "y", "oui", "vrai", "x"), True),
        **dict.fromkeys(("0", "false", "no", "off", "n", "non", "faux"), False),
    }

    def column(self) -> sa.types.TypeEngine[Any]:
        """Return a boolean."""
        return sa.Boolean()

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return true or false; words of both languages are understood."""
        if isinstance(raw, bool):
            return raw
        word = str(raw).strip().lower() if isinstance(raw, str | int) else ""
        if word not in self._words:
            raise ValueProblem("boolean", N_("%(value)s is neither yes nor no"), value=str(raw)[:40])
        return self._words[word]

    def load(self, raw: Any) -> Any:
        """Return true or false."""
        return None if raw is None else bool(raw)

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return yes or no."""
        from crm_core.i18n import gettext

        return "" if value is None else gettext(N_("Yes") if value else N_("No"))

    def search_text(self, value: Any) -> str:
        """Return nothing."""
        return ""

    def schema(self) -> dict[str, Any]:
        """Return a boolean."""
        return {"type": "boolean"}
