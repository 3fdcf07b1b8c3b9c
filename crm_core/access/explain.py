"""Why an actor can or can't do something with a record, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crm_core.access.scope import ACTIONS, allowed, compiler, grants_of, predicate
from crm_core.access.sets import in_visible_sets
from crm_core.db import KERNEL
from crm_core.i18n import N_, gettext

if TYPE_CHECKING:
    from crm_core.context import Ctx

_LEVELS = {"own": N_("records one owns"), "team": N_("records of one's teams"), "all": N_("every record")}


def explain(ctx: Ctx, entity: str, record_id: int, action: str) -> list[str]:
    """Return the reasons, one sentence each; the first says yes or no. For administrators' eyes."""
    definition = ctx.registry.entity(entity)
    model = definition.model

    def holds(condition: object) -> bool:
        statement = sa.select(model.id).where(model.id == record_id, condition)  # type: ignore[arg-type]
        return ctx.session.scalar(statement, execution_options=KERNEL) is not None

    if not holds(sa.true()):
        return [gettext(N_("There is no such record"))]
    verdict = holds(predicate(ctx, definition, action, model))
    params = {"name": ctx.actor.name, "action": gettext(ACTIONS.get(action, action))}
    lines = [
        gettext(
            N_("%(name)s may %(action)s this record") if verdict else N_("%(name)s may not %(action)s this record"),
            **params,
        )
    ]
    if not allowed(ctx, definition.key, action):
        lines.append(gettext(N_("No role of this person grants it")))
    for grant in grants_of(ctx, definition.key, action):
        lines.append(gettext(N_("A role grants it for %(level)s"), level=gettext(_LEVELS[grant.level])))
    if ctx.actor.moderator:
        lines.append(gettext(N_("A role of this person moderates: private records are open to it")))
    elif holds(in_visible_sets(ctx, model, write=action not in ("read", "export"))):
        lines.append(gettext(N_("The record's own access list includes this person")))
    else:
        lines.append(gettext(N_("The record's own access list does not include this person")))
    for answer in ctx.registry.hooks.ask("crm_record_scope", ctx=ctx, entity=definition.key, action=action):
        if answer.error is not None:
            lines.append(gettext(N_("Module %(plugin)s failed, which denies everything"), plugin=answer.plugin))
        elif answer.value is not None:
            passes = holds(compiler(ctx, unlimited=True).compile(answer.value, definition, model))
            message = N_("Module %(plugin)s lets it pass") if passes else N_("Module %(plugin)s narrows it away")
            lines.append(gettext(message, plugin=answer.plugin))
    return lines
