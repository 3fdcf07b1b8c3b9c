"""Reference lists of activities and what a new deployment finds in them."""

from __future__ import annotations

from crm_activities.names import TYPES
from crm_core.api import N_, Choice, Entry, FieldDef, ListDef, Text

TASK_CATEGORIES = ListDef(
    key="activities.task_category",
    label=N_("Task categories"),
    roles=(("default", N_("Default")),),
    entries=(
        Entry(code="call", label=N_("Phone call"), icon="telephone", role="default"),
        Entry(code="opportunity", label=N_("Opportunity"), icon="graph-up-arrow"),
        Entry(code="demo", label=N_("Demonstration"), icon="easel"),
        Entry(code="email", label=N_("E-mail"), icon="envelope"),
        Entry(code="fax", label=N_("Fax"), icon="printer"),
        Entry(code="control", label=N_("Execution control"), icon="clipboard-check"),
        Entry(code="lunch", label=N_("Lunch"), icon="cup-hot"),
        Entry(code="appointment", label=N_("Appointment"), icon="calendar-event"),
        Entry(code="note", label=N_("Note"), icon="journal-text"),
        Entry(code="delivery", label=N_("Delivery"), icon="truck"),
        Entry(code="social", label=N_("Social networks"), icon="share"),
        Entry(code="thanks", label=N_("Expression of gratitude"), icon="gift"),
    ),
)
"""Changed by administrators only (AC-03)."""


def _category(code: str, label: str, kind: str, short: str) -> Entry:
    return Entry(code=code, label=label, values={"type": kind, "code": short})


EVENT_CATEGORIES = ListDef(
    key="activities.event_category",
    label=N_("Event categories"),
    extra=(
        FieldDef(entity="", key="code", type=Text(20), label=N_("Code"), required=True),
        FieldDef(entity="", key="type", type=Choice(choices=TYPES), label=N_("Type of event"), required=True),
    ),
    entries=(
        _category("event", N_("Event management"), "meeting", "EVT"),
        _category("training", N_("Training"), "meeting", "TRA"),
        _category("customer", N_("Customer meeting"), "meeting", "CUS"),
        _category("supplier", N_("Supplier meeting"), "meeting", "SUP"),
        _category("internal", N_("Internal meeting"), "meeting", "INT"),
        _category("cold_call", N_("First contact"), "call", "FIR"),
        _category("support_call", N_("Support"), "call", "SUPP"),
        _category("leave", N_("Leave"), "absence", "LEA"),
        _category("sick", N_("Sickness"), "absence", "SIC"),
    ),
)
"""A category needs a name, a code and a type of event (AC-54), and goes with events of that type (AC-55)."""

LISTS = (TASK_CATEGORIES, EVENT_CATEGORIES)
