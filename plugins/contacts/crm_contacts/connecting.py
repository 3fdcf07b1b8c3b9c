"""What the links of contacts are called where connections are shown (CT-24, CT-50, CT-74)."""

from __future__ import annotations

from typing import Any

from crm_contacts.computing import CONTACT, RELATION, relation_label
from crm_core.api import N_, Connection, Ctx


def relation_words(ctx: Ctx, code: Any) -> tuple[str, str]:
    """Return a relationship as its first side says it, and as the other does."""
    return relation_label(ctx, code, reverse=False), relation_label(ctx, code, reverse=True)


CONNECTIONS = (
    Connection(entity=CONTACT, field="companies", label=N_("Belongs to"), reverse=N_("Has as contact"),
               covers=("company",)),
    Connection(entity=RELATION, field="contact", label=N_("Related to"), reverse=N_("Related to"), named_by="relation",
               words=relation_words),
)  # fmt: skip
"""The main company is always among all companies (CT-50), so it says nothing more."""
