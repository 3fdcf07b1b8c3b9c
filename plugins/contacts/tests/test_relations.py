"""Relationships between contacts (CT-74)."""

import pytest


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
