"""One or several entries of a reference list, and the closed lists of currencies, languages and countries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.db import SortText
from crm_core.errors import ValueProblem
from crm_core.fieldtypes.base import EQUALITY, MULTIPLE, FieldType, as_text
from crm_core.i18n import LANGUAGES, N_, current_language, gettext

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.directory import Directory


@lru_cache(maxsize=16)
def territory_names(language: str) -> Mapping[str, str]:
    """Return the countries (ISO 3166-1 alpha-2) by code."""
    from babel import Locale

    names = Locale.parse(language).territories
    found = {str(k): str(v) for k, v in names.items() if len(k) == 2 and k.isalpha() and k not in ("ZZ", "EU", "UN")}
    return dict(sorted(found.items(), key=lambda item: item[1]))


@lru_cache(maxsize=16)
def currency_names(language: str) -> Mapping[str, str]:
    """Return the currencies in use today (ISO 4217) by code."""
    from babel import Locale
    from babel.core import get_global

    live = {
        code
        for rows in get_global("territory_currencies").values()
        for code, _, end, tender in rows
        if tender and end is None
    }
    names = Locale.parse(language).currencies
    return {code: str(names.get(code, code)) for code in sorted(live)}


class Choice(FieldType):
    """One entry of a reference list (``list="contacts.type"``) or of fixed options (code to label).

    The stored value is the entry's code, which never changes; labels are free. With ``by="type"`` only those entries
    of the list fit that say ``type`` of themselves as the record's field of that name does.
    """

    name, label, widget = "choice", N_("Choice"), "choice"
    operators = EQUALITY

    def __init__(self, list: str = "", choices: Mapping[str, str] | None = None, *, by: str = "") -> None:  # noqa: A002
        """Keep where the entries come from."""
        self.list, self.choices, self.by = list, dict(choices or {}), by

    def column(self) -> sa.types.TypeEngine[Any]:
        """Return a short code."""
        return SortText(60)

    def entries(self, ctx: Ctx, *, all: bool = False) -> list[tuple[str, str]]:  # noqa: A002
        """Return (code, label) in order; ``all`` includes deactivated ones."""
        if self.list:
            found = ctx.directory.entries(self.list)
            return [(e.code, e.title()) for e in found if all or e.active]
        return [(code, gettext(label)) for code, label in self.choices.items()]

    def codes(self, ctx: Ctx) -> Sequence[str]:
        """Return every code that may be stored, deactivated ones too."""
        return [code for code, _ in self.entries(ctx, all=True)]

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the code of an entry given by its code or by its label in any language (case ignored)."""
        text = as_text(raw)
        if self.list:
            entry = ctx.directory.find_entry(self.list, text)
            if entry is not None:
                return entry.code
        elif text in self.choices:
            return text
        else:
            for code, label in self.entries(ctx):
                if text.lower() in (code.lower(), label.lower()):
                    return code
        known = ", ".join(code for code, _ in self.entries(ctx)[:12])
        raise ValueProblem("choice", N_("%(value)s is not one of: %(known)s"), value=text[:60], known=known)

    def fits(self, code: str, chosen: Any, ctx: Ctx) -> bool:
        """Tell whether an entry goes with the value of the field it depends on."""
        entry = ctx.directory.entry(self.list, code) if self.by else None
        return entry is None or entry.values.get(self.by) in (None, chosen)

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the entry's label."""
        return self.words(value, ctx.directory)

    def words(self, code: str | None, directory: Directory) -> str:
        """Return the label of an entry in the current language; a code that is gone stays readable."""
        if not code:
            return ""
        if self.list:
            entry = directory.entry(self.list, code)
            return entry.title() if entry else str(code)
        return gettext(self.choices[code]) if code in self.choices else str(code)

    def search_text(self, value: Any) -> str:
        """Return nothing: choices are filtered."""
        return ""

    def ordering(self, expr: Any, ctx: Ctx) -> Any:
        """Sort as the list is ordered."""
        codes = self.codes(ctx)
        return sa.case({code: i for i, code in enumerate(codes)}, value=expr, else_=None) if codes else expr

    def schema(self) -> dict[str, Any]:
        """Return the fixed codes, or any code where administrators own the list."""
        return {"type": "string", "enum": list(self.choices)} if self.choices else {"type": "string", "maxLength": 60}

    def options(self) -> Mapping[str, Any]:
        """Return list or options."""
        return {"list": self.list} if self.list else {"choices": self.choices}


class MultiChoice(Choice):
    """Several entries of a reference list or of fixed options."""

    name, label, widget = "multichoice", N_("Several choices"), "multichoice"
    operators, multiple, sortable = MULTIPLE, True, False

    def column(self) -> sa.types.TypeEngine[Any]:
        """Refuse: values are rows of the link table."""
        raise TypeError("multichoice has no column")

    def parse(self, raw: Any, ctx: Ctx) -> Any:
        """Return distinct codes in the order given; text is split at commas and semicolons."""
        if raw is None:
            return []
        items = raw if isinstance(raw, list | tuple | set) else as_text(raw).replace(";", ",").split(",")
        codes = [super(MultiChoice, self).parse(item, ctx) for item in items]
        return list(dict.fromkeys(c for c in codes if c is not None))

    def parse_filter(self, raw: Any, ctx: Ctx, op: str) -> Any:
        """Return one code."""
        return super().parse(raw, ctx)

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the labels, separated by commas."""
        return ", ".join(super(MultiChoice, self).show(v, ctx) for v in value or ())

    def schema(self) -> dict[str, Any]:
        """Return an array of codes."""
        return {"type": "array", "items": super().schema(), "maxItems": 200}


class Currency(Choice):
    """An ISO 4217 code in use today."""

    name, label = "currency", N_("Currency")
    custom = False

    def __init__(self) -> None:
        """Take the codes from the Unicode data."""
        super().__init__()

    def entries(self, ctx: Ctx, *, all: bool = False) -> list[tuple[str, str]]:  # noqa: A002
        """Return (code, "code – name") with the deployment's enabled currencies first."""
        names = currency_names(current_language())
        first = [c for c in ctx.directory.currencies if c in names]
        return [(c, f"{c} – {names[c]}") for c in dict.fromkeys([*first, *names])]

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the code in capitals."""
        code = as_text(raw).upper()
        if code not in currency_names("en"):
            raise ValueProblem("currency", N_("%(value)s is not a currency code such as EUR"), value=code[:20])
        return code

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the code."""
        return value or ""

    def ordering(self, expr: Any, ctx: Ctx) -> Any:
        """Sort by code."""
        return expr

    def schema(self) -> dict[str, Any]:
        """Return three capitals."""
        return {"type": "string", "pattern": "^[A-Z]{3}$"}

    def options(self) -> Mapping[str, Any]:
        """Return nothing."""
        return {}


class Country(Currency):
    """An ISO 3166-1 alpha-2 code; full names in both languages are understood."""

    name, label = "country", N_("Country")

    def entries(self, ctx: Ctx, *, all: bool = False) -> list[tuple[str, str]]:  # noqa: A002
        """Return (code, name) by name."""
        return list(territory_names(current_language()).items())

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the code in capitals."""
        text = as_text(raw)
        if (code := text.upper()) in territory_names("en"):
            return code
        for language in LANGUAGES:
            for code, name in territory_names(language).items():
                if name.lower() == text.lower():
                    return code
        raise ValueProblem("country", N_("%(value)s is not a country or its two-letter code"), value=text[:60])

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the name in the current language."""
        return territory_names(current_language()).get(value, value) if value else ""

    def search_text(self, value: Any) -> str:
        """Return nothing."""
        return ""

    def schema(self) -> dict[str, Any]:
        """Return a short text: a code or a name."""
        return {"type": "string", "maxLength": 60}


class Language(Country):
    """A language documents and mails are written in, as a two-letter code (ISO 639-1)."""

    name, label = "language", N_("Language")

    def entries(self, ctx: Ctx, *, all: bool = False) -> list[tuple[str, str]]:  # noqa: A002
        """Return (code, name)."""
        return list(_language_names(current_language()).items())

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the code in lower case; regional forms such as ``fr-BE`` count as their language."""
        text = as_text(raw).lower()
        code = text.replace("_", "-").split("-")[0]
        if code in _language_names("en"):
            return code
        for language in LANGUAGES:
            for code, name in _language_names(language).items():
                if name.lower() == text:
                    return code
        raise ValueProblem("language", N_("%(value)s is not a language or its two-letter code"), value=text[:60])

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the name in the current language."""
        return _language_names(current_language()).get(value, value) if value else ""


@lru_cache(maxsize=16)
def _language_names(language: str) -> Mapping[str, str]:
    from babel import Locale

    names = {str(k): str(v) for k, v in Locale.parse(language).languages.items() if len(k) == 2}
    return {**{k: names.get(k, v) for k, v in LANGUAGES.items()}, **dict(sorted(names.items(), key=lambda i: i[1]))}
