"""Browser sessions kept in the database: only the digest of the key is stored, and a key is never taken over.

``expires_at`` is the earlier of the absolute end and the end by idleness; :func:`touch` moves it on, so that one
comparison decides.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import aliased

from crm_core.accounts import csrf, keys
from crm_core.accounts.identity import COLUMNS, SignedIn, signed_in
from crm_core.config import Config
from crm_core.db import KERNEL, CrmSession, Database, utcnow
from crm_core.errors import Unavailable
from crm_core.models import ApiToken, Change, User, WebSession

USER, VIEW_ENDED = "core.user", "view_ended"
"""What history calls an account, and the end of looking as one."""
TOUCH_EVERY = dt.timedelta(minutes=5)

_RESOLVE = (
    sa.select(
        *COLUMNS,
        WebSession.id.label("session_id"),
        WebSession.csrf,
        WebSession.created_at,
        WebSession.seen_at,
        WebSession.expires_at,
        WebSession.flash,
        WebSession.viewed_id,
    )
    .join(User, User.id == WebSession.user_id)
    .where(
        WebSession.digest == sa.bindparam("digest"),
        WebSession.expires_at > sa.bindparam("now", type_=WebSession.expires_at.type),
        User.active,
    )
)


@dataclass(frozen=True)
class Visitor:
    """Where a request comes from."""

    address: str = ""
    user_agent: str = ""


def start(session: CrmSession, config: Config, user_id: int, *, now: dt.datetime, visitor: Visitor = Visitor()) -> str:
    """Begin a session for a user and return its key, to be put in a cookie; the key exists nowhere else."""
    key = keys.random_key()
    row = WebSession(
        digest=keys.digest(key),
        user_id=user_id,
        csrf=csrf.new_secret(),
        created_at=now,
        seen_at=now,
        expires_at=_expiry(config, now, now),
        user_agent=visitor.user_agent[:200],
        address=visitor.address[:60],
        flash=[],
    )
    session.add(row)
    session.flush()
    return key


def resolve(session: CrmSession | Connection, key: str, now: dt.datetime) -> SignedIn | None:
    """Return who holds ``key`` in one statement, ``None`` when it is unknown, expired or of an inactive user."""
    if not key:
        return None
    found = session.execute(_RESOLVE, {"digest": keys.digest(key), "now": now}, execution_options=KERNEL).first()
    if found is None:
        return None
    return signed_in(
        found,
        via="web",
        session_id=found.session_id,
        csrf=found.csrf,
        created_at=found.created_at,
        seen_at=found.seen_at,
        expires_at=found.expires_at,
        flash=tuple(found.flash or ()),
        viewed_id=found.viewed_id,
    )


def touch(database: Database, config: Config, who: SignedIn, now: dt.datetime) -> bool:
    """Note that a session or token is in use, in a short transaction of its own, at most every five minutes.

    Returns:
        Whether something was written; a busy database is no reason to fail a request.
    """
    if who.seen_at is not None and now - who.seen_at < TOUCH_EVERY:
        return False
    changes: list[sa.Update] = [sa.update(User).where(User.id == who.user_id).values(last_seen_at=now)]
    if who.session_id is not None:
        used = {"seen_at": now, "expires_at": _expiry(config, who.created_at, now)}
        changes.append(sa.update(WebSession).where(WebSession.id == who.session_id).values(used))
    elif who.token_id is not None:
        changes.append(sa.update(ApiToken).where(ApiToken.id == who.token_id).values(last_used_at=now))
    try:
        with database.transaction() as session:
            for change in changes:
                session.execute(change)
    except Unavailable:
        return False
    return True


def listed(session: CrmSession, user_id: int, now: dt.datetime) -> list[WebSession]:
    """Return the live sessions of a user, the last used first."""
    live = sa.select(WebSession).where(WebSession.user_id == user_id, WebSession.expires_at > now)
    found = session.scalars(live.order_by(WebSession.seen_at.desc(), WebSession.id.desc()), execution_options=KERNEL)
    return list(found)


def end(session: CrmSession, key: str) -> None:
    """End the session with this key, if there is one."""
    _end_views(session, WebSession.digest == keys.digest(key))
    session.execute(sa.delete(WebSession).where(WebSession.digest == keys.digest(key)), execution_options=KERNEL)


def revoke(session: CrmSession, user_id: int, session_id: int) -> bool:
    """End one session of a user; tell whether it existed."""
    _end_views(session, WebSession.id == session_id, WebSession.user_id == user_id)
    mine = sa.delete(WebSession).where(WebSession.id == session_id, WebSession.user_id == user_id)
    return _count(session, mine) == 1


def revoke_all(session: CrmSession, user_id: int, *, keep: int | None = None) -> int:
    """End every session of a user but ``keep``; return how many ended."""
    others = WebSession.id != keep if keep is not None else sa.true()
    _end_views(session, WebSession.user_id == user_id, others)
    mine = sa.delete(WebSession).where(WebSession.user_id == user_id)
    return _count(session, mine if keep is None else mine.where(WebSession.id != keep))


def set_flash(session: CrmSession, session_id: int, messages: list[Any]) -> None:
    """Keep messages (JSON-able) for the next page of a session; an empty list forgets them."""
    change = sa.update(WebSession).where(WebSession.id == session_id).values(flash=messages)
    session.execute(change, execution_options=KERNEL)


def purge(session: CrmSession, now: dt.datetime) -> None:
    """Delete sessions that ended by themselves."""
    _end_views(session, WebSession.expires_at <= now)
    session.execute(sa.delete(WebSession).where(WebSession.expires_at <= now), execution_options=KERNEL)


def _end_views(session: CrmSession, *where: Any) -> None:
    """Write to the history that sessions which end no longer look as somebody else."""
    viewed = aliased(User)
    query = sa.select(WebSession.user_id, User.name, WebSession.viewed_id, viewed.name.label("viewed"))
    query = query.join(User, User.id == WebSession.user_id).join(viewed, viewed.id == WebSession.viewed_id)
    rows = [
        {"at": utcnow(), "operation": uuid.uuid4().hex, "actor_id": user_id, "actor": name[:120], "via": "web",
         "entity": USER, "record_id": viewed_id, "title": title, "action": VIEW_ENDED}
        for user_id, name, viewed_id, title in session.execute(query.where(*where), execution_options=KERNEL)
    ]  # fmt: skip
    session.add_all(Change(**row) for row in rows)


def _expiry(config: Config, created: dt.datetime, now: dt.datetime) -> dt.datetime:
    absolute = created + dt.timedelta(hours=config.session_hours)
    return min(absolute, now + dt.timedelta(hours=config.session_idle_hours))


def _count(session: CrmSession, statement: sa.Delete) -> int:
    return cast("sa.CursorResult[Any]", session.execute(statement, execution_options=KERNEL)).rowcount
