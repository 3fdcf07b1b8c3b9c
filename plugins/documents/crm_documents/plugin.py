"""Documents: the hook implementations, wiring only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from crm_core.api import Change, Ctx, Fragment, Hit, Node, Problem, hookimpl
from crm_documents import commands, limits, notes, operations, reading, routes, rules, settings, tabs, trash, views, web
from crm_documents.models import Document, Version


@hookimpl
def crm_contribute() -> Iterable[Any]:
    """Return all that the plugin adds."""
    return (
        Document,
        Version,
        *settings.SETTINGS,
        *views.VIEWS,
        *views.MENU,
        *tabs.TABS,
        tabs.TIMELINE,
        *operations.ACTIONS,
        limits.PROGRAMS,
        reading.JOB,
        reading.PREVIEW,
        trash.JOB,
        routes.ROUTES,
        web.PAGES,
        commands.GROUP,
    )


@hookimpl
def crm_before_write(ctx: Ctx, change: Change) -> None:
    """Write what only the program knows."""
    rules.derive(ctx, change)


@hookimpl
def crm_validate(ctx: Ctx, change: Change) -> Iterable[Problem]:
    """Keep versions as they were uploaded."""
    return rules.problems(ctx, change)


@hookimpl
def crm_after_write(ctx: Ctx, change: Change) -> None:
    """Let go of the files of what is deleted."""
    rules.let_files_go(ctx, change)


@hookimpl
def crm_record_scope(ctx: Ctx, entity: str, action: str) -> Node | None:
    """Keep the trash out of sight."""
    return rules.scope(ctx, entity)


@hookimpl
def crm_search(ctx: Ctx, text: str, entities: Sequence[str]) -> Iterable[Hit]:
    """Find notes beside records."""
    return notes.hits(ctx, text, entities)


@hookimpl
def crm_render_slot(ctx: Ctx, slot: str, subject: Any) -> Iterable[Fragment]:
    """Show preview, download and trash."""
    return tabs.fragments(ctx, slot, subject)
