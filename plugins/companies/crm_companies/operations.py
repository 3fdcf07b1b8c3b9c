"""The verbs of group companies: look at the records of one company, and at those of all again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_companies.models import COMPANY, MEMBERSHIP
from crm_companies.standing import forget, standing
from crm_core.api import N_, ActionDef, Ctx, gettext, history, records


def activate(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Look at the records of one company only; new ones belong to it."""
    _look_at(ctx, record.id)
    return {"active": record.id, "message": gettext(N_("You now work in %(name)s"), name=record.name), "url": "/"}


def leave(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Look at the records of all one's companies again."""
    _look_at(ctx, None)
    return {"active": None, "message": gettext(N_("You now see the records of all your companies")), "url": "/"}


def _look_at(ctx: Ctx, company_id: int | None) -> None:
    """Write the choice down: it is the person's own, although memberships are administrators' affair."""
    membership = standing(ctx).membership
    if membership is not None:
        with history.as_system(ctx, reason=gettext(N_("Choice of the active company"))) as system:
            records.update(system, MEMBERSHIP, membership, {"active": company_id})
    forget(ctx)


ACTIONS = (
    ActionDef(
        entity=COMPANY,
        name="activate",
        label=N_("Work in this company"),
        handler=activate,
        needs="read",
        icon="building-check",
        bulk=False,
        available=lambda ctx, record: record.id in standing(ctx).own and record.id != standing(ctx).active,
    ),
    ActionDef(
        entity=COMPANY,
        name="leave",
        label=N_("See all my companies"),
        handler=leave,
        needs="read",
        icon="buildings",
        bulk=False,
        available=lambda ctx, record: record.id == standing(ctx).active,
    ),
)
