"""Counting attempts in the database, so that all processes slow guessing down together.

An attempt is noted before the secret is checked and taken back when it was right; so many attempts sent at the same
moment can't all pass.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import math
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from crm_core.accounts import keys
from crm_core.db import KERNEL, CrmSession
from crm_core.errors import TooMany
from crm_core.i18n import N_
from crm_core.models import LoginAttempt

WINDOW = dt.timedelta(minutes=15)
FIRST_DELAY = dt.timedelta(seconds=30)


@dataclass(frozen=True)
class Limit:
    """How many failures a bucket bears in 15 minutes before it must wait."""

    bucket: str
    allowed: int


def for_account(email: str) -> Limit:
    """Return the limit of sign-ins to one account, whether it exists or not."""
    return Limit("account:" + keys.digest(email)[:40], 5)


def for_address(address: str, kind: str = "address") -> Limit:
    """Return the limit of one address; an IPv6 network of 64 bits counts as one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return Limit(f"{kind}:{address[:60]}", 20)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return Limit(f"{kind}:{ipaddress.ip_network((parsed, 64), strict=False)}", 20)
    return Limit(f"{kind}:{parsed}", 20)


def for_code(user_id: int) -> Limit:
    """Return the limit of second factor codes of one user."""
    return Limit(f"code:{user_id}", 5)


def for_own_password(user_id: int) -> Limit:
    """Return the limit of a signed-in user's password being asked again."""
    return Limit(f"own:{user_id}", 5)


def for_reset(email: str) -> Limit:
    """Return the limit of reset mails to one address."""
    return Limit("reset:" + keys.digest(email)[:40], 3)


def reserve(session: CrmSession, limits: Iterable[Limit], now: dt.datetime) -> list[int]:
    """Note an attempt in every bucket, in a transaction that is committed before the secret is checked.

    Returns:
        What :func:`release` takes.

    Raises:
        TooMany: a bucket is full; ``retry_after`` says for how many seconds. Nothing is noted then.
    """
    limits = sorted(limits, key=lambda limit: limit.bucket)
    for limit in limits:
        _lock(session, limit.bucket)
        if (wait := _wait(session, limit, now)) > 0:
            raise TooMany(
                N_("Too many attempts. Please try again in %(n)s seconds"), retry_after=wait, params={"n": wait}
            )
    noted = [LoginAttempt(bucket=limit.bucket, at=now) for limit in limits]
    session.add_all(noted)
    session.flush()
    return [attempt.id for attempt in noted]


def release(session: CrmSession, noted: list[int]) -> None:
    """Take an attempt back: it was no failure."""
    session.execute(sa.delete(LoginAttempt).where(LoginAttempt.id.in_(noted)), execution_options=KERNEL)


def clear(session: CrmSession, limit: Limit) -> None:
    """Forget every failure of a bucket."""
    session.execute(sa.delete(LoginAttempt).where(LoginAttempt.bucket == limit.bucket), execution_options=KERNEL)


def failures(session: CrmSession, limit: Limit, now: dt.datetime) -> int:
    """Return how many attempts a bucket holds in the last 15 minutes."""
    return _recent(session, limit, now)[0]


def purge(session: CrmSession, now: dt.datetime) -> None:
    """Delete attempts that count no more."""
    session.execute(sa.delete(LoginAttempt).where(LoginAttempt.at < now - WINDOW), execution_options=KERNEL)


def _recent(session: CrmSession, limit: Limit, now: dt.datetime) -> tuple[int, dt.datetime | None]:
    count, last = session.execute(
        sa.select(sa.func.count(), sa.func.max(LoginAttempt.at)).where(
            LoginAttempt.bucket == limit.bucket, LoginAttempt.at > now - WINDOW
        ),
        execution_options=KERNEL,
    ).one()
    return count, last


def _wait(session: CrmSession, limit: Limit, now: dt.datetime) -> int:
    count, last = _recent(session, limit, now)
    if last is None or count < limit.allowed:
        return 0
    delay = min(WINDOW, FIRST_DELAY * 2 ** min(count - limit.allowed, 10))
    left: dt.timedelta = last + delay - now
    return math.ceil(left.total_seconds())


def _lock(session: CrmSession, bucket: str) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(bucket))), execution_options=KERNEL)
