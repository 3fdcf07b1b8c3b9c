"""Activities: the hook implementations, wiring only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from crm_activities import (
    calendar_pages,
    commands,
    event_operations,
    jobs,
    lists,
    news,
    notices,
    operations,
    routes,
    rules,
    settings,
    tabs,
    today,
    views,
    web,
)
from crm_activities.event_models import Event
from crm_activities.models import FollowUp, ReminderTemplate, Resource, Task
from crm_core.api import Change, Ctx, Fragment, Problem, hookimpl


@hookimpl
def crm_contribute() -> Iterable[Any]:
    """Return all that the plugin adds."""
    return (
        Task, FollowUp, Event, Resource, ReminderTemplate, *lists.LISTS, *views.VIEWS, *views.MENU, *operations.ACTIONS,
        *event_operations.ACTIONS, *settings.PREFERENCES, *jobs.JOBS, notices.SINK, *news.KINDS, *tabs.TABS,
        tabs.TIMELINE, today.PANEL, web.PAGES, calendar_pages.PAGES, commands.GROUP, routes.ROUTES,
    )  # fmt: skip


@hookimpl
def crm_before_write(ctx: Ctx, change: Change) -> None:
    """Fill in what follows from other values."""
    rules.derive(ctx, change)


@hookimpl
def crm_validate(ctx: Ctx, change: Change) -> Iterable[Problem]:
    """Check what must hold."""
    return rules.problems(ctx, change)


@hookimpl
def crm_after_write(ctx: Ctx, change: Change) -> None:
    """Keep reminders, calendars and series in step."""
    rules.follow(ctx, change)


@hookimpl
def crm_render_slot(ctx: Ctx, slot: str, subject: Any) -> Iterator[Fragment]:
    """Show follow-ups on top of a contact, and what goes with an event."""
    return tabs.fragments(ctx, slot, subject)
