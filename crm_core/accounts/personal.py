"""What each person chooses of what modules offer (``PreferenceDef``): read, checked and kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crm_core.context import Ctx
from crm_core.contributed_services import PreferenceDef
from crm_core.db import KERNEL
from crm_core.errors import CrmError, Problem, ValueProblem
from crm_core.i18n import N_
from crm_core.models import User

_PLACE = "personal"


def offered(ctx: Ctx) -> dict[str, PreferenceDef]:
    """Return what can be chosen, by key."""
    return {p.key: p for p in ctx.registry.of(PreferenceDef)}


def values(ctx: Ctx, kept: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return everything that can be chosen with what a person's preferences say of it, else its default."""
    chosen = (kept or {}).get(_PLACE) or {}
    return {key: chosen.get(key, p.default) for key, p in offered(ctx).items()}


def value(ctx: Ctx, key: str, user_id: int | None = None) -> Any:
    """Return what a person chose, the actor unless another one is named; the default where nothing was chosen.

    Raises:
        CrmError: no active module offers it.
    """
    if key not in offered(ctx):
        raise CrmError("Unknown preference %(key)s", params={"key": key}, hint="declare a PreferenceDef with this key")
    query = sa.select(User.preferences).where(User.id == (ctx.actor.id if user_id is None else user_id))
    return values(ctx, ctx.session.scalar(query, execution_options=KERNEL))[key]


def collect(ctx: Ctx, raw: Any, kept: Mapping[str, Any] | None, problems: list[Problem]) -> dict[str, Any]:
    """Return preferences in which what ``raw`` gives by key is chosen; what is wrong is added to ``problems``."""
    known, chosen = offered(ctx), dict((kept or {}).get(_PLACE) or {})
    for key, given in raw.items() if isinstance(raw, Mapping) else ():
        if key not in known:
            problems.append(Problem("preferences", "unknown", N_("%(key)s can't be chosen"), {"key": str(key)[:80]}))
            continue
        try:
            parsed = known[key].type.parse(given, ctx)
            chosen[key] = None if parsed is None else known[key].type.store(parsed)
        except ValueProblem as problem:
            problems.append(problem.at(key))
    return {**(kept or {}), _PLACE: chosen}
