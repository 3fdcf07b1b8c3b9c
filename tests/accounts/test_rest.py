"""Accounts through the API, on both databases."""

from __future__ import annotations

import pytest

SCOPES = ("read", "write", "admin")


class Api:
    """A caller with a token."""

    def __init__(self, crm, user_id, scopes=SCOPES):
        self.client = crm.client_of(None)
        self.headers = {"Authorization": f"Bearer {crm.token_of(user_id, scopes)}"}

    def __call__(self, method, path, json=None, **headers):
        return self.client.open(f"/api/v1{path}", method=method, json=json, headers={**self.headers, **headers})


def test_me_says_who_calls_and_changes_ones_own_profile(crm, actor_with):
    ada = actor_with(name="Ada", teams=["Sales"])
    api = Api(crm, ada, ("read", "write"))
    found = api("GET", "/me").json
    assert (found["id"], found["name"], found["roles"], found["administrator"]) == (ada, "Ada", ["user"], False)
    assert found["scopes"] == ["read", "write"] and len(found["teams"]) == 1
    changed = api("PATCH", "/me", {"name": "Ada L.", "timezone": "Europe/Paris", "theme": "dark"})
    assert changed.status_code == 200 and changed.json["name"] == "Ada L."
    assert api("GET", "/me").json["timezone"] == "Europe/Paris"


@pytest.mark.parametrize(
    "body",
    [
        {"timezone": "Mars"},
        {"name": ""},
        {"name": " "},
        {"theme": "pink"},
        {"email": "x@example.org"},
        {"active": False},
    ],
)
def test_me_refuses_what_is_wrong_or_not_ones_own(sqlite_crm, body):
    api = Api(sqlite_crm, sqlite_crm.admin)
    before = api("GET", "/me").json
    assert api("PATCH", "/me", body).status_code == 422
    assert api("GET", "/me").json == before


def test_tokens_make_no_token_that_may_do_more(sqlite_crm):
    ada = sqlite_crm.add_user("ada@example.org", "Ada")
    reader, writer = Api(sqlite_crm, ada, ("read",)), Api(sqlite_crm, ada, ("read", "write"))
    assert reader("POST", "/me/tokens", {"name": "x"}).status_code == 403
    assert writer("POST", "/me/tokens", {"name": "x", "scopes": ["admin"]}).status_code == 403
    made = writer("POST", "/me/tokens", {"name": "Sync", "scopes": ["read"], "days": 7})
    assert made.status_code == 201 and made.json["token"].startswith("crm_")
    assert made.headers["Location"] == f"/api/v1/me/tokens/{made.json['id']}"
    listed = writer("GET", "/me/tokens").json["items"]
    assert [t["name"] for t in listed][0] == "Sync" and all("token" not in t for t in listed)
    assert writer("GET", f"/me/tokens/{made.json['id']}").json["scopes"] == ["read"]
    other = Api(sqlite_crm, sqlite_crm.admin)
    assert other("GET", f"/me/tokens/{made.json['id']}").status_code == 404
    assert other("DELETE", f"/me/tokens/{made.json['id']}").status_code == 404
    assert writer("DELETE", f"/me/tokens/{made.json['id']}").status_code == 204


@pytest.mark.parametrize(
    "body", [{}, {"name": "x", "days": 0}, {"name": "x", "scopes": ["king"]}, {"name": "x", "days": "1"}]
)
def test_a_wrong_token_is_refused(sqlite_crm, body):
    assert Api(sqlite_crm, sqlite_crm.admin)("POST", "/me/tokens", body).status_code == 422


ADMIN_ROUTES = [
    ("GET", "/users"), ("POST", "/users"), ("GET", "/users/1"), ("PATCH", "/users/1"),
    ("DELETE", "/users/1/second-factor"), ("GET", "/teams"), ("POST", "/teams"), ("GET", "/teams/1"),
    ("PATCH", "/teams/1"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ADMIN_ROUTES)
def test_ad_12_accounts_need_an_administrator_and_the_scope(sqlite_crm, method, path):
    ada = sqlite_crm.add_user("ada@example.org", "Ada")
    body = {"name": "x", "email": "x@example.org"} if method in ("POST", "PATCH") else None
    assert Api(sqlite_crm, ada)(method, path, body).status_code == 403
    assert Api(sqlite_crm, sqlite_crm.admin, ("read", "write"))(method, path, body).status_code == 403
    assert sqlite_crm.client_of(None).open(f"/api/v1{path}", method=method, json=body).status_code == 401


def test_users_are_made_listed_changed_and_deactivated(crm):
    api = Api(crm, crm.admin)
    made = api("POST", "/users", {"email": "ada@example.org", "name": "Ada", "roles": ["user"]})
    assert made.status_code == 201 and len(made.json["generated_password"]) >= 20
    number = made.json["id"]
    with_password = api(
        "POST", "/users", {"email": "b@example.org", "name": "Bob", "password": "correct horse battery"}
    )
    assert with_password.status_code == 201 and "generated_password" not in with_password.json
    assert api("POST", "/users", {"email": "ADA@example.org", "name": "Ada"}).json["errors"][0]["field"] == "email"
    found = api("GET", "/users?q=ada").json
    assert [u["email"] for u in found["items"]] == ["ada@example.org"] and found["total"] == {"value": 1, "exact": True}
    first = api("GET", "/users?limit=2").json
    assert len(first["items"]) == 2 and len(api("GET", f"/users?limit=2&after={first['next']}").json["items"]) == 1
    team = api("POST", "/teams", {"name": "Sales", "members": [number]})
    assert team.json["members"] == [number]
    changed = api("PATCH", f"/users/{number}", {"name": "Ada L.", "roles": ["crm_admin"], "active": False})
    assert (changed.json["name"], changed.json["roles"], changed.json["active"]) == ("Ada L.", ["crm_admin"], False)
    assert changed.json["teams"] == [team.json["id"]]
    assert api("GET", "/users?active=0").json["total"]["value"] == 1
    assert api("DELETE", f"/users/{number}").status_code == 405
    assert api("DELETE", f"/users/{number}/second-factor").status_code == 204
    assert api("PATCH", f"/users/{crm.admin}", {"active": False}).status_code == 409
    assert api("PATCH", f"/users/{crm.admin}", {"name": "Kept?", "roles": ["user"]}).status_code == 409
    assert api("GET", f"/users/{crm.admin}").json["name"] == "Administrator"
    assert api("GET", "/users/999").status_code == 404


def test_teams_are_renamed_and_switched_off(sqlite_crm):
    api = Api(sqlite_crm, sqlite_crm.admin)
    number = api("POST", "/teams", {"name": "Sales"}).json["id"]
    assert api("POST", "/teams", {"name": "SALES"}).status_code == 422
    changed = api("PATCH", f"/teams/{number}", {"name": "Sellers", "active": False, "members": [sqlite_crm.admin]}).json
    assert changed == {"id": number, "name": "Sellers", "active": False, "members": [sqlite_crm.admin]}
    assert api("GET", "/teams").json["items"] == [changed]
    assert api("PATCH", f"/teams/{number}", {"members": [999]}).status_code == 422
    assert api("GET", "/teams/999").status_code == 404


def test_a_browser_session_calls_the_api_with_its_token_against_forgery(sqlite_crm):
    client = sqlite_crm.client_of(sqlite_crm.admin)
    assert client.get("/api/v1/me").json["scopes"] is None
    assert client.patch("/api/v1/me", json={"name": "X"}).status_code == 403
    good = {"X-CSRF-Token": client.csrf}
    assert client.patch("/api/v1/me", json={"name": "X"}, headers=good).status_code == 200
