"""How companies and memberships are listed, and where the settings lead to them."""

from __future__ import annotations

from crm_companies.models import COMPANY, MEMBERSHIP
from crm_core.api import N_, MenuItem, ViewDef

VIEWS = (
    ViewDef(entity=COMPANY, columns=("name", "description", "updated_at"), sort="name"),
    ViewDef(entity=MEMBERSHIP, columns=("name", "companies", "main", "active"), sort="name", quick=("companies",)),
)
MENU = (
    MenuItem(
        label=N_("Group companies"), url="/group-companies", icon="buildings", section="settings", admin=True,
        entity=COMPANY, weight=60,
    ),
    MenuItem(
        label=N_("Who works for which company"), url="/company-memberships", icon="person-badge", section="settings",
        admin=True, entity=MEMBERSHIP, weight=61,
    ),
)  # fmt: skip
