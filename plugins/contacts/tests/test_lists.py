"""Reference lists of contacts (CT-04, CT-23, CT-31, CT-45 to CT-47, CT-51, CT-71, CT-72)."""

import pytest


def test_ct_04_types_are_changed_by_administrators_only(rest, alice):
    admin = rest()
    assert [e["label"]["en"] for e in admin.get("/lists/contacts.type")["items"]] == [
        "Client", "Supplier", "Partner", "Competitor",
    ]  # fmt: skip
    rest(alice).post("/lists/contacts.type", {"label": "Press"}, status=403)
    code = admin.post("/lists/contacts.type", {"label": "Press"})["code"]
    assert rest(alice).person(type=code)["type"] == code


def test_ct_23_temperatures_are_seeded_and_can_be_renamed(rest):
    api = rest()
    levels = api.get("/lists/contacts.temperature")["items"]
    assert [(e["code"], e["colour"]) for e in levels] == [("cold", "#8a98d8"), ("warm", "#ffd267"), ("hot", "#df7895")]
    api.patch(f"/lists/contacts.temperature/{levels[2]['id']}", {"label": "Boiling"})
    assert api.person(temperature="Boiling")["temperature"] == "hot"


def test_ct_31_qualification_levels_have_free_names(rest):
    api = rest()
    code = api.post("/lists/contacts.qualification", {"label": "+"})["code"]
    api.person("Anne", "Martin", qualification=code)
    api.person("Paul", "Petit", qualification="a")
    assert api.titles(f"qualification={code}") == ["Anne Martin"]
    assert api.titles("qualification=%2B") == ["Anne Martin"]


def test_ct_32_qualification_combined_with_the_salesperson(rest, browser_of, alice, bob):
    api = rest()
    api.person("Anne", "Martin", qualification="a", salespeople=[bob])
    api.person("Paul", "Petit", qualification="a", salespeople=[alice])
    api.person("Rose", "Roy", qualification="b", salespeople=[bob])
    assert api.titles(f"qualification=a&salespeople={bob}") == ["Anne Martin"]
    page = browser_of().get(f"/contacts?view=all&qualification=a&salespeople={bob}")
    assert "Anne Martin" in page
    assert "Paul Petit" not in page
    assert "Rose Roy" not in page


@pytest.mark.parametrize(("key", "code"), [("prospect_status", "to_contact"), ("prospect_level", "high")])
def test_ct_45_prospects_have_a_contact_status_and_a_level(rest, key, code):
    api = rest()
    api.company("Kergal", nature=["prospect"], **{key: code})
    api.company("Sével", nature=["prospect"])
    assert api.titles(f"{key}={code}") == ["Kergal"]


def test_ct_46_prospect_levels_are_defined_by_the_company(rest, alice):
    code = rest().post("/lists/contacts.prospect_level", {"label": "Enormous"})["code"]
    assert rest(alice).company(nature=["prospect"], prospect_level=code)["prospect_level"] == code


def test_ct_47_prospect_status_changes_with_one_click_in_the_list(rest, browser_of):
    api = rest()
    made = api.company(nature=["prospect"], prospect_status="to_contact")
    browser = browser_of()
    assert f'data-url="/contacts/{made["id"]}/row"' in browser.get("/contacts")
    form = {"field": "prospect_status", "value": "contacted", "version": made["version"]}
    row = browser.post(f"/contacts/{made['id']}/row", form, status=200, part=True).text
    assert "Contacted" in row
    assert "<html" not in row
    assert api.get(f"/contacts/{made['id']}")["prospect_status"] == "contacted"


def test_ct_51_contacts_of_a_company_are_grouped_by_role(rest, browser_of):
    api = rest()
    api.post("/lists/contacts.role", {"label": "Gatekeeper"})
    company = api.company()["id"]
    api.person("Anne", "Martin", company=company, role="gatekeeper")
    api.person("Paul", "Petit", company=company, role="decision_maker")
    api.person("Rose", "Roy", company=company)
    tab = browser_of().get(f"/contacts/{company}/tab/people", part=True)
    order = ["Decision maker", "Paul Petit", "Gatekeeper", "Anne Martin", "Without a role", "Rose Roy"]
    places = [tab.index(text) for text in order]
    assert places == sorted(places)


def test_ct_51_users_may_add_a_role_from_the_form(rest, alice):
    assert rest(alice).post("/lists/contacts.role", {"label": "Gatekeeper"})["code"] == "gatekeeper"


@pytest.mark.parametrize("nature", ["prospect", "customer", "supplier", "internal", "factor"])
def test_ct_71_the_nature_can_be_changed_and_lists_follow(rest, nature):
    api = rest()
    made = api.company("Kergal", nature=["prospect"] if nature != "prospect" else ["factor"])
    assert api.titles(f"nature={nature}") == []
    api.patch(f"/contacts/{made['id']}", {"nature": [nature]})
    assert api.titles(f"nature={nature}") == ["Kergal"]


def test_ct_71_natures_are_fixed_but_their_labels_are_free(rest):
    api = rest()
    api.post("/lists/contacts.nature", {"label": "Press"}, status=409)
    customer = next(e for e in api.get("/lists/contacts.nature")["items"] if e["code"] == "customer")
    api.patch(f"/lists/contacts.nature/{customer['id']}", {"label": "Client"})
    assert api.company(nature=["Client"])["nature"] == ["customer"]


def test_ct_72_all_contacts_hold_prospects_customers_and_plain_ones(rest, browser_of):
    api = rest()
    for name, nature in (("A", ["prospect"]), ("B", ["customer"]), ("C", ["supplier"]), ("D", [])):
        api.company(name, nature=nature)
    assert api.titles() == ["A", "B", "C", "D"]
    page = browser_of().get("/contacts?view=prospects")
    assert ">A<" in page
    assert ">D<" not in page
