"""Countries, languages and currencies to their codes (ISO 3166-1 alpha-2, ISO 639, ISO 4217).

Names are those of the CLDR in English and French, compared without case and accents, and the few others that are
common.
"""

from __future__ import annotations

from functools import lru_cache

from babel import Locale
from babel.core import get_global

from crm_contacts.importing.normalise import BadValue, fold

_NAMING = ("en", "fr")
_COUNTRIES = {
    "america": "US",
    "angleterre": "GB",
    "belgie": "BE",
    "belgien": "BE",
    "cote d'ivoire": "CI",
    "czech republic": "CZ",
    "deutschland": "DE",
    "ecosse": "GB",
    "england": "GB",
    "espana": "ES",
    "france metropolitaine": "FR",
    "grande bretagne": "GB",
    "great britain": "GB",
    "holland": "NL",
    "hollande": "NL",
    "hong kong": "HK",
    "italia": "IT",
    "ivory coast": "CI",
    "luxemburg": "LU",
    "macedonia": "MK",
    "nederland": "NL",
    "northern ireland": "GB",
    "osterreich": "AT",
    "republic of ireland": "IE",
    "republique tcheque": "CZ",
    "schweiz": "CH",
    "scotland": "GB",
    "south korea": "KR",
    "svizzera": "CH",
    "swaziland": "SZ",
    "turkey": "TR",
    "uae": "AE",
    "u.k.": "GB",
    "u.s.": "US",
    "u.s.a.": "US",
    "united states of america": "US",
    "usa": "US",
    "etats unis d'amerique": "US",
    "wales": "GB",
}
_CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP", "us$": "USD", "chf": "CHF", "fr.": "CHF", "¥": "JPY"}


def _key(text: str) -> str:
    return fold(text).replace("-", " ").replace("&", "and").strip(" .") if len(text) > 4 else fold(text)


@lru_cache(maxsize=4096)
def country(text: str) -> str | None:
    """Return the ISO 3166 code of a country given by code (two or three letters) or name, else ``None``."""
    code = text.upper()
    known = _country_codes()
    return known.get(code) or _country_names().get(_key(text)) or _COUNTRIES.get(fold(text))


@lru_cache(maxsize=1)
def _country_codes() -> dict[str, str]:
    territories = (str(code) for code in Locale("en").territories)
    codes = {code: code for code in territories if len(code) == 2 and code.isalpha()}
    for alias, now in get_global("territory_aliases").items():
        # FRA, 250 and UK are aliases; a state that fell apart (SU) has several successors and is not guessed at.
        if len(now) == 1 and alias not in codes:
            codes[alias] = now[0]
    for no_country in ("EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"):
        codes.pop(no_country, None)
    return codes


@lru_cache(maxsize=1)
def _country_names() -> dict[str, str]:
    codes = _country_codes()
    names = {_key(name): code for name, code in _COUNTRIES.items()}
    for naming in _NAMING:
        for code, name in Locale(naming).territories.items():
            if codes.get(code) == code:
                names.setdefault(_key(name), code)
    return names


@lru_cache(maxsize=1024)
def language(text: str) -> str:
    """Return the ISO 639 code of a language given as ``fr``, ``fr_FR``, ``French`` or ``Français``.

    Raises:
        BadValue: not a language known.
    """
    known = _languages()
    word = fold(text)
    found = known.get(word) or known.get(word.replace("_", "-").split("-")[0].split(" (")[0].strip())
    if not found:
        raise BadValue("language")
    return found


@lru_cache(maxsize=1)
def _languages() -> dict[str, str]:
    names: dict[str, str] = {}
    for naming in _NAMING:
        for code, name in Locale(naming).languages.items():
            if len(code) in (2, 3):
                names.setdefault(fold(name), code)
                names.setdefault(code, code)
    for own in ("de", "es", "it", "nl", "pt"):
        names.setdefault(fold(Locale(own).languages[own]), own)
    return names


@lru_cache(maxsize=1024)
def currency(text: str) -> str:
    """Return the ISO 4217 code of a currency given by code, sign or name.

    Raises:
        BadValue: not a currency known.
    """
    code = text.strip().upper()
    if code in Locale("en").currencies:
        return code
    found = _CURRENCIES.get(text.strip().lower()) or _currency_names().get(fold(text))
    if not found:
        raise BadValue("currency")
    return found


@lru_cache(maxsize=1)
def _currency_names() -> dict[str, str]:
    names: dict[str, str] = {}
    for naming in _NAMING:
        for code, name in Locale(naming).currencies.items():
            names.setdefault(fold(name), code)
            names.setdefault(fold(name) + "s", code)
    return names
