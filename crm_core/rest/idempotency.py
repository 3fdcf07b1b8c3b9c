"""``Idempotency-Key``: a request that is repeated gets the first answer, and is not carried out twice.

The key is reserved in a short transaction of its own, so that a second request sees the first one running; the answer
is kept in the transaction of the work itself, so that there never is one without the other.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from crm_core.context import Ctx
from crm_core.db import KERNEL, CrmSession, Database
from crm_core.errors import BadRequest, Conflict, CrmError
from crm_core.i18n import N_
from crm_core.models import IdempotencyKey
from crm_core.rest.routing import Answer

if TYPE_CHECKING:
    from flask import Request

HEADER = "Idempotency-Key"
KEPT = dt.timedelta(hours=24)
RUNNING_FOR = dt.timedelta(minutes=5)
"""A request older than this without an answer was cut short; its key is free again."""

_KEY = re.compile(r"[!-~]{1,200}")


class KeyReused(CrmError):
    """The key came with another request before."""

    status, code, title = 422, "key_reused", N_("This Idempotency-Key was used for another request")


def key_of(request: Request) -> str | None:
    """Return the key of a request.

    Raises:
        BadRequest: not 1 to 200 visible ASCII characters.
    """
    key: str | None = request.headers.get(HEADER)
    if key is not None and not _KEY.fullmatch(key):
        message = N_("%(name)s: give 1 to 200 letters, digits and signs without spaces")
        raise BadRequest(message, field=HEADER, params={"name": HEADER})
    return key


def digest_of(request: Request, body: bytes) -> str:
    """Return what tells requests apart: method, address and body."""
    found = hashlib.sha256(f"{request.method} {request.full_path}\n".encode("utf-8", "replace"))
    found.update(body)
    return found.hexdigest()


def reserve(database: Database, user_id: int, key: str, digest: str, now: dt.datetime) -> Answer | None:
    """Return the answer kept for the key, or ``None`` after reserving the key for this request.

    Raises:
        KeyReused: the key belongs to another request.
        Conflict: the same request is running at this moment.
    """
    try:
        with database.transaction() as session:
            found = _stored(session, user_id, key, now)
            if found is None:
                values = {"user_id": user_id, "key": key, "digest": digest, "status": 0, "headers": {}, "at": now}
                session.execute(sa.insert(IdempotencyKey), [values])
                return None
    except IntegrityError as exc:
        raise _running() from exc
    if found.digest != digest:
        raise KeyReused(field=HEADER)
    if not found.status:
        raise _running()
    answer = Answer(found.body.encode(), found.status)
    answer.headers.update(found.headers)
    answer.headers["Idempotent-Replayed"] = "true"
    return answer


def _running() -> Conflict:
    return Conflict(N_("The same request is still running"), field=HEADER)


def _stored(session: CrmSession, user_id: int, key: str, now: dt.datetime) -> IdempotencyKey | None:
    old = sa.or_(
        IdempotencyKey.at < now - KEPT,
        sa.and_(IdempotencyKey.status == 0, IdempotencyKey.at < now - RUNNING_FOR),
    )
    session.execute(sa.delete(IdempotencyKey).where(old))
    return session.get(IdempotencyKey, (user_id, key))


def keep(ctx: Ctx, key: str, answer: Answer, body: bytes) -> None:
    """Keep the answer in the operation's own transaction."""
    mine = sa.and_(IdempotencyKey.user_id == ctx.actor.id, IdempotencyKey.key == key)
    values = {"status": answer.status, "headers": dict(answer.headers), "body": body.decode()}
    statement = sa.update(IdempotencyKey).where(mine).values(values)
    ctx.session.execute(statement, execution_options={**KERNEL, "synchronize_session": False})


def release(database: Database, user_id: int, key: str) -> None:
    """Free a key whose request failed, so that it may be sent again."""
    mine = sa.and_(IdempotencyKey.user_id == user_id, IdempotencyKey.key == key, IdempotencyKey.status == 0)
    with database.transaction() as session:
        session.execute(sa.delete(IdempotencyKey).where(mine))
