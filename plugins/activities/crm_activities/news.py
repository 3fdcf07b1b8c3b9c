"""The kinds of news of activities, each of which people choose to be told or not (NT-05 to NT-09, NT-14)."""

from __future__ import annotations

from crm_activities.names import EVENT, FOLLOW_UP, TASK
from crm_core.api import N_, NoticeKind

_BOTH = ("app", "email")
TASK_GIVEN = NoticeKind(key="activities.task", label=N_("A task is given to you"), channels=_BOTH)
TASK_DONE = NoticeKind(
    key="activities.task_done", label=N_("A task you gave is done"), channels=("app",),
    subject=N_("Task done: %(title)s"),
)  # fmt: skip
EVENT_GIVEN = NoticeKind(
    key="activities.event", label=N_("You are put down for an event"), channels=_BOTH, entity=EVENT, on="named",
    fields=("assigned_to", "attendees"), subject=N_("You are put down for: %(title)s"),
)  # fmt: skip
REMINDERS = {
    TASK: NoticeKind(key="activities.task_reminder", label=N_("Reminder of a task"), channels=_BOTH),
    EVENT: NoticeKind(key="activities.event_reminder", label=N_("Reminder of an event"), channels=_BOTH),
    FOLLOW_UP: NoticeKind(key="activities.follow_up_reminder", label=N_("Reminder of a follow-up"), channels=_BOTH),
}
KINDS = (TASK_GIVEN, TASK_DONE, EVENT_GIVEN, *REMINDERS.values())
