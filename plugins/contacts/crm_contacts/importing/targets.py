"""Where a column may go: the fields of a contact and the parts of its lines, by the names of the product's vocabulary.

``first_name`` is a field; ``emails.1.address`` and ``addresses.home.city`` are parts of a line (group, slot, part),
where a slot is a number or a kind, with a number behind it for a second line of that kind (``phones.work2.number``);
``cf.score`` is a custom field; ``city`` is short for ``addresses.work.city``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Fields whose texts are entries of lists, or otherwise for the one who writes the row to understand.
TEXTS = (
    "type",
    "temperature",
    "qualification",
    "role",
    "industry",
    "source",
    "prospect_status",
    "prospect_level",
    "size",
    "score",
    "visibility",
)
OPT_OUTS = ("opt_out_email", "opt_out_call", "opt_out_fax")
FIELDS = (
    "kind",
    "first_name",
    "middle_name",
    "last_name",
    "full_name",
    "job_title",
    "name",
    "company",
    "company_external_id",
    "companies",
    "description",
    "tags",
    "birthday",
    "language",
    "currency",
    "code",
    "nature",
    "external_id",
    "id",
    *TEXTS,
    *OPT_OUTS,
)
# Fields that several columns may feed together.
MANY = frozenset({"middle_name", "companies", "description", "tags", "nature"})
JOINED = frozenset({"first_name", "last_name", "full_name", "name", "job_title", "description", "middle_name"})
"""Fields whose texts several columns may make together, if a person says so."""
JOINED_PARTS = frozenset({"street", "street2", "street3", "city", "state", "formatted"})
PARTS: Mapping[str, tuple[str, ...]] = {
    "emails": ("address", "kind", "primary"),
    "phones": ("number", "kind", "primary"),
    "websites": ("url", "kind"),
    "addresses": (
        "street",
        "street2",
        "street3",
        "po_box",
        "zip",
        "city",
        "state",
        "country",
        "formatted",
        "kind",
        "is_default",
        "is_invoicing",
        "is_delivery",
    ),
}
SHORT: Mapping[str, str] = {
    "email": "emails.work.address",
    "phone": "phones.work.number",
    "mobile": "phones.mobile.number",
    "fax": "phones.fax.number",
    "website": "websites.work.url",
    "street": "addresses.work.street",
    "street2": "addresses.work.street2",
    "city": "addresses.work.city",
    "zip": "addresses.work.zip",
    "state": "addresses.work.state",
    "country": "addresses.work.country",
    "address": "addresses.work.street",
}

_CUSTOM = re.compile(r"cf\.[a-z][a-z0-9_]*")
_SLOT = re.compile(r"[a-z]*\d*")


def canonical(name: str) -> str | None:
    """Return the full target a name stands for, ``None`` if there is no such field."""
    name = name.strip()
    if name in FIELDS or _CUSTOM.fullmatch(name):
        return name
    if name in SHORT:
        return SHORT[name]
    group, _, rest = name.partition(".")
    if group not in PARTS:
        return None
    slot, _, part = rest.partition(".")
    if not rest or (not part and slot in PARTS[group]):
        slot, part = "1", slot
    part = part or PARTS[group][0]
    return f"{group}.{slot}.{part}" if _SLOT.fullmatch(slot) and slot and part in PARTS[group] else None


def split(target: str) -> tuple[str, str, str]:
    """Return group, slot and part of a line's target; a field has only a group."""
    group, _, rest = target.partition(".")
    if group not in PARTS:
        return target, "", ""
    slot, _, part = rest.partition(".")
    return group, slot, part


def suggestions() -> tuple[str, ...]:
    """Return the names to compare a misspelt one with."""
    lines = tuple(f"{group}.1.{part}" for group, parts in PARTS.items() for part in parts)
    return (*FIELDS, *SHORT, *PARTS, *lines)
