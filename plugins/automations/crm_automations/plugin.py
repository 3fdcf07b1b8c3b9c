"""Automations: the hook implementations, wiring only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm_automations import dates, operations, rules, running, settings, tabs, triggers, views, webhooks
from crm_automations.models import Automation, Notice, Run
from crm_core.api import Change, Ctx, Fragment, Problem, hookimpl


@hookimpl
def crm_contribute() -> Iterable[Any]:
    """Return all that the plugin adds."""
    return (
        Automation,
        Run,
        Notice,
        *settings.SETTINGS,
        *views.VIEWS,
        *views.MENU,
        *tabs.TABS,
        *operations.ACTIONS,
        running.RUN_JOB,
        webhooks.JOB,
        *dates.JOBS,
    )


@hookimpl
def crm_before_write(ctx: Ctx, change: Change) -> None:
    """Look at dates from now on."""
    rules.derive(ctx, change)


@hookimpl
def crm_validate(ctx: Ctx, change: Change) -> Iterable[Problem]:
    """Check what an automation must hold to."""
    return rules.problems(ctx, change)


@hookimpl
def crm_after_write(ctx: Ctx, change: Change) -> None:
    """Set automations off."""
    triggers.after_write(ctx, change)


@hookimpl
def crm_render_slot(ctx: Ctx, slot: str, subject: Any) -> Iterable[Fragment]:
    """Show the buttons of a record and the bell."""
    return tabs.fragments(ctx, slot, subject)
