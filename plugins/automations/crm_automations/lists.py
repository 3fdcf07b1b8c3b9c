"""The fixed choices of automations."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.api import N_

CREATED, CHANGED, DATE, BUTTON = "created", "changed", "date", "button"
TRIGGERS: Mapping[str, str] = {
    CREATED: N_("A record is created"),
    CHANGED: N_("A field changes"),
    DATE: N_("A date is reached"),
    BUTTON: N_("Somebody presses a button"),
}
UNITS: Mapping[str, str] = {"minutes": N_("Minutes"), "hours": N_("Hours"), "days": N_("Days")}
SET, ASSIGN, CREATE, NOTIFY, WEBHOOK, ACTION = "set", "assign", "create", "notify", "webhook", "action"
KINDS: Mapping[str, str] = {
    SET: N_("Set a field"),
    ASSIGN: N_("Give it to an owner"),
    CREATE: N_("Create a record"),
    NOTIFY: N_("Notify a person"),
    WEBHOOK: N_("Call a web address"),
    ACTION: N_("Run an action"),
}
OUTCOMES: Mapping[str, str] = {
    "done": N_("Done"),
    "skipped": N_("The condition does not hold"),
    "failed": N_("Failed"),
    "stopped": N_("Stopped: a loop"),
}
