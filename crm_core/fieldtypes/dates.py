"""Calendar dates and instants."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.db import UtcDateTime
from crm_core.errors import ValueProblem
from crm_core.fieldtypes.base import ORDER, FieldType, as_text
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx

_SLASHED = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})")
DATE_FORMATS: Mapping[str, tuple[int, int, int]] = {
    "dd/mm/yyyy": (3, 2, 1),
    "mm/dd/yyyy": (3, 1, 2),
    "yyyy-mm-dd": (3, 2, 1),
}


def parse_date(text: str, date_format: str = "dd/mm/yyyy") -> dt.date:
    """Read ``2026-12-31`` or, in the person's order of day and month, ``31/12/2026`` (KN-24).

    Raises:
        ValueProblem: not a day of the calendar, such as 31/02/2026.
    """
    text = text.strip()
    try:
        if match := _SLASHED.fullmatch(text):
            year, month, day = (int(match[i]) for i in DATE_FORMATS.get(date_format, (3, 2, 1)))
            return dt.date(year, month, day)
        return dt.date.fromisoformat(text)
    except ValueError as exc:
        raise ValueProblem(
            "date", N_("%(value)s is not a date; write it as %(format)s"), value=text[:40], format=date_format
        ) from exc


def show_date(value: dt.date, date_format: str) -> str:
    """Return a date in one of the three formats a person may choose."""
    pattern = {"dd/mm/yyyy": "%d/%m/%Y", "mm/dd/yyyy": "%m/%d/%Y"}.get(date_format)
    return value.strftime(pattern) if pattern else value.isoformat()


class Date(FieldType):
    """A day of the calendar, without time or zone.

    ``shortcuts`` offers today, in three days and in a week in forms.
    """

    name, label, widget = "date", N_("Date"), "date"
    operators = ORDER

    def __init__(self, *, shortcuts: bool = False) -> None:
        """Keep whether forms offer shortcuts."""
        self.shortcuts = shortcuts

    def column(self) -> sa.types.TypeEngine[Any]:
        """Return a date."""
        return sa.Date()

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the day; ISO, or the order of day and month the person uses."""
        if isinstance(raw, dt.datetime):
            return raw.date()
        return raw if isinstance(raw, dt.date) else parse_date(as_text(raw), ctx.locale.date_format)

    def dump(self, value: Any) -> Any:
        """Return ISO 8601."""
        return value.isoformat() if value is not None else None

    def load(self, raw: Any) -> Any:
        """Return a date."""
        return dt.date.fromisoformat(raw[:10]) if isinstance(raw, str) else raw

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the day in the person's format."""
        return show_date(value, ctx.locale.date_format) if value else ""

    def search_text(self, value: Any) -> str:
        """Return nothing: dates are filtered, not searched."""
        return ""

    def schema(self) -> dict[str, Any]:
        """Return a string in date format."""
        return {"type": "string", "format": "date"}


class DateTime(FieldType):
    """An instant, stored in UTC and shown in the person's zone; ``shortcuts`` as for days."""

    name, label, widget = "datetime", N_("Date and time"), "datetime"
    operators = ORDER

    def __init__(self, *, shortcuts: bool = False) -> None:
        """Keep whether forms offer shortcuts."""
        self.shortcuts = shortcuts

    def column(self) -> sa.types.TypeEngine[Any]:
        """Return an instant."""
        return UtcDateTime()

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the instant in UTC; without an offset the person's zone is meant."""
        value = raw if isinstance(raw, dt.datetime) else self._parse(as_text(raw), ctx)
        if value.tzinfo is None:
            value = value.replace(tzinfo=ctx.locale.zone)
        try:
            return value.astimezone(dt.UTC)
        except OverflowError as exc:
            raise ValueProblem("datetime", N_("%(value)s is not a date and time"), value=str(raw)[:40]) from exc

    @staticmethod
    def _parse(text: str, ctx: Ctx) -> dt.datetime:
        try:
            return dt.datetime.fromisoformat(text)
        except ValueError:
            day, _, clock = text.partition(" ")
            try:
                time = dt.time.fromisoformat(clock.strip()) if clock.strip() else dt.time()
            except ValueError as exc:
                raise ValueProblem("datetime", N_("%(value)s is not a date and time"), value=text[:40]) from exc
            return dt.datetime.combine(parse_date(day, ctx.locale.date_format), time)

    def dump(self, value: Any) -> Any:
        """Return ISO 8601 in UTC with ``Z``."""
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if value is not None else None

    def load(self, raw: Any) -> Any:
        """Return an aware instant."""
        if isinstance(raw, str):
            raw = dt.datetime.fromisoformat(raw.replace("Z", "+00:00"))
        return raw.replace(tzinfo=dt.UTC) if isinstance(raw, dt.datetime) and raw.tzinfo is None else raw

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return date and minute in the person's zone and format."""
        if value is None:
            return ""
        local = value.astimezone(ctx.locale.zone)
        return f"{show_date(local.date(), ctx.locale.date_format)} {local:%H:%M}"

    def search_text(self, value: Any) -> str:
        """Return nothing."""
        return ""

    def schema(self) -> dict[str, Any]:
        """Return a string in date-time format."""
        return {"type": "string", "format": "date-time"}
