"""How automations, their runs and notices are listed, and where the settings lead to them."""

from __future__ import annotations

from crm_automations.fields import AUTOMATION
from crm_automations.models import NOTICE, RUN
from crm_core.api import N_, MenuItem, SavedFilter, ViewDef

VIEWS = (
    ViewDef(
        entity=AUTOMATION,
        columns=("name", "active", "watched", "trigger", "owner", "updated_at"),
        sort="name",
        quick=("active", "watched", "trigger"),
        sections=(
            ("general", N_("General")), ("when", N_("When")), ("if", N_("If")), ("then", N_("Then")),
            ("access", N_("Whose rights it has")),
        ),
        card=("watched", "trigger"),
    ),
    ViewDef(
        entity=RUN,
        columns=("created_at", "name", "record", "event", "outcome", "detail"),
        sort="-created_at",
        quick=("outcome", "automation", "event"),
        saved=(
            SavedFilter(key="all", label=N_("All runs"), filter=""),
            SavedFilter(key="failed", label=N_("Failed or stopped"), filter='outcome in ("failed", "stopped")'),
        ),
    ),
    ViewDef(
        entity=NOTICE,
        columns=("name", "record", "source", "created_at", "done"),
        sort="-created_at",
        saved=(
            SavedFilter(key="new", label=N_("New notices"), filter="owner = me and done != true"),
            SavedFilter(key="all", label=N_("All notices"), filter="owner = me"),
        ),
    ),
)  # fmt: skip
MENU = (
    MenuItem(
        label=N_("Automations"), url="/automations", icon="robot", section="settings", admin=True, entity=AUTOMATION,
        weight=70,
    ),
    MenuItem(
        label=N_("Runs of automations"), url="/automation-runs", icon="list-check", section="settings", admin=True,
        entity=RUN, weight=71,
    ),
)  # fmt: skip
