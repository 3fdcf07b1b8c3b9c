"""From the texts of one record to the values of a contact, with what is wrong noted.

A ``Draft`` collects texts by field, whatever the format of the file; ``finish`` makes the values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from crm_contacts.importing.identity import identify
from crm_contacts.importing.lines import addresses, emails, phones, websites
from crm_contacts.importing.normalise import BadValue, DateOrder, birthday, fold, many_lines, one_line, truth
from crm_contacts.importing.places import currency, language
from crm_contacts.importing.rows import Report, RowProblem
from crm_contacts.importing.targets import OPT_OUTS, TEXTS

# Separates the items of a real list: a noncharacter of Unicode, which no text holds and which is no blank.
UNIT = "\ufdd0"

_JOINED = {"description": "\n", "tags": UNIT, "companies": UNIT, "nature": UNIT, "middle_name": " "}
_PLAIN = ("job_title", "company", "company_external_id", "description", "code", "external_id", "id", *TEXTS)
_LONG_PARTS = frozenset({"street", "formatted"})
_NATURES = {
    "prospect": "prospect",
    "customer": "customer",
    "client": "customer",
    "supplier": "supplier",
    "vendor": "supplier",
    "fournisseur": "supplier",
}
_NATURE_GAP = re.compile(rf"[,;/+{UNIT}]|\bet\b|\band\b")
_LIST_GAP = re.compile(rf"[;{UNIT}]|:::")
# Groups that Google Contacts and Android make for everybody.
_SYSTEM_TAGS = frozenset({"* mycontacts", "* my contacts", "* mes contacts", "* starred", "starred in android"})


@dataclass(frozen=True, slots=True)
class Rules:
    """How the texts of one source are read.

    ``kind`` is the kind of a record that does not say; ``tag_gap`` is the pattern between tags in one text;
    ``names_from_email`` lets ``anne.martin@…`` name a person who has no other name; ``joiner`` stands between texts of
    several columns that a person wants in one field.
    """

    region: str = "FR"
    date_order: DateOrder = "dmy"
    kind: str | None = None
    tag_gap: str = r"[,;]|:::"
    lenient: bool = False
    names_from_email: bool = False
    joiner: str = " "


class Draft:
    """The texts of one record: ``text`` by field, ``lines`` by group (``emails`` …), slot and part."""

    __slots__ = ("custom", "joined", "joiner", "lines", "text")

    def __init__(self, joined: Collection[str] = (), joiner: str = " ") -> None:
        """Begin with nothing; the texts of the targets ``joined`` are put together with ``joiner``."""
        self.joined, self.joiner = joined, joiner
        self.text: dict[str, str] = {}
        self.custom: dict[str, str] = {}
        self.lines: dict[str, dict[str, dict[str, str]]] = {}

    def put(self, field: str, text: str) -> None:
        """Add a text; a second one for the same field is joined if the field can hold both, else the first stays."""
        text = many_lines(text) if field == "description" else one_line(text)
        if not text:
            return
        between = _JOINED.get(field)
        if field not in self.text:
            self.text[field] = text
        elif field in self.joined and between != UNIT:
            self.text[field] += self.joiner + text
        elif between is not None:
            self.text[field] += between + text

    def put_part(self, group: str, slot: str, part: str, text: str) -> None:
        """Add a part of a line, such as ``("addresses", "home", "city", "Lyon")``; the first text stays."""
        text = many_lines(text) if part in _LONG_PARTS else one_line(text)
        if text:
            parts = self.lines.setdefault(group, {}).setdefault(slot, {})
            both = part in parts and f"{group}.{slot}.{part}" in self.joined
            parts[part] = f"{parts[part]}{self.joiner}{text}" if both else parts.get(part, text)

    def put_custom(self, field: str, text: str) -> None:
        """Add the text of a custom field, named ``cf.key``."""
        text = many_lines(text)
        if text and field in self.custom and field in self.joined:
            self.custom[field] += self.joiner + text
        elif text:
            self.custom.setdefault(field, text)


def finish(draft: Draft, rules: Rules) -> tuple[dict[str, Any], list[RowProblem]]:
    """Return the values of a contact and the problems; only fields that the record fills are among the values."""
    report = Report(rules.lenient)
    values: dict[str, Any] = {}
    _lines(draft.lines, values, rules, report)
    text = draft.text
    identify(text, values, report, kind=rules.kind, guess=rules.names_from_email)
    for field in _PLAIN:
        if field in text:
            values[field] = text[field]
    if values["kind"] == "company" and fold(values.get("company", "")) == fold(values.get("name", "")):
        values.pop("company", None)
    _lists(text, values, rules, report)
    for field, convert in _CONVERTED:
        if field in text:
            try:
                value = convert(text[field], rules)
            except BadValue as bad:
                report.bad_value(field, bad.code, text[field])
            else:
                if value is not None:
                    values[field] = value
    if draft.custom:
        values["custom"] = draft.custom
    return values, report.problems


def _flag(text: str) -> bool:
    answer = truth(text)
    if answer is None:
        raise BadValue("flag")
    return answer


_CONVERTED: tuple[tuple[str, Callable[[str, Rules], Any]], ...] = (
    ("birthday", lambda text, rules: birthday(text, rules.date_order)),
    ("language", lambda text, rules: language(text)),
    ("currency", lambda text, rules: currency(text)),
    *((field, lambda text, rules: _flag(text)) for field in OPT_OUTS),
)


def _lines(lines: dict[str, dict[str, dict[str, str]]], values: dict[str, Any], rules: Rules, report: Report) -> None:
    for group, slots in lines.items():
        if group == "emails":
            found = emails(slots, report)
        elif group == "phones":
            found = phones(slots, report, rules.region)
        elif group == "addresses":
            found = addresses(slots, report)
        else:
            found = websites(slots, report)
        if found:
            values[group] = found


def _lists(text: dict[str, str], values: dict[str, Any], rules: Rules, report: Report) -> None:
    if "tags" in text and (tags := split_tags(text["tags"], rules.tag_gap)):
        values["tags"] = tags
    if "companies" in text:
        values["companies"] = _unique(_LIST_GAP.split(text["companies"]))
    if "nature" in text and (natures := _nature(text["nature"], report)):
        values["nature"] = natures


def _nature(text: str, report: Report) -> list[str]:
    found: list[str] = []
    for word in _unique(_NATURE_GAP.split(text)):
        nature = _NATURES.get(fold(word))
        if nature is None:
            report.bad_value("nature", "nature", word)
        else:
            found.append(nature)
    return _unique(found)


def split_tags(text: str, gap: str) -> list[str]:
    """Return the tags in a text, each once; a JSON list is understood, groups that everybody has are left out."""
    if text.startswith("["):
        with suppress(ValueError):
            text = UNIT.join(str(item) for item in json.loads(text))
    tags = re.split(rf"{gap}|{UNIT}", text)
    return _unique(tag.strip().removeprefix("* ") for tag in tags if fold(tag) not in _SYSTEM_TAGS)


def _unique(texts: Iterable[str]) -> list[str]:
    """Return the texts without blanks around them, each once whatever its case."""
    found: dict[str, str] = {}
    for text in texts:
        if text := text.strip():
            found.setdefault(fold(text), text)
    return list(found.values())
