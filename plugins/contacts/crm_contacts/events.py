"""What the timeline of a contact tells by itself, beside what it tells of every record (KN-20)."""

from __future__ import annotations

from crm_core.api import N_, RecordedEvent

CONTACT = "contacts.contact"

EVENTS = (
    RecordedEvent(
        entity=CONTACT, key="contacts.status", label=N_("Contact status changed"), action="update",
        fields=("prospect_status",),
    ),
    RecordedEvent(
        entity=CONTACT, key="contacts.responsible", label=N_("People in charge changed"), action="update",
        fields=("owner", "team", "managers", "salespeople", "account_owner"),
    ),
)  # fmt: skip
