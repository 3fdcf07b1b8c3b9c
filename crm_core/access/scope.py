"""One predicate for the list, the single record, the check before a write and the check after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import True_

from crm_core.access import following
from crm_core.access.masks import readable
from crm_core.access.modules import open_to
from crm_core.access.sets import in_visible_sets, visible_sets
from crm_core.columns import alias_of, scalar
from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.directory import GrantEntry
from crm_core.errors import FilterError, Forbidden
from crm_core.filters.sql import Compiler
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Actor, Ctx
    from crm_core.filters import Node

ACTIONS: Mapping[str, str] = {
    "read": N_("read"),
    "create": N_("create"),
    "update": N_("edit"),
    "delete": N_("delete"),
    "export": N_("export"),
}
MAX_APART = 8
"""Up to so many access sets are looked at one by one; each makes the statement longer."""
_SCOPE_OF_ACTION = {"read": "read", "export": "read", "create": "write", "update": "write", "delete": "write"}


def compiler(ctx: Ctx, *, unlimited: bool = False) -> Compiler:
    """Return the filter compiler of an operation; ``unlimited`` for filters of grants, which see every field."""
    if unlimited or ctx.actor.system:
        return Compiler(ctx, lambda entity: None, lambda definition, alias: sa.true())
    return Compiler(ctx, lambda entity: readable(ctx, entity), lambda d, a: predicate(ctx, d, "read", a))


def asked(ctx: Ctx, node: Node, definition: EntityDef, alias: Any) -> tuple[Any, FilterError | None]:
    """Return the SQL of a filter that decides about rights, and why it can't be asked.

    One that can't be asked, because a module is off or a field went, holds for no record: that never widens, and
    what other grants say still counts.
    """
    try:
        return compiler(ctx, unlimited=True).compile(node, definition, alias), None
    except FilterError as error:
        return sa.false(), error


def grants_of(ctx: Ctx, entity: str, action: str) -> list[GrantEntry]:
    """Return the actor's grants for an action that allow anything at all."""
    key = ("grants", entity, action)
    if key not in ctx.cache:
        found = ctx.directory.grants(ctx.actor, entity, action)
        ctx.cache[key] = [g for g in found if g.level != "none"]
    grants: list[GrantEntry] = ctx.cache[key]
    return grants


def allowed(ctx: Ctx, entity: str, action: str) -> bool:
    """Tell whether the actor may do the action on some record of the entity (token scopes hold)."""
    if ctx.actor.scopes is not None:
        needed = "read" if action in ("read", "export") else "write"
        if needed not in ctx.actor.scopes:
            return False
    definition = ctx.registry.entities.get(entity)
    if definition is not None and not open_to(ctx.directory, ctx.actor, definition.plugin):
        return False
    if definition is not None and action in definition.admin_actions and not ctx.actor.is_admin:
        return False
    return ctx.actor.system or bool(grants_of(ctx, entity, action))


def require(ctx: Ctx, entity: str, action: str) -> None:
    """Refuse an action the actor may do on no record of the entity.

    Raises:
        Forbidden: no role grants it.
    """
    if not allowed(ctx, entity, action):
        definition = ctx.registry.entity(entity)
        raise Forbidden(
            N_("Your roles don't allow you to %(action)s %(plural)s"),
            params={"action": ACTIONS.get(action, action), "plural": definition.plural},
        )


def predicate(
    ctx: Ctx, definition: EntityDef, action: str, alias: Any, *, after: bool = False, counting: bool = False,
    of_set: int | None = None,
) -> Any:  # fmt: skip
    """Return the SQL of what the actor may touch: grants, and record-level access, and every plugin's narrowing.

    ``after`` is the check once a write was flushed: giving a record away is allowed, so its own list doesn't count.
    ``counting`` gives the form that is quick where records are counted and not read in order. ``of_set`` is one of
    :func:`sets_apart` and leaves the records of the others out.
    """
    if ctx.actor.system:
        return sa.true()
    if not allowed(ctx, definition.key, action):
        return sa.false()
    parts = [_granted(ctx, definition, action, alias)]
    if not ctx.actor.moderator and not after and action != "create":
        writing = _SCOPE_OF_ACTION.get(action, "write") == "write"
        seen = in_visible_sets(ctx, alias, write=writing, counting=counting)
        parts.append(seen if of_set is None else alias.access_id == of_set)
    parts += _followed(ctx, definition, action, alias)
    if definition.within and not ctx.actor.moderator and action != "create":
        parts.append(within(ctx, definition, alias))
    for node in ctx.registry.hooks.record_scope(ctx, definition.key, action):
        parts.append(asked(ctx, node, definition, alias)[0])
    if ctx.actor.viewer is not None:
        parts.append(predicate(_viewing(ctx, ctx.actor.viewer), definition, action, alias, counting=counting))
    parts = [p for p in parts if p is not None]
    return sa.and_(*parts) if parts else sa.true()


def sets_apart(ctx: Ctx, definition: EntityDef) -> Sequence[int]:
    """Return the access sets of what the actor may read, where a list can look at each by itself; else nothing."""
    actor = ctx.actor
    if actor.system or actor.moderator or actor.viewer is not None or not allowed(ctx, definition.key, "read"):
        return ()
    found = visible_sets(ctx, write=False) or ()
    return found if 1 < len(found) <= MAX_APART else ()


def _viewing(ctx: Ctx, viewer: Actor) -> Ctx:
    """Return the operation for the administrator who looks as somebody else; the same one each time."""
    if "viewing" not in ctx.cache:
        ctx.cache["viewing"] = ctx.as_actor(viewer)
    found: Ctx = ctx.cache["viewing"]
    return found


def _followed(ctx: Ctx, definition: EntityDef, action: str, alias: Any) -> list[Any]:
    """Return the conditions that the records this one follows set: all readable, and one writable to write."""
    parts = [_reachable(ctx, definition, key, "read", alias) for key in definition.follows]
    if parts and _SCOPE_OF_ACTION.get(action, "write") == "write":
        parts.append(sa.or_(*(_reachable(ctx, definition, key, "update", alias) for key in definition.follows)))
    return parts


def _reachable(ctx: Ctx, definition: EntityDef, key: str, verb: str, alias: Any) -> Any:
    """Return the condition that the actor may read (or change) the record a field leads to."""
    found = []
    for target, number in following.followed(ctx.registry, definition, key, alias):
        if allowed(ctx, target.key, verb):
            other = alias_of(target.model, f"{definition.key} followed by {key}")
            one = sa.select(sa.literal(1)).where(other.id == number, predicate(ctx, target, verb, other))
            found.append(one.correlate(alias).exists())
    return sa.or_(sa.false(), *found)


def within(ctx: Ctx, definition: EntityDef, alias: Any) -> Any:
    """Return the condition of links that may be empty: what is set is readable, or the record names the actor."""
    conditions = []
    for key in definition.within:
        column = getattr(alias, ctx.registry.field(definition.key, key).attr)
        open_ends = [column.startswith(f"{e.key}:", autoescape=True)
                     for e in following.left_out(ctx.registry, definition, key)]  # fmt: skip
        conditions.append(sa.or_(column.is_(None), *open_ends, _reachable(ctx, definition, key, "read", alias)))
    return sa.or_(_named(ctx, definition, alias), sa.and_(*conditions))


def _named(ctx: Ctx, definition: EntityDef, alias: Any) -> Any:
    """Return the condition that the actor owns the record or stands in a field that gives access to it."""
    found = [alias.owner_id == ctx.actor.id]
    for field in ctx.registry.fields(definition.key).values():
        if field.grants and field.type.name == "user":
            found.append(scalar(field, alias) == ctx.actor.id)
        elif field.grants and field.type.name == "users":
            link = definition.model.__links__
            one = sa.select(sa.literal(1)).where(
                link.c.record_id == alias.id, link.c.field == field.key, link.c.target_id == ctx.actor.id
            )
            found.append(one.correlate(alias).exists())
    return sa.or_(*found)


def _granted(ctx: Ctx, definition: EntityDef, action: str, alias: Any) -> Any:
    """Return the OR of the grants, ``None`` when one of them allows everything."""
    alternatives = []
    for grant in grants_of(ctx, definition.key, action):
        condition = level_of(ctx, grant, alias)
        if grant.where is not None:
            where = asked(ctx, grant.where, definition, alias)[0]
            condition = where if condition is None else sa.and_(condition, where)
        if condition is None:
            return None
        alternatives.append(condition)
    return sa.or_(*alternatives) if alternatives else sa.false()


def level_of(ctx: Ctx, grant: GrantEntry, alias: Any) -> Any:
    """Return the SQL of a grant's level, ``None`` where it covers every record."""
    if grant.level == "all":
        return None
    own = alias.owner_id == ctx.actor.id
    return sa.or_(own, alias.team_id.in_(ctx.actor.teams)) if grant.level == "team" else own


def may(ctx: Ctx, entity: str, action: str, record: Any = None) -> bool:
    """Tell whether the actor may do the action, on one record when it is given (at most one statement)."""
    if record is None:
        return allowed(ctx, entity, action)
    definition = ctx.registry.entity(entity)
    model = definition.model
    condition = predicate(ctx, definition, action, model)
    if isinstance(condition, True_):
        return True
    found = ctx.session.scalar(sa.select(model.id).where(model.id == record.id, condition), execution_options=KERNEL)
    return found is not None
