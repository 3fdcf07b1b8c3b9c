"""Browser sessions and API tokens: what is stored, who they resolve to, when they end."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from crm_core import directory
from crm_core.accounts import sessions, tokens, users
from crm_core.accounts.sessions import Visitor
from crm_core.context import Locale
from crm_core.errors import Invalid, NotFound
from crm_core.models import AccessSet, ApiToken, WebSession


def start(bench, user_id, **kw):
    with bench.operation() as ctx:
        return sessions.start(ctx.session, bench.config, user_id, now=bench.now, **kw)


def resolve(bench, key):
    with bench.database.transaction(write=False) as session:
        return sessions.resolve(session, key, bench.now)


def resolve_token(bench, token):
    with bench.database.transaction(write=False) as session:
        return tokens.resolve(session, token, bench.now)


def make_token(bench, user_id, **kw):
    with bench.operation() as ctx:
        return tokens.create(ctx.session, user_id, now=bench.now, **{"name": "Sync", **kw})


def test_a_session_key_is_not_stored_and_resolves_to_its_user(bench):
    user_id = bench.user(name="Ada Lovelace")
    key = start(bench, user_id, visitor=Visitor("192.0.2.1", "Browser/1"))
    who = resolve(bench, key)
    assert (who.user_id, who.name, who.email, who.via) == (user_id, "Ada Lovelace", "ada@example.org", "web")
    assert who.locale == Locale("en", "UTC", "dd/mm/yyyy")
    assert who.session_id and len(who.csrf) == 64 and not who.second_factor
    with bench.database.transaction(write=False) as session:
        row = session.scalars(sa.select(WebSession)).one()
    assert key not in (row.digest, row.csrf)
    assert (row.address, row.user_agent) == ("192.0.2.1", "Browser/1")


def test_resolving_takes_one_statement_and_brings_the_stamps(bench):
    user_id = bench.user()
    key, (token, _) = start(bench, user_id), make_token(bench, user_id)
    with bench.operation() as ctx:
        for _ in range(3):
            directory.touch(ctx.session)
        directory.touch(ctx.session, "registry")
        ctx.session.add_all([AccessSet(digest="a"), AccessSet(digest="b")])
    with bench.database.transaction(write=False) as session:
        stamps = directory.stamps(session)
        highest = session.scalar(sa.select(sa.func.max(AccessSet.id)))
    for read, secret in ((resolve, key), (resolve_token, token)):
        seen: list[str] = []
        event.listen(bench.database.engine, "before_cursor_execute", lambda *a, seen=seen: seen.append(a[2]))
        who = read(bench, secret)
        assert len([s for s in seen if s.lstrip().upper().startswith("SELECT")]) == 1
        assert who.directory_stamp == stamps["directory"] >= 3
        assert who.registry_stamp == stamps["registry"]
        assert who.access_high == highest


def test_every_session_has_a_key_and_a_csrf_secret_of_its_own(bench):
    user_id = bench.user()
    keys = [start(bench, user_id) for _ in range(3)]
    assert len(set(keys)) == 3
    assert len({resolve(bench, k).csrf for k in keys}) == 3


@pytest.mark.parametrize("key", ["", "unknown", "é", "x" * 5000])
def test_an_unknown_key_is_nobody(bench, key):
    assert resolve(bench, key) is None
    assert resolve_token(bench, key) is None
    assert resolve_token(bench, "crm_" + key) is None


def test_an_idle_session_ends_and_use_keeps_it_alive(bench):
    user_id = bench.user()
    key = start(bench, user_id)
    idle = bench.config.session_idle_hours
    bench.later(hours=idle - 1)
    assert sessions.touch(bench.database, bench.config, resolve(bench, key), bench.now)
    bench.later(hours=idle - 1)
    assert resolve(bench, key) is not None
    bench.later(hours=1)
    assert resolve(bench, key) is None


def test_a_session_in_use_ends_at_its_absolute_age(bench):
    user_id = bench.user()
    key = start(bench, user_id)
    born = bench.now
    while (who := resolve(bench, key)) is not None:
        sessions.touch(bench.database, bench.config, who, bench.now)
        bench.later(hours=12)
    assert bench.now - born == dt.timedelta(hours=bench.config.session_hours)


def test_use_is_noted_at_most_every_five_minutes(bench):
    user_id = bench.user()
    key, (token, _) = start(bench, user_id), make_token(bench, user_id)

    def touch():
        return [
            sessions.touch(bench.database, bench.config, who, bench.now)
            for who in (resolve(bench, key), resolve_token(bench, token))
        ]

    assert touch() == [False, True]
    bench.later(minutes=4)
    assert touch() == [False, False]
    bench.later(minutes=2)
    assert touch() == [True, True]
    assert touch() == [False, False]
    assert resolve(bench, key).seen_at == resolve_token(bench, token).seen_at == bench.now
    assert bench.stored(user_id).last_seen_at == bench.now


def test_sessions_are_listed_and_ended_by_their_owner_only(bench):
    ada, bob = bench.user(), bench.user("bob@example.org", "Bob")
    first = start(bench, ada)
    bench.later(hours=1)
    second, other = start(bench, ada), start(bench, bob)
    with bench.operation() as ctx:
        mine = sessions.listed(ctx.session, ada, bench.now)
        assert [s.id for s in mine] == [resolve(bench, second).session_id, resolve(bench, first).session_id]
        assert not sessions.revoke(ctx.session, bob, mine[0].id)
        assert sessions.revoke(ctx.session, ada, mine[0].id)
    assert resolve(bench, second) is None
    assert resolve(bench, first) and resolve(bench, other)
    with bench.operation() as ctx:
        sessions.end(ctx.session, first)
        assert sessions.revoke_all(ctx.session, bob, keep=resolve(bench, other).session_id) == 0
        assert sessions.revoke_all(ctx.session, bob) == 1
    assert resolve(bench, first) is resolve(bench, other) is None


def test_a_deactivated_user_is_nobody_at_once(bench):
    bench.user("owner@example.org", "Owner", "owner")
    user_id = bench.user()
    key, (token, _) = start(bench, user_id), make_token(bench, user_id)
    with bench.operation() as ctx:
        users.set_active(ctx, user_id, False)
    assert resolve(bench, key) is resolve_token(bench, token) is None
    with bench.operation() as ctx:
        users.set_active(ctx, user_id, True)
    assert resolve(bench, key) is None, "a session that ended does not come back"
    assert resolve_token(bench, token) is not None


def test_messages_wait_in_the_session(bench):
    key = start(bench, bench.user())
    with bench.operation() as ctx:
        sessions.set_flash(ctx.session, resolve(bench, key).session_id, [["success", "Saved"]])
    assert resolve(bench, key).flash == (["success", "Saved"],)


def test_a_token_has_the_promised_form_and_is_stored_as_a_digest(bench):
    user_id = bench.user()
    token, row = make_token(bench, user_id, scopes=["read"], days=30)
    assert token.startswith("crm_") and len(token) == 44
    assert token[4:].replace("-", "").replace("_", "").isalnum()
    assert row.prefix == token[:12] and row.expires_at == bench.now + dt.timedelta(days=30)
    who = resolve_token(bench, token)
    assert (who.user_id, who.via, who.scopes, who.session_id) == (user_id, "api", {"read"}, None)
    with bench.database.transaction(write=False) as session:
        assert token not in str(session.execute(sa.select(*ApiToken.__table__.columns)).all())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([], ["read", "write"]),
        (["read"], ["read"]),
        (["write"], ["read", "write"]),
        (["admin"], ["read", "write", "admin"]),
    ],
)
def test_a_wider_scope_includes_the_narrower(given, kept):
    assert tokens.normal_scopes(given) == kept


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"scopes": ["root"]}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 4000}, "days"),
    ],
)
def test_a_token_with_wrong_values_is_refused(bench, values, field):
    user_id = bench.user()
    with pytest.raises(Invalid) as refused:
        make_token(bench, user_id, **values)
    assert [p.field for p in refused.value.problems()] == [field]


def test_a_token_ends_by_its_date_or_by_its_owner(bench):
    ada, bob = bench.user(), bench.user("bob@example.org", "Bob")
    short, _ = make_token(bench, ada, days=1)
    kept, row = make_token(bench, ada)
    with pytest.raises(NotFound), bench.operation() as ctx:
        tokens.revoke(ctx.session, row.id, now=bench.now, user_id=bob)
    assert resolve_token(bench, kept) is not None
    bench.later(days=1)
    assert resolve_token(bench, short) is None
    with bench.operation() as ctx:
        ended = tokens.revoke(ctx.session, row.id, now=bench.now, user_id=ada).revoked_at
        bench.later(hours=1)
        assert tokens.revoke(ctx.session, row.id, now=bench.now).revoked_at == ended
        assert [(t.name, e) for t, e in tokens.listed(ctx.session, ada)] == [("Sync", "ada@example.org")] * 2
        assert tokens.listed(ctx.session, bob) == []
    assert resolve_token(bench, kept) is None
