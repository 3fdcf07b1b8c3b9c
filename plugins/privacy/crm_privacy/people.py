"""Contacts as personal data: what stays of an anonymous one, and what it is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_contacts.api import CONTACT

from crm_core.api import N_, Ctx, PersonalData, gettext


def anonymous(ctx: Ctx, record: Any) -> Mapping[str, Any]:
    """Return the values of an anonymous contact."""
    name = gettext(N_("Anonymous"))
    if record.kind == "company":
        return {"name": f"{name} {record.id}"}
    return {"first_name": name, "last_name": str(record.id)}


CONTACTS = PersonalData(
    entity=CONTACT,
    keep=("kind", "origin", "nature", "type", "temperature", "qualification", "prospect_status", "prospect_level",
          "industry", "size", "source", "score", "key_account", "currency", "language", "country",
          "opt_out_email", "opt_out_call", "opt_out_fax", "managers", "salespeople", "account_owner"),
    identifying=("name", "emails.address", "phones.number", "websites.url", "addresses.street", "addresses.recipient",
                 "external_id", "code"),
    replace=anonymous,
)  # fmt: skip
