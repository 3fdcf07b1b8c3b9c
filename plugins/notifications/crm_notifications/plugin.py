"""Notifications: the hook implementations, wiring only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm_core.api import Change, Ctx, Fragment, hookimpl
from crm_notifications import commands, jobs, notices, routes, settings, sms, tabs, watching, web


@hookimpl
def crm_contribute() -> Iterable[Any]:
    """Return all that the plugin adds."""
    return (
        notices.SINK, *settings.SETTINGS, *sms.GATEWAYS, *jobs.JOBS, web.PAGES, routes.ROUTES, commands.GROUP,
    )  # fmt: skip


@hookimpl
def crm_after_write(ctx: Ctx, change: Change) -> None:
    """Tell whom a change names."""
    watching.after_write(ctx, change)


@hookimpl
def crm_render_slot(ctx: Ctx, slot: str, subject: Any) -> Iterable[Fragment]:
    """Show the bell, and where one chooses."""
    return tabs.fragments(ctx, slot, subject)
