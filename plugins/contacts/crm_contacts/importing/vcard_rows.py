"""From the properties of a card to the draft of a contact."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from crm_contacts.importing.assemble import UNIT, Draft
from crm_contacts.importing.vcards import Card, Property

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_TOKEN = re.compile(r"\\.|.", re.DOTALL)
_LABEL = re.compile(r"_\$!<(.*)>!\$_")
_NAME_PARTS = ("last_name", "first_name", "middle_name")
_ADDRESS_PARTS = ("po_box", "street2", "street", "city", "state", "zip", "country")
# Types that say how a line is used, not whose it is.
_NO_KIND = frozenset({"pref", "internet", "voice", "msg", "x400", "video", "text", "intl", "dom", "postal", "parcel"})
_PLAIN: Mapping[str, str] = {
    "FN": "full_name",
    "TITLE": "job_title",
    "NOTE": "description",
    "BDAY": "birthday",
    "LANG": "language",
}
_SILENT = frozenset({"VERSION", "X-ABLABEL", "X-ABSHOWAS", "KIND", "X-ADDRESSBOOKSERVER-KIND"})


def unescape(text: str) -> str:
    r"""Undo the escapes of RFC 6350 section 3.4: ``\n``, ``\,``, ``\;`` and ``\\``; others are left alone."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda m: "\n" if m[1] in "nN" else m[1] if m[1] in ",;:\\" else m[0], text)


def split_unescaped(text: str, separator: str) -> list[str]:
    """Split at separators that no backslash precedes, then undo the escapes."""
    if "\\" not in text:
        return text.split(separator)
    parts = [""]
    for token in _TOKEN.findall(text):
        if token == separator:
            parts.append("")
        else:
            parts[-1] += token
    return [unescape(part) for part in parts]


def draft_card(card: Card) -> tuple[Draft, list[str], bool]:
    """Return the draft of a card, the properties that were not used, and whether it is a group of contacts."""
    draft = Draft()
    labels = {p.group: p.text for p in card.properties if p.name == "X-ABLABEL" and p.group}
    unused = list(card.dropped)
    group = False
    for number, found in enumerate(card.properties):
        use = _USES.get(found.name)
        if use:
            use(draft, found, str(number), labels.get(found.group, ""))
        elif found.name in _PLAIN:
            draft.put(_PLAIN[found.name], unescape(found.text))
        elif found.name in ("KIND", "X-ADDRESSBOOKSERVER-KIND"):
            group = group or found.text.strip().lower() == "group"
        elif found.name not in _SILENT:
            unused.append(found.name)
    if any(_says_company(found) for found in card.properties):
        draft.put("kind", "company")
    if "job_title" not in draft.text:
        for found in card.properties:
            if found.name == "ROLE":
                draft.put("job_title", unescape(found.text))
    return draft, unused, group


def _says_company(found: Property) -> bool:
    text = found.text.strip().lower()
    return (found.name == "KIND" and text in ("org", "organization")) or (
        found.name == "X-ABSHOWAS" and text == "company"
    )


def _name(draft: Draft, found: Property, slot: str, label: str) -> None:
    for field, text in zip(_NAME_PARTS, split_unescaped(found.text, ";"), strict=False):
        draft.put(field, text.replace(",", " ") if field == "middle_name" else text)


def _organisation(draft: Draft, found: Property, slot: str, label: str) -> None:
    draft.put("company", split_unescaped(found.text, ";")[0])


def _role(draft: Draft, found: Property, slot: str, label: str) -> None:
    """Leave it for later: a role is the job title only where there is no title."""


def _categories(draft: Draft, found: Property, slot: str, label: str) -> None:
    draft.put("tags", UNIT.join(split_unescaped(found.text, ",")))


def _uid(draft: Draft, found: Property, slot: str, label: str) -> None:
    draft.put("external_id", unescape(found.text).strip().removeprefix("urn:uuid:"))


def _line(group: str, part: str) -> Callable[[Draft, Property, str, str], None]:
    def put(draft: Draft, found: Property, slot: str, label: str) -> None:
        text = unescape(found.text).strip()
        if group == "phones":
            text = _dialled(text)
        draft.put_part(group, slot, part, text)
        _kind(draft, group, slot, found, label)

    return put


def _dialled(text: str) -> str:
    """Return the number of a ``tel:`` address (RFC 3966) as people write it."""
    if not text.lower().startswith("tel:"):
        return text
    number, *parameters = unquote(text[4:]).split(";")
    extension = next((given[4:] for given in parameters if given.lower().startswith("ext=")), "")
    return f"{number} ext. {extension}" if extension else number


def _address(draft: Draft, found: Property, slot: str, label: str) -> None:
    for part, text in zip(_ADDRESS_PARTS, split_unescaped(found.text, ";"), strict=False):
        draft.put_part("addresses", slot, part, text)
    _kind(draft, "addresses", slot, found, label)


def _kind(draft: Draft, group: str, slot: str, found: Property, label: str) -> None:
    words = [word for word in found.types if word not in _NO_KIND]
    named = _LABEL.sub(r"\1", unescape(label))
    draft.put_part(group, slot, "kind", named if named and not words else " ".join(words))
    if "pref" in found.types or found.parameters.get("PREF", "").strip() == "1":
        draft.put_part(group, slot, "is_default" if group == "addresses" else "primary", "1")


_USES: Mapping[str, Callable[[Draft, Property, str, str], None]] = {
    "N": _name,
    "ORG": _organisation,
    "ROLE": _role,
    "CATEGORIES": _categories,
    "UID": _uid,
    "EMAIL": _line("emails", "address"),
    "TEL": _line("phones", "number"),
    "URL": _line("websites", "url"),
    "ADR": _address,
}
