"""Import and export: the hook implementations, wiring only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm_core.api import Change, Ctx, Fragment, Node, Problem, hookimpl
from crm_transfer import cli, converting, formats, importer, jobs, routes, rules, settings, views, web
from crm_transfer.models import EXPORT, Export


@hookimpl
def crm_contribute() -> Iterable[Any]:
    """Return all that the plugin adds."""
    return (
        Export,
        *settings.SETTINGS,
        *views.VIEWS,
        *views.PANELS,
        *views.ACTIONS,
        *jobs.JOBS,
        *formats.FORMATS,
        *converting.CONVERTERS,
        importer.IMPORTER,
        routes.ROUTES,
        web.PAGES,
        *cli.COMMANDS,
    )


@hookimpl
def crm_before_write(ctx: Ctx, change: Change) -> None:
    """Name exports."""
    if change.entity == EXPORT and change.verb != "delete":
        rules.derive(ctx, change)


@hookimpl
def crm_validate(ctx: Ctx, change: Change) -> Iterable[Problem]:
    """Check what is to be exported."""
    return rules.problems(ctx, change) if change.entity == EXPORT and change.verb != "delete" else ()


@hookimpl
def crm_after_write(ctx: Ctx, change: Change) -> None:
    """Start the job of a new export."""
    if change.entity == EXPORT and change.verb == "create":
        jobs.start(ctx, change.record)


@hookimpl
def crm_record_scope(ctx: Ctx, entity: str, action: str) -> Node | None:
    """Keep exports to their owners."""
    return rules.scope(entity)


@hookimpl
def crm_render_slot(ctx: Ctx, slot: str, subject: Any) -> Iterable[Fragment]:
    """Show the way to the export of a list."""
    return web.fragments(ctx, slot, subject)
