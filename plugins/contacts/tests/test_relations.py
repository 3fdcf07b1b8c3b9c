"""Relationships between contacts (CT-74)."""

import pytest
import sqlalchemy as sa

from crm_core import history
from crm_core.directory import touch
from crm_core.i18n import use_language
from crm_core.models import User


@pytest.fixture
def pair(rest):
    """A supplier and its customer, related."""
    api = rest()
    supplier, customer = api.company("Lagrange")["id"], api.company("Kergal")["id"]
    body = {"relation": "supplies", "other": customer, "note": "Since 2019"}
    relation = api.post(f"/contacts/{supplier}/actions/relate", body, status=200)["result"]["id"]
    return supplier, customer, relation


def test_ct_74_a_relationship_is_visible_from_both_sides(rest, browser_of, pair):
    supplier, customer, relation = pair
    api, browser = rest(), browser_of()
    (mine,) = api.get(f"/contacts/{supplier}")["relations"]
    assert (mine["id"], mine["title"], mine["label"], mine["note"]) == (customer, "Kergal", "Supplier of", "Since 2019")
    (theirs,) = api.get(f"/contacts/{customer}")["relations"]
    assert (theirs["title"], theirs["label"], theirs["relation_id"]) == ("Lagrange", "Supplied by", relation)
    assert "Supplier of" in browser.get(f"/contacts/{supplier}/tab/relations", part=True)
    assert "Supplied by" in browser.get(f"/contacts/{customer}/tab/relations", part=True)
    assert [r["id"] for r in api.get(f"/relations?contact={supplier}")["items"]] == [relation]


def test_ct_74_a_relationship_can_be_recorded_from_the_other_side(rest):
    api = rest()
    company, person = api.company("Kergal")["id"], api.person()["id"]
    body = {"relation": "adviser", "other": person, "direction": "reverse"}
    api.post(f"/contacts/{company}/actions/relate", body, status=200)
    assert api.get(f"/contacts/{person}")["relations"][0]["label"] == "Adviser of"


def test_ct_74_one_must_see_both_sides_to_see_the_relationship(rest, pair, alice):
    supplier, customer, relation = pair
    admin, user = rest(), rest(alice)
    admin.post(f"/contacts/{supplier}/actions/make_public", status=200)
    assert user.get(f"/contacts/{supplier}")["relations"] == []
    assert user.get("/relations")["items"] == []
    user.get(f"/relations/{relation}", status=404)
    admin.post(f"/contacts/{customer}/actions/make_public", status=200)
    assert len(user.get(f"/contacts/{supplier}")["relations"]) == 1
    user.patch(f"/relations/{relation}", {"note": "x"}, status=403)
    user.delete(f"/relations/{relation}", status=403)
    admin.patch(f"/contacts/{customer}", {"salespeople": [alice]})
    assert user.patch(f"/relations/{relation}", {"note": "x"})["note"] == "x"


def test_ct_74_one_must_be_allowed_to_change_one_side_to_record_it(rest, alice, bob):
    first = rest(bob).company("One", visibility="read")["id"]
    second = rest(bob).company("Two", visibility="read")["id"]
    body = {"relation": "partner", "other": second}
    rest(alice).post(f"/contacts/{first}/actions/relate", body, status=403)
    own = rest(alice).company("Mine")["id"]
    rest(alice).post(f"/contacts/{own}/actions/relate", body, status=200)
    assert rest(bob).get(f"/contacts/{second}")["relations"] == []


def test_ct_74_nobody_is_related_to_himself(rest):
    api = rest()
    made = api.company()["id"]
    body = {"relation": "partner", "other": made}
    assert api.problems("POST", f"/contacts/{made}/actions/relate", body) == {"other": "self"}


def test_ct_74_relationships_go_with_either_contact(rest, pair):
    supplier, customer, relation = pair
    api = rest()
    api.delete(f"/contacts/{customer}")
    assert api.get(f"/contacts/{supplier}")["relations"] == []
    api.get(f"/relations/{relation}", status=404)


def test_ct_74_kinds_of_relationship_are_extended_by_administrators(rest):
    api = rest()
    body = {"label": "Landlord of", "values": {"reverse": "Tenant of"}}
    code = api.post("/lists/contacts.relation", body)["code"]
    one, two = api.company("One")["id"], api.company("Two")["id"]
    api.post(f"/contacts/{one}/actions/relate", {"relation": code, "other": two}, status=200)
    assert api.get(f"/contacts/{one}")["relations"][0]["label"] == "Landlord of"
    assert api.get(f"/contacts/{two}")["relations"][0]["label"] == "Tenant of"


@pytest.mark.parametrize(("language", "words"), [("en", "Supplier of"), ("fr", "Fournisseur de")])
def test_ct_74_a_relationship_is_called_by_its_label_in_the_readers_language(
    crm, rest, browser_of, pair, language, words
):
    *_, relation = pair
    with crm.database.transaction() as session:
        session.execute(sa.update(User).where(User.id == crm.admin).values(language=language))
        touch(session)
    crm.refresh(force=True)
    api, browser = rest(), browser_of()
    assert api.get(f"/relations/{relation}")["title"] == words
    assert [r["title"] for r in api.get("/relations")["items"]] == [words]
    for path in ("/relations", f"/relations/{relation}", f"/relations/{relation}/delete"):
        page = browser.get(path)
        assert words in page and ">supplies<" not in page


def test_ct_74_history_tells_the_labels_of_entries_in_the_readers_language(crm, rest, pair):
    supplier, *_, relation = pair
    api = rest()
    api.patch(f"/relations/{relation}", {"relation": "partner"})
    api.patch(f"/contacts/{supplier}", {"nature": ["prospect"], "temperature": "hot", "addresses": [{"city": "Lyon"}]})
    with crm.as_user(crm.admin) as ctx, use_language("fr"):
        (change,) = history.entries(ctx, "contacts.relation", relation)[0].changes
        assert (change.old, change.new) == ("Fournisseur de", "Partenaire de")
        told = {c.key: c.new for c in history.entries(ctx, "contacts.contact", supplier)[0].changes}
    assert told == {"nature": "Prospect", "temperature": "Chaud", "addresses": "Lyon"}


def test_ct_74_who_may_not_read_relationships_sees_contacts_without_them(rest, browser_of, pair, alice):
    supplier, _, _ = pair
    admin = rest()
    admin.post(f"/contacts/{supplier}/actions/make_public", status=200)
    role = next(r["id"] for r in admin.get("/roles")["items"] if r["code"] == "user")
    grants = {"read": {"level": "none"}}
    admin.call("PUT", f"/roles/{role}/grants/contacts.relation", grants, status=204)
    user, browser = rest(alice), browser_of(alice)
    assert user.get(f"/contacts/{supplier}")["relations"] == []
    assert [one["id"] for one in user.get("/contacts")["items"]] == [supplier]
    assert "Lagrange" in browser.get("/contacts")
    page = browser.get(f"/contacts/{supplier}")
    assert "Lagrange" in page and "tab/relations" not in page
    user.get("/relations", status=403)
    assert admin.get("/incidents")["items"] == []


def test_ct_42_a_merge_leaves_no_relationship_with_oneself_and_none_twice(rest, crm, pair):
    supplier, customer, between = pair
    api = rest()
    other, double = api.company("Third")["id"], api.company("Kergal SA")["id"]
    for stays in (customer, double):
        body = {"relation": "adviser", "other": stays, "direction": "forward"}
        api.post(f"/contacts/{other}/actions/relate", body, status=200)
    before = {r["id"] for r in api.get("/relations")["items"]}
    done = api.post(f"/contacts/{customer}/merge", {"others": [double, supplier]}, status=200)
    (left,) = api.get("/relations")["items"]
    assert (left["contact"]["id"], left["other"]["id"]) == (other, customer)
    assert between not in {left["id"]}
    undone = api.post(f"/batches/{done['batch']}/undo", {}, status=200)
    assert undone["left"] == 0
    assert {r["id"] for r in api.get("/relations")["items"]} == before
    (mine,) = api.get(f"/contacts/{supplier}")["relations"]
    assert mine["id"] == customer
