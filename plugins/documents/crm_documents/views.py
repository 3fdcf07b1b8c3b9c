"""How documents are listed, who may do what with them unless an administrator decides, and where the menu leads."""

from __future__ import annotations

from crm_core.api import N_, MenuItem, SavedFilter, ViewDef
from crm_documents.rules import DOCUMENT, VERSION

VIEWS = (
    ViewDef(
        entity=DOCUMENT,
        columns=("name", "record", "kind", "size", "number", "created_by", "updated_at"),
        sort="-updated_at",
        quick=("kind", "created_by"),
        saved=(
            SavedFilter(key="all", label=N_("All documents"), filter=""),
            SavedFilter(key="mine", label=N_("Uploaded by me"), filter="created_by = me"),
            SavedFilter(key="week", label=N_("New this week"), filter="created_at >= -7d"),
            SavedFilter(key="unread", label=N_("Not searched"), filter='text_state = "skipped"'),
        ),
        sections=(("general", N_("General")), ("file", N_("File"))),
        card=("record", "size"),
    ),
    ViewDef(
        entity=VERSION, columns=("name", "document", "number", "size", "note", "created_by", "created_at"),
        sort="-created_at", card=("document", "number"),
    ),
)  # fmt: skip
MENU = (MenuItem(label=N_("Documents"), url="/documents", icon="file-earmark-text", weight=80, entity=DOCUMENT),)
