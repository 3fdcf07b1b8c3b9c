"""Fleet: the hook implementations, wiring only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm_core.api import Change, Ctx, Problem, hookimpl
from crm_fleet import contacts, jobs, operations, rules, settings, views, web
from crm_fleet.models import Assignment, Vehicle


@hookimpl
def crm_contribute() -> Iterable[Any]:
    """Return all that the plugin adds."""
    return (
        Vehicle, Assignment, contacts.LICENCE, contacts.VEHICLES, jobs.REMIND, operations.GIVE_BACK, settings.NOTICE,
        settings.STATUS, *views.VIEWS, *views.MENU, web.PAGES,
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
    """Let a vehicle's status follow its assignments."""
    rules.follow(ctx, change)
