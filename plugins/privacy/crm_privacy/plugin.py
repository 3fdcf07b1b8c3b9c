"""Personal data: the hook implementations, wiring only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm_core.api import Change, Ctx, Fragment, Node, Problem, hookimpl
from crm_privacy import (
    archives,
    cli,
    consents,
    erasures,
    jobs,
    lists,
    looks,
    people,
    retention,
    routes,
    settings,
    tabs,
    views,
    web,
)
from crm_privacy.models import ARCHIVE, CONSENT, ERASURE, LOOK, RULE, Archive, Consent, Erasure, Look, Rule, Run

_DERIVE = {CONSENT: consents.derive, ARCHIVE: archives.derive, ERASURE: erasures.derive}
_PROBLEMS = {
    CONSENT: consents.problems, ARCHIVE: archives.problems, ERASURE: erasures.problems, RULE: retention.problems,
    LOOK: looks.problems,
}  # fmt: skip


@hookimpl
def crm_contribute() -> Iterable[Any]:
    """Return all that the plugin adds."""
    return (
        Consent, Archive, Erasure, Rule, Run, Look, looks.FIELD, looks.TAB, people.CONTACTS, *lists.LISTS,
        *settings.SETTINGS, *views.VIEWS,
        *views.MENU, *views.ROLES, *tabs.TABS, consents.ACTION, archives.ACTION, *jobs.JOBS, erasures.JOB,
        retention.JOB, routes.ROUTES, web.PAGES, cli.GROUP,
    )  # fmt: skip


@hookimpl
def crm_before_write(ctx: Ctx, change: Change) -> None:
    """Date consents, name archives, write down what an erasure is about."""
    if change.entity in _DERIVE:
        _DERIVE[change.entity](ctx, change)


@hookimpl
def crm_validate(ctx: Ctx, change: Change) -> Iterable[Problem]:
    """Keep logs as they are, and refuse rules that can't be asked."""
    return _PROBLEMS[change.entity](ctx, change) if change.entity in _PROBLEMS else ()


@hookimpl
def crm_after_write(ctx: Ctx, change: Change) -> None:
    """Opt out, write archives, erase: what new records ask for."""
    if change.verb != "create":
        return
    if change.entity == CONSENT:
        consents.follow(ctx, change)
    elif change.entity == ARCHIVE:
        jobs.start(ctx, change.record)
    elif change.entity == ERASURE:
        erasures.do(ctx, change)


@hookimpl
def crm_record_scope(ctx: Ctx, entity: str, action: str) -> Node | None:
    """Keep archives to their owners."""
    return archives.scope(ctx, entity)


@hookimpl
def crm_render_slot(ctx: Ctx, slot: str, subject: Any) -> Iterable[Fragment]:
    """Show the way to the trial of a rule."""
    return tabs.fragments(ctx, slot, subject)
