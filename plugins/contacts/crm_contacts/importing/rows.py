"""What the reading half of an import hands over: one row, its values and what is wrong with it.

Messages are English message ids with ``%(name)s`` parameters kept beside them, so that whoever shows a problem can
translate it first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_core.api import N_, tables

RowProblem = tables.RowProblem
SourceRow = tables.SourceRow

MESSAGES: Mapping[str, str] = {
    **tables.MESSAGES,
    "company_name_missing": N_("A company needs a name"),
    "country_unknown": N_("%(value)s is not a country known here; it is kept as text"),
    "currency": N_("%(value)s is not a currency"),
    "date": N_("%(value)s is not a date"),
    "date_no_year": N_("%(value)s is a date without a year"),
    "date_incomplete": N_("%(value)s is only a part of a date"),
    "date_short_year": N_("%(value)s has a year of two digits, which may mean two centuries"),
    "email": N_("%(value)s is not an e-mail address"),
    "first_name_missing": N_("A person needs a first name"),
    "flag": N_("%(value)s is neither yes nor no"),
    "kind": N_("%(value)s is neither a person nor a company"),
    "language": N_("%(value)s is not a language known here"),
    "last_name_missing": N_("A person needs a last name"),
    "nature": N_("%(value)s is none of prospect, customer and supplier"),
    "no_name": N_("The row names neither a person nor a company"),
    "phone": N_("%(value)s is not a phone number"),
    "phone_extension": N_("%(value)s has an extension, which a phone number here cannot keep"),
    "url": N_("%(value)s is not a web address"),
    "vcard_charset": N_("Line %(line)s: the character set or encoding of %(property)s cannot be read"),
    "vcard_group": N_("A group of contacts is not a contact"),
    "vcard_line": N_("Line %(line)s is not a vCard property: %(value)s"),
    "vcard_no_begin": N_("Line %(line)s stands outside any card"),
    "vcard_no_end": N_("The card that begins on line %(line)s is not closed by END:VCARD"),
    "vcard_too_long": N_("The card that begins on line %(line)s is longer than %(chars)s characters"),
}


def problem(field: str | None, code: str, value: str = "", *, fatal: bool = True, **params: Any) -> RowProblem:
    """Return the problem with the message of ``code``; a long ``value`` is shortened in the message."""
    if value:
        params["value"] = value if len(value) <= 80 else value[:79] + "…"
    return RowProblem(field, code, MESSAGES[code], value, params, fatal)


class Report:
    """Collects the problems of one row; ``lenient`` makes a bad value cost the value instead of the row."""

    __slots__ = ("lenient", "problems")

    def __init__(self, lenient: bool = False) -> None:
        self.lenient = lenient
        self.problems: list[RowProblem] = []

    def bad_value(self, field: str, code: str, value: str) -> None:
        """Note a value that cannot be kept."""
        self.problems.append(problem(field, code, value, fatal=not self.lenient))

    def missing(self, field: str | None, code: str) -> None:
        """Note something without which there is no contact, lenient or not."""
        self.problems.append(problem(field, code))

    def remark(self, field: str, code: str, value: str) -> None:
        """Note something that was kept although it is not as it should be."""
        self.problems.append(problem(field, code, value, fatal=False))
