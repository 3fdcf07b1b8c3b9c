"""Undoing one change of one record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crm_core import access, history
from crm_core.db import KERNEL
from crm_core.errors import Conflict, Forbidden, NotFound
from crm_core.i18n import N_
from crm_core.models import Change
from crm_core.undo.net import net_of
from crm_core.undo.plan import examine, examine_all
from crm_core.undo.steps import Step
from crm_core.undo.writing import write_all

if TYPE_CHECKING:
    from crm_core.context import Ctx


def look(ctx: Ctx, change_id: int) -> Step:
    """Return what the undoing of a change would do, and what stands in its way.

    Raises:
        NotFound: there is no such change of a record, or it is not there for the actor.
        Forbidden: it is another person's, and the actor doesn't administer.
    """
    step = examine(ctx, net_of([_find(ctx, change_id)]))
    if step.hidden:
        raise NotFound(N_("There is no such change"))
    return step


def undo(ctx: Ctx, change_id: int) -> Step:
    """Undo a change as far as nothing newer stands in the way; return what was done.

    Raises:
        NotFound: there is no such change of a record, or it is not there for the actor.
        Forbidden: it is another person's, and the actor doesn't administer.
        Conflict: nothing of it can be undone; the first reason is told.
    """
    step = look(ctx, change_id)
    if not step.possible:
        first = step.problems[0]
        raise Conflict(first.message, params=first.params, plugin=first.plugin)
    write_all(ctx, [examine_all(ctx, [step.net], lock=True)[0]])
    return step


def _find(ctx: Ctx, change_id: int) -> Change:
    row = ctx.session.scalar(sa.select(Change).where(Change.id == change_id), execution_options=KERNEL)
    if row is None or row.entity not in ctx.registry.entities or not history.effect_of(row):
        raise NotFound(N_("There is no such change"))
    if not history.may_undo(ctx, row.actor_id):
        model = ctx.registry.entity(row.entity).model
        seen = sa.select(model.id).where(
            model.id == row.record_id, access.predicate(ctx, ctx.registry.entity(row.entity), "read", model)
        )
        if ctx.session.scalar(seen, execution_options=KERNEL) is None:
            raise NotFound(N_("There is no such change"))
        raise Forbidden(N_("Only administrators undo what others did"))
    return row
