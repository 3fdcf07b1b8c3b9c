"""Signing in step by step: password, second factor, session; and the way back in for a lost password.

Each attempt is counted and committed before the secret is checked, and no transaction is open while a password is
hashed. ``operation`` opens one writing operation of the system.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import sqlalchemy as sa

from crm_core.accounts import audit, keys, passwords, reset, sessions, throttle, totp, users
from crm_core.accounts.sessions import Visitor
from crm_core.context import Actor, Ctx
from crm_core.db import KERNEL, CrmSession
from crm_core.errors import CrmError, Invalid, ValueProblem
from crm_core.events import emit
from crm_core.i18n import N_
from crm_core.models import User

Operation = Callable[[], AbstractContextManager[Ctx]]

PENDING_SECONDS = 10 * 60
_PENDING = "sign-in waiting for a code"


class WrongCredentials(CrmError):
    """No active account has this address and password; which of them is wrong is not told."""

    status, code, title = 401, "wrong_credentials", N_("The e-mail address or the password is wrong")


class WrongCode(CrmError):
    """The code of the second factor is wrong, too old or used."""

    status, code, title = 401, "wrong_code", N_("This code is wrong, too old or already used")


class TooLate(CrmError):
    """A step was left unfinished for too long, or the account changed meanwhile."""

    status, code, title = 401, "too_late", N_("This took too long; please sign in again")


class BadLink(CrmError):
    """A link to set a password does not hold (any more)."""

    status, code, title = 404, "bad_link", N_("This link is used up or too old; please ask for a new one")


@dataclass(frozen=True)
class Done:
    """A finished sign-in: the key of the new session."""

    user_id: int
    key: str


@dataclass(frozen=True)
class NeedsCode:
    """A right password of someone with a second factor; ``pending`` is shown again with the code."""

    pending: str


@dataclass(frozen=True)
class ResetLink:
    """A link to be sent by mail."""

    email: str
    name: str
    language: str
    key: str


@dataclass(frozen=True)
class _Account:
    id: int
    name: str
    stored: str
    second_factor: bool


def with_password(
    operation: Operation, email: str, password: str, visitor: Visitor, *, replaces: str = ""
) -> Done | NeedsCode:
    """Check a password and begin a session, unless a second factor is needed first.

    Args:
        operation: opens a writing operation of the system.
        email: as typed.
        password: as typed.
        visitor: where the request comes from.
        replaces: key of a session of this browser, which ends.

    Raises:
        TooMany: too many attempts at this account or from this address.
        WrongCredentials: wrong, unknown or deactivated; all look the same and take the same time.
    """
    email = users.address(email)
    account_limit = throttle.for_account(email)
    limits = (account_limit, throttle.for_address(visitor.address))
    with operation() as ctx:
        noted = throttle.reserve(ctx.session, limits, ctx.now)
        failures = throttle.failures(ctx.session, account_limit, ctx.now)
        account = _account(ctx, email)
    good = passwords.verify(account.stored if account else "", password)
    fresh = passwords.hashed(password) if good and account and passwords.outdated(account.stored) else ""
    with operation() as ctx:
        if account is not None and good:
            throttle.release(ctx.session, noted)
            _rehash(ctx, account, fresh)
            if account.second_factor:
                return NeedsCode(_seal_pending(ctx, account.id, fresh or account.stored))
            throttle.clear(ctx.session, account_limit)
            return Done(account.id, _begin(ctx, account.id, account.name, visitor, replaces))
        if account is not None and failures in (1, account_limit.allowed):
            _note(ctx, account.id, account.name, "sign_in_failed", visitor)
    raise WrongCredentials


def with_code(operation: Operation, pending: str, code: str, visitor: Visitor, *, replaces: str = "") -> Done:
    """Check the second factor and begin the session.

    Raises:
        TooMany: too many codes tried.
        TooLate: the password was given more than ten minutes ago, or the account changed since.
        WrongCode: the code is not good.
    """
    with operation() as ctx:
        user = _pending_user(ctx, pending)
        if user is None:
            raise TooLate
        limits = (throttle.for_code(user.id), throttle.for_address(visitor.address))
        noted = throttle.reserve(ctx.session, limits, ctx.now)
        if totp.accept(ctx.session, ctx.config, user, code, ctx.now):
            throttle.release(ctx.session, noted)
            for limit in (limits[0], throttle.for_account(user.email)):
                throttle.clear(ctx.session, limit)
            return Done(user.id, _begin(ctx, user.id, user.name, visitor, replaces))
        if throttle.failures(ctx.session, limits[0], ctx.now) in (1, limits[0].allowed):
            _note(ctx, user.id, user.name, "second_factor_failed", visitor)
    raise WrongCode


def sign_out(ctx: Ctx, key: str) -> None:
    """End the session of this browser."""
    sessions.end(ctx.session, key)
    if ctx.actor.id is not None:
        audit.note(ctx, ctx.actor.id, ctx.actor.name, "signed_out")


def ask_reset(operation: Operation, email: str, visitor: Visitor) -> ResetLink | None:
    """Make a link for a lost password; ``None`` when no active account has the address.

    The caller answers the same in both cases, at the same speed.

    Raises:
        TooMany: too many links asked for.
    """
    email = users.address(email)
    with operation() as ctx:
        limits = (throttle.for_reset(email), throttle.for_address(visitor.address, "reset-address"))
        throttle.reserve(ctx.session, limits, ctx.now)
        user = users.by_email(ctx.session, email)
        if user is None or not user.active:
            return None
        _note(ctx, user.id, user.name, "reset_asked", visitor)
        return ResetLink(user.email, user.name, user.language, reset.issue(ctx.session, user.id, now=ctx.now))


def link_owner(session: CrmSession, key: str, now: dt.datetime) -> User | None:
    """Return whose password a link sets, ``None`` when it does not hold."""
    return reset.find(session, key, now)


def finish_reset(operation: Operation, key: str, password: str, visitor: Visitor) -> None:
    """Set the password of whoever holds a link; every session of his ends.

    Raises:
        BadLink: used, too old or unknown.
        Invalid: the password is refused; the link still holds.
    """
    with operation() as ctx:
        user = reset.find(ctx.session, key, ctx.now)
    if user is None:
        raise BadLink
    try:
        passwords.check(password, email=user.email, name=user.name)
    except ValueProblem as exc:
        raise Invalid([exc.at("password")]) from exc
    fresh = passwords.hashed(password)
    with operation() as ctx:
        user = reset.use(ctx.session, key, ctx.now)
        if user is None:
            raise BadLink
        user.password_hash, user.must_change_password = fresh, False
        reset.forget(ctx.session, user.id)
        sessions.revoke_all(ctx.session, user.id)
        throttle.clear(ctx.session, throttle.for_account(user.email))
        ctx.session.flush()
        _note(ctx, user.id, user.name, "password_reset", visitor)


def own_password_fits(operation: Operation, user_id: int, password: str) -> bool:
    """Ask a signed-in person's password again; wrong ones are counted.

    Raises:
        TooMany: too many wrong ones.
    """
    limit = throttle.for_own_password(user_id)
    with operation() as ctx:
        throttle.reserve(ctx.session, [limit], ctx.now)
        user = ctx.session.get(User, user_id, execution_options=KERNEL)
    if not passwords.verify(user.password_hash if user else "", password):
        return False
    with operation() as ctx:
        throttle.clear(ctx.session, limit)
    return True


def purge(ctx: Ctx) -> None:
    """Delete ended sessions, links and attempts."""
    for module in (sessions, reset, throttle):
        module.purge(ctx.session, ctx.now)


def _account(ctx: Ctx, email: str) -> _Account | None:
    user = users.by_email(ctx.session, email)
    if user is None or not user.active:
        return None
    return _Account(user.id, user.name, user.password_hash, bool(user.totp_secret))


def _rehash(ctx: Ctx, account: _Account, fresh: str) -> None:
    if fresh:
        same = sa.update(User).where(User.id == account.id, User.password_hash == account.stored)
        ctx.session.execute(same.values(password_hash=fresh), execution_options=KERNEL)


def _begin(ctx: Ctx, user_id: int, name: str, visitor: Visitor, replaces: str) -> str:
    if replaces:
        sessions.end(ctx.session, replaces)
    purge(ctx)
    key = sessions.start(ctx.session, ctx.config, user_id, now=ctx.now, visitor=visitor)
    ctx.session.execute(
        sa.update(User).where(User.id == user_id).values(last_seen_at=ctx.now), execution_options=KERNEL
    )
    _note(ctx, user_id, name, "signed_in", visitor)
    emit(ctx, "signed_in", audit.ENTITY, user_id)
    return key


def _note(ctx: Ctx, user_id: int, name: str, action: str, visitor: Visitor) -> None:
    by_person = ctx.as_actor(Actor(user_id, name))
    audit.note(by_person, user_id, name, action, detail=visitor.address)


def _seal_pending(ctx: Ctx, user_id: int, stored: str) -> str:
    return keys.seal(ctx.config, _PENDING, json.dumps([user_id, keys.digest(stored)]))


def _pending_user(ctx: Ctx, pending: str) -> User | None:
    text = keys.unseal(ctx.config, _PENDING, pending, seconds=PENDING_SECONDS)
    if text is None:
        return None
    user_id, fingerprint = json.loads(text)
    user = ctx.session.get(User, user_id, execution_options=KERNEL)
    if user is None or not user.active or keys.digest(user.password_hash) != fingerprint:
        return None
    return user
