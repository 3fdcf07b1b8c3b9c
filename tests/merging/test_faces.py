"""Merging and duplicates through pages, REST and the command line."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from crm_core.cli import cli
from crm_core.testing.deployments import SECRET
from tests.merging.deals import CONTACT, LEAD
from tests.web.helpers import HTMX, send, text_of


@pytest.fixture
def database_kind():
    """Pages, REST and commands say the same on both databases; what they ask is tested on both."""
    return "sqlite"


@pytest.fixture
def client(crm, desk):
    return crm.client_of(crm.admin)


@pytest.fixture
def call(crm):
    """Call the REST API as a user, the administrator unless told."""

    def run(method, path, body=None, *, by=None, status=200):
        headers = {"Authorization": f"Bearer {crm.token_of(by or crm.admin)}"}
        answer = crm.wsgi.app.test_client().open(f"/api/v1{path}", method=method, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer

    return run


@pytest.fixture
def program(crm, monkeypatch):
    """Run a command and return its output; it must end with ``code``."""
    for name, value in (
        ("CRM_HOME", str(crm.config.home)), ("CRM_DATABASE_URL", crm.config.url), ("CRM_SECRET_KEY", SECRET),
        ("CRM_WORKER", "manual"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)

    def run(*args, code=0):
        result = CliRunner().invoke(cli, args)
        assert result.exit_code == code, result.output
        return result.stdout

    return run


def test_ct_42_rest_merges_after_a_look_and_the_old_id_leads_on(crm, desk, call):
    stays, goes = desk.new(name="Kergal"), desk.new(name="Kergal SA", currency="EUR")
    person = desk.new(kind="person", name=None, first_name="A", last_name="B", company=goes)
    url = f"/contacts/{stays}/merge"
    look = call("POST", f"{url}?dry_run=1", {"others": [goes]}).json
    assert look["possible"] and [r["id"] for r in look["records"]] == [stays, goes]
    names = {f["field"]: (f["chosen"], f["differs"], f["may_unite"]) for f in look["fields"]}
    assert (names["name"], names["currency"]) == ((stays, True, False), (goes, True, False))
    assert {(entry["field"], entry["count"]) for entry in look["links"]} == {("company", 1), ("companies", 1)}
    refused = call("POST", f"{url}?dry_run=1", {"others": [person]}).json
    assert refused["problems"][0]["message"] == "A person and a company can't be merged"
    assert "kind" in call("POST", url, {"others": [person]}, status=409).text
    call("POST", url, {"others": [goes], "choices": {"name": "x"}}, status=422)
    call("POST", url, {"others": [goes], "choices": {"code": goes}}, status=422)
    call("POST", url, {"others": [goes], "versions": {str(goes): 99}}, status=412)
    call("POST", url, {"others": []}, status=422)
    call("POST", url, {"others": [9999]}, status=404)
    done = call("POST", url, {"others": [goes], "choices": {"name": goes}}).json
    assert (done["survivor"], done["merged"]) == (stays, [goes])
    moved = call("GET", f"/contacts/{goes}", status=307)
    assert moved.headers["Location"] == f"/api/v1/contacts/{stays}"
    call("PATCH", f"/contacts/{goes}", {"name": "x"}, status=404)
    assert call("GET", f"/contacts/{stays}").json["name"] == "Kergal SA"
    call("PATCH", f"/contacts/{stays}", {"visibility": "private"})
    call("GET", f"/contacts/{goes}", by=desk.ann, status=404)
    undone = call("POST", f"/batches/{done['batch']}/undo").json
    assert undone["undone"] == 2
    assert call("GET", f"/contacts/{goes}").json["name"] == "Kergal SA"


def test_ct_42_what_one_may_not_delete_is_merged_away_by_no_door(crm, desk, call):
    mine = desk.new(LEAD, by=desk.ann, name="A", email="a@x.example", visibility="write")
    theirs = desk.new(LEAD, name="B", email="a@x.example", visibility="write", job_title="Buyer")
    look = call("POST", f"/leads/{mine}/merge?dry_run=1", {"others": [theirs]}, by=desk.ann).json
    assert (look["possible"], look["problems"][0]["code"]) == (False, "forbidden")
    refused = call("POST", f"/leads/{mine}/merge", {"others": [theirs]}, by=desk.ann, status=403)
    assert f"record {theirs}" in refused.json["detail"]
    page = crm.client_of(desk.ann).get(f"/leads/merge?ids={mine},{theirs}")
    assert page.status_code == 200 and f"You may not delete record {theirs}" in text_of(page)
    form = {"ids": f"{mine},{theirs}", "survivor": str(mine)}
    assert send(crm.client_of(desk.ann), "/leads/merge", **form).status_code == 403
    assert call("GET", f"/leads/{theirs}").json["name"] == "B"
    third = desk.new(LEAD, name="C", email="c@x.example", visibility="write", job_title="Buyer")
    fourth = desk.new(LEAD, name="D", email="c@x.example", visibility="write")
    where = call("POST", "/leads/duplicates", {"on": ["email"]}, by=desk.ann, status=202).headers["Location"]
    where = where.removeprefix("/api/v1")
    crm.run_jobs()
    groups = [g["group"] for g in call("GET", where, by=desk.ann).json["items"]]
    job = call("POST", f"{where}/merge", {"groups": groups}, by=desk.ann, status=202).json["job"]
    crm.run_jobs()
    result = call("GET", f"/jobs/{job}", by=desk.ann).json["result"]
    assert (result["merged"], result["left"]) == (1, 1) and "may not delete" in next(iter(result["reasons"]))
    assert call("GET", f"/leads/{theirs}").json["name"] == "B" and call("GET", f"/leads/{mine}", status=307)
    assert {call("GET", f"/leads/{n}").json["name"] for n in (third, fourth)} == {"C", "D"}


def test_ct_60_a_name_made_of_others_is_nobodys_to_choose(crm, desk, call, client):
    one, two = (desk.new(kind="person", name=None, first_name=f, last_name="Tangi") for f in ("Lena", "Lenaig"))
    look = call("POST", f"/contacts/{one}/merge?dry_run=1", {"others": [two]}).json
    may = {f["field"]: f["may_choose"] for f in look["fields"] if f["differs"]}
    assert (may["first_name"], may["name"]) == (True, False)
    page = client.get(f"/contacts/merge?ids={one},{two}").text
    assert 'name="pick[first_name]"' in page and 'name="pick[name]"' not in page
    assert "You may not set these" not in page
    call("POST", f"/contacts/{one}/merge", {"others": [two], "choices": {"name": two}}, status=422)
    call("POST", f"/contacts/{one}/merge", {"others": [two], "choices": {"first_name": two}})
    assert call("GET", f"/contacts/{one}").json["name"] == "Lenaig Tangi"


def test_ct_59_rest_scans_shows_groups_and_merges_them(crm, desk, call):
    pair = [desk.new(LEAD, name="Ann", email="ann@x.example", job_title=t) for t in ("Buyer", None)]
    known = call("GET", "/leads/duplicates").json
    assert known["usual"] == ["name", "email", "phone"]
    assert "company_name" in {f["field"] for f in known["fields"]}
    assert "secret" not in call("GET", "/leads/duplicates", by=desk.ann).text
    call("POST", "/leads/duplicates", {"on": ["nope"]}, status=422)
    call("POST", "/leads/duplicates", {"filter": "nope = 1"}, status=400)
    made = call("POST", "/leads/duplicates", {"on": ["email"], "filter": 'name = "Ann"'}, status=202)
    where = made.headers["Location"].removeprefix("/api/v1")
    assert call("GET", where).json["items"] == []
    crm.run_jobs()
    found = call("GET", where).json
    assert (found["scan"]["state"], found["scan"]["records"]) == ("done", 2)
    (group,) = found["items"]
    assert ([r["id"] for r in group["records"]], "email" in group["differing"]) == (pair, False)
    call("GET", where, by=desk.ann, status=404)
    call("POST", "/leads/not-duplicates", {"ids": [pair[0]]}, status=422)
    assert call("POST", "/leads/not-duplicates", {"ids": pair}).json == {"pairs": 1}
    assert call("GET", where).json["items"] == []
    assert call("DELETE", "/leads/not-duplicates", {"ids": pair}).json == {"pairs": 1}
    call("POST", f"{where}/merge", {"groups": []}, status=422)
    job = call("POST", f"{where}/merge", {"groups": [1]}, status=202).json["job"]
    crm.run_jobs()
    assert call("GET", f"/jobs/{job}").json["result"]["merged"] == 1
    warned = call("POST", "/leads/warnings", {"email": "ann@x.example"}).json["items"]
    assert [(w["record"], w["message"]) for w in warned] == [(pair[0], "Known lead")]


def test_the_command_line_merges_and_finds(crm, desk, program):
    stays, goes = (desk.new(LEAD, name="Ann", email="ann@x.example") for _ in range(2))
    third = desk.new(LEAD, name="ANN", email="other@x.example", note="x")
    looked = json.loads(program("merge", "leads", str(stays), str(third), "--dry-run", "--json"))
    assert looked["merged"] == [third]
    assert "becomes part of it" in program("merge", "leads", str(stays), str(third), "--dry-run")
    program("merge", "leads", str(stays), str(third), "--choose", "email", "-y", code=2)
    program("merge", "leads", str(stays), str(stays), "-y", code=1)
    found = json.loads(program("duplicates", "leads", "--on", "name", "--json"))
    assert [g["ids"] for g in found["groups"]] == [[stays, goes, third]]
    program("duplicates", "leads", "--on", "name", "--merge", "-y", code=1)
    assert "Groups: 1, records compared: 3" in program("duplicates", "leads", "--on", "email")
    assert "1 groups merged" in program("duplicates", "leads", "--on", "email", "--merge", "-y")
    done = json.loads(program("merge", "leads", str(stays), str(third), "--choose", f"email={third}", "-y", "--json"))
    assert desk.values(LEAD, stays, "email", "note") == ["other@x.example", "x"]
    program("undo", "--batch", str(done["batch"]), "-y")
    assert desk.values(LEAD, third, "email") == ["other@x.example"]


def test_ct_60_pages_lead_from_the_list_to_one_record_and_back(crm, desk, client):
    stays, goes = desk.new(name="Kergal", description="One"), desk.new(name="Kergal SA", description="Two")
    assert f"/contacts/{stays}/merge" in client.get(f"/contacts/{stays}").text
    assert "side by side" in text_of(client.get(f"/contacts/{stays}/merge", headers=HTMX))
    answer = client.get(f"/contacts/bulk?action=merge&ids={stays}&ids={goes}", headers=HTMX)
    page = client.get(answer.headers["HX-Redirect"])
    assert "Which record stays?" in text_of(page)
    assert client.get(f"/contacts/bulk?action=merge&ids={stays}", headers=HTMX).status_code == 422
    form = {"ids": f"{stays},{goes}", "survivor": str(goes)}
    again = send(client, "/contacts/merge", **form, look="1")
    assert re.search(rf'name="survivor" value="{goes}" checked', again.text)
    versions = dict(re.findall(r'name="(version\[\d+\])" value="(\d+)"', again.text))
    stale = send(client, "/contacts/merge", **form, **{**versions, f"version[{stays}]": "99"})
    assert stale.status_code == 412 and "Which record stays?" in text_of(stale)
    picks = {"pick[name]": str(stays), "pick[description]": "all"}
    done = send(client, "/contacts/merge", **form, **versions, **picks)
    assert done.headers["Location"] == f"/contacts/{goes}"
    shown = client.get(f"/contacts/{goes}").text
    undo = re.search(r"/profile/changes/batch/\d+", shown)[0]
    assert desk.values(CONTACT, goes, "name", "description") == ["Kergal", "Two\n\nOne"]
    moved = client.get(f"/contacts/{stays}")
    assert (moved.status_code, moved.headers["Location"]) == (302, f"/contacts/{goes}")
    assert "2 of 2 records go back" in text_of(client.get(undo))
    send(client, f"{undo}/undo")
    assert client.get(f"/contacts/{stays}").status_code == 200


def test_ct_59_ct_62_pages_find_groups_in_a_filtered_list(crm, desk, client):
    pair = [desk.new(LEAD, name="Ann", email="ann@x.example", job_title=t) for t in ("Buyer", "Seller")]
    for email in ("ann@x.example", "bob@x.example"):
        desk.new(LEAD, name="Bob", email=email)
    assert "/leads/duplicates" in client.get("/leads").text
    form = client.get('/leads/duplicates?filter=name+%3D+"Ann"')
    assert "Only records of the list:" in text_of(form)
    nothing = send(client, "/leads/duplicates", filter="", q="")
    assert nothing.status_code == 422 and "Choose at least one field" in text_of(nothing)
    made = send(client, "/leads/duplicates", filter='name = "Ann"', q="", f0_0="email", w0_0="normal")
    where = made.headers["Location"]
    assert "Cancel the search" in text_of(client.get(where))
    crm.run_jobs()
    page = client.get(where)
    assert "Groups: 1, records compared: 2" in text_of(page)
    assert re.search(r'<td class="differs">\s*Buyer', page.text)
    assert f"/leads/merge?ids={pair[0]},{pair[1]}&amp;next=" in page.text
    asked = send(client, f"{where}/merge", group="1")
    assert "Merge the ticked groups (1)" in text_of(asked)
    assert "/jobs/" in send(client, f"{where}/merge", group="1", sure="1").headers["Location"]
    send(client, f"{where}/apart", apart="1")
    assert "No duplicates here" in text_of(client.get(where))
    assert crm.client_of(desk.ann).get(where).status_code == 404
    named = send(client, "/leads/duplicates", filter="", q="", f0_0="name", w0_0="normal").headers["Location"]
    crm.run_jobs()
    refused = send(client, f"{named}/merge", group="1", sure="1")
    assert refused.status_code == 409 and "no proof" in text_of(refused)


def test_ct_61_the_form_links_to_what_is_like_it(crm, desk, client):
    known = desk.new(LEAD, name="Ann", email="ann@x.example")
    asked = send(client, "/leads/warnings", name="New", email="ann@x.example")
    assert f'href="/leads/{known}"' in asked.text and "Known lead" in asked.text
    desk.new(LEAD, name="Hidden", email="h@x.example", visibility="private")
    other = crm.client_of(desk.ann)
    assert "Known lead" not in send(other, "/leads/warnings", name="New", email="h@x.example").text
