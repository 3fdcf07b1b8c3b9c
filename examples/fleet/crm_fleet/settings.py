"""Options and reference lists."""

from __future__ import annotations

from crm_core.api import N_, Entry, Integer, ListDef, SettingDef

NOTICE = SettingDef(
    key="notice_days",
    type=Integer(0, 365),
    label=N_("Notice before an inspection"),
    default=30,
    help=N_("Days before an inspection on which a note is written on the vehicle"),
)
STATUS = ListDef(
    key="fleet.status",
    label=N_("Statuses of vehicles"),
    entries=(
        Entry(code="free", label=N_("Free"), colour="#2f9e6e"),
        Entry(code="driven", label=N_("Driven"), colour="#3b7dd8"),
        Entry(code="workshop", label=N_("In the workshop"), colour="#d9822b"),
        Entry(code="sold", label=N_("Sold"), colour="#8d8a83"),
    ),
)
