"""Links that let a person set a password: one use, one hour after a request, three days in an invitation."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from crm_core.accounts import keys
from crm_core.db import KERNEL, CrmSession
from crm_core.models import PasswordReset, User

LIFETIME = dt.timedelta(hours=1)
INVITATION = dt.timedelta(days=3)


def issue(session: CrmSession, user_id: int, *, now: dt.datetime, lifetime: dt.timedelta = LIFETIME) -> str:
    """Make a link's key for a user; the links made before stop working."""
    forget(session, user_id)
    key = keys.random_key()
    session.add(PasswordReset(digest=keys.digest(key), user_id=user_id, expires_at=now + lifetime))
    session.flush()
    return key


def find(session: CrmSession, key: str, now: dt.datetime) -> User | None:
    """Return the active user a key is for, ``None`` when it is unknown, used or too old."""
    query = (
        sa.select(User)
        .join(PasswordReset, PasswordReset.user_id == User.id)
        .where(
            PasswordReset.digest == keys.digest(key),
            PasswordReset.used_at.is_(None),
            PasswordReset.expires_at > now,
            User.active,
        )
    )
    return session.scalar(query, execution_options=KERNEL)


def use(session: CrmSession, key: str, now: dt.datetime) -> User | None:
    """Use a key up and return its user; ``None`` when it does not hold (any more)."""
    user = find(session, key, now)
    if user is None:
        return None
    query = sa.select(PasswordReset).where(PasswordReset.digest == keys.digest(key)).with_for_update()
    row = session.scalars(query, execution_options={**KERNEL, "populate_existing": True}).one()
    if row.used_at is not None:
        return None
    row.used_at = now
    session.flush()
    return user


def forget(session: CrmSession, user_id: int) -> None:
    """Make every link of a user worthless."""
    mine = sa.delete(PasswordReset).where(PasswordReset.user_id == user_id, PasswordReset.used_at.is_(None))
    session.execute(mine, execution_options=KERNEL)


def purge(session: CrmSession, now: dt.datetime) -> None:
    """Delete links that are too old."""
    session.execute(sa.delete(PasswordReset).where(PasswordReset.expires_at <= now), execution_options=KERNEL)
