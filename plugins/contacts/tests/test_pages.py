"""Pages of contacts (CT-16 to CT-19, CT-26 to CT-28, CT-38, CT-53, CT-61, CT-69, KN-09)."""

import datetime as dt
import re

import sqlalchemy as sa

from crm_core.db import utcnow
from crm_core.models import Change, Comment


def test_ct_17_save_and_create_new_opens_an_empty_form_of_the_same_kind(rest, browser_of):
    browser = browser_of()
    answer = browser.post("/contacts/new", {"kind": "company", "name": "Kergal", "_then": "new"})
    assert answer.location.startswith("/contacts/new?kind=company")
    form = browser.get(answer.location.partition("#")[0])
    assert re.search(r'value="company"[^>]*checked', form)
    assert 'value="Kergal"' not in form
    assert rest().titles() == ["Kergal"]


def test_ct_18_contacts_of_every_origin_are_in_one_list(rest, crm):
    from crm_core.api import records

    rest().person("By", "Hand")
    with crm.as_user(crm.admin, quiet=True) as ctx:
        values = {"kind": "person", "first_name": "By", "last_name": "Import", "origin": "import"}
        records.bulk_create(ctx, "contacts.contact", [values])
    with crm.as_user(None) as ctx:
        form = {"kind": "person", "first_name": "By", "last_name": "Form", "origin": "web_form"}
        records.create(ctx, "contacts.contact", form)
    found = rest().get("/contacts?fields=name,origin")["items"]
    assert [(i["name"], i["origin"]) for i in found] == [
        ("By Form", "web_form"), ("By Hand", "manual"), ("By Import", "import"),
    ]  # fmt: skip
    assert rest().titles("origin=web_form") == ["By Form"]


def test_ct_18_nobody_claims_an_origin(rest):
    body = {"first_name": "A", "last_name": "B", "origin": "import"}
    assert rest().problems("POST", "/contacts", body) == {"origin": "readonly"}


def test_ct_19_edited_from_the_actions_menu_with_history(rest, browser_of):
    api, browser = rest(), browser_of()
    made = api.person()
    page = browser.get("/contacts")
    assert f'data-url="/contacts/{made["id"]}"' in page
    assert "{url}/edit" in page
    browser.post(f"/contacts/{made['id']}/edit", {"kind": "person", "job_title": "Buyer", "version": made["version"]})
    assert api.get(f"/contacts/{made['id']}")["job_title"] == "Buyer"
    newest = api.get(f"/contacts/{made['id']}/history")["items"][0]
    assert [(c["field"], c["new"]) for c in newest["changes"]] == [("job_title", "Buyer")]


def test_ct_26_a_comment_with_the_way_of_contact(rest, browser_of):
    api, browser = rest(), browser_of()
    made = api.person()
    comment = api.post(f"/contacts/{made['id']}/comments", {"body": "Wants a quote", "channel": "phone"})
    assert comment["body"] == "Wants a quote"
    page = browser.get(f"/contacts/{made['id']}")
    assert "Wants a quote" in page
    assert "Phone" in page


def test_ct_27_comments_of_everybody_are_shown(rest, alice, bob):
    made = rest(alice).person(managers=[alice, bob])
    rest(alice).post(f"/contacts/{made['id']}/comments", {"body": "From Alice"})
    assert [c["body"] for c in rest(bob).get(f"/contacts/{made['id']}/comments")["items"]] == ["From Alice"]


def test_ct_28_comments_are_listed_newest_first(rest):
    api = rest()
    made = api.person()
    for number in (1, 2, 3):
        api.post(f"/contacts/{made['id']}/comments", {"body": f"Number {number}"})
    found = [c["body"] for c in api.get(f"/contacts/{made['id']}/comments")["items"]]
    assert found == ["Number 3", "Number 2", "Number 1"]


def test_ct_38_map_link_only_with_an_address(rest, browser_of):
    api, browser = rest(), browser_of()
    lines = [{"street": "14 quai des Tanneurs & Fils\nBât. É", "zip": "29200", "city": "Brest", "country": "FR"}]
    made = api.company(addresses=lines)
    url = "https://www.google.com/maps/search/?api=1&query=14%20quai%20des%20Tanneurs%20%26%20Fils%20B%C3%A2t.%20%C3%89%2C%2029200%20Brest%2C%20France"
    assert api.get(f"/contacts/{made['id']}")["map_url"] == url
    assert url.replace("&", "&amp;") in browser.get(f"/contacts/{made['id']}")
    without = api.company("Nowhere")
    assert api.get(f"/contacts/{without['id']}")["map_url"] is None
    assert "google" not in browser.get(f"/contacts/{without['id']}")


def test_ct_38_the_map_is_a_setting(rest):
    api = rest()
    made = api.company(addresses=[{"city": "Brest"}])
    path = f"/contacts/{made['id']}"
    api.patch("/settings", {"contacts.map_url": "https://maps.example.org/?q={address}"}, status=204)
    assert api.get(path)["map_url"] == "https://maps.example.org/?q=Brest"
    for unusable in ("javascript:alert({address})", "https://maps.example.org", "none"):
        api.patch("/settings", {"contacts.map_url": unusable}, status=204)
        assert api.get(path)["map_url"] is None


def test_ct_61_an_equal_name_is_warned_about_and_saving_stays_possible(rest, browser_of):
    api, browser = rest(), browser_of()
    api.person("Anne", "Martin")
    form = {"kind": "person", "first_name": "anne", "last_name": "MARTIN"}
    assert "There is already a contact with this name" in browser.post("/contacts/warnings", form, status=200).text
    asked = browser.post("/contacts/new", form, status=422).text
    assert "There is already a contact with this name" in asked
    confirm = re.search(r'name="_confirm" value="([^"]+)"', asked)
    assert confirm is not None
    browser.post("/contacts/new", {**form, "_confirm": confirm[1]})
    assert api.titles() == ["Anne Martin", "anne MARTIN"]
    assert api.person("Anne", "Martin")["id"]


def test_ct_61_names_one_may_not_see_are_not_given_away(rest, browser_of, alice):
    rest().company("Kergal")
    browser_of(alice).post("/contacts/new", {"kind": "company", "name": "Kergal"})


def test_ct_61_saving_an_old_contact_again_asks_nothing(rest, browser_of):
    made = rest().company("Kergal")
    browser_of().post(f"/contacts/{made['id']}/edit", {"name": "Kergal", "version": made["version"]})
    browser_of().post(f"/contacts/{made['id']}/edit", {"name": "KERGAL", "version": made["version"]})


def test_ct_69_a_prospects_activity_separates_recent_and_past(rest, browser_of, crm):
    api = rest()
    made = api.company("Kergal", nature=["prospect"])
    path = f"/contacts/{made['id']}"
    api.post(f"{path}/comments", {"body": "Long ago", "channel": "phone"})
    with crm.database.transaction() as session:
        ago = utcnow() - dt.timedelta(days=40)
        for model in (Change, Comment):
            session.execute(sa.update(model).where(model.record_id == made["id"]).values(at=ago))
    api.post(f"{path}/comments", {"body": "Just now", "channel": "email"})
    api.patch(path, {"score": 4})
    for page in (browser_of().get(path), browser_of().get(f"{path}/tab/activity", part=True)):
        groups = dict(re.findall(r'data-group="(\w+)"(.*?)</section>', page, re.S))
        assert set(groups) == {"recent", "past"}
        assert "Recent activity" in groups["recent"] and "Past activity" in groups["past"]
        assert "Just now" in groups["recent"] and "Score" in groups["recent"] and "Long ago" not in groups["recent"]
        assert "Long ago" in groups["past"] and "created" in groups["past"] and "Just now" not in groups["past"]


def test_kn_09_persons_and_companies_are_created_apart_and_relationships_from_contacts(browser_of):
    page = browser_of().get("/contacts")
    assert 'href="/contacts/new?kind=person"' in page
    assert 'href="/contacts/new?kind=company"' in page
    assert "/relations/new" not in page
