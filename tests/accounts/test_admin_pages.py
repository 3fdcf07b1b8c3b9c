"""The pages of users and teams, for administrators only (AD-02, AD-12)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import sqlalchemy as sa

from crm_core.accounts import passwords, roles, teams
from crm_core.models import Team, User
from crm_core.testing.services import free_port, smtp_sink
from tests.accounts.pages import first, read

GOOD = "correct horse battery"


@pytest.fixture
def site(sqlite_crm):
    """A deployment with an administrator and two people."""
    sqlite_crm.ada = sqlite_crm.add_user("ada@example.org", "Ada Lovelace", teams=["Sales"])
    sqlite_crm.bob = sqlite_crm.add_user("bob@example.org", "Bob")
    return sqlite_crm


def post(client, path, **data):
    return client.post(path, data={"csrf_token": client.csrf, **data})


def stored(crm, user_id):
    with crm.database.transaction(write=False) as session:
        return session.get(User, user_id)


def roles_of(crm, user_id):
    with crm.database.transaction(write=False) as session:
        return roles.of_user(session, user_id)


ROUTES = [
    ("GET", "/settings/users"),
    ("GET", "/settings/users/new"),
    ("POST", "/settings/users/new"),
    ("GET", "/settings/users/1"),
    ("POST", "/settings/users/1"),
    ("POST", "/settings/users/1/active"),
    ("POST", "/settings/users/1/password"),
    ("POST", "/settings/users/1/invite"),
    ("POST", "/settings/users/1/second-factor"),
    ("GET", "/settings/teams"),
    ("GET", "/settings/teams/new"),
    ("POST", "/settings/teams/new"),
    ("GET", "/settings/teams/1"),
    ("POST", "/settings/teams/1"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_ad_12_users_and_teams_are_refused_without_administrator_rights(site, method, path):
    client = site.client_of(site.ada)
    data = {"csrf_token": client.csrf} if method == "POST" else None
    assert client.open(path, method=method, data=data).status_code == 403
    stranger = site.client_of(None).open(path, method=method)
    assert stranger.status_code in (302, 401)


def test_every_route_of_the_pages_is_in_the_list_above(site):
    found = {
        (method, re.sub(r"<[^>]+>", "1", rule.rule))
        for rule in site.wsgi.app.url_map.iter_rules()
        if rule.endpoint.startswith("accounts_admin.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert found == set(ROUTES)


def test_ad_02_an_administrator_makes_another_one(site):
    boss = site.add_user("boss@example.org", "Boss", "crm_admin")
    client = site.client_of(boss)
    form = read(client.get(f"/settings/users/{site.ada}")).form(f"/settings/users/{site.ada}")
    assert form.data()["roles"] == ["user"]
    assert client.post(form.action, data=form.data() | {"roles": ["user", "crm_admin"]}).status_code == 303
    assert roles_of(site, site.ada) == {"user", "crm_admin"}
    assert site.client_of(site.ada).get("/settings/users").status_code == 200
    refused = client.post(form.action, data=form.data() | {"roles": ["owner"]})
    assert refused.status_code == 403
    assert roles_of(site, site.ada) == {"user", "crm_admin"}


def test_ad_01_a_new_user_signs_in_with_the_password_shown_once(site):
    client = site.client_of(site.admin)
    form = read(client.get("/settings/users/new")).form("/settings/users/new")
    page = client.post(form.action, data=form.data(name="Zoé", email="ZOE@example.org"))
    assert page.status_code == 200
    password = first(r'id="new-password" value="([^"]+)"', page.text)
    with site.database.transaction(write=False) as session:
        user = session.scalars(sa.select(User).where(User.email == "zoe@example.org")).one()
    assert user.name == "Zoé" and roles_of(site, user.id) == {"user"}
    stranger = site.client_of(None)
    entered = stranger.post("/signin", data={"email": "zoe@example.org", "password": password})
    assert entered.status_code == 303
    assert stranger.get("/profile").headers["Location"] == "/profile/password"
    assert password not in client.get(f"/settings/users/{user.id}").text


def test_a_new_user_is_invited_by_mail(site):
    client = site.client_of(site.admin)
    with smtp_sink() as sink:
        site.config = replace(
            site.config, smtp_url=f"smtp://{sink.host}:{sink.port}", base_url="https://crm.example.org"
        )
        form = read(client.get("/settings/users/new")).form("/settings/users/new")
        data = form.data(name="Zoé", email="zoe@example.org", how="mail", language="fr")
        assert client.post(form.action, data=data).status_code == 303
    text = sink.messages[0].message.get_content()
    assert sink.messages[0].recipients == ("zoe@example.org",)
    link = first(r"https://crm\.example\.org(/reset/\S+)", text)
    stranger = site.client_of(None)
    done = stranger.post(link, data={"password": GOOD, "repeated": GOOD})
    assert done.status_code == 200
    assert stranger.post("/signin", data={"email": "zoe@example.org", "password": GOOD}).status_code == 303


def test_a_mail_that_fails_is_told_and_the_user_stays(site):
    client = site.client_of(site.admin)
    site.config = replace(site.config, smtp_url=f"smtp://127.0.0.1:{free_port()}", base_url="https://crm.example.org")
    response = post(client, f"/settings/users/{site.ada}/invite")
    assert "could not be sent" in client.get(response.headers["Location"]).text


def test_without_a_mail_server_nothing_is_promised(site):
    client = site.client_of(site.admin)
    assert "CRM_SMTP_URL" in client.get("/settings/users/new").text
    assert post(client, f"/settings/users/{site.ada}/invite").status_code == 409


def test_wrong_values_are_shown_with_what_was_typed(site):
    client = site.client_of(site.admin)
    response = post(client, "/settings/users/new", name="Zoé", email="ada@example.org", roles="user")
    page = read(response)
    assert response.status_code == 422
    assert "#f-email" in page.links
    assert page.form("/settings/users/new").data()["name"] == ["Zoé"]
    for bad in ({"roles": "king"}, {"teams": "999"}, {"language": "xx"}, {"email": "\x00"}):
        values = {"name": "Zoé", "email": "zoe@example.org", "roles": "user", **bad}
        assert post(client, "/settings/users/new", **values).status_code == 422


def test_a_deactivated_user_is_out_at_once_and_can_come_back(site):
    ada, boss = site.client_of(site.ada), site.client_of(site.admin)
    assert post(boss, f"/settings/users/{site.ada}/active", active="0").status_code == 303
    assert ada.get("/profile").status_code == 302
    assert "Ada Lovelace" not in boss.get("/settings/users").text
    assert "Ada Lovelace" in boss.get("/settings/users?show=inactive").text
    post(boss, f"/settings/users/{site.ada}/active", active="1")
    assert stored(site, site.ada).active


def test_the_last_administrator_stays(site):
    client = site.client_of(site.admin)
    assert post(client, f"/settings/users/{site.admin}/active", active="0").status_code == 409
    page = read(client.get(f"/settings/users/{site.admin}"))
    assert f"/settings/users/{site.admin}/active" not in {f.action for f in page.forms}
    form = page.form(f"/settings/users/{site.admin}")
    assert client.post(form.action, data=form.data() | {"roles": ["user"]}).status_code == 409
    assert roles_of(site, site.admin) == {"owner"}


def test_a_new_password_is_shown_once_and_ends_sessions(site):
    ada, boss = site.client_of(site.ada), site.client_of(site.admin)
    page = post(boss, f"/settings/users/{site.ada}/password")
    password = first(r'id="new-password" value="([^"]+)"', page.text)
    assert passwords.verify(stored(site, site.ada).password_hash, password)
    assert ada.get("/profile").status_code == 302


def test_a_lost_second_factor_is_switched_off(site):
    with site.database.transaction() as session:
        session.get(User, site.ada).totp_secret = "sealed"
    boss = site.client_of(site.admin)
    assert post(boss, f"/settings/users/{site.ada}/second-factor").status_code == 303
    assert stored(site, site.ada).totp_secret == ""


@pytest.mark.parametrize(
    "query", ["?q=ada", "?q=%25", "?q=%00", "?page=0", "?page=99999999999", "?page=x", "?show=?", "?show=all&q=é"]
)
def test_the_list_takes_any_query(site, query):
    response = site.client_of(site.admin).get(f"/settings/users{query}")
    assert response.status_code == 200
    assert ("Ada Lovelace" in response.text) is (query not in ("?q=%25", "?show=all&q=é"))


def test_unknown_users_and_teams_do_not_exist(site):
    client = site.client_of(site.admin)
    for path in ("/settings/users/999", "/settings/teams/999", "/settings/users/99999999999999999999"):
        assert client.get(path).status_code == 404
        assert post(client, path, name="x").status_code in (400, 404)


def test_teams_are_made_changed_and_switched_off(site):
    client = site.client_of(site.admin)
    form = read(client.get("/settings/teams/new")).form("/settings/teams/new")
    data = form.data(name="Équipe Nord") | {"members": [str(site.ada), str(site.bob)]}
    assert client.post(form.action, data=data).status_code == 303
    with site.database.transaction(write=False) as session:
        team = session.scalars(sa.select(Team).where(Team.name == "Équipe Nord")).one()
        assert team.id in teams.of_user(session, site.bob)
    site.refresh(force=True)
    assert team.id in site.directory.actor(site.ada).teams
    assert "Équipe Nord" in client.get("/settings/teams").text
    assert post(client, "/settings/teams/new", name="equipe nord").status_code == 422
    assert post(client, "/settings/teams/new", name="").status_code == 422
    form = read(client.get(f"/settings/teams/{team.id}")).form(f"/settings/teams/{team.id}")
    assert sorted(form.data()["members"]) == sorted([str(site.ada), str(site.bob)])
    kept = form.data() | {"members": [str(site.bob)], "name": ["Nord"]}
    kept.pop("active")
    assert client.post(form.action, data=kept).status_code == 303
    with site.database.transaction(write=False) as session:
        found = session.get(Team, team.id)
        assert (found.name, found.active) == ("Nord", False)
        assert team.id not in teams.of_user(session, site.ada)
