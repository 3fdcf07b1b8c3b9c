"""Users, teams, roles and one's own profile, without pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from crm_core import accounts, directory
from crm_core.accounts import passwords, profile, roles, sessions, setup, teams, tokens, users
from crm_core.errors import Conflict, Forbidden, Invalid, NotFound, NotSignedIn
from crm_core.models import Grant, Role, User

GOOD = "correct horse battery"


def stamp(bench):
    with bench.database.transaction(write=False) as session:
        return directory.stamps(session).get("directory", 0)


def problems(refused):
    return {p.field for p in refused.value.problems()}


def test_ad_02_the_roles_are_seeded_once_and_changes_of_an_administrator_stay(bench):
    with bench.operation() as ctx:
        found = {r.code: r for r in roles.all_roles(ctx.session)}
        assert list(found) == ["user", "crm_admin", "owner"]
        assert [r.moderator for r in found.values()] == [False, True, True]
        grants = {
            (g.action, g.level)
            for g in ctx.session.scalars(sa.select(Grant).where(Grant.role_id == found["user"].id))
            if g.entity == "*"
        }
        assert grants == {("read", "all"), ("create", "all"), ("update", "all"), ("delete", "own"), ("export", "all")}
        found["user"].name = "Seller"
        ctx.session.execute(sa.delete(Grant).where(Grant.role_id == found["user"].id))
        ctx.session.flush()
        accounts.seed(ctx.session)
        assert ctx.session.scalar(sa.select(Role.name).where(Role.code == "user")) == "Seller"
        assert not ctx.session.scalars(sa.select(Grant).where(Grant.role_id == found["user"].id)).all()


def test_the_first_administrator_is_made_once(bench):
    with bench.database.transaction() as session:
        password = accounts.first_run(session)
        assert accounts.first_run(session) is None
        user: Any = users.by_email(session, setup.FIRST_EMAIL)
        assert passwords.verify(user.password_hash, password or "")
        assert roles.of_user(session, user.id) == {"owner"}


def test_ad_01_a_new_user_has_the_role_user(bench):
    with bench.operation() as ctx:
        user = users.create(ctx, {"email": "Ada@Example.org", "name": " Ada  Lovelace "})
        assert (user.email, user.name, user.active, user.password_hash) == ("ada@example.org", "Ada Lovelace", True, "")
        assert roles.of_user(ctx.session, user.id) == {"user"}


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({}, {"email", "name"}),
        ({"email": "nobody", "name": "X"}, {"email"}),
        ({"email": "ADA@example.org", "name": "X"}, {"email"}),
        ({"email": "x@example.org", "name": " "}, {"name"}),
        ({"email": "x@example.org", "name": "x" * 121}, {"name"}),
        ({"email": "x@example.org", "name": "X", "roles": ["king"]}, {"roles"}),
        ({"email": "x@example.org", "name": "X", "roles": []}, {"roles"}),
        ({"email": "x@example.org", "name": "X", "teams": [99]}, {"teams"}),
        ({"email": "x@example.org", "name": "X", "timezone": "Mars/Olympus"}, {"timezone"}),
        ({"email": "x@example.org", "name": "X", "language": "xx", "date_format": "?", "theme": "pink"},
         {"language", "date_format", "theme"}),
    ],
)  # fmt: skip
def test_a_user_with_wrong_values_is_refused_with_all_problems(bench, values, fields):
    bench.user()
    with pytest.raises(Invalid) as refused, bench.operation() as ctx:
        users.create(ctx, values)
    assert problems(refused) == fields


def test_a_weak_first_password_is_refused(bench):
    with pytest.raises(Invalid) as refused, bench.operation() as ctx:
        users.create(ctx, {"email": "ada@example.org", "name": "Ada"}, password="short")
    assert problems(refused) == {"password"}


def test_ad_12_only_administrators_see_and_change_accounts(bench):
    plain = bench.user()
    with bench.as_actor(bench.actor(plain)) as ctx:
        for call in (
            lambda: users.listed(ctx),
            lambda: users.get(ctx, plain),
            lambda: users.create(ctx, {"email": "x@example.org", "name": "X"}),
            lambda: users.update(ctx, plain, {"roles": ["crm_admin"]}),
            lambda: users.set_active(ctx, plain, False),
            lambda: users.set_password(ctx, plain, GOOD),
            lambda: users.reset_second_factor(ctx, plain),
            lambda: users.invite(ctx, plain),
            lambda: teams.listed(ctx),
            lambda: teams.create(ctx, {"name": "Sales"}),
        ):
            with pytest.raises(Forbidden):
                call()


def test_a_token_without_the_scope_admin_does_not_administer(bench):
    boss = bench.actor(bench.user("boss@example.org", "Boss", "crm_admin"))
    for scopes, allowed in ((frozenset({"read", "write"}), False), (frozenset({"read", "write", "admin"}), True)):
        with bench.as_actor(replace(boss, scopes=scopes)) as ctx:
            if allowed:
                assert users.listed(ctx).total == 1
            else:
                with pytest.raises(Forbidden):
                    users.listed(ctx)


def test_only_owners_touch_owners(bench):
    owner = bench.user("owner@example.org", "Owner", "owner")
    boss = bench.user("boss@example.org", "Boss", "crm_admin")
    other = bench.user()
    with bench.as_actor(bench.actor(boss)) as ctx:
        for call in (
            lambda: users.update(ctx, owner, {"roles": ["user"]}),
            lambda: users.update(ctx, owner, {"email": "mine@example.org"}),
            lambda: users.update(ctx, boss, {"roles": ["owner"]}),
            lambda: users.set_active(ctx, owner, False),
            lambda: users.set_password(ctx, owner, GOOD),
            lambda: users.reset_second_factor(ctx, owner),
            lambda: users.invite(ctx, owner),
            lambda: users.create(ctx, {"email": "x@example.org", "name": "X", "roles": ["owner"]}),
        ):
            with pytest.raises(Forbidden):
                call()
        users.update(ctx, other, {"roles": ["crm_admin"]})
    with bench.as_actor(bench.actor(owner)) as ctx:
        users.update(ctx, boss, {"roles": ["owner"]})
        users.update(ctx, other, {"roles": ["user"]})
        assert roles.of_user(ctx.session, boss) == {"owner"}


def test_the_last_active_administrator_stays(bench):
    boss = bench.user("boss@example.org", "Boss", "crm_admin")
    bench.user()
    for change in (
        lambda ctx: users.update(ctx, boss, {"roles": ["user"]}),
        lambda ctx: users.set_active(ctx, boss, False),
    ):
        with pytest.raises(Conflict), bench.operation() as ctx:
            change(ctx)
    second = bench.user("second@example.org", "Second", "owner")
    with bench.operation() as ctx:
        users.set_active(ctx, boss, False)
        with pytest.raises(Conflict):
            users.update(ctx, second, {"roles": ["user"]})
        users.set_active(ctx, boss, True)
        users.update(ctx, second, {"roles": ["user"]})


def test_every_change_raises_the_directory_stamp_and_is_in_the_history(bench):
    bench.user("owner@example.org", "Owner", "owner")
    user_id, at = bench.user(), stamp(bench)
    team_id = None

    def changes(ctx):
        nonlocal team_id
        yield users.update(ctx, user_id, {"name": "Ada L.", "roles": ["user", "crm_admin"]})
        yield users.set_active(ctx, user_id, False)
        yield users.set_active(ctx, user_id, True)
        team_id = teams.create(ctx, {"name": "Sales", "members": [user_id]}).id
        yield team_id
        yield teams.update(ctx, team_id, {"name": "Sellers", "members": []})
        yield teams.update(ctx, team_id, {"active": False})
        yield users.update(ctx, user_id, {"teams": [team_id]})

    with bench.operation() as ctx:
        for _ in changes(ctx):
            now = directory.stamps(ctx.session)["directory"]
            assert now > at
            at = now
        users.update(ctx, user_id, {"name": "Ada L."})
        assert directory.stamps(ctx.session)["directory"] == at, "nothing changed, nothing is read anew"
    assert bench.history()[-7:] == ["update", "deactivate", "activate", "create", "update", "update", "update"]


def test_a_new_password_ends_sessions_and_keeps_tokens(bench):
    user_id = bench.user(password=GOOD)
    with bench.operation() as ctx:
        key = sessions.start(ctx.session, bench.config, user_id, now=bench.now)
        token, _ = tokens.create(ctx.session, user_id, name="Sync", now=bench.now)
        users.set_password(ctx, user_id, "yellow submarine", must_change=True)
        assert sessions.resolve(ctx.session, key, bench.now) is None
        who = tokens.resolve(ctx.session, token, bench.now)
        assert who is not None and who.must_change_password
    assert passwords.verify(bench.stored(user_id).password_hash, "yellow submarine")


def test_users_are_found_by_a_part_of_name_or_address_and_come_in_pages(bench):
    for n in range(7):
        bench.user(f"p{n}@example.org", f"Person {n}")
    bench.user("zoe@example.com", "Zoé 100%")
    with bench.operation() as ctx:
        assert [r.user.name for r in users.listed(ctx, text="ZOE@").items] == ["Zoé 100%"]
        assert [r.user.name for r in users.listed(ctx, text="0%").items] == ["Zoé 100%"]
        assert users.listed(ctx, text="nobody").items == []
        first, last = users.listed(ctx, size=3), users.listed(ctx, size=3, page=99)
        assert (first.total, first.pages, len(first.items)) == (8, 3, 3)
        assert (last.page, len(last.items)) == (3, 2)
        assert first.items[0].roles == {"user": "User"}
        assert users.listed(ctx, active=False).total == 0


def test_teams_refuse_what_is_wrong(bench):
    user_id = bench.user()
    with bench.operation() as ctx:
        team = teams.create(ctx, {"name": "Équipe  Nord", "members": [user_id]})
        assert team.name == "Équipe Nord"
        for values, field in (
            ({}, "name"),
            ({"name": "equipe nord"}, "name"),
            ({"name": "x" * 121}, "name"),
            ({"name": "Sud", "members": [999]}, "members"),
            ({"name": "Sud", "members": ["1"]}, "members"),
        ):
            with pytest.raises(Invalid) as refused:
                teams.create(ctx, values)
            assert problems(refused) == {field}
        teams.update(ctx, team.id, {"name": "ÉQUIPE NORD"})
        with pytest.raises(NotFound):
            teams.update(ctx, 999, {"name": "X"})
        assert [m for m in teams.get(ctx, team.id).members] == [(user_id, "Ada")]


def test_a_person_changes_his_own_profile_and_nothing_more(bench):
    user_id = bench.user()
    with bench.as_actor(bench.actor(user_id)) as ctx:
        values = {
            "name": "Ada L.",
            "language": "fr",
            "timezone": "Europe/Paris",
            "date_format": "yyyy-mm-dd",
            "theme": "dark",
        }
        profile.update(ctx, {**values, "email": "x@example.org", "active": False, "roles": ["owner"]})
    found = bench.stored(user_id)
    assert {k: getattr(found, k) for k in values} == values
    assert (found.email, found.active) == ("ada@example.org", True)
    with bench.operation() as ctx:
        assert roles.of_user(ctx.session, user_id) == {"user"}
        with pytest.raises(NotSignedIn):
            profile.update(ctx, {"name": "X"})


def test_all_time_zones_are_on_offer_and_usable():
    zones = profile.time_zones()
    assert {"UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Pacific/Auckland"} <= set(zones)
    assert all(ZoneInfo(z) for z in zones)
    assert max(map(len, zones)) <= 60


def test_a_token_of_ones_own_obeys_rights(bench):
    plain, boss = bench.user(), bench.user("boss@example.org", "Boss", "crm_admin")
    with bench.as_actor(bench.actor(plain)) as ctx:
        token, row = tokens.create_own(ctx, name="Sync", scopes=["write"], days=None)
        with pytest.raises(Forbidden):
            tokens.create_own(ctx, name="Sync", scopes=["admin"], days=None)
    limited = replace(bench.actor(plain), scopes=frozenset({"read"}))
    with bench.as_actor(limited) as ctx, pytest.raises(Forbidden):
        tokens.create_own(ctx, name="More", scopes=["write"], days=None)
    with bench.as_actor(bench.actor(boss)) as ctx:
        assert tokens.create_own(ctx, name="Admin", scopes=["admin"], days=1)
        for read in (tokens.own, tokens.revoke_own):
            with pytest.raises(NotFound):
                read(ctx, row.id)
    with bench.as_actor(bench.actor(plain)) as ctx:
        tokens.revoke_own(ctx, row.id)
        assert tokens.resolve(ctx.session, token, bench.now) is None
    assert [a for a in bench.history() if a.startswith("token")] == ["token_created", "token_created", "token_revoked"]


def test_users_are_not_deleted_by_deactivation(bench):
    bench.user("owner@example.org", "Owner", "owner")
    user_id = bench.user()
    with bench.operation() as ctx:
        users.set_active(ctx, user_id, False)
        with pytest.raises(Conflict):
            users.invite(ctx, user_id)
        assert ctx.session.get(User, user_id) is not None
