"""Contacts written as vCards (RFC 2426, version 3.0: what every address book reads)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

from crm_contacts.models import CONTACT
from crm_core.api import N_, Ctx, ExportFormat, ExportSheet, Row

FIELDS = (
    "kind", "first_name", "last_name", "name", "company", "job_title", "emails", "phones", "websites", "addresses",
    "tags", "birthday", "description", "language", "external_id",
)  # fmt: skip
_WIDTH = 75
"""Octets of a line, its end left out (RFC 2426 section 2.6)."""
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": None, ",": "\\,", ";": "\\;"})
_PHONES: Mapping[str, str] = {"mobile": "CELL", "work": "WORK,VOICE", "home": "HOME,VOICE", "fax": "FAX"}
_PLACES: Mapping[str, str] = {"work": "WORK", "home": "HOME"}


def write(ctx: Ctx, sheet: ExportSheet, rows: Iterable[Row], target: IO[bytes]) -> None:
    """Write one card a contact."""
    for row in rows:
        lines = ("BEGIN:VCARD", "VERSION:3.0", *_properties(ctx, row), "END:VCARD")
        target.write(b"".join(folded(line) for line in lines))


def folded(line: str) -> bytes:
    """Return a line of at most 75 octets, and what is left of it in lines that begin with a blank."""
    rest, parts = line.encode(), []
    room = _WIDTH
    while len(rest) > room:
        cut = room
        while rest[cut] & 0xC0 == 0x80:  # not inside a character
            cut -= 1
        parts.append(rest[:cut])
        rest, room = rest[cut:], _WIDTH - 1
    return b"\r\n ".join((*parts, rest)) + b"\r\n"


def _properties(ctx: Ctx, row: Row) -> Iterator[str]:
    values = row.values
    yield f"FN:{_text(values.get('name'))}"
    if values.get("kind") == "company":
        yield "N:;;;;"
        yield f"ORG:{_text(values.get('name'))}"
        yield "KIND:org"
        yield "X-ABSHOWAS:COMPANY"
    else:
        yield f"N:{_text(values.get('last_name'))};{_text(values.get('first_name'))};;;"
        if company := row.labels.get("company"):
            yield f"ORG:{_text(company)}"
    plain = {"TITLE": "job_title", "NOTE": "description", "LANG": "language", "UID": "external_id"}
    yield from (f"{name}:{_text(values[key])}" for name, key in plain.items() if values.get(key))
    if values.get("birthday"):
        yield f"BDAY:{values['birthday'].isoformat()}"
    if names := [tag.name for i in values.get("tags") or () if (tag := ctx.directory.tag(i))]:
        yield f"CATEGORIES:{','.join(map(_text, names))}"
    yield from _lines(values)


def _lines(values: Mapping[str, Any]) -> Iterator[str]:
    for line in values.get("emails") or ():
        yield f"EMAIL{_types('INTERNET', _PLACES.get(line['kind']), line.get('primary'))}:{_text(line['address'])}"
    for line in values.get("phones") or ():
        yield f"TEL{_types(_PHONES.get(line['kind']), None, line.get('primary'))}:{_text(line['number'])}"
    for line in values.get("websites") or ():
        yield f"URL{_types(_PLACES.get(line['kind']), None, False)}:{_text(line['url'])}"
    for line in values.get("addresses") or ():
        parts = ";".join(_text(line.get(part)) for part in ("street", "city", "state", "zip", "country"))
        yield f"ADR{_types(_PLACES.get(line['kind']), None, line.get('is_default'))}:;;{parts}"


def _types(first: str | None, second: str | None, preferred: Any) -> str:
    found = [name for name in (first, second, "PREF" if preferred else None) if name]
    return f";TYPE={','.join(found)}" if found else ""


def _text(value: Any) -> str:
    return str(value or "").translate(_ESCAPES)


CARDS = ExportFormat(
    entity=CONTACT, key="vcard", label=N_("vCard address book"), ending="vcf", content_type="text/vcard", write=write,
    fields=FIELDS,
)  # fmt: skip
