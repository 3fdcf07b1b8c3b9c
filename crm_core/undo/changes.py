"""Undoing one change of one record."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import access, history
from crm_core.db import KERNEL
from crm_core.errors import Conflict, CrmError, Forbidden, NotFound
from crm_core.i18n import N_
from crm_core.models import Change
from crm_core.records import writing
from crm_core.records.actions import attempt
from crm_core.undo.net import Net, net_of
from crm_core.undo.plan import Step, examine

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
    write(ctx, step)
    return step


def write(ctx: Ctx, step: Step) -> None:
    """Do what a step says; the line of history this writes names the change it undoes."""
    net = step.net
    inside = replace(ctx, undoing=(net.last, net.entity, net.record_id))
    if net.effect == "update":
        writing.update(inside, net.entity, net.record_id, step.values)
    elif net.effect == "create":
        writing.delete(inside, net.entity, net.record_id)
    else:
        writing.restore(inside, net.entity, net.record_id, dict(step.values), net.kept)
        for one in net.kept.get("dependents", ()):
            _bring_dependent(ctx, net, one)


def _bring_dependent(ctx: Ctx, net: Net, one: Mapping[str, Any]) -> None:
    """Bring back a record that went with a deleted one, where it still can: the other it needs may be gone too."""
    diff = {key: [value, None] for key, value in one["values"].items()}
    lost = replace(net, entity=one["entity"], record_id=one["id"], title=one["title"], diff=diff, kept=one["kept"])
    step = examine(ctx, lost)
    if step.possible:
        with suppress(CrmError), attempt(ctx):
            write(ctx, step)


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
