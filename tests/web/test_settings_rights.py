"""Every page and route of the settings is for administrators; the settings are in sections (AD-10, AD-12, AD-13)."""

from __future__ import annotations

import html
import re

import pytest

from crm_core import rest
from crm_core.accounts import role_admin
from crm_core.contributions import MenuItem
from crm_core.rest.routing import PREFIX
from tests.web.helpers import CONTACT, send, text_of

OPEN_TO_ALL = {
    ("POST", "/lists/{key}"): "the list says whether users may add entries (KN-22)",
    ("POST", "/tags"): "everyone makes tags while editing (KN-16)",
}
"""Routes of REST that change what is set up, and are not for administrators alone."""
SET_UP = ("fields", "lists", "tags", "settings", "currencies", "users", "teams", "roles", "plugins")


def filled(rule):
    """Return an address of a rule."""
    kinds = {"int": "1", "entity": "contacts"}
    chosen = re.sub(r"<any\((\w+)[^)]*\):\w+>", r"\1", str(rule))
    return re.sub(r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>", lambda m: kinds.get(m[1], "x"), chosen)


@pytest.fixture
def plain(sqlite_crm):
    return sqlite_crm.client_of(sqlite_crm.add_user("u@example.org", "Una User"))


def pages(crm):
    """Return (method, address) of every page of the settings, of modules too."""
    found = [
        (method, filled(rule))
        for rule in crm.wsgi.app.url_map.iter_rules()
        if rule.rule.startswith("/settings")
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]
    own = [("GET", i.url) for i in crm.registry.of(MenuItem) if i.section == "settings" and i.admin]
    return [*found, *own]


def test_ad_12_every_page_of_the_settings_is_refused_to_users(sqlite_crm, plain):
    known = pages(sqlite_crm)
    assert len(known) > 50
    for method, path in known:
        answer = plain.get(path) if method == "GET" else send(plain, path)
        assert answer.status_code == 403, (method, path, answer.status_code)


def test_ad_12_every_page_of_the_settings_sends_strangers_to_the_sign_in(sqlite_crm):
    stranger = sqlite_crm.client_of(None)
    for method, path in pages(sqlite_crm):
        if method == "GET":
            answer = stranger.get(path)
            assert answer.status_code in (302, 303) and "/signin" in answer.headers["Location"], path


def test_ad_12_every_route_that_sets_something_up_is_refused_to_users_programs(sqlite_crm, plain):
    ann = sqlite_crm.add_user("ann@example.org", "Ann")
    headers = {"Authorization": f"Bearer {sqlite_crm.token_of(ann)}"}
    refused = []
    for route in rest.routes():
        sets_up = route.tag in SET_UP and route.method != "GET" and (route.method, route.path) not in OPEN_TO_ALL
        if route.per_entity or not (route.scope == "admin" or sets_up):
            continue
        path = re.sub(r"\{(\w+)\}", lambda m: "1" if m[1].endswith("id") else "contacts", route.path)
        answer = plain.open(PREFIX + path, method=route.method, headers=headers, json={} if route.body else None)
        assert answer.status_code == 403, (route.method, route.path, answer.status_code)
        refused.append(route)
    assert len(refused) > 40


def test_ad_12_a_token_without_the_scope_sets_nothing_up(sqlite_crm):
    headers = {"Authorization": f"Bearer {sqlite_crm.token_of(sqlite_crm.admin, ('read', 'write'))}"}
    client = sqlite_crm.client_of(None)
    for path in ("roles", "fields/contacts/custom", "users", "explain?user=1&entity=contacts&record=1"):
        assert client.get(f"{PREFIX}/{path}", headers=headers).status_code == 403, path


def test_ad_10_temperatures_are_the_administrators_to_adjust(sqlite_crm, plain):
    boss = sqlite_crm.client_of(sqlite_crm.admin)
    assert send(plain, "/settings/lists/contacts.temperature", label="Boiling").status_code == 403
    send(boss, "/settings/lists/contacts.temperature", label="Boiling")
    assert "Boiling" in text_of(boss.get("/contacts/new"))


def test_ad_13_the_settings_are_in_sections_and_each_module_has_its_own(sqlite_crm):
    boss = sqlite_crm.client_of(sqlite_crm.admin)
    index = boss.get("/settings").text
    sections = {
        html.unescape(title): re.findall(r'class="set-card" href="([^"]+)"', body)
        for title, body in re.findall(r"<h2[^>]*>([^<]+)</h2>(.*?)</section>", index, re.S)
    }
    assert {"/settings/fields", "/settings/lists", "/settings/tags", "/settings/currencies"} <= set(sections["Data"])
    assert {"/settings/users", "/settings/roles"} <= set(sections["People"])
    own = sections["Contacts"]
    assert {
        "/settings/fields/contacts",
        "/settings/lists/contacts.type",
        "/settings/lists/contacts.prospect_status",
    } <= set(own)
    for links in sections.values():
        for link in links:
            assert boss.get(link).status_code == 200, link


# ---------------------------------------------------------------- programs


@pytest.mark.parametrize("database_kind", ["sqlite"])  # the database does not matter here
def test_programs_set_up_roles_and_ask_why(crm):
    headers = {"Authorization": f"Bearer {crm.token_of(crm.admin)}"}
    client = crm.client_of(None)

    def call(method, path, body=None):
        return client.open(f"{PREFIX}/{path}", method=method, json=body, headers=headers)

    codes = {role["code"]: role["id"] for role in call("GET", "roles").json["items"]}
    made = call("POST", "roles", {"name": "Trainee", "copy_of": codes["user"]})
    assert (made.status_code, made.json["code"], made.json["administers"]) == (201, "trainee", False)
    role = made.json["id"]
    tim = crm.add_user("tim@example.org", "Tim", "trainee")
    record = crm.make(CONTACT, kind="company", name="Alpina", visibility="read", description="Sealed")
    why = f"explain?user={tim}&entity=contacts&record={record}"
    assert call("GET", why).json["allowed"] is True
    wanted = {"read": {"level": "all", "where": 'kind = "person"'}}
    assert call("PUT", f"roles/{role}/grants/contacts", wanted).status_code == 204
    told = call("GET", why).json
    assert told["allowed"] is False and any("does not hold here" in reason for reason in told["reasons"])
    found = call("GET", f"roles/{role}/grants/contacts").json
    assert found["own"] and found["actions"]["read"] == wanted["read"] and found["actions"]["delete"]["level"] == "none"
    assert call("DELETE", f"roles/{role}/grants/contacts").status_code == 204
    mask = call("GET", f"roles/{role}/fields/contacts").json
    shown = {part: [key for key in keys if key != "description"] for part, keys in mask.items()}
    assert call("PUT", f"roles/{role}/fields/contacts", shown).status_code == 204
    his = {"Authorization": f"Bearer {crm.token_of(tim)}"}
    assert "description" not in client.get(f"{PREFIX}/contacts/{record}", headers=his).json
    assert call("PUT", f"roles/{role}/fields/contacts", {"read": ["nothing"], "edit": []}).status_code == 422
    assert call("PUT", f"roles/{role}/grants/contacts", {"read": {"level": "some"}}).status_code == 422
    assert call("PATCH", f"roles/{role}", {"name": "Apprentice"}).json["name"] == "Apprentice"
    assert [person["name"] for person in call("GET", f"roles/{role}").json["people"]] == ["Tim"]
    assert call("DELETE", f"roles/{role}").status_code == 409
    assert call("GET", f"explain?user=987654&entity=contacts&record={record}").status_code == 404


@pytest.mark.parametrize("database_kind", ["sqlite"])  # the database does not matter here
def test_programs_keep_fields_from_their_making_to_their_end(crm):
    headers = {"Authorization": f"Bearer {crm.token_of(crm.admin)}"}
    client = crm.client_of(None)

    def call(method, path, body=None):
        return client.open(f"{PREFIX}/fields/contacts{path}", method=method, json=body, headers=headers)

    made = [
        call("POST", "", {"key": key, "type": "integer", "label": key, "indexed": True}).json["id"] for key in "abc"
    ]
    order = {"section": "sales", "before": [made[2]], "after": [made[0], made[1]]}
    assert call("PUT", "/order", order).status_code == 204
    found = call("GET", "/custom").json["items"]
    assert [field["key"] for field in found] == ["cf.c", "cf.a", "cf.b"]
    assert found[0]["section"] == "sales" and found[0]["index"] == {"ready": False, "percent": None}
    assert call("PATCH", f"/{made[0]}", {"visible_if": 'kind = "company"', "help": "x"}).status_code == 200
    assert call("GET", "/custom").json["items"][1]["visible_if"] == 'kind = "company"'
    crm.make(CONTACT, kind="company", name="Alpina", **{"cf.a": 7})
    assert call("GET", f"/{made[0]}/usage").json == {"records": 1, "entries": 0, "views": []}
    assert call("POST", f"/{made[0]}/purge").status_code == 409
    assert call("DELETE", f"/{made[0]}").status_code == 204
    assert call("GET", "/custom").json["items"][1]["retired_at"]
    assert call("POST", f"/{made[0]}/restore").status_code == 200
    assert call("DELETE", f"/{made[0]}").status_code == 204
    assert call("POST", f"/{made[0]}/purge").json["job"] > 0
    assert call("PUT", "/order", {"section": "x", "after": [made[0]]}).status_code == 422


def test_ad_05_a_record_is_shared_through_rest(sqlite_crm):
    crm, client = sqlite_crm, sqlite_crm.wsgi.app.test_client()
    ann, bob = crm.add_user("ann@example.org", "Ann"), crm.add_user("bob@example.org", "Bob")
    record = crm.make(CONTACT, by=ann, kind="company", name="Alpina", visibility="private")

    def call(method, body=None, by=ann, **headers):
        headers |= {"Authorization": f"Bearer {crm.token_of(by)}"}
        return client.open(f"{PREFIX}/contacts/{record}/sharing", method=method, json=body, headers=headers)

    before = call("GET")
    assert before.json == {"visibility": "private", "owner": ann, "shared_with": []}
    assert call("GET", by=bob).status_code == 404
    team = client.post(
        f"{PREFIX}/teams", json={"name": "Sales"}, headers={"Authorization": f"Bearer {crm.token_of(crm.admin)}"}
    ).json["id"]
    crm.refresh(force=True)
    people = [{"user": "bob@example.org", "write": True}, {"team": "sales"}]
    done = call("PUT", {"shared_with": people}, **{"If-Match": before.headers["ETag"]})
    assert done.json["visibility"] == "listed"
    assert done.json["shared_with"] == [
        {"team": team, "name": "Sales", "write": False}, {"user": bob, "name": "Bob", "write": True},
    ]  # fmt: skip
    assert call("PUT", {"shared_with": []}, **{"If-Match": before.headers["ETag"]}).status_code == 412
    wrong = call("PUT", {"shared_with": [{"user": 987654}, {"write": True}, {"team": "Ghosts"}]})
    assert wrong.status_code == 422
    assert [e["field"] for e in wrong.json["errors"]] == [
        "shared_with[0].user", "shared_with[1]", "shared_with[2].team",
    ]  # fmt: skip
    for body, field in (({}, "shared_with"), ({"shared_with": [{"usr": 1}]}, "shared_with[0].usr")):
        assert [e["field"] for e in call("PUT", body).json["errors"]] == [field]
    assert len(call("GET", by=bob).json["shared_with"]) == 2
    given_away = call("PUT", {"shared_with": [{"user": "ann@example.org"}]}, by=bob)
    assert (given_away.status_code, call("GET", by=bob).status_code) == (204, 404)
    assert call("GET").json["shared_with"][0]["name"] == "Ann"


def test_ad_08_who_may_not_edit_the_visibility_shares_nothing(sqlite_crm):
    crm = sqlite_crm
    role = role_admin_role(crm, "Clerk")
    tim = crm.add_user("tim@example.org", "Tim", "clerk")
    record = crm.make(CONTACT, by=tim, kind="company", name="Alpina")
    his = {"Authorization": f"Bearer {crm.token_of(tim)}"}
    client, page = crm.wsgi.app.test_client(), crm.client_of(tim)
    assert f"/contacts/{record}/share" in page.get(f"/contacts/{record}").text
    with crm.as_user(crm.admin) as ctx:
        found = role_admin.fields(ctx, role, CONTACT)
        read = {f.key for f, may, _ in found if may}
        role_admin.set_fields(ctx, role, CONTACT, read, {f.key for f, _, may in found if may} - {"visibility"})
    crm.refresh(force=True)
    url = f"{PREFIX}/contacts/{record}/sharing"
    assert client.put(url, json={"shared_with": []}, headers=his).status_code == 403
    assert client.get(url, headers=his).status_code == 403
    assert f"/contacts/{record}/share" not in page.get(f"/contacts/{record}").text
    assert send(page, f"/contacts/{record}/share", readers="", writers="").status_code == 403
    assert f"/contacts/{record}/edit" in page.get(f"/contacts/{record}").text


def role_admin_role(crm, name):
    with crm.as_user(crm.admin) as ctx:
        user = next(row.role.id for row in role_admin.listed(ctx) if row.role.code == "user")
        made = role_admin.create(ctx, name, copy_of=user).id
    crm.refresh(force=True)
    return made
