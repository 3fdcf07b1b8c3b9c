"""What each person chooses of activities."""

from __future__ import annotations

from crm_core.api import N_, Boolean, PreferenceDef

REMIND_OF_FOLLOW_UPS = "activities.follow_up_reminders"
PREFERENCES = (
    PreferenceDef(
        key=REMIND_OF_FOLLOW_UPS, type=Boolean(), label=N_("Allow contact follow-up date reminders"), default=False,
        help=N_("You are reminded of follow-ups that have a time, at that time"),
    ),
)  # fmt: skip
