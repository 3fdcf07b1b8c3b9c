"""Settings of automations."""

from __future__ import annotations

from crm_core.api import N_, Integer, LongText, SettingDef

MAX_DEPTH, PRIVATE_HOSTS = "automations.max_depth", "automations.private_hosts"
TRIES, KEEP_DAYS = "automations.webhook_tries", "automations.keep_days"

SETTINGS = (
    SettingDef(
        key="max_depth",
        type=Integer(1, 20),
        label=N_("Automations in a row"),
        default=5,
        help=N_("How many may set each other off before the chain is stopped"),
    ),
    SettingDef(
        key="private_hosts",
        type=LongText(10_000),
        label=N_("Hosts of one's own that may be called"),
        default="",
        help=N_(
            "Names or addresses with or without a port, separated by spaces; others in private networks are refused"
        ),
    ),
    SettingDef(
        key="webhook_tries",
        type=Integer(1, 10),
        label=N_("How often a web address is tried"),
        default=6,
        help=N_("The pauses grow from 10 seconds to an hour; then it is an incident"),
    ),
    SettingDef(
        key="keep_days",
        type=Integer(1, 3650),
        label=N_("Days the log of runs is kept"),
        default=90,
    ),
)
