"""Multi-company: whose record it is, and who of the group sees it (MC-01 to MC-06)."""

import re

import pytest

from crm_core import switching
from crm_core.api import records
from crm_core.directory import touch
from crm_core.models import Grant, Role
from crm_core.search import suggest

ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
"""For what has nothing to do with the database."""


def companies_of(record):
    return [c["title"] for c in record["companies.group"]]


def test_mc_01_a_new_customer_gets_the_main_company_of_its_creator(group):
    assert companies_of(group.ann.new()) == ["North"]
    assert companies_of(group.ben.new()) == ["South"]
    assert companies_of(group.eve.new(nature=["prospect"])) == ["North"]


def test_mc_01_the_main_company_can_be_another_than_the_first(group, crm):
    found = group.admin.get(f"/company-memberships?user={group.eve.id}")["items"][0]
    group.admin.api("PATCH", f"/company-memberships/{found['id']}", {"main": group.south})
    assert companies_of(group.eve.new()) == ["South"]
    with crm.as_user(group.eve.id, quiet=True) as ctx:
        ids = records.bulk_create(ctx, "contacts.contact", [{"kind": "company", "name": "Imported"}])
        assert records.read(ctx, "contacts.contact", ids[0]).values["companies.group"] == [group.south]


def test_mc_02_and_03_a_second_company_shares_the_same_record(group):
    made = group.ann.new("Shared")
    path = f"/contacts/{made['id']}"
    group.ben.get(path, status=404)
    group.ann.api("PATCH", path, {"companies.group": [group.north, group.south]})
    assert group.ben.get(path)["id"] == group.ann.get(path)["id"] == made["id"]
    assert group.ben.names() == group.ann.names() == ["Shared"]
    assert group.ben.names(f"filter=companies.group has {group.north}") == ["Shared"]


def test_mc_04_a_record_of_one_company_is_not_there_for_the_others(group, crm):
    made = group.ann.new("Zyzzyva", emails=["zyzzyva@example.org"])
    open_one = group.ben.new("Open")
    group.ann.api("POST", f"/contacts/{made['id']}/comments", {"body": "zyzzyva"}, status=201)
    path, ben = f"/contacts/{made['id']}", group.ben
    for method, url, body in (
        ("GET", path, None), ("PATCH", path, {"name": "Stolen"}), ("DELETE", path, None),
        ("GET", f"{path}/history", None), ("GET", f"{path}/comments", None),
        ("POST", f"{path}/comments", {"body": "x"}), ("POST", f"{path}/actions/make_private", {}),
    ):  # fmt: skip
        ben.api(method, url, body, status=404)
    for query in ("", "q=zyzzyva", "name=Zyzzyva", "email=zyzzyva@example.org", f"companies.group={group.north}"):
        found = ben.get(f"/contacts?{query}")
        assert made["id"] not in [i["id"] for i in found["items"]], query
        assert found["total"]["value"] == len(found["items"]), query
    for url in (path, f"{path}/edit", f"{path}/card", f"{path}/delete"):
        ben.page(url, status=404)
    assert "Zyzzyva" not in ben.page("/contacts?q=zyzzyva") + ben.page("/contacts/options?q=zyz") + ben.page("/")
    assert ben.get("/search?q=zyzzyva")["items"] == []
    person = {"kind": "person", "first_name": "A", "last_name": "B", "company": made["id"]}
    ben.api("POST", "/contacts", person, status=422)
    ben.api("PATCH", f"/contacts/{open_one['id']}", {"companies.group": [group.north, group.south]})
    with crm.as_user(ben.id) as ctx:
        assert suggest(ctx, "zyzzyva") == []
        assert records.count(ctx, "contacts.contact", records.ListQuery())[0] == 1
    assert "Zyzzyva" in group.ann.page(path)
    assert group.eve.get(path)["title"] == "Zyzzyva"


@ON_SQLITE
def test_mc_04_no_page_or_route_gives_it_away(group, crm):
    """Every address with the id of a record of another company, and those without searched for its word."""
    hidden = group.ann.new("Zyzzyva", description="zyzzyva")["id"]
    token, wrong, seen = {"Authorization": f"Bearer {group.ben.token}"}, [], 0
    known = {"definition": "contacts", "slug": "contacts", "entity": "contacts", "name": "share", "tab": "activity",
             "key": "activity", "action": "share", "filename": "x", "path": "x", "rest": "x"}  # fmt: skip

    def address(text, record_id):
        return re.sub(r"<(\w+)>", lambda match: known.get(match[1], str(record_id)), text)

    for rule in crm.wsgi.app.url_map.iter_rules():
        text = re.sub(r"<[^<>]*?(\w+)>", r"<\1>", str(rule))
        if "GET" not in (rule.methods or ()) or not ("contacts" in text or "<definition>" in text):
            continue
        headers = token if text.startswith("/api/") else {}
        url, absent = (address(text, record_id) for record_id in (hidden, 4711))
        answer = group.ben.browser.get(url if url != absent else f"{url}?q=zyzz", headers=headers)
        seen += 1
        if "zyzzyva" in answer.text.lower():
            wrong.append((url, "the word"))
        if url != absent and answer.status_code != group.ben.browser.get(absent, headers=headers).status_code:
            wrong.append((url, answer.status_code))
    assert (wrong, seen > 20) == ([], True)


def test_mc_04_links_to_it_are_hidden_and_survive_the_edits_of_others(group):
    employer = group.ann.new("Zyzzyva")
    person = {"kind": "person", "first_name": "Ina", "last_name": "Both", "company": employer["id"]}
    both = {"visibility": "write", "companies.group": [group.north, group.south]}
    made = group.ann.api("POST", "/contacts", {**person, **both}, status=201)
    path = f"/contacts/{made['id']}"
    assert group.ben.get(path)["company"] is None
    assert "Zyzzyva" not in group.ben.page(path)
    group.ben.api("PATCH", path, {"job_title": "Buyer"})
    assert group.ann.get(path)["company"]["title"] == "Zyzzyva"


def test_mc_04_nobody_gives_a_record_to_foreigners_alone_or_to_everybody(group):
    made = group.ann.new()
    for given, code in (([group.south], "foreign"), ([], "required")):
        found = group.ann.api("PATCH", f"/contacts/{made['id']}", {"companies.group": given}, status=422)
        assert [(e["field"], e["code"]) for e in found["errors"]] == [("companies.group", code)]
    group.ann.new(**{"companies.group": [group.south]}, status=422)


@ON_SQLITE
def test_mc_04_a_company_with_records_stays(group):
    made = group.ann.new()
    group.admin.api("DELETE", f"/group-companies/{group.north}", status=409)
    group.admin.api("PATCH", f"/contacts/{made['id']}", {"companies.group": [group.south]})
    group.admin.api("DELETE", f"/group-companies/{group.north}", status=204)
    assert "South" in group.admin.page("/group-companies")


def test_mc_05_with_one_company_the_field_is_filled_and_hidden(admin, crm):
    only = admin.api("POST", "/group-companies", {"name": "Only"}, status=201)["id"]
    ann = type(admin)(crm, crm.add_user("ann@example.org", "Ann Example"))
    assert "companies.group" not in ann.page("/contacts/new?kind=company")
    ann.post("/contacts/new", {"kind": "company", "name": "By form"})
    found = ann.get("/contacts?fields=name,companies.group")["items"]
    assert [companies_of(i) for i in found] == [["Only"]]
    assert "Group companies" not in ann.page(f"/contacts/{found[0]['id']}")
    admin.api("POST", "/group-companies", {"name": "Second"}, status=201)
    assert "companies.group" in admin.page("/contacts/new?kind=company")
    assert ann.names() == []
    assert admin.names(f"companies.group={only}") == ["By form"]


def test_mc_06_a_contact_belongs_to_several_companies(group):
    made = group.eve.new(**{"companies.group": [group.north, group.south]})
    assert companies_of(group.eve.get(f"/contacts/{made['id']}")) == ["North", "South"]
    page = group.eve.page(f"/contacts/{made['id']}")
    assert "North" in page
    assert "South" in page
    kept = group.eve.post(
        f"/contacts/{made['id']}/edit", {"companies.group": [group.south], "version": made["version"]}
    )
    assert kept.location.startswith(f"/contacts/{made['id']}")
    assert companies_of(group.eve.get(f"/contacts/{made['id']}")) == ["South"]


def test_the_active_company_narrows_what_one_sees_and_presets_new_records(group):
    group.ann.new("Of North")
    group.ben.new("Of South")
    assert group.eve.names() == ["Of North", "Of South"]
    assert "All my companies" in group.eve.page("/")
    group.eve.post(f"/group-companies/{group.south}/actions/activate")
    assert group.eve.names() == ["Of South"]
    assert companies_of(group.eve.new("New")) == ["South"]
    assert group.eve.get("/contacts?q=north")["total"]["value"] == 0
    group.eve.api("POST", f"/group-companies/{group.south}/actions/leave")
    assert group.eve.names() == ["New", "Of North", "Of South"]
    group.ann.api("POST", f"/group-companies/{group.south}/actions/activate", status=409)
    assert "All my companies" not in group.ann.page("/")


@ON_SQLITE
def test_companies_and_memberships_are_for_administrators(group):
    group.ann.api("POST", "/group-companies", {"name": "Mine"}, status=403)
    group.ann.api("PATCH", f"/group-companies/{group.north}", {"name": "Mine"}, status=403)
    group.ann.api("GET", "/company-memberships", status=403)
    group.ann.page("/company-memberships", status=403)
    assert "/company-memberships" in group.admin.page("/settings")
    assert "/group-companies/new" not in group.admin.page("/")
    for body in ({"user": group.ann.id, "companies": [group.north]}, {"user": group.admin.id, "companies": []}):
        group.admin.api("POST", "/company-memberships", body, status=422)


@ON_SQLITE
def test_rights_to_the_entity_do_not_decide_about_the_companies_of_a_person(group, crm):
    """A token that only writes still gets its person's company, and records are not shared by accident."""
    headers = {"Authorization": f"Bearer {crm.token_of(group.ben.id, ('write',))}"}
    body = {"kind": "company", "name": "By token", "visibility": "write"}
    group.ben.browser.post("/api/v1/contacts", json=body, headers=headers)
    assert group.ann.names() == []
    assert group.ben.names() == ["By token"]


@ON_SQLITE
def test_a_role_that_knows_nothing_of_companies_does_not_stop_work(group, crm):
    with crm.database.transaction() as session:
        role = Role(code="seller", name="Seller")
        session.add(role)
        session.flush()
        for entity in ("contacts.contact", "contacts.relation"):
            for action in ("read", "create", "update"):
                session.add(Grant(role_id=role.id, entity=entity, action=action, level="all"))
        touch(session)
    seller = crm.add_user("sue@example.org", "Sue Example", "seller")
    group.admin.api("POST", "/company-memberships", {"user": seller, "companies": [group.south]}, status=201)
    sue = type(group.ann)(crm, seller)
    made = sue.new("By Sue")
    with crm.as_user(seller, quiet=True) as ctx:
        records.bulk_create(ctx, "contacts.contact", [{"kind": "company", "name": "Imported", "visibility": "read"}])
    sue.get("/group-companies", status=403)
    assert sue.api("PATCH", f"/contacts/{made['id']}", {"score": 2})["score"] == 2
    assert group.ben.names() == ["By Sue", "Imported"]
    assert group.ann.names() == []


@ON_SQLITE
def test_a_person_of_no_company_sees_what_belongs_to_none(group, crm):
    group.ann.new("Of North")
    with crm.as_user(None) as ctx:
        values = {"kind": "company", "name": "Common", "visibility": "read"}
        records.create(ctx, "contacts.contact", values)
    stranger = type(group.ann)(crm, crm.add_user("new@example.org", "New Example"))
    assert stranger.names() == ["Common"]
    assert group.admin.names() == ["Common", "Of North"]


@ON_SQLITE
def test_off_is_gone_and_on_is_back(group, crm):
    path = f"/contacts/{group.ann.new()['id']}"
    switching.disable(crm.database, crm.config, "companies")
    assert "companies.group" not in group.ann.again().get(path)
    group.ben.again().api("PATCH", path, {"score": 3})
    group.ann.page("/group-companies", status=404)
    assert "group-companies" not in group.admin.again().page("/settings")
    switching.enable(crm.database, crm.config, "companies")
    group.ben.again().get(path, status=404)
    assert companies_of(group.ann.again().get(path)) == ["North"]
