"""API tokens: ``crm_`` and 40 random characters, shown once, stored as a digest, limited by scopes and time."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crm_core.accounts import audit, keys
from crm_core.accounts.identity import COLUMNS, SignedIn, signed_in
from crm_core.accounts.profile import one_line
from crm_core.accounts.rights import own_id, require_admin
from crm_core.context import Ctx
from crm_core.db import KERNEL, CrmSession
from crm_core.errors import Forbidden, Invalid, NotFound, Problem
from crm_core.i18n import N_
from crm_core.models import ApiToken, User

PREFIX = "crm_"
SCOPES: dict[str, str] = {
    "read": N_("Read"),
    "write": N_("Read and write"),
    "admin": N_("Read, write and administer"),
}
"""Scopes from the narrowest to the widest; each includes those before it."""

LONGEST_DAYS = 3650

_SHOWN = 12
_NO_TOKEN = N_("There is no such token")
_RESOLVE = (
    sa.select(
        *COLUMNS,
        ApiToken.id.label("token_id"),
        ApiToken.scopes,
        ApiToken.created_at,
        ApiToken.last_used_at,
        ApiToken.expires_at,
    )
    .join(User, User.id == ApiToken.user_id)
    .where(
        ApiToken.digest == sa.bindparam("digest"),
        ApiToken.revoked_at.is_(None),
        sa.or_(
            ApiToken.expires_at.is_(None),
            ApiToken.expires_at > sa.bindparam("now", type_=ApiToken.expires_at.type),
        ),
        User.active,
    )
)


def normal_scopes(scopes: Iterable[str]) -> list[str]:
    """Return the scopes with those they include, narrowest first; none given means ``read`` and ``write``.

    Raises:
        Invalid: an unknown scope.
    """
    wanted, order = set(scopes) or {"write"}, list(SCOPES)
    if unknown := sorted(wanted - set(order)):
        message = N_("There is no scope %(name)s; scopes are %(all)s")
        raise Invalid([Problem("scopes", "choice", message, {"name": unknown[0], "all": ", ".join(order)})])
    return order[: max(order.index(s) for s in wanted) + 1]


def create(
    session: CrmSession,
    user_id: int,
    *,
    name: str,
    scopes: Iterable[str] = (),
    days: int | None = None,
    now: dt.datetime,
) -> tuple[str, ApiToken]:
    """Make a token and return it with its row; the token itself exists nowhere else.

    Args:
        session: an open transaction.
        user_id: whose rights it has.
        name: what it is for.
        scopes: see :func:`normal_scopes`.
        days: days until it ends, ``None`` for no end.
        now: the present instant.

    Raises:
        Invalid: no name, an unknown scope, or days outside 1 to 3650.
    """
    problems = []
    if not (name := one_line(name)):
        problems.append(Problem("name", "required", N_("Please say what the token is for")))
    elif len(name) > 120:
        problems.append(Problem("name", "too_long", N_("At most %(n)s characters, please"), {"n": 120}))
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        problems.append(Problem("days", "range", N_("From 1 to %(n)s days"), {"n": LONGEST_DAYS}))
    if problems:
        raise Invalid(problems)
    token = PREFIX + secrets.token_urlsafe(30)
    row = ApiToken(
        digest=keys.digest(token),
        prefix=token[:_SHOWN],
        name=name,
        user_id=user_id,
        scopes=normal_scopes(scopes),
        created_at=now,
        expires_at=now + dt.timedelta(days=days) if days is not None else None,
    )
    session.add(row)
    session.flush()
    return token, row


def resolve(session: CrmSession | Connection, bearer: str, now: dt.datetime) -> SignedIn | None:
    """Return whose token it is in one statement, ``None`` when unknown, ended, revoked or of an inactive user."""
    if not bearer.startswith(PREFIX):
        return None
    values = {"digest": keys.digest(bearer), "now": now}
    found = session.execute(_RESOLVE, values, execution_options=KERNEL).first()
    if found is None:
        return None
    return signed_in(
        found,
        via="api",
        token_id=found.token_id,
        scopes=frozenset(found.scopes or ()),
        created_at=found.created_at,
        seen_at=found.last_used_at,
        expires_at=found.expires_at,
    )


def listed(session: CrmSession, user_id: int | None = None) -> list[tuple[ApiToken, str]]:
    """Return tokens with their owner's e-mail, newest first; of everyone without ``user_id``."""
    query = sa.select(ApiToken, User.email).join(User, User.id == ApiToken.user_id)
    if user_id is not None:
        query = query.where(ApiToken.user_id == user_id)
    rows = session.execute(query.order_by(ApiToken.id.desc()), execution_options=KERNEL)
    return [(token, email) for token, email in rows]


def revoke(session: CrmSession, token_id: int, *, now: dt.datetime, user_id: int | None = None) -> ApiToken:
    """End a token; of ``user_id`` only, when given. Ending it twice changes nothing.

    Raises:
        NotFound: there is none.
    """
    row = session.get(ApiToken, token_id, execution_options=KERNEL)
    if row is None or (user_id is not None and row.user_id != user_id):
        raise NotFound(_NO_TOKEN)
    row.revoked_at = row.revoked_at or now
    session.flush()
    return row


def create_own(ctx: Ctx, *, name: str, scopes: Iterable[str], days: int | None) -> tuple[str, ApiToken]:
    """Make a token of the person who acts.

    Raises:
        Invalid: see :func:`create`.
        Forbidden: the scope ``admin`` for someone who does not administer, or more than the token in use allows.
    """
    wanted = normal_scopes(scopes)
    if "admin" in wanted:
        require_admin(ctx)
    if ctx.actor.scopes is not None and not set(wanted) <= ctx.actor.scopes:
        raise Forbidden(N_("A token can't make one that may do more than itself"))
    token, row = create(ctx.session, own_id(ctx), name=name, scopes=wanted, days=days, now=ctx.now)
    note_created(ctx, row, ctx.actor.name)
    return token, row


def revoke_own(ctx: Ctx, token_id: int) -> ApiToken:
    """End a token of the person who acts.

    Raises:
        NotFound: there is none.
    """
    row = revoke(ctx.session, token_id, now=ctx.now, user_id=own_id(ctx))
    note_revoked(ctx, row, ctx.actor.name)
    return row


def own(ctx: Ctx, token_id: int) -> ApiToken:
    """Return a token of the person who acts.

    Raises:
        NotFound: there is none.
    """
    row = ctx.session.get(ApiToken, token_id, execution_options=KERNEL)
    if row is None or row.user_id != own_id(ctx):
        raise NotFound(_NO_TOKEN)
    return row


def note_created(ctx: Ctx, row: ApiToken, owner: str) -> None:
    """Write in the history that a token was made."""
    detail = f"{row.name} ({row.prefix}…): {', '.join(row.scopes)}"
    audit.note(ctx, row.user_id, owner, "token_created", detail=detail)


def note_revoked(ctx: Ctx, row: ApiToken, owner: str) -> None:
    """Write in the history that a token was ended."""
    audit.note(ctx, row.user_id, owner, "token_revoked", detail=f"{row.name} ({row.prefix}…)")
