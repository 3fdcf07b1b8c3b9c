"""The owned lines of a contact: e-mail addresses, phones, web addresses and postal addresses.

They come as *slots*: the parts of one line as they stand in the file. ``{"1": {"address": "a@example.org :::
b@example.org", "kind": "* Work"}}`` is one slot with two addresses. The name of a slot tells the kind where no part
does: ``home2`` is a second line of kind ``home``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from crm_contacts.importing.normalise import NOTHING, BadValue, email, fold, truth, url
from crm_contacts.importing.phones import phone
from crm_contacts.importing.places import country
from crm_contacts.importing.rows import Report

Slots = Mapping[str, Mapping[str, str]]
Lines = list[dict[str, Any]]

PHONE_KINDS = ("mobile", "work", "home", "fax", "other")
OTHER_KINDS = ("work", "home", "other")

# Google Contacts puts several values of one label into one cell.
MULTIPLE = ":::"
_EMAIL_GAP = re.compile(r":::|[;,\n]")
_PHONE_GAP = re.compile(r":::|[;,\n]| / | ou | or ")
_URL_GAP = re.compile(r":::|[;\s]|,\s")
_IN_BRACKETS = re.compile(r"<([^<>]+)>\s*\Z")
_KIND_WORDS: Mapping[str, re.Pattern[str]] = {
    "fax": re.compile(r"fax|telecopie"),
    "mobile": re.compile(r"mobile|\bcell|portable|iphone|\bgsm\b|handy|\bmovil"),
    "work": re.compile(
        r"work|business|office|bureau|\bpro\b|profession|travail|compan|societe|\bmain\b|standard|arbeit"
    ),
    "home": re.compile(r"home|domicile|\bperso|prive|private|maison|privat"),
}
_STREET_PARTS = ("street", "street2", "street3", "po_box")
_PLACE_PARTS = ("city", "state", "zip", "country")
_FLAGS = ("is_default", "is_invoicing", "is_delivery")
_KEY_PARTS = ("street", *_PLACE_PARTS)


@lru_cache(maxsize=1024)
def kind_of(label: str, slot: str, phones: bool = False) -> str:
    """Return the kind that a label such as ``* Work`` or ``Work Fax`` means, without one that of the slot's name."""
    allowed = PHONE_KINDS if phones else OTHER_KINDS
    if label:
        words = fold(label)
        return next((kind for kind, word in _KIND_WORDS.items() if kind in allowed and word.search(words)), "other")
    kind = slot.rstrip("0123456789")
    return kind if kind in allowed else "other"


def emails(slots: Slots, report: Report) -> Lines:
    """Return ``[{address, kind, primary}]`` without repetitions, exactly one of them primary."""
    found: dict[str, dict[str, Any]] = {}
    for slot, parts in slots.items():
        for text in _pieces(parts.get("address", ""), _EMAIL_GAP):
            try:
                address = email(text)
            except BadValue:
                try:
                    address = email(_bare_address(text))
                except BadValue as bad:
                    report.bad_value("emails", bad.code, text)
                    continue
            line = {"address": address, "kind": kind_of(parts.get("kind", ""), slot)}
            _keep(found, address.lower(), line, parts)
    return _with_primary(found)


def phones(slots: Slots, report: Report, region: str) -> Lines:
    """Return ``[{number, kind, primary}]`` with numbers in E.164, without repetitions, exactly one of them primary."""
    found: dict[str, dict[str, Any]] = {}
    for slot, parts in slots.items():
        for text in _pieces(parts.get("number", ""), _PHONE_GAP):
            try:
                number, extension = phone(text, region)
            except BadValue as bad:
                report.bad_value("phones", bad.code, text)
                continue
            if extension:
                report.bad_value("phones", "phone_extension", text)
            line = {"number": number, "kind": kind_of(parts.get("kind", ""), slot, phones=True)}
            _keep(found, number, line, parts)
    return _with_primary(found)


def websites(slots: Slots, report: Report) -> Lines:
    """Return ``[{url, kind}]`` without repetitions."""
    found: dict[str, dict[str, Any]] = {}
    for slot, parts in slots.items():
        for text in _pieces(parts.get("url", ""), _URL_GAP):
            try:
                address = url(text)
            except BadValue as bad:
                report.bad_value("websites", bad.code, text)
                continue
            found.setdefault(address.rstrip("/"), {"url": address, "kind": kind_of(parts.get("kind", ""), slot)})
    return list(found.values())


def addresses(slots: Slots, report: Report) -> Lines:
    """Return ``[{kind, street, city, state, zip, country, is_default}]``, exactly one of them the default.

    ``is_invoicing`` and ``is_delivery`` are added where the file sets them. Parts that the file leaves empty are left
    out. A country that is not known stays as it is written, with a remark.
    """
    found: dict[str, dict[str, Any]] = {}
    for slot, parts in slots.items():
        kind = kind_of(parts.get("kind", ""), slot)
        for one in _separate(parts):
            line = _address(one, report)
            if line:
                key = "\n".join([line.get(part, "") for part in _KEY_PARTS]).casefold()
                if key not in found:
                    found[key] = {"kind": kind, **line, "is_default": False}
                for flag in _FLAGS:
                    if truth(parts.get(flag, "")):
                        found[key][flag] = True
    return _with_primary(found, "is_default")


def _separate(parts: Mapping[str, str]) -> list[Mapping[str, str]]:
    """Take apart the addresses that share one slot: ``12 rue A ::: 5 rue B`` with ``Paris ::: Lyon``."""
    if not any(MULTIPLE in text for text in parts.values()):
        return [parts]
    names = [name for name in parts if name != "kind" and name not in _FLAGS]
    columns = [[text.strip() for text in parts[name].split(MULTIPLE)] for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip_longest(*columns, fillvalue="")]


def _address(parts: Mapping[str, str], report: Report) -> dict[str, Any]:
    line: dict[str, Any] = {}
    street = "\n".join([parts[part] for part in _STREET_PARTS if parts.get(part)])
    if street:
        line["street"] = street
    for part in _PLACE_PARTS:
        if text := parts.get(part):
            line[part] = text
    if "country" in line:
        code = country(line["country"])
        if code:
            line["country"] = code
        else:
            report.remark("addresses", "country_unknown", line["country"])
    if not line and parts.get("formatted"):
        line["street"] = parts["formatted"]
    return line


def _pieces(text: str, gap: re.Pattern[str]) -> list[str]:
    """Return the values in a cell, separated by ``gap``; none where the cell says that there is none."""
    if not text or text.lower() in NOTHING:
        return []
    if not gap.search(text):
        return [text]
    return [piece.strip() for piece in gap.split(text) if piece.strip()]


def _bare_address(text: str) -> str:
    """Return the address in ``Anne Martin <anne@example.org>`` or ``mailto:anne@example.org``."""
    inner = _IN_BRACKETS.search(text)
    return (inner[1] if inner else text).strip().removeprefix("mailto:").strip()


def _keep(found: dict[str, dict[str, Any]], key: str, line: dict[str, Any], parts: Mapping[str, str]) -> None:
    """Add a line unless its value is there already; a mark as the primary one counts in any case."""
    kept = found.setdefault(key, line)
    marked = "primary" in parts and truth(parts["primary"])
    if marked or parts.get("kind", "").startswith("* "):
        kept["primary"] = True


def _with_primary(found: Mapping[str, dict[str, Any]], mark: str = "primary") -> Lines:
    """Mark exactly one line: the first that the file marks, else the first."""
    lines = list(found.values())
    chosen = next((line for line in lines if line.get(mark)), lines[0] if lines else None)
    for line in lines:
        line[mark] = line is chosen
    return lines
