"""Contacts: the hook implementations, wiring only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from crm_contacts import (
    cards,
    connecting,
    demo,
    events,
    importer,
    lists,
    merging,
    news,
    operations,
    pictures,
    rules,
    search,
    settings,
    tabs,
    views,
)
from crm_contacts.models import CONTACT, Contact, Relation
from crm_core.api import Change, Ctx, Fragment, Hit, Problem, hookimpl


@hookimpl
def crm_contribute() -> Iterable[Any]:
    """Return all that the plugin adds."""
    return (
        Contact,
        Relation,
        *lists.LISTS,
        lists.CODE,
        *settings.SETTINGS,
        views.CONTACTS,
        views.RELATIONS,
        *views.MENU,
        *tabs.TABS,
        pictures.TAB,
        *operations.ACTIONS,
        pictures.ACTION,
        *events.EVENTS,
        *news.KINDS,
        *merging.RULES,
        *connecting.CONNECTIONS,
        importer.IMPORTER,
        cards.CARDS,
        demo.DEMO,
    )


@hookimpl
def crm_before_write(ctx: Ctx, change: Change) -> None:
    """Derive names, marks and list columns."""
    if change.entity == CONTACT:
        rules.derive(change.values, change.old)


@hookimpl
def crm_validate(ctx: Ctx, change: Change) -> Iterable[Problem]:
    """Check what a contact must hold to."""
    return rules.problems(ctx, change) if change.entity == CONTACT and change.verb != "delete" else ()


@hookimpl
def crm_render_slot(ctx: Ctx, slot: str, subject: Any) -> Iterable[Fragment]:
    """Show the link to the map."""
    return tabs.fragments(ctx, slot, subject)


@hookimpl
def crm_search(ctx: Ctx, text: str, entities: Sequence[str]) -> Iterable[Hit]:
    """Find employees beside contacts."""
    return search.employees(ctx, text, entities)
