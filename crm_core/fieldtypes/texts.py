"""Text, long text, rich text, e-mail, phone and web address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from crm_core.db import SortText
from crm_core.errors import ValueProblem
from crm_core.fieldtypes.base import TEXT, FieldType, as_text
from crm_core.i18n import N_
from crm_core.text import digits, like_escape

if TYPE_CHECKING:
    from crm_core.context import Ctx

_PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}", re.ASCII
)


def _like(expr: Any, op: str, value: str) -> Any:
    pattern = like_escape(value.lower())
    pattern = {"startswith": f"{pattern}%", "endswith": f"%{pattern}"}.get(op, f"%{pattern}%")
    hit = sa.func.lower(expr).like(pattern, escape="\\")
    return sa.or_(sa.not_(hit), expr.is_(None)) if op == "not contains" else hit


class Text(FieldType):
    """One line of text, at most ``length`` characters."""

    name, label, widget = "text", N_("Text"), "text"
    operators = TEXT

    def __init__(self, length: int = 255) -> None:
        """Keep the limit."""
        self.length = length

    def column(self) -> sa.types.TypeEngine[Any]:
        """Return a string that sorts by code point."""
        return SortText(self.length)

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return one line; line ends become spaces."""
        text = " ".join(as_text(raw).split())
        if len(text) > self.length:
            raise ValueProblem(
                "too_long", N_("At most %(limit)s characters; this has %(length)s"), limit=self.length, length=len(text)
            )
        return text or None

    def compare(self, expr: Any, op: str, value: Any) -> Any:
        """Compare; ``contains`` and its kin ignore the case of ASCII letters."""
        if op in ("contains", "not contains", "startswith", "endswith"):
            return _like(expr, op, str(value))
        return super().compare(expr, op, value)

    def schema(self) -> dict[str, Any]:
        """Return a bounded string."""
        return {"type": "string", "maxLength": self.length}

    def options(self) -> Mapping[str, Any]:
        """Return the limit."""
        return {"length": self.length}


class LongText(Text):
    """Several lines of plain text."""

    name, label, widget = "longtext", N_("Long text"), "textarea"
    operators = frozenset({"contains", "not contains", "is null", "is not null"})
    sortable = False

    def __init__(self, length: int = 65_000) -> None:
        """Keep the limit; 65,000 characters as a rule."""
        super().__init__(length)

    def column(self) -> sa.types.TypeEngine[Any]:
        """Return unbounded text."""
        return sa.Text()

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the text with its line ends."""
        text = as_text(raw)
        if len(text) > self.length:
            raise ValueProblem(
                "too_long", N_("At most %(limit)s characters; this has %(length)s"), limit=self.length, length=len(text)
            )
        return text or None


class RichText(LongText):
    """HTML of a small safe vocabulary; everything else is removed."""

    name, label, widget = "richtext", N_("Formatted text"), "richtext"

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return sanitised HTML."""
        import nh3

        text = super().convert(raw, ctx)
        return nh3.clean(text) if text else None


@lru_cache(maxsize=4096)
def normal_email(text: str) -> str:
    """Return the address in lower case, without asking the DNS.

    RFC 5321 lets hosts tell apart the case of the part before the @; no provider does, and people don't.

    Raises:
        ValueProblem: not an address.
    """
    text = text.lower()
    if _PLAIN_EMAIL.fullmatch(text) and len(text) <= 254 and text.index("@") <= 64:
        return text
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError as exc:
        raise ValueProblem("email", N_("%(value)s is not an e-mail address"), value=text[:80]) from exc


class Email(Text):
    """An e-mail address."""

    name, label, widget = "email", N_("E-mail"), "email"

    def __init__(self, length: int = 254) -> None:
        """Keep the limit of RFC 5321."""
        super().__init__(length)

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the normal form."""
        text = super().convert(raw, ctx)
        return normal_email(text) if text else None

    def parse_filter(self, raw: Any, ctx: Ctx, op: str) -> Any:
        """Take any text, so that a part of an address can be looked for."""
        return as_text(raw) or None

    def schema(self) -> dict[str, Any]:
        """Return a string in e-mail format."""
        return {"type": "string", "format": "email", "maxLength": self.length}


@lru_cache(maxsize=4096)
def normal_phone(text: str, region: str) -> str:
    """Return the number in E.164; national forms are read as of ``region``.

    Raises:
        ValueProblem: not a possible number.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as exc:
        raise ValueProblem("phone", N_("%(value)s is not a phone number"), value=text[:40]) from exc
    if not phonenumbers.is_possible_number(number):
        raise ValueProblem("phone", N_("%(value)s is not a possible phone number"), value=text[:40])
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=4096)
def shown_phone(number: str) -> str:
    """Return an E.164 number in the international writing people read."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


class Phone(Text):
    """A phone number, kept in E.164."""

    name, label, widget = "phone", N_("Phone"), "tel"

    def __init__(self, length: int = 32) -> None:
        """Keep the limit of the column."""
        super().__init__(length)

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return E.164, national numbers read as of the actor's region."""
        text = as_text(raw)
        return normal_phone(text, ctx.locale.region) if text else None

    def parse_filter(self, raw: Any, ctx: Ctx, op: str) -> Any:
        """Take whole numbers in any writing, and parts as digits."""
        text = as_text(raw)
        if op in ("=", "!=", "in", "not in"):
            return normal_phone(text, ctx.locale.region)
        return ("+" if text.startswith("+") else "") + digits(text)

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the international writing."""
        return shown_phone(value) if value else ""

    def search_text(self, value: Any) -> str:
        """Return the digits."""
        return digits(value) if value else ""


class Url(Text):
    """A web address; ``https://`` is added where no scheme is given, others than http(s) are refused."""

    name, label, widget = "url", N_("Web address"), "url"

    def __init__(self, length: int = 2000) -> None:
        """Keep the limit."""
        super().__init__(length)

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return an absolute http(s) address."""
        text = super().convert(raw, ctx)
        if not text:
            return None
        if "://" not in text:
            text = "https://" + text
        try:
            parts = urlsplit(text)
            host = parts.hostname
        except ValueError:
            parts, host = urlsplit(""), None
        if parts.scheme.lower() not in ("http", "https") or not host or " " in text or "." not in host.strip("."):
            raise ValueProblem("url", N_("%(value)s is not a web address"), value=text[:80])
        return text

    def parse_filter(self, raw: Any, ctx: Ctx, op: str) -> Any:
        """Take any text."""
        return as_text(raw) or None

    def schema(self) -> dict[str, Any]:
        """Return a bounded string (a scheme may be left out)."""
        return {"type": "string", "maxLength": self.length}
