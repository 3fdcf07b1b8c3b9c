"""How consents, archives, erasures and rules are listed, and where the settings lead to them."""

from __future__ import annotations

from crm_core.api import N_, GrantDef, MenuItem, RoleDef, ViewDef
from crm_privacy.models import ARCHIVE, CONSENT, ERASURE, LOOK, RULE, RUN

VIEWS = (
    ViewDef(entity=CONSENT, columns=("contact", "channel", "state", "at", "source", "created_by"), sort="-at",
            quick=("channel", "state")),
    ViewDef(entity=ARCHIVE, columns=("name", "record", "state", "records", "file", "ended_at"), sort="-created_at"),
    ViewDef(entity=ERASURE, columns=("subject", "how", "reason", "created_at", "created_by", "records", "mentions"),
            sort="-created_at", quick=("how", "reason")),
    ViewDef(entity=RULE, columns=("name", "source", "filter", "how", "active"), sort="name", quick=("active",)),
    ViewDef(entity=RUN, columns=("ended_at", "name", "how", "found", "done", "kept", "failed"), sort="-created_at"),
    ViewDef(entity=LOOK, columns=("at", "name", "contact"), sort="-at"),
)  # fmt: skip
MENU = (
    MenuItem(label=N_("Retention rules"), url="/retention-rules", icon="hourglass-bottom", section="settings",
             admin=True, entity=RULE, weight=80),
    MenuItem(label=N_("Runs of rules"), url="/retention-runs", icon="list-check", section="settings", admin=True,
             entity=RUN, weight=81),
    MenuItem(label=N_("Erasures"), url="/erasures", icon="eraser", section="settings", admin=True, entity=ERASURE,
             weight=82),
    MenuItem(label=N_("Archives of persons"), url="/person-archives", icon="file-earmark-zip", section="settings",
             admin=True, entity=ARCHIVE, weight=83),
    MenuItem(label=N_("Who looked"), url="/looks", icon="eye", section="settings", admin=True, entity=LOOK, weight=84),
)  # fmt: skip
ROLES = tuple(
    RoleDef(role=role, grants=tuple(
        GrantDef(entity=entity, actions=("read", "create", "update", "delete", "export"), level="none")
        for entity in (ARCHIVE, ERASURE)
    ))
    for role in ("user",)
)  # fmt: skip
"""Archives and erasures are for administrators until one gives them to a role."""
