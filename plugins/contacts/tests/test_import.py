"""An import from the upload to the report."""

import io
import re
import threading

from crm_contacts.import_fields import fields
from crm_contacts.importing.targets import canonical

from crm_core import jobs
from crm_core.jobs.execute import execute

TEXT = (
    "Prénom;Nom;Société;E-mail;Mobile;Ville;Étiquettes\r\n"
    "Anne;Martin;Kergal SA;anne@example.org;06 39 98 00 01;Brest;VIP, Salon\r\n"
    "Paul;Petit;Kergal SA;not an address;06 39 98 00 02;Brest;\r\n"
    "Zoé;Łukasik;Sével;zoe@example.org;;Lyon;Salon\r\n"
)


def start(api, text, **form):
    answer = api.client.post(
        "/api/v1/contacts/import",
        data={"file": (io.BytesIO(text.encode("cp1252", "replace")), "contacts.csv"), **form},
        headers={"Authorization": f"Bearer {api.token}"},
    )
    assert answer.status_code == 202, answer.text
    return answer.json


def test_ct_18_a_file_is_imported_with_a_report_of_what_failed(crm, rest, alice):
    api = rest(alice)
    started = start(api, TEXT)
    execute(crm, "test", started["job"], threading.Event())
    report = api.get(started["report"])
    assert report["state"] == "done"
    assert (report["counts"]["created"], report["counts"]["failed"]) == (2, 1)
    assert [(p["line"], p["field"], p["value"]) for p in report["problems"]] == [(3, "emails", "not an address")]
    assert api.titles("kind=person") == ["Anne Martin", "Zoé ?ukasik"]
    assert api.titles("kind=company") == ["Kergal SA", "Sével"]
    assert api.titles("tags=Salon") == ["Anne Martin", "Zoé ?ukasik"]
    found = api.get("/contacts?last_name=Martin")["items"][0]
    assert (found["origin"], found["company"]["title"], found["phone"]) == ("import", "Kergal SA", "+33639980001")
    assert [m["name"] for m in found["managers"]] == ["Alice Roux"]
    assert rest(alice).get(f"/contacts/{found['id']}/history")["items"][0]["action"] == "import"


def test_a_dry_run_writes_nothing(crm, rest):
    api = rest()
    started = start(api, TEXT, dry_run="1")
    execute(crm, "test", started["job"], threading.Event())
    assert api.get(started["report"])["counts"]["created"] == 2
    assert api.titles() == []
    assert [t for t in api.get("/tags")["items"] if t["name"] in ("VIP", "Salon")] == []


def test_the_same_file_with_foreign_ids_twice_changes_nothing(crm, rest):
    api = rest()
    text = "external_id;First name;Last name;Company\r\nX1;Anne;Martin;Kergal SA\r\n"
    for expected in ("created", "skipped"):
        started = start(api, text)
        execute(crm, "test", started["job"], threading.Event())
        assert api.get(started["report"])["counts"][expected] == 1
    assert len(api.titles("kind=person")) == 1


def test_where_columns_go_is_chosen_by_label(crm, rest, browser_of):
    rest().post("/fields/contacts", {"key": "score_2", "type": "integer", "label": "Points"})
    browser = browser_of()
    text = "Nom;Prénom;Société;Tél. mobile;Adr;Pts\r\nMartin;Anne;Kergal SA;06 39 98 00 01;Quai 1;7\r\n"
    sent = {"region": "FR", "file": (io.BytesIO(text.encode()), "people.csv")}
    url = browser.post("/contacts/import", sent).headers["Location"]
    page = browser.get(url)
    chosen = dict(re.findall(r'<option value="([^"]+)" selected>([^<]+)<', page))
    assert chosen == {
        "last_name": "Last name", "first_name": "First name", "company": "Company",
        "phones.mobile.number": "Phone number – Mobile", "space": "A space",
    }  # fmt: skip
    offered = dict(re.findall(r'<option value="([^"]+)"[^>]*>([^<]+)<', page))
    assert offered["addresses.home.city"] == "City – At home"
    assert offered["cf.score_2"] == "Points"
    assert not [target for target, label in offered.items() if target == label]
    browser.post(url, {"do": "import", "region": "FR", "column.4": "addresses.home.street", "column.5": "cf.score_2"})
    with crm.as_user(crm.admin) as ctx:
        (job, *_) = jobs.listing(ctx)
    execute(crm, "test", job.id, threading.Event())
    found = rest().get("/contacts?last_name=Martin")["items"][0]
    assert (found["cf"]["score_2"], found["phones"][0]["kind"]) == (7, "mobile")
    assert (found["addresses"][0]["street"], found["addresses"][0]["kind"]) == ("Quai 1", "home")


def test_every_place_that_is_offered_for_a_column_exists(crm):
    with crm.as_user(crm.admin) as ctx:
        for target, label in fields(ctx):
            assert canonical(target) == target and label
