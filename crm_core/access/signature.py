"""What a permission predicate is made of, as a key: two operations with the same signature get the same predicate."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from crm_core.access.following import targets
from crm_core.access.masks import readable
from crm_core.access.scope import allowed, grants_of
from crm_core.access.sets import visible_sets
from crm_core.contributions import EntityDef
from crm_core.errors import FilterError
from crm_core.filters.relative import read_relative
from crm_core.filters.tree import Node, Relative, conditions

if TYPE_CHECKING:
    from crm_core.context import Ctx


def signature(ctx: Ctx, definition: EntityDef, action: str) -> Hashable | None:
    """Return the signature of :func:`crm_core.access.predicate`; ``None`` when the predicate changes with time.

    It holds as long as directory and registry stay, for actors who are in the same teams and groups. Who looks as
    somebody else has none.
    """
    actor = ctx.actor
    if actor.viewer is not None:
        return None
    if actor.system:
        return ("system",)
    if not allowed(ctx, definition.key, action):
        return ("nothing", definition.key)
    grants = grants_of(ctx, definition.key, action)
    narrowing = ctx.registry.hooks.record_scope(ctx, definition.key, action)
    nodes = [*narrowing, *(g.where for g in grants if g.where is not None)]
    if any(_moves(node) for node in nodes):
        return None
    followed = [
        signature(ctx, target, verb)
        for key in (*definition.follows, *definition.within)
        for target in targets(ctx.registry, definition, key)
        for verb in ("read", "update")
    ]
    if None in followed:
        return None
    sets = None if actor.moderator else visible_sets(ctx, write=action not in ("read", "export"))
    who = (actor.id, actor.moderator, actor.principals, actor.teams, actor.locale.timezone)
    rights = (tuple((g.level, g.where) for g in grants), tuple(narrowing), readable(ctx, definition.key))
    return (definition.key, action, who, sets, rights, tuple(followed))


def _moves(node: Node) -> bool:
    """Tell whether a filter means something else tomorrow, or holds a value that can't be a key."""
    return any(_relative(cond.value) for cond in conditions(node))


def _relative(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return any(map(_relative, value))
    if not isinstance(value, str):
        return isinstance(value, Relative)
    try:
        return read_relative(value) is not None
    except FilterError:
        return True
