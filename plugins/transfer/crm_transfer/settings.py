"""Settings of import and export."""

from __future__ import annotations

from crm_core.api import N_, Integer, SettingDef

KEEP_DAYS, DIRECT_ROWS = "transfer.keep_days", "transfer.direct_rows"

SETTINGS = (
    SettingDef(
        key="keep_days", type=Integer(1, 365), label=N_("Days an export is kept"), default=7,
        help=N_("Those that are repeated stay until somebody deletes them"),
    ),
    SettingDef(
        key="direct_rows", type=Integer(0, 1_000_000), label=N_("Rows that are sent at once"), default=20_000,
        help=N_("A longer list is written in the background, with progress, and can be fetched then"),
    ),
)  # fmt: skip
