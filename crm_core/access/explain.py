"""Why a person can or can't do something with a record, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access.following import followed
from crm_core.access.modules import open_to
from crm_core.access.scope import ACTIONS, asked, level_of, predicate, within
from crm_core.access.sets import in_visible_sets
from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.directory import GrantEntry
from crm_core.filters import to_text
from crm_core.i18n import N_, gettext

if TYPE_CHECKING:
    from crm_core.context import Ctx

_LEVELS = {"own": N_("records one owns"), "team": N_("records of one's teams"), "all": N_("every record")}
Holds = Callable[[Any], bool]


@dataclass(frozen=True)
class Explanation:
    """Whether it is allowed, and why: one sentence each, the first says yes or no."""

    allowed: bool
    reasons: tuple[str, ...]


def explain(ctx: Ctx, entity: str, record_id: int, action: str) -> Explanation:
    """Return why the actor may or may not do something with a record. For administrators' eyes."""
    definition = ctx.registry.entity(entity)
    model = definition.model

    def holds(condition: Any) -> bool:
        statement = sa.select(model.id).where(model.id == record_id, condition)
        return ctx.session.scalar(statement, execution_options=KERNEL) is not None

    if not 0 < record_id < 2**63 or not holds(sa.true()):
        return Explanation(False, (gettext(N_("There is no such record")),))
    may = holds(predicate(ctx, definition, action, model))
    verdict = N_("%(name)s may %(action)s this record") if may else N_("%(name)s may not %(action)s this record")
    lines = [gettext(verdict, name=ctx.actor.name, action=gettext(ACTIONS.get(action, action)))]
    if ctx.actor.system:
        return Explanation(may, (*lines, gettext(N_("The system may do everything"))))
    lines += _scopes(ctx, definition, action)
    lines += _grants(ctx, definition, action, holds)
    lines += _list(ctx, model, action, holds)
    lines += [*_followed(ctx, definition, action, holds), *_outside(ctx, definition, holds)]
    return Explanation(may, (*lines, *_narrowed(ctx, definition, action, holds)))


def _scopes(ctx: Ctx, definition: EntityDef, action: str) -> Iterator[str]:
    if not open_to(ctx.directory, ctx.actor, definition.plugin):
        yield gettext(
            N_("The module %(plugin)s is not open to this person"), plugin=ctx.registry.module(definition.plugin)
        )
    if action in definition.admin_actions and not ctx.actor.is_admin:
        yield gettext(N_("Only administrators do this with %(plural)s"), plural=gettext(definition.plural))


def _grants(ctx: Ctx, definition: EntityDef, action: str, holds: Holds) -> Iterator[str]:
    roles = [role for role in ctx.directory.roles() if role.code in ctx.actor.roles]
    granted = False
    for role in roles:
        for grant in ctx.directory.grants_of_role(role, definition.key):
            if grant.action in (action, "*") and grant.level != "none":
                granted = True
                yield _grant(ctx, definition, gettext(role.name), grant, holds)
    if not granted:
        names = ", ".join(gettext(role.name) for role in roles) or gettext(N_("none"))
        yield gettext(N_("No role of this person grants it (roles: %(names)s)"), names=names)


def _grant(ctx: Ctx, definition: EntityDef, role: str, grant: GrantEntry, holds: Holds) -> str:
    level = level_of(ctx, grant, definition.model)
    covered = level is None or holds(level)
    params = {"role": role, "level": gettext(_LEVELS[grant.level])}
    if grant.where is None:
        message = N_("The role %(role)s grants it for %(level)s") if covered else N_(
            "The role %(role)s grants it for %(level)s, which this one is not"
        )  # fmt: skip
        return gettext(message, **params)
    where, unasked = asked(ctx, grant.where, definition, definition.model)
    if unasked is not None:
        message = N_("The role %(role)s grants it for %(level)s where %(filter)s, which can't be asked: %(reason)s")
        return gettext(message, **params, filter=to_text(grant.where), reason=unasked.text())
    passes = covered and holds(where)
    message = N_("The role %(role)s grants it for %(level)s where %(filter)s, which holds here") if passes else N_(
        "The role %(role)s grants it for %(level)s where %(filter)s, which does not hold here"
    )  # fmt: skip
    return gettext(message, **params, filter=to_text(grant.where))


def _list(ctx: Ctx, model: Any, action: str, holds: Holds) -> Iterator[str]:
    if ctx.actor.moderator:
        yield gettext(N_("A role of this person moderates: private records are open to it"))
    elif holds(in_visible_sets(ctx, model, write=action not in ("read", "export"))):
        yield gettext(N_("The record's own access list includes this person"))
    else:
        yield gettext(N_("The record's own access list does not include this person"))


def _followed(ctx: Ctx, definition: EntityDef, action: str, holds: Holds) -> Iterator[str]:
    for key in definition.follows:
        field = ctx.registry.field(definition.key, key)
        seen = any(
            holds(
                sa.select(sa.literal(1))
                .where(target.model.id == number, predicate(ctx, target, "read", target.model))
                .correlate(definition.model)
                .exists()
            )
            for target, number in followed(ctx.registry, definition, key, definition.model)
        )
        message = N_("It follows “%(field)s”, which this person sees") if seen else N_(
            "It follows “%(field)s”, which this person does not see"
        )  # fmt: skip
        yield gettext(message, field=field.title())


def _outside(ctx: Ctx, definition: EntityDef, holds: Holds) -> Iterator[str]:
    if definition.within and not ctx.actor.moderator and not holds(within(ctx, definition, definition.model)):
        fields = ", ".join(ctx.registry.field(definition.key, key).title() for key in definition.within)
        yield gettext(N_("It belongs to a record this person does not see (%(fields)s)"), fields=fields)


def _narrowed(ctx: Ctx, definition: EntityDef, action: str, holds: Holds) -> Iterator[str]:
    for answer in ctx.registry.hooks.ask("crm_record_scope", ctx=ctx, entity=definition.key, action=action):
        if answer.error is not None:
            yield gettext(
                N_("Module %(plugin)s failed, which denies everything"), plugin=ctx.registry.module(answer.plugin)
            )
        elif answer.value is not None:
            passes = holds(asked(ctx, answer.value, definition, definition.model)[0])
            message = N_("Module %(plugin)s lets it pass") if passes else N_("Module %(plugin)s narrows it away")
            yield gettext(message, plugin=ctx.registry.module(answer.plugin))
