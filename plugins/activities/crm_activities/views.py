"""How activities are listed and shown, and where the menus lead to them."""

from __future__ import annotations

from crm_activities.names import EVENT, FOLLOW_UP, RESOURCE, TASK, TEMPLATE
from crm_core.api import N_, Board, MenuItem, SavedFilter, ViewDef

_MINE = "contact.managers has me or contact.salespeople has me or contact.account_owner = me or owner = me"

VIEWS = (
    ViewDef(
        entity=TASK,
        columns=("title", "status", "due_at", "category", "contact", "assigned_to", "priority"),
        sort="due_at",
        quick=("status", "assigned_to", "category", "priority", "due_at", "team"),
        saved=(
            SavedFilter(key="open", label=N_("Open tasks"), filter='status = "open"', sort="due_at"),
            SavedFilter(key="mine", label=N_("My open tasks"), filter='status = "open" and assigned_to = me'),
            SavedFilter(key="overdue", label=N_("Overdue"), filter='status = "open" and due_at < now'),
            SavedFilter(key="week", label=N_("Due this week"), filter='status = "open" and due_at = this_week'),
            SavedFilter(key="all", label=N_("All tasks"), filter=""),
        ),
        card=("status", "due_at", "contact", "assigned_to", "category"),
        status="status",
        board=Board(by="status", card=("due_at", "contact", "assigned_to", "priority")),
    ),
    ViewDef(
        entity=FOLLOW_UP,
        columns=("title", "due_on", "contact", "remind_at", "done", "owner"),
        sort="due_on",
        quick=("done", "due_on", "owner"),
        saved=(
            SavedFilter(key="mine", label=N_("My contacts"), filter=f"done = false and ({_MINE})", sort="due_on"),
            SavedFilter(key="overdue", label=N_("Overdue"), filter="done = false and due_on < today"),
            SavedFilter(key="today", label=N_("Today"), filter="done = false and due_on = today"),
            SavedFilter(key="week", label=N_("This week"), filter="done = false and due_on = this_week"),
            SavedFilter(key="next_week", label=N_("Next week"), filter="done = false and due_on = next_week"),
            SavedFilter(key="month", label=N_("This month"), filter="done = false and due_on = this_month"),
            SavedFilter(key="all", label=N_("All follow-ups"), filter=""),
        ),
        card=("due_on", "contact", "remind_at", "done"),
    ),
    ViewDef(
        entity=EVENT,
        columns=("subject", "starts_at", "type", "status", "contact", "company", "assigned_to", "colour"),
        sort="-starts_at",
        quick=("type", "status", "assigned_to", "team", "priority", "category", "starts_at", "colour"),
        saved=(
            SavedFilter(key="planned", label=N_("Planned"), filter='status = "planned"', sort="starts_at"),
            SavedFilter(key="mine", label=N_("My events"), filter="assigned_to = me or attendees has me"),
            SavedFilter(key="today", label=N_("Today"), filter="starts_at = today", sort="starts_at"),
            SavedFilter(key="week", label=N_("This week"), filter="starts_at = this_week", sort="starts_at"),
            SavedFilter(key="all", label=N_("All events"), filter=""),
        ),
        sections=(
            ("general", N_("General")),
            ("attached", N_("Belongs to")),
            ("people", N_("People")),
            ("organisation", N_("Organisation")),
            ("information", N_("Information")),
            ("recurrence", N_("Repetition")),
            ("reminders", N_("Reminders")),
        ),
        card=("starts_at", "type", "status", "contact", "assigned_to", "location"),
        status="status",
    ),
    ViewDef(
        entity=RESOURCE, columns=("name", "kind", "seats", "place", "active"), sort="name", quick=("kind", "active")
    ),
    ViewDef(entity=TEMPLATE, columns=("name", "media", "subject"), sort="name"),
)
MENU = (
    MenuItem(label=N_("Tasks"), url="/tasks?view=open", icon="check2-square", weight=40, entity=TASK),
    MenuItem(label=N_("Follow-ups"), url="/follow-ups", icon="flag", weight=41, entity=FOLLOW_UP),
    MenuItem(label=N_("Events"), url="/events", icon="calendar-event", weight=42, entity=EVENT),
    MenuItem(label=N_("Calendar"), url="/events/calendar", icon="calendar3", weight=43, entity=EVENT),
    MenuItem(label=N_("Resources"), url="/resources", icon="door-open", weight=80, entity=RESOURCE, section="settings"),
    MenuItem(
        label=N_("Reminder templates"), url="/reminder-templates", icon="envelope-paper", weight=81, entity=TEMPLATE,
        admin=True, section="settings",
    ),
    MenuItem(label=N_("Task"), url="/tasks/new", icon="check2-square", weight=20, entity=TASK, section="create"),
    MenuItem(label=N_("Event"), url="/events/new", icon="calendar-event", weight=21, entity=EVENT, section="create"),
)  # fmt: skip
