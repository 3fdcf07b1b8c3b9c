"""Where the columns of a file may go, in words: what people choose from before an import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from crm_contacts.importing.lines import OTHER_KINDS, PHONE_KINDS
from crm_contacts.importing.targets import FIELDS
from crm_core.api import N_, Ctx, FieldDef, Lines, access, gettext

CONTACT = "contacts.contact"
ONLY_HERE: Mapping[str, str] = {
    "id": N_("Id in this CRM"),
    "external_id": N_("External id"),
    "full_name": N_("First and last name together"),
    "middle_name": N_("Middle name"),
    "company_external_id": N_("External id of the company"),
}
"""Targets that are no fields of a contact, or that a file may set although people don't."""
OFFERED: Mapping[str, tuple[tuple[str, ...], int]] = {
    "emails": (("address",), 2),
    "phones": (("number",), 2),
    "websites": (("url",), 1),
    "addresses": (("street", "zip", "city", "state", "country"), 1),
}
"""The parts of lines that are offered, and how many lines of a kind; what the file itself says may go beyond."""
NUMBERED = 2
"""So many lines are offered whose kind is left open."""


def fields(ctx: Ctx) -> list[tuple[str, str]]:
    """Return the targets with their labels, those the actor may set."""
    return [*_plain(ctx), *_lines(ctx), *_custom(ctx)]


def matches(ctx: Ctx, entity: str) -> list[tuple[str, str]]:
    """Return what a contact may be known by, with its label."""
    known, mask = ctx.registry.fields(CONTACT), access.readable(ctx, CONTACT)
    found = [(key, known[key].title()) for key in ("external_id", "code", "email") if key in known and key in mask]
    own = ONLY_HERE["id"]
    return [("id", gettext(own)), *found]


def _plain(ctx: Ctx) -> Iterator[tuple[str, str]]:
    known, editable = ctx.registry.fields(CONTACT), access.editable(ctx, CONTACT)
    for target in FIELDS:
        if target in ONLY_HERE:
            yield target, gettext(ONLY_HERE[target])
        elif target in editable or (target == "code" and target in known):
            yield target, known[target].title()


def _custom(ctx: Ctx) -> Iterator[tuple[str, str]]:
    editable = access.editable(ctx, CONTACT)
    for key, found in ctx.registry.fields(CONTACT).items():
        if key.startswith("cf.") and key in editable:
            yield key, found.title()


def _lines(ctx: Ctx) -> Iterator[tuple[str, str]]:
    known, editable = ctx.registry.fields(CONTACT), access.editable(ctx, CONTACT)
    for group, (parts, count) in OFFERED.items():
        kind = known[group].type
        if group not in editable or not isinstance(kind, Lines):
            continue
        own = {f.key: f for f in kind.line.fields}
        kinds = PHONE_KINDS if group == "phones" else OTHER_KINDS
        slots = [*_slots(ctx, own["kind"], kinds, count), *((str(n), str(n)) for n in range(1, NUMBERED + 1))]
        yield from ((f"{group}.{slot}.{part}", f"{own[part].title()} – {label}") for slot, label in slots
                    for part in parts)  # fmt: skip


def _slots(ctx: Ctx, kind: FieldDef, kinds: Sequence[str], count: int) -> Iterator[tuple[str, str]]:
    """Yield the kinds of lines that columns can be for, with their labels, and the further lines of each kind."""
    for code in kinds:
        label = kind.type.show(code, ctx)
        yield code, label
        yield from ((f"{code}{number}", f"{label} {number}") for number in range(2, count + 1))
