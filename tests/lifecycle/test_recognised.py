"""A plugin may recognise who sends a request: pages and REST then know him, and nothing is granted beyond that."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from crm_core import switching
from crm_core.models import User

PLUGIN = """
from crm_core.api import Actor, hookimpl

@hookimpl
def crm_authenticate(request):
    name = request.headers.get("X-Person", "")
    if name == "boom":
        raise RuntimeError("the directory of people is gone")
    if not name:
        return None
    person, _, scope = name.partition(" ")
    return Actor(id=int(person), name="", moderator=True, scopes=frozenset([scope]) if scope else None)
"""


@pytest.fixture
def known(sqlite_crm, make_plugin):
    """A deployment whose plugin believes the header ``X-Person``."""
    make_plugin("badge", plugin=PLUGIN)
    switching.enable(sqlite_crm.database, sqlite_crm.config, "badge")
    sqlite_crm.refresh(force=True)
    assert "badge" in sqlite_crm.registry.plugins
    return sqlite_crm


def person(name: object) -> dict[str, str]:
    return {"X-Person": str(name)}


def token_in(page: str) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


def test_who_a_plugin_recognises_reads_pages_and_rest(known):
    user = known.add_user("ruth@example.org", "Ruth Example")
    browser = known.client_of(None)
    assert browser.get("/").status_code == 302
    page = browser.get("/", headers=person(user))
    assert page.status_code == 200 and "Ruth Example" in page.text
    assert browser.get("/api/v1/me", headers=person(user)).json["email"] == "ruth@example.org"
    assert browser.get("/signin", headers=person(user)).status_code == 302


def test_he_has_the_rights_of_the_user_and_no_more(known):
    user = known.add_user("ruth@example.org", "Ruth Example")
    browser = known.client_of(None)
    assert browser.get("/settings/users", headers=person(user)).status_code == 403
    assert browser.get("/settings/users", headers=person(known.admin)).status_code == 200
    assert browser.get("/settings/users", headers=person(f"{known.admin} read")).status_code == 403
    assert browser.get("/", headers=person(99)).status_code == 302
    assert browser.get("/api/v1/me", headers=person(99)).status_code == 401


def test_a_deactivated_user_stays_a_stranger(known):
    user = known.add_user("ruth@example.org", "Ruth Example")
    with known.database.transaction() as session:
        session.execute(sa.update(User).where(User.id == user).values(active=False))
    browser = known.client_of(None)
    assert browser.get("/", headers=person(user)).status_code == 302
    assert browser.get("/api/v1/me", headers=person(user)).status_code == 401


def test_raising_grants_nothing(known):
    browser = known.client_of(None)
    assert browser.get("/", headers=person("boom")).status_code == 302
    assert browser.get("/api/v1/me", headers=person("boom")).status_code == 401
    signed_in = known.client_of(known.admin)
    assert signed_in.get("/", headers=person("boom")).status_code == 200
    assert known.registry.hooks.timings["badge", "crm_authenticate"].failures == 2


def test_his_forms_need_their_token(known):
    browser, form = known.client_of(None), {"name": "Ruth Renamed"}
    user, other = known.add_user("ruth@example.org", "Ruth"), known.add_user("ivo@example.org", "Ivo")

    def send(**headers):
        return browser.post("/profile", data=form, headers={**person(user), **headers}).status_code

    assert send() == 400
    form["csrf_token"] = token_in(browser.get("/profile", headers=person(other)).text)
    assert send() == 400
    form["csrf_token"] = token_in(browser.get("/profile", headers=person(user)).text)
    assert send(**{"Sec-Fetch-Site": "cross-site"}) == 403
    assert send(**person(f"{user} read")) == 403
    assert name_of(known, user) == "Ruth"
    assert send() == 303
    assert name_of(known, user) == "Ruth Renamed"


def name_of(known, user: int) -> str:
    with known.database.transaction(write=False) as session:
        return session.scalar(sa.select(User.name).where(User.id == user))


def test_another_sites_page_cannot_write_through_rest(known):
    browser, headers = known.client_of(None), person(known.admin)
    elsewhere = {**headers, "Sec-Fetch-Site": "cross-site"}
    assert browser.post("/api/v1/tags", json={"name": "vip"}, headers=elsewhere).status_code == 403
    assert browser.post("/api/v1/tags", json={"name": "vip"}, headers=headers).status_code == 201
