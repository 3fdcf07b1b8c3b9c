"""Group companies: the hook implementations, wiring only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm_companies import fields, operations, rules, views, web
from crm_companies.models import Company, Membership
from crm_core.api import Change, Ctx, Fragment, Node, Problem, hookimpl


@hookimpl
def crm_contribute() -> Iterable[Any]:
    """Return all that the plugin adds."""
    return (Company, Membership, fields.GROUP, *views.VIEWS, *views.MENU, *operations.ACTIONS)


@hookimpl
def crm_before_write(ctx: Ctx, change: Change) -> None:
    """Give new records their company."""
    rules.derive(ctx, change)


@hookimpl
def crm_validate(ctx: Ctx, change: Change) -> Iterable[Problem]:
    """Check what must hold for companies and their records."""
    return rules.problems(ctx, change)


@hookimpl
def crm_record_scope(ctx: Ctx, entity: str, action: str) -> Node | None:
    """Show people the records of their companies only."""
    return rules.scope(ctx, entity)


@hookimpl
def crm_render_slot(ctx: Ctx, slot: str, subject: Any) -> Iterable[Fragment]:
    """Show the switcher in the head of the page."""
    return web.switcher(ctx) if slot == "shell.topbar" else ()
