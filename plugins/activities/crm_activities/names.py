"""Names and fixed choices of activities."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.api import N_

EVENT, TASK, FOLLOW_UP = "activities.event", "activities.task", "activities.follow_up"
RESOURCE, TEMPLATE = "activities.resource", "activities.reminder_template"
CONTACT = "contacts.contact"

TYPES: Mapping[str, str] = {
    "event": N_("Event"),
    "meeting": N_("Meeting"),
    "call": N_("Call"),
    "note": N_("Note"),
    "task": N_("Task"),
    "absence": N_("Absence"),
}
"""Types are fixed (AC-52)."""
WITH_STATUS = ("event", "meeting", "call", "task")
"""Types that are planned, done or cancelled (AC-59)."""
OFFERED = ("meeting", "call", "task", "note")
"""Types that a record offers a button for (AC-51)."""
STATUSES: Mapping[str, str] = {"planned": N_("Planned"), "done": N_("Done"), "cancelled": N_("Cancelled")}
TASK_STATUSES: Mapping[str, str] = {"open": N_("Open"), "closed": N_("Closed")}
PRIORITIES: Mapping[str, str] = {"low": N_("Low"), "normal": N_("Normal"), "high": N_("High"), "urgent": N_("Urgent")}
COLOURS: Mapping[str, str] = {
    "blue": N_("Blue"), "green": N_("Green"), "orange": N_("Orange"), "red": N_("Red"), "violet": N_("Violet"),
    "grey": N_("Grey"),
}  # fmt: skip
HEX: Mapping[str, str] = {
    "blue": "#1d5b9b", "green": "#17724a", "orange": "#9a5200", "red": "#b3261e", "violet": "#6d3fa0",
    "grey": "#5b5853",
}  # fmt: skip
"""Colours dark enough for white text on them (4.5:1)."""
TASK_REMINDERS: Mapping[str, str] = {
    "never": N_("Never"), "5": N_("5 minutes before"), "15": N_("15 minutes before"), "30": N_("Half an hour before"),
    "60": N_("An hour before"), "120": N_("2 hours before"), "1440": N_("A day before"),
}  # fmt: skip
"""Minutes before the due date, and never; nothing else (AC-08, AC-09)."""
ANSWERS: Mapping[str, str] = {"yes": N_("Yes"), "no": N_("No"), "maybe": N_("Maybe")}
DIRECTIONS: Mapping[str, str] = {"outbound": N_("Outgoing"), "inbound": N_("Incoming")}
MODES: Mapping[str, str] = {"before": N_("Before the start"), "at": N_("At a date")}
UNITS: Mapping[str, str] = {
    "minutes": N_("Minutes"), "hours": N_("Hours"), "days": N_("Days"), "weeks": N_("Weeks"),
}  # fmt: skip
AUDIENCES: Mapping[str, str] = {"me": N_("For me"), "all": N_("For all")}
MODELS: Mapping[str, str] = {"EventReminder": N_("Reminder of an event")}
MEDIA: Mapping[str, str] = {"email": N_("E-mail")}
RESOURCE_KINDS: Mapping[str, str] = {"room": N_("Room"), "vehicle": N_("Vehicle"), "equipment": N_("Equipment")}
SCOPES: Mapping[str, str] = {
    "this": N_("Only this one"), "following": N_("This one and those after it"), "all": N_("All of them"),
}  # fmt: skip
