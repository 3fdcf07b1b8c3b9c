"""The switcher in the head of every page."""

from __future__ import annotations

from collections.abc import Iterator

from crm_companies.standing import standing
from crm_core.api import Ctx, Fragment, render


def switcher(ctx: Ctx) -> Iterator[Fragment]:
    """Yield the choice of the active company, for people with several."""
    found = standing(ctx)
    if len(found.own) > 1:
        own = [(i, found.companies[i]) for i in found.companies if i in found.own]
        name = found.companies.get(found.active or 0, "")
        yield Fragment(render("companies/switcher.html", own=own, active=found.active, name=name), weight=10)
