"""Settings of personal data."""

from __future__ import annotations

from crm_core.api import N_, Integer, SettingDef

KEEP_DAYS = "privacy.keep_days"

SETTINGS = (
    SettingDef(key="keep_days", type=Integer(1, 90), label=N_("Days an archive of a person is kept"), default=7),
)
