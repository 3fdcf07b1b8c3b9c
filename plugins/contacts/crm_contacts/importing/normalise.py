"""Normal forms of single values: text, e-mail addresses, dates, web addresses, yes and no.

Every function takes text as it stands in a file and returns its normal form or raises ``BadValue`` with the code of the
message that says why.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from crm_core.api import unshielded

DateOrder = Literal["dmy", "mdy"]

# What nearly every address looks like (RFC 5321 dot-string and host name); the rest goes to email-validator, capitals
# too: the names of RFC 2142, such as Info, are the same in small letters.
_PLAIN_EMAIL = re.compile(
    r"(?=.{3,254}\Z)[a-z0-9_+\-]+(?:\.[a-z0-9_+\-]+)*"
    r"@((?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+([a-z]{2,24}))",
    re.ASCII,
)
# RFC 6761 and others: no mail can ever be delivered there, so email-validator refuses them.
_SPECIAL_TLDS = frozenset({"arpa", "example", "invalid", "local", "localhost", "onion", "test"})

_ISO_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?|(\d{4})(\d{2})(\d{2})(?:T.*)?|(\d{4})[/.](\d{1,2})[/.](\d{1,2})"
)
_LOCAL_DATE = re.compile(r"(\d{1,2})([/.\- ])(\d{1,2})\2(\d{4}|\d{2})(?: .*)?")
_NO_YEAR = re.compile(r"--(\d{2})-?(\d{2})(?:T.*)?")
_PART_OF_DATE = re.compile(r"\d{4}(?:-\d{2})?|---?\d{2}")
# What databases and spreadsheets write where there is nothing.
NOTHING = frozenset({"-", "--", ".", "n/a", "#n/a", "null", "none", "nan", "false"})
# Outlook writes 0/0/00 for "none".
_NO_DATE = re.compile(r"[0/.\- :]*")
# Apple and others store a birthday without a year in 1604, a leap year long past.
_YEAR_UNKNOWN = 1604

_YES = frozenset({"1", "true", "yes", "y", "x", "on", "oui", "vrai", "o"})
_NO = frozenset({"", "0", "false", "no", "n", "off", "non", "faux"})
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "’": "'"})


class BadValue(ValueError):
    """A value that has no normal form; ``code`` names the message."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return ``text`` in lower case, without accents, with single spaces: the key for comparing words."""
    if text.isascii():
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def one_line(text: str) -> str:
    """Return ``text`` with each run of blanks and line ends as one space, and without spreadsheet armour."""
    text = " ".join(text.split())
    return unarmoured(text) if text[:1] in ("'", "=") else text


def many_lines(text: str) -> str:
    """Return ``text`` with plain line feeds, without blanks at the ends of lines or around it."""
    text = unarmoured(text)
    if "\n" not in text and "\r" not in text:
        return text.strip()
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def unarmoured(text: str) -> str:
    """Undo what exports do for spreadsheets: ``'+33…`` (not a formula) and ``="0612…"`` (keep the zero)."""
    if text[:1] == "'":
        return unshielded(text)
    if text[:2] == '="' and text[-1:] == '"' and len(text) > 2:
        return text[2:-1]
    return text


def email(text: str) -> str:
    """Return the address with its domain in lower case, without asking the DNS (RFC 5321, RFC 6531).

    Raises:
        BadValue: not an address.
    """
    plain = _PLAIN_EMAIL.fullmatch(text)
    if plain and plain[2] not in _SPECIAL_TLDS and "--" not in plain[1]:
        return text
    return _checked_email(text)


def _checked_email(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as exc:
        raise BadValue("email") from exc


def birthday(text: str, order: DateOrder = "dmy") -> date | None:
    """Return a date from ``1987-03-14``, ``19870314``, ``14/03/1987``, ``14.3.1987``, with or without a time.

    Between day and month ``order`` decides, unless only one reading is a date. ``None`` stands for "no date" as Outlook
    writes it (``0/0/00``).

    Raises:
        BadValue: not a date, or one without year, month or day (RFC 6350 section 4.3.1: ``--0412``, ``1987``).
    """
    if _NO_DATE.fullmatch(text) or text.lower() in NOTHING:
        return None
    if iso := _ISO_DATE.fullmatch(text):
        year, month, day = (int(part) for part in iso.groups() if part)
        return _date(year, month, day)
    if local := _LOCAL_DATE.fullmatch(text):
        if len(local[4]) == 2:
            raise BadValue("date_short_year")
        return _local_date(int(local[1]), int(local[3]), int(local[4]), order)
    if _NO_YEAR.fullmatch(text):
        raise BadValue("date_no_year")
    raise BadValue("date_incomplete" if _PART_OF_DATE.fullmatch(text) else "date")


def _local_date(first: int, second: int, year: int, order: DateOrder) -> date:
    day, month = (second, first) if order == "mdy" else (first, second)
    if month > 12 >= day:
        day, month = month, day
    return _date(year, month, day)


def _date(year: int, month: int, day: int) -> date:
    if year == _YEAR_UNKNOWN:
        raise BadValue("date_no_year")
    try:
        return date(year, month, day)
    except ValueError as exc:
        raise BadValue("date") from exc


def url(text: str) -> str:
    """Return an absolute http(s) address; ``https://`` is added where no scheme is given.

    Raises:
        BadValue: another scheme, no host, or a host without a dot.
    """
    if "://" not in text:
        text = "https://" + text
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError as exc:
        raise BadValue("url") from exc
    if parts.scheme.lower() not in ("http", "https") or " " in text or "." not in (host or "").strip("."):
        raise BadValue("url")
    return text


def truth(text: str) -> bool | None:
    """Return yes or no as exports write them, in English and French; ``None`` for anything else."""
    word = fold(text)
    if word in _YES:
        return True
    return False if word in _NO else None
