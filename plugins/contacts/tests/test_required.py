"""What a contact needs and what it may hold (CT-01 to CT-03, CT-05, CT-06, CT-40, CT-43, CT-64 to CT-67)."""

from typing import Any

import pytest


def test_ct_01_person_needs_first_and_last_name(rest):
    api = rest()
    assert api.problems("POST", "/contacts", {"kind": "person", "last_name": "Martin"}) == {"first_name": "required"}
    assert api.problems("POST", "/contacts", {"kind": "person", "first_name": "Anne"}) == {"last_name": "required"}
    found = api.person("Anne", "Martin")
    assert (found["name"], found["title"]) == ("Anne Martin", "Anne Martin")
    assert api.problems("PATCH", f"/contacts/{found['id']}", {"last_name": " "}) == {"last_name": "required"}


def test_ct_02_company_needs_its_name_and_nothing_else(rest):
    api = rest()
    assert api.problems("POST", "/contacts", {"kind": "company"}) == {"name": "required"}
    found = api.post("/contacts", {"kind": "company", "name": "Kergal SA"})
    assert found["title"] == "Kergal SA"
    assert found["type"] is None


def test_ct_02_a_name_longer_than_its_field_is_refused(rest):
    assert rest().problems("POST", "/contacts", {"kind": "company", "name": "K" * 202}) == {"name": "too_long"}


def test_ct_03_prospect_and_customer_at_once_and_no_type(rest):
    api = rest()
    found = api.company(nature=["prospect", "customer"], type=None)
    assert (found["nature"], found["type"]) == (["prospect", "customer"], None)
    assert api.company("Plain", nature=[])["nature"] == []


def test_a_person_is_named_by_first_and_last_name_only(rest):
    api = rest()
    body = {"kind": "person", "first_name": "Anne", "last_name": "Martin", "name": "Somebody else"}
    assert api.problems("POST", "/contacts", body) == {"name": "readonly"}
    found = api.person()
    renamed = api.patch(f"/contacts/{found['id']}", {"last_name": "Le Goff", "name": found["name"]})
    assert renamed["name"] == "Anne Le Goff"


def test_what_only_persons_have_is_refused_for_companies(rest):
    api = rest()
    body = {"kind": "company", "name": "Kergal", "first_name": "Anne", "birthday": "1980-01-01"}
    assert api.problems("POST", "/contacts", body) == {"first_name": "not_applicable", "birthday": "not_applicable"}
    assert api.problems("POST", "/contacts", {"first_name": "A", "last_name": "B", "size": "small"}) == {
        "size": "not_applicable"
    }


def test_a_contact_filed_as_the_wrong_kind_can_be_turned(rest):
    api = rest()
    company = api.company("Martin Photo")
    path = f"/contacts/{company['id']}"
    assert api.problems("PATCH", path, {"kind": "person"}) == {"first_name": "required", "last_name": "required"}
    person = api.patch(path, {"kind": "person", "first_name": "Anne", "last_name": "Martin"})
    assert person["name"] == "Anne Martin"
    back = api.patch(path, {"kind": "company"})
    assert (back["name"], back["first_name"], back["last_name"]) == ("Anne Martin", None, None)


def test_a_company_with_people_can_not_become_a_person(rest):
    api = rest()
    company = api.company()
    api.person(company=company["id"])
    body = {"kind": "person", "first_name": "A", "last_name": "B"}
    assert api.problems("PATCH", f"/contacts/{company['id']}", body) == {"kind": "in_use"}


def test_ct_05_details_are_stored_and_read_back(rest):
    api = rest()
    made = api.person(
        emails=[{"address": "Anne@Example.org", "kind": "home"}],
        phones=["02 61 91 00 01"],
        websites=[{"url": "www.example.org"}, {"url": "https://www.linkedin.com/in/anne-example", "kind": "linkedin"}],
        addresses=[
            {"kind": "home", "street": "1 rue du Four\nBât. B", "city": "Vannes", "zip": "56000", "country": "France"}
        ],
        description="Met at the fair.\nLikes trains.",
    )
    found = api.get(f"/contacts/{made['id']}")
    assert [(e["address"], e["kind"], e["primary"]) for e in found["emails"]] == [("anne@example.org", "home", True)]
    assert [p["number"] for p in found["phones"]] == ["+33261910001"]
    assert [(w["url"], w["kind"]) for w in found["websites"]] == [
        ("https://www.example.org", "work"),
        ("https://www.linkedin.com/in/anne-example", "linkedin"),
    ]
    (address,) = found["addresses"]
    assert (address["street"], address["country"], address["is_default"]) == ("1 rue du Four\nBât. B", "FR", True)
    assert found["description"] == "Met at the fair.\nLikes trains."
    assert (found["email"], found["phone"], found["city"], found["zip"], found["country"]) == (
        "anne@example.org", "+33261910001", "Vannes", "56000", "FR",
    )  # fmt: skip


def test_ct_06_three_numbers_one_chosen_for_calling(rest):
    api = rest()
    numbers: list[dict[str, Any]] = [
        {"number": "+33639980001", "kind": "mobile"},
        {"number": "+33261910002", "kind": "work", "primary": True},
        {"number": "+33261910003", "kind": "home"},
    ]
    found = api.person(phones=numbers)
    assert [(p["number"], p["kind"]) for p in found["phones"]] == [(n["number"], n["kind"]) for n in numbers]
    assert [p["primary"] for p in found["phones"]] == [False, True, False]
    assert found["phone"] == "+33261910002"
    lines = found["phones"]
    lines[2]["primary"] = True
    changed = api.patch(f"/contacts/{found['id']}", {"phones": lines})
    assert [p["primary"] for p in changed["phones"]] == [False, False, True]
    assert changed["phone"] == "+33261910003"


def test_a_value_given_twice_is_kept_once_and_lines_keep_their_ids(rest):
    api = rest()
    made = api.person(emails=["anne@example.org", "ANNE@example.org", "work@example.org"])
    assert [e["address"] for e in made["emails"]] == ["anne@example.org", "work@example.org"]
    again = api.patch(f"/contacts/{made['id']}", {"emails": ["work@example.org", "anne@example.org"]})
    assert {e["address"]: e["id"] for e in again["emails"]} == {e["address"]: e["id"] for e in made["emails"]}
    unchanged = api.patch(f"/contacts/{made['id']}", {"emails": ["work@example.org", "anne@example.org"]})
    assert unchanged["version"] == again["version"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("emails", ["anne@example.org"]),
        ("addresses", [{"city": "Brest"}]),
        ("language", "fr"),
        ("currency", "CHF"),
        ("tags", ["VIP"]),
        ("birthday", "1987-03-14"),
        ("score", 4),
        ("key_account", True),
        ("opt_out_email", True),
        ("source", "web"),
        ("industry", "software"),
    ],
)
def test_ct_40_optional_data_can_be_added_at_any_time(rest, key, value):
    api = rest()
    made = api.person()
    api.patch(f"/contacts/{made['id']}", {key: value})
    stored = api.get(f"/contacts/{made['id']}")[key]
    if isinstance(value, list) and isinstance(stored[0], dict):
        (line,) = stored
        assert value[0] in (line.get("address"), {"city": line.get("city")})
    else:
        assert stored == value


def test_ct_43_several_addresses_each_stored_by_itself(rest):
    api = rest()
    wanted = [
        {"kind": "director", "recipient": "Mme Le Goff", "street": "14 quai des Tanneurs", "city": "Brest"},
        {"kind": "assistant", "recipient": "M. Riou", "street": "14 quai des Tanneurs", "city": "Brest"},
        {"kind": "delivery", "recipient": "Réception", "street": "2 rue du Port", "city": "Lorient"},
        {"kind": "legal", "recipient": "Cabinet Exemple", "street": "5 place Hoche", "city": "Rennes"},
    ]
    made = api.company(addresses=wanted)
    found = api.get(f"/contacts/{made['id']}")["addresses"]
    assert [{k: line[k] for k in wanted[0]} for line in found] == wanted
    assert len({line["id"] for line in found}) == 4


@pytest.mark.parametrize("mark", ["is_invoicing", "is_delivery"])
def test_ct_64_ct_65_an_address_is_marked_for_invoices_or_deliveries(rest, mark):
    api = rest()
    made = api.company(addresses=[{"city": "Brest"}, {"city": "Lyon", mark: True}])
    assert [line[mark] for line in made["addresses"]] == [False, True]
    assert [line["is_default"] for line in made["addresses"]] == [True, False]


def test_ct_66_a_second_default_address_takes_the_mark_from_the_first(rest):
    api = rest()
    made = api.company(addresses=[{"city": "Brest", "is_default": True}, {"city": "Lyon"}])
    lines = made["addresses"]
    lines[1]["is_default"] = True
    changed = api.patch(f"/contacts/{made['id']}", {"addresses": lines})
    assert [line["is_default"] for line in changed["addresses"]] == [False, True]
    assert changed["city"] == "Lyon"
    lines = changed["addresses"]
    lines[1]["is_default"] = False
    none_marked = api.patch(f"/contacts/{made['id']}", {"addresses": lines})
    assert [line["is_default"] for line in none_marked["addresses"]] == [True, False]
    (left,) = api.patch(f"/contacts/{made['id']}", {"addresses": none_marked["addresses"][1:]})["addresses"]
    assert (left["city"], left["is_default"]) == ("Lyon", True)


def test_ct_67_address_lines_are_added_and_edited_one_by_one(rest):
    api = rest()
    made = api.company(addresses=[{"city": "Brest"}])
    lines = [*made["addresses"], {"city": "Lyon", "street": "52 rue Gutenberg"}]
    two = api.patch(f"/contacts/{made['id']}", {"addresses": lines})["addresses"]
    two[1]["street"] = "53 rue Gutenberg"
    edited = api.patch(f"/contacts/{made['id']}", {"addresses": two})["addresses"]
    assert [line["id"] for line in edited] == [line["id"] for line in two]
    assert [line["street"] for line in edited] == [None, "53 rue Gutenberg"]


def test_ct_67_the_form_offers_every_address_in_lines_of_its_own(rest, browser_of):
    made = rest().company(addresses=[{"city": "Brest"}, {"city": "Lyon"}])
    page = browser_of().get(f"/contacts/{made['id']}/edit")
    assert 'name="addresses[0][city]" value="Brest"' in page
    assert 'name="addresses[1][city]" value="Lyon"' in page
    assert "emails[0][domain]" not in page
