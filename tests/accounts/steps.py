"""Signing in as tests do it, step by step."""

from __future__ import annotations

from typing import Any

import pyotp
import pytest
import sqlalchemy as sa

from crm_core.accounts import sessions, signin, totp
from crm_core.accounts.sessions import Visitor
from crm_core.accounts.signin import WrongCredentials
from crm_core.models import LoginAttempt, User

GOOD = "correct horse battery"
HERE, THERE = Visitor("192.0.2.1", "Browser/1"), Visitor("198.51.100.7")


def enter(bench, email="ada@example.org", password=GOOD, visitor=HERE, **kw):
    return signin.with_password(bench.operation, email, password, visitor, **kw)


def fail(bench, email="ada@example.org", visitor=HERE):
    with pytest.raises(WrongCredentials) as refused:
        enter(bench, email, "wrong password", visitor)
    return refused.value


def ask(bench, email="ada@example.org", visitor=HERE) -> Any:
    return signin.ask_reset(bench.operation, email, visitor)


def who(bench, key):
    with bench.database.transaction(write=False) as session:
        return sessions.resolve(session, key, bench.now)


def attempts(bench):
    with bench.database.transaction(write=False) as session:
        return session.scalar(sa.select(sa.func.count()).select_from(LoginAttempt))


def second_factor(bench, user_id):
    """Switch the second factor on; return the app and the recovery codes."""
    offer = totp.offer(bench.config, user_id, "ada@example.org")
    app = pyotp.TOTP(offer.secret)
    with bench.operation() as ctx:
        user = ctx.session.get(User, user_id)
        codes = totp.enrol(ctx.session, bench.config, user, offer.sealed, app.at(bench.now), bench.now)
    bench.later(seconds=60)
    return app, codes
