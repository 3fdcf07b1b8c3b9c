"""The three roles every deployment starts with (AD-01 to AD-06)."""

from __future__ import annotations

import sqlalchemy as sa

from crm_core.db import KERNEL, CrmSession
from crm_core.i18n import N_
from crm_core.models import Grant, Role, User, UserRole

USER, ADMIN, OWNER = "user", "crm_admin", "owner"

NAMES = {USER: N_("User"), ADMIN: N_("CRM administrator"), OWNER: N_("Owner")}
MODERATORS = frozenset({ADMIN, OWNER})

_EVERYTHING = {"read": "all", "create": "all", "update": "all", "delete": "all", "export": "all"}
_GRANTS = {USER: {**_EVERYTHING, "delete": "own"}, ADMIN: _EVERYTHING, OWNER: _EVERYTHING}


def seed(session: CrmSession) -> None:
    """Create the roles that are missing, with their grants; what an administrator changed stays.

    A grant of level ``all`` still leaves each record's visibility to decide who reads and writes it.
    """
    known = set(session.scalars(sa.select(Role.code), execution_options=KERNEL))
    for code, name in NAMES.items():
        if code in known:
            continue
        role = Role(code=code, name=name, moderator=code in MODERATORS, fixed=True)
        session.add(role)
        session.flush()
        session.add_all(
            Grant(role_id=role.id, entity="*", action=action, level=level) for action, level in _GRANTS[code].items()
        )
    session.flush()


def all_roles(session: CrmSession) -> list[Role]:
    """Return every role, the first three first."""
    order = list(NAMES)
    found = session.scalars(sa.select(Role), execution_options=KERNEL)
    return sorted(found, key=lambda r: (order.index(r.code) if r.code in order else len(order), r.name))


def of_user(session: CrmSession, user_id: int) -> set[str]:
    """Return the role codes of a user."""
    query = sa.select(Role.code).join(UserRole, UserRole.role_id == Role.id).where(UserRole.user_id == user_id)
    return set(session.scalars(query, execution_options=KERNEL))


def assign(session: CrmSession, user_id: int, codes: set[str]) -> None:
    """Give a user exactly these roles; the codes are known to exist."""
    session.execute(sa.delete(UserRole).where(UserRole.user_id == user_id), execution_options=KERNEL)
    ids = session.scalars(sa.select(Role.id).where(Role.code.in_(codes)), execution_options=KERNEL)
    session.add_all(UserRole(user_id=user_id, role_id=role_id) for role_id in ids)
    session.flush()


def other_administrator_exists(session: CrmSession, user_id: int) -> bool:
    """Tell whether another active user administers; locks the roles, so that two can't step down at once."""
    lock = sa.select(Role.id).where(Role.moderator).with_for_update()
    ids = list(session.scalars(lock, execution_options=KERNEL))
    others = (
        sa.select(sa.func.count())
        .select_from(UserRole)
        .join(User, User.id == UserRole.user_id)
        .where(UserRole.role_id.in_(ids), User.active, User.id != user_id)
    )
    return bool(session.scalar(others, execution_options=KERNEL))
