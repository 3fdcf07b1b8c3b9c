"""The kinds of news of contacts, each of which people choose to be told or not."""

from __future__ import annotations

from crm_contacts.models import CONTACT
from crm_core.api import N_, NoticeKind

KINDS = (
    NoticeKind(
        key="contacts.manager", label=N_("A contact is newly assigned to you"), channels=("app", "email"),
        entity=CONTACT, on="named", fields=("managers",), subject=N_("You are now a manager of %(title)s"),
    ),
)  # fmt: skip
"""NT-11."""
