"""Who a record is about: a person or a company, and the name of either.

The house rule: a person needs a first and a last name, a company its name. A record that has only an organisation is
that company.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crm_contacts.importing.names import split_name
from crm_contacts.importing.normalise import fold
from crm_contacts.importing.rows import Report

_KINDS: Mapping[str, str] = {
    "person": "person",
    "personne": "person",
    "individual": "person",
    "individu": "person",
    "particulier": "person",
    "contact": "person",
    "company": "company",
    "organization": "company",
    "organisation": "company",
    "societe": "company",
    "entreprise": "company",
}
_NAME_IN_ADDRESS = re.compile(r"([^\W\d_]{2,}(?:-[^\W\d_]+)*)[._]([^\W\d_]{2,}(?:-[^\W\d_]+)*)@")


def identify(text: Mapping[str, str], values: dict[str, Any], report: Report, *, kind: str | None, guess: bool) -> None:
    """Add ``kind`` and the names to ``values``.

    ``kind`` is the kind of a record that does not say. With ``guess`` a person without any name is called after an
    e-mail address of the form ``anne.martin@…``.
    """
    kind = _given_kind(text, report) or kind or _evident_kind(text)
    values["kind"] = kind
    if kind == "company":
        _name_company(text, values, report)
    else:
        _name_person(text, values, report, guess)


def _given_kind(text: Mapping[str, str], report: Report) -> str | None:
    given = text.get("kind")
    if given is None:
        return None
    kind = _KINDS.get(fold(given))
    if kind is None:
        report.bad_value("kind", "kind", given)
    return kind


def _evident_kind(text: Mapping[str, str]) -> str:
    if "first_name" in text or "last_name" in text:
        return "person"
    full, company = text.get("full_name"), text.get("company")
    if full:
        return "company" if company and fold(full) == fold(company) else "person"
    return "company" if company or "name" in text else "person"


def _name_company(text: Mapping[str, str], values: dict[str, Any], report: Report) -> None:
    person = " ".join(filter(None, (text.get("first_name"), text.get("last_name"))))
    name = text.get("name") or text.get("full_name") or text.get("company") or person
    if name:
        values["name"] = name
    else:
        report.missing("name", "company_name_missing")


def _name_person(text: Mapping[str, str], values: dict[str, Any], report: Report, guess: bool) -> None:
    first, last = text.get("first_name", ""), text.get("last_name", "")
    if not (first and last):
        first, last = _completed(first, last, text.get("full_name") or text.get("name") or "")
    if not (first or last) and guess:
        first, last = _from_address(values)
    if first and (middle := text.get("middle_name")):
        first = f"{first} {middle}"
    if first:
        values["first_name"] = first
    if last:
        values["last_name"] = last
    if not (first or last):
        report.missing(None, "no_name")
    elif not first:
        report.missing("first_name", "first_name_missing")
    elif not last:
        report.missing("last_name", "last_name_missing")


def _completed(first: str, last: str, full: str) -> tuple[str, str]:
    """Fill the missing part from the whole name; what is given stays, unless it is the whole name itself."""
    if not full:
        return first, last
    whole = split_name(full)
    given = first or last
    if not given or not all(whole):
        return (first, last) if given else whole
    if fold(given) == fold(full):
        return whole
    if not set(fold(given).split()) <= set(fold(full).split()):
        return first, last
    return (first, whole[1]) if first else (whole[0], last)


def _from_address(values: Mapping[str, Any]) -> tuple[str, str]:
    for line in values.get("emails", ()):
        if found := _NAME_IN_ADDRESS.match(line["address"]):
            return found[1].title(), found[2].title()
    return "", ""
