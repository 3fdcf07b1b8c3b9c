"""Teams: groups of users that records and permissions name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm_core import directory, history
from crm_core.accounts.profile import one_line
from crm_core.accounts.rights import require_admin
from crm_core.context import Ctx
from crm_core.db import KERNEL, CrmSession
from crm_core.errors import Invalid, NotFound, Problem
from crm_core.i18n import N_
from crm_core.models import Team, TeamMember, User
from crm_core.text import fold

ENTITY = "core.team"
NAME_LENGTH = 120


@dataclass(frozen=True)
class TeamRow:
    """A team and its members' ids and names, by name."""

    team: Team
    members: tuple[tuple[int, str], ...]


def every(session: CrmSession) -> list[Team]:
    """Return all teams by name."""
    return sorted(session.scalars(sa.select(Team), execution_options=KERNEL), key=lambda t: fold(t.name))


def of_user(session: CrmSession, user_id: int) -> list[int]:
    """Return the ids of a user's teams."""
    query = sa.select(TeamMember.team_id).where(TeamMember.user_id == user_id).order_by(TeamMember.team_id)
    return list(session.scalars(query, execution_options=KERNEL))


def assign(session: CrmSession, user_id: int, team_ids: set[int]) -> None:
    """Put a user in exactly these teams."""
    session.execute(sa.delete(TeamMember).where(TeamMember.user_id == user_id), execution_options=KERNEL)
    session.add_all(TeamMember(team_id=team_id, user_id=user_id) for team_id in sorted(team_ids))
    session.flush()


def listed(ctx: Ctx) -> list[TeamRow]:
    """Return all teams with their members; for administrators.

    Raises:
        Forbidden: the actor does not administer.
    """
    require_admin(ctx)
    query = sa.select(TeamMember.team_id, User.id, User.name).join(User, User.id == TeamMember.user_id)
    members: dict[int, list[tuple[int, str]]] = {}
    for team_id, user_id, name in ctx.session.execute(query, execution_options=KERNEL):
        members.setdefault(team_id, []).append((user_id, name))
    return [
        TeamRow(team, tuple(sorted(members.get(team.id, ()), key=lambda m: fold(m[1])))) for team in every(ctx.session)
    ]


def get(ctx: Ctx, team_id: int) -> TeamRow:
    """Return one team; for administrators.

    Raises:
        Forbidden: the actor does not administer.
        NotFound: there is none.
    """
    for row in listed(ctx):
        if row.team.id == team_id:
            return row
    raise NotFound(N_("There is no such team"))


def create(ctx: Ctx, values: Mapping[str, Any]) -> Team:
    """Create a team from ``name`` and ``members`` (user ids).

    Raises:
        Forbidden: the actor does not administer.
        Invalid: with every problem.
    """
    require_admin(ctx)
    clean = _cleaned(ctx.session, {"name": "", **values}, None)
    members = clean.pop("members", set())
    team = Team(**clean)
    ctx.session.add(team)
    ctx.session.flush()
    _set_members(ctx.session, team.id, members)
    directory.touch(ctx.session)
    diff = {"name": [None, team.name], "members": [None, sorted(members)]}
    history.note(ctx, ENTITY, team.id, team.name, "create", diff)
    return team


def update(ctx: Ctx, team_id: int, values: Mapping[str, Any]) -> Team:
    """Rename a team, change its members or switch it off; what is not in ``values`` stays.

    Raises:
        Forbidden: the actor does not administer.
        NotFound: there is none.
        Invalid: with every problem.
    """
    row = get(ctx, team_id)
    team, before = row.team, {user_id for user_id, _ in row.members}
    clean = _cleaned(ctx.session, values, team)
    after = clean.pop("members", before)
    diff: dict[str, Any] = {k: [getattr(team, k), v] for k, v in clean.items() if getattr(team, k) != v}
    for key, value in clean.items():
        setattr(team, key, value)
    if before != after:
        diff["members"] = [sorted(before), sorted(after)]
        _set_members(ctx.session, team_id, after)
    if diff:
        ctx.session.flush()
        directory.touch(ctx.session)
        history.note(ctx, ENTITY, team_id, team.name, "update", diff)
    return team


def _set_members(session: CrmSession, team_id: int, user_ids: Iterable[int]) -> None:
    session.execute(sa.delete(TeamMember).where(TeamMember.team_id == team_id), execution_options=KERNEL)
    session.add_all(TeamMember(team_id=team_id, user_id=user_id) for user_id in sorted(user_ids))
    session.flush()


def _cleaned(session: CrmSession, values: Mapping[str, Any], team: Team | None) -> dict[str, Any]:
    problems: list[Problem] = []
    clean: dict[str, Any] = {}
    if "name" in values:
        clean["name"] = name = one_line(values["name"])
        if not name:
            problems.append(Problem("name", "required", N_("Please give a name")))
        elif len(name) > NAME_LENGTH:
            problems.append(Problem("name", "too_long", N_("At most %(n)s characters, please"), {"n": NAME_LENGTH}))
        elif any(t is not team and fold(t.name) == fold(name) for t in every(session)):
            problems.append(Problem("name", "unique", N_("There is already a team with this name")))
    if "active" in values:
        clean["active"] = bool(values["active"])
    if "members" in values:
        clean["members"] = wanted = {m for m in values["members"] if isinstance(m, int)}
        known = set(session.scalars(sa.select(User.id).where(User.id.in_(wanted)), execution_options=KERNEL))
        if len(wanted) != len(set(values["members"])) or wanted != known:
            problems.append(Problem("members", "choice", N_("Some members are not known")))
    if problems:
        raise Invalid(problems)
    return clean
