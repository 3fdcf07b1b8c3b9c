"""Users as administrators keep them: created, changed, deactivated, never deleted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm_core import directory
from crm_core.accounts import audit, passwords, profile, reset, roles, sessions, teams, totp
from crm_core.accounts.rights import require_admin
from crm_core.context import Ctx
from crm_core.db import KERNEL, CrmSession
from crm_core.errors import Conflict, Forbidden, Invalid, NotFound, Problem, ValueProblem
from crm_core.fieldtypes.texts import normal_email
from crm_core.i18n import N_, gettext
from crm_core.models import Role, Team, TeamMember, User, UserRole
from crm_core.text import like_escape

PAGE = 50


@dataclass(frozen=True)
class UserRow:
    """A user with his roles and teams: their names, by code and by id."""

    user: User
    roles: Mapping[str, str]
    teams: Mapping[int, str]


@dataclass(frozen=True)
class UserPage:
    """A page of users and where it stands; ``page`` and ``pages`` count from 1."""

    items: list[UserRow]
    page: int
    pages: int
    total: int


def listed(ctx: Ctx, *, text: str = "", active: bool | None = None, page: int = 1, size: int = PAGE) -> UserPage:
    """Return users by name, at most ``size`` a page; for administrators.

    Args:
        ctx: the operation.
        text: part of a name or an e-mail address.
        active: only those who may, or may not, sign in.
        page: from 1; beyond the last is the last.
        size: users a page.

    Raises:
        Forbidden: the actor does not administer.
    """
    require_admin(ctx)
    where = []
    if text := profile.one_line(text).lower():
        pattern = f"%{like_escape(text)}%"
        where.append(sa.or_(*(sa.func.lower(c).like(pattern, escape="\\") for c in (User.name, User.email))))
    if active is not None:
        where.append(User.active.is_(active))
    run = ctx.session
    total = run.scalar(sa.select(sa.func.count()).select_from(User).where(*where), execution_options=KERNEL) or 0
    pages = max(1, math.ceil(total / size))
    page = min(max(1, page), pages)
    query = sa.select(User).where(*where).order_by(sa.func.lower(User.name), User.id)
    found = list(run.scalars(query.limit(size).offset((page - 1) * size), execution_options=KERNEL))
    ids = [u.id for u in found]
    role_names = _names(run, sa.select(UserRole.user_id, Role.code, Role.name).join(Role), UserRole.user_id, ids)
    team_names = _names(run, sa.select(TeamMember.user_id, Team.id, Team.name).join(Team), TeamMember.user_id, ids)
    items = [UserRow(u, role_names.get(u.id, {}), team_names.get(u.id, {})) for u in found]
    return UserPage(items, page, pages, total)


def get(ctx: Ctx, user_id: int) -> User:
    """Return a user; for administrators.

    Raises:
        Forbidden: the actor does not administer.
        NotFound: there is none.
    """
    require_admin(ctx)
    user = ctx.session.get(User, user_id, execution_options=KERNEL)
    if user is None:
        raise NotFound(N_("There is no such user"))
    return user


def address(email: str) -> str:
    """Return an e-mail address as accounts are looked up, and their failures counted, by."""
    return profile.one_line(email).lower()[:254]


def by_email(session: CrmSession, email: str) -> User | None:
    """Return the user of an e-mail address, case ignored."""
    query = sa.select(User).where(User.email == address(email))
    return session.scalar(query, execution_options=KERNEL)


def create(ctx: Ctx, values: Mapping[str, Any], *, password: str | None = None) -> User:
    """Create a user; without ``password`` nobody can sign in until one is set by a link.

    Args:
        ctx: the operation.
        values: ``email``, ``name``, and optionally ``roles`` (codes, default ``user``), ``teams`` (ids) and what
            :func:`crm_core.accounts.profile.cleaned` takes.
        password: the first password.

    Raises:
        Forbidden: the actor does not administer, or makes an owner without being one.
        Invalid: with every problem.
    """
    require_admin(ctx)
    values = {"language": ctx.config.language, "timezone": ctx.config.timezone, "roles": [roles.USER], **values}
    clean = _cleaned(ctx, values, None)
    if password is not None:
        _check_password(password, clean)
    wanted_roles, wanted_teams = set(clean.pop("roles")), set(clean.pop("teams", ()))
    _protect_owner(ctx, set(), wanted_roles)
    user = User(**clean, password_hash=passwords.hashed(password) if password is not None else "")
    user.created_at = ctx.now
    ctx.session.add(user)
    ctx.session.flush()
    roles.assign(ctx.session, user.id, wanted_roles)
    teams.assign(ctx.session, user.id, wanted_teams)
    directory.touch(ctx.session)
    diff = {"email": [None, user.email], "name": [None, user.name], "roles": [None, sorted(wanted_roles)]}
    audit.note(ctx, user.id, user.name, "create", diff=diff)
    return user


def update(ctx: Ctx, user_id: int, values: Mapping[str, Any]) -> User:
    """Change a user's name, e-mail, roles, teams or preferences; what is not in ``values`` stays.

    Raises:
        Forbidden: the actor does not administer, or the change concerns an owner and the actor is none.
        Invalid: with every problem.
        Conflict: the last active administrator would step down.
    """
    user = get(ctx, user_id)
    clean = _cleaned(ctx, values, user)
    before = roles.of_user(ctx.session, user_id)
    after = set(clean.pop("roles", before))
    _protect_owner(ctx, before, after)
    if user.active and before & _moderators(ctx) and not after & _moderators(ctx):
        _keep_an_administrator(ctx, user_id)
    old_teams = set(teams.of_user(ctx.session, user_id))
    new_teams = set(clean.pop("teams", old_teams))
    diff: dict[str, Any] = {k: [getattr(user, k), v] for k, v in clean.items() if getattr(user, k) != v}
    for key, value in clean.items():
        setattr(user, key, value)
    if before != after:
        diff["roles"] = [sorted(before), sorted(after)]
        roles.assign(ctx.session, user_id, after)
    if old_teams != new_teams:
        diff["teams"] = [sorted(old_teams), sorted(new_teams)]
        teams.assign(ctx.session, user_id, new_teams)
    if diff:
        ctx.session.flush()
        directory.touch(ctx.session)
        audit.note(ctx, user_id, user.name, "update", diff=diff)
    return user


def set_active(ctx: Ctx, user_id: int, active: bool) -> User:
    """Let a user sign in, or no longer: his sessions end and his tokens stop working.

    Raises:
        Forbidden: the actor does not administer, or the user is an owner and the actor is none.
        Conflict: he is the last active administrator.
    """
    user = get(ctx, user_id)
    held = roles.of_user(ctx.session, user_id)
    _protect_owner(ctx, held, held)
    if user.active == active:
        return user
    if not active:
        if held & _moderators(ctx):
            _keep_an_administrator(ctx, user_id)
        sessions.revoke_all(ctx.session, user_id)
        reset.forget(ctx.session, user_id)
    user.active = active
    ctx.session.flush()
    directory.touch(ctx.session)
    audit.note(ctx, user_id, user.name, "activate" if active else "deactivate")
    return user


def set_password(ctx: Ctx, user_id: int, password: str, *, must_change: bool = False) -> User:
    """Set someone's password; his sessions end. With ``must_change`` he chooses another when he signs in.

    Raises:
        Forbidden: the actor does not administer, or the user is an owner and the actor is none.
        Invalid: the password is refused.
    """
    user = get(ctx, user_id)
    held = roles.of_user(ctx.session, user_id)
    _protect_owner(ctx, held, held)
    _check_password(password, {"email": user.email, "name": user.name})
    user.password_hash, user.must_change_password = passwords.hashed(password), must_change
    sessions.revoke_all(ctx.session, user_id)
    reset.forget(ctx.session, user_id)
    ctx.session.flush()
    audit.note(ctx, user_id, user.name, "password_set")
    return user


def reset_second_factor(ctx: Ctx, user_id: int) -> User:
    """Switch off the second factor of someone who lost it; his sessions end.

    Raises:
        Forbidden: the actor does not administer, or the user is an owner and the actor is none.
    """
    user = get(ctx, user_id)
    held = roles.of_user(ctx.session, user_id)
    _protect_owner(ctx, held, held)
    totp.disable(ctx.session, user)
    sessions.revoke_all(ctx.session, user_id)
    audit.note(ctx, user_id, user.name, "second_factor_reset")
    return user


def invite(ctx: Ctx, user_id: int) -> tuple[User, str]:
    """Make a link by which a user sets his password within three days; return him and the link's key.

    Raises:
        Forbidden: the actor does not administer, or the user is an owner and the actor is none.
        Conflict: the user is deactivated.
    """
    user = get(ctx, user_id)
    held = roles.of_user(ctx.session, user_id)
    _protect_owner(ctx, held, held)
    if not user.active:
        raise Conflict(N_("This user is deactivated"))
    audit.note(ctx, user_id, user.name, "invited")
    return user, reset.issue(ctx.session, user_id, now=ctx.now, lifetime=reset.INVITATION)


def _check_password(password: str, person: Mapping[str, Any]) -> None:
    try:
        passwords.check(password, email=person["email"], name=person["name"])
    except ValueProblem as exc:
        raise Invalid([exc.at("password")]) from exc


def _moderators(ctx: Ctx) -> set[str]:
    return set(ctx.session.scalars(sa.select(Role.code).where(Role.moderator), execution_options=KERNEL))


def _keep_an_administrator(ctx: Ctx, user_id: int) -> None:
    if not roles.other_administrator_exists(ctx.session, user_id):
        raise Conflict(N_("This is the last active administrator; make someone else an administrator first"))


def _protect_owner(ctx: Ctx, before: set[str], after: set[str]) -> None:
    if roles.OWNER in before | after and not (ctx.actor.system or roles.OWNER in ctx.actor.roles):
        raise Forbidden(N_("Only an owner may change an owner's account or make someone an owner"))


def _cleaned(ctx: Ctx, values: Mapping[str, Any], user: User | None) -> dict[str, Any]:
    problems: list[Problem] = []
    clean = profile.collect(values, problems)
    if "email" in values or user is None:
        clean["email"] = _clean_email(ctx, str(values.get("email") or ""), user, problems)
    if "roles" in values:
        clean["roles"] = _known(values["roles"], {r.code for r in roles.all_roles(ctx.session)}, "roles", problems)
        if not clean["roles"]:
            problems.append(Problem("roles", "required", N_("Please choose at least one role")))
    if "teams" in values:
        clean["teams"] = _known(values["teams"], {t.id for t in teams.every(ctx.session)}, "teams", problems)
    if user is None and "name" not in values:
        problems.append(Problem("name", "required", N_("Please give a name")))
    if problems:
        raise Invalid(problems)
    return clean


def _clean_email(ctx: Ctx, raw: str, user: User | None, problems: list[Problem]) -> str:
    try:
        email = normal_email(raw.strip()) if raw.strip() else ""
    except ValueProblem as exc:
        problems.append(exc.at("email"))
        return ""
    if not email:
        problems.append(Problem("email", "required", N_("Please give an e-mail address")))
    other = by_email(ctx.session, email)
    if other is not None and other is not user:
        message = N_("There is already a user with the address %(email)s")
        problems.append(Problem("email", "unique", message, {"email": email}))
    return email


def _known(raw: Any, known: set[Any], field: str, problems: list[Problem]) -> list[Any]:
    items = list(raw) if isinstance(raw, Iterable) and not isinstance(raw, str) else [raw]
    unknown = [item for item in items if item not in known]
    if unknown:
        problems.append(Problem(field, "choice", N_("%(value)s is not a known choice"), {"value": str(unknown[0])}))
    return list(dict.fromkeys(i for i in items if i in known))


def _names(
    session: CrmSession, query: sa.Select[Any, Any, str], column: Any, ids: list[int]
) -> dict[int, dict[Any, str]]:
    """Return the names by key of each user, in the order of the names."""
    found: dict[int, dict[Any, str]] = {}
    for user_id, key, name in session.execute(query.where(column.in_(ids)), execution_options=KERNEL):
        found.setdefault(user_id, {})[key] = gettext(name)
    return {user_id: dict(sorted(names.items(), key=lambda item: item[1])) for user_id, names in found.items()}
