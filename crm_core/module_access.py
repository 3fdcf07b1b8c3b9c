"""Naming the people who may use a module (AD-07)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crm_core import history
from crm_core.access.modules import AUDIENCE, audience_of
from crm_core.context import team_principal, user_principal
from crm_core.db import KERNEL
from crm_core.directory import touch
from crm_core.errors import Forbidden, Invalid, Problem
from crm_core.i18n import N_
from crm_core.models import SettingRow

if TYPE_CHECKING:
    from crm_core.context import Ctx


def set_audience(ctx: Ctx, plugin: str, users: Iterable[int], teams: Iterable[int]) -> None:
    """Limit a module to users and members of teams; without any it is open to everyone.

    Raises:
        Forbidden: the actor is no administrator.
        Invalid: a user or team there is not.
    """
    if not ctx.actor.is_admin:
        raise Forbidden(N_("Only administrators decide who may use a module"))
    users, teams = list(users), list(teams)
    problems = [
        *(Problem("users", "unknown", N_("There is no such user")) for u in users if ctx.directory.user(u) is None),
        *(Problem("teams", "unknown", N_("There is no such team")) for t in teams if ctx.directory.team(t) is None),
    ]
    if problems:
        raise Invalid(problems)
    named = sorted({*map(user_principal, users), *map(team_principal, teams)})
    before = sorted(audience_of(ctx.directory, plugin))
    if named == before:
        return
    key = AUDIENCE + plugin
    ctx.session.execute(sa.delete(SettingRow).where(SettingRow.key == key), execution_options=KERNEL)
    if named:
        values = {"key": key, "value": named, "changed_at": ctx.now, "changed_by_id": ctx.actor.id}
        ctx.session.execute(sa.insert(SettingRow).values(**values), execution_options=KERNEL)
    history.note(ctx, "core.plugin", 0, plugin, "update", {"audience": [before, named]})
    touch(ctx.session)
