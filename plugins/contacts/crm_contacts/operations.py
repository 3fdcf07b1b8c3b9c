"""The verbs of contacts: open to everyone, close again, record a relationship."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_core.api import N_, ActionDef, Choice, Ctx, FieldDef, Invalid, Link, Problem, Text, records

CONTACT, RELATION = "contacts.contact", "contacts.relation"


def make_public(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Let every CRM user read a contact, or read and write it (CT-15)."""
    found: Any = records.update(ctx, CONTACT, record.id, {"visibility": data["access"]})
    return {"visibility": found.visibility, "version": found.version}


def make_private(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Show a contact to its owner, managers and salespeople only (CT-14)."""
    found: Any = records.update(ctx, CONTACT, record.id, {"visibility": "private"})
    return {"visibility": found.visibility, "version": found.version}


def relate(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Record a relationship with another contact the actor may see (CT-74).

    Raises:
        Invalid: it is the contact itself.
    """
    if data["other"] == record.id:
        raise Invalid([Problem("other", "self", N_("A contact has no relationship with itself"))])
    sides = (record.id, data["other"])
    first, second = sides[::-1] if data["direction"] == "reverse" else sides
    values = {"contact": first, "relation": data["relation"], "other": second, "note": data["note"]}
    made = records.create(ctx, RELATION, values)
    return {"id": made.id}


def _form(key: str, kind: Any, label: str, **options: Any) -> FieldDef:
    return FieldDef(entity=CONTACT, key=key, type=kind, label=label, **options)


ACTIONS = (
    ActionDef(
        entity=CONTACT,
        name="make_public",
        label=N_("Allow access for all CRM users"),
        handler=make_public,
        icon="globe",
        form=(
            _form(
                "access",
                Choice(choices={"read": N_("Reading"), "write": N_("Reading and writing")}),
                N_("Access"),
                required=True,
                default="read",
            ),
        ),
        available=lambda ctx, record: record.visibility not in ("read", "write"),
    ),
    ActionDef(
        entity=CONTACT,
        name="make_private",
        label=N_("Show to managers and salespeople only"),
        handler=make_private,
        icon="lock",
        available=lambda ctx, record: record.visibility != "private",
    ),
    ActionDef(
        entity=CONTACT,
        name="relate",
        label=N_("Record a relationship"),
        handler=relate,
        icon="diagram-3",
        bulk=False,
        form=(
            _form("relation", Choice("contacts.relation"), N_("Relationship"), required=True),
            _form("other", Link(CONTACT), N_("Other contact"), required=True),
            _form(
                "direction",
                Choice(choices={"forward": N_("From this contact to the other"), "reverse": N_("The other way round")}),
                N_("Direction"),
                required=True,
                default="forward",
            ),
            _form("note", Text(500), N_("Remark")),
        ),
    ),
)
