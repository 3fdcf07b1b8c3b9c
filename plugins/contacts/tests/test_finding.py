"""Finding contacts (CT-35 to CT-37, CT-52)."""

import re

import pytest


def test_ct_35_one_search_finds_contacts_employees_and_suppliers(rest, browser_of, crm):
    crm.add_user("martine@example.org", "Martine Dupont")
    api = rest()
    api.person("Anne", "Martin")
    api.company("Martinet Fournitures", nature=["supplier"])
    found = {(i["entity"], i["title"]) for i in api.get("/search?q=martin")["items"]}
    assert found >= {
        ("contacts.contact", "Anne Martin"),
        ("contacts.contact", "Martinet Fournitures"),
        ("core.user", "Martine Dupont"),
    }
    page = re.sub("<[^>]+>", "", browser_of().get("/search?q=martin"))
    assert "Martine Dupont" in page
    assert "Martinet Fournitures" in page


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("last_name=martin", ["Anne Martin"]),
        ("last_name__contains=mart", ["Anne Martin"]),
        ("first_name=Martin", ["Martin Petit"]),
        ("company__contains=martin", ["Rose Roy"]),
        ('filter=company.name startswith "Martin"', ["Rose Roy"]),
    ],
)
def test_ct_36_search_is_limited_to_one_field(rest, query, titles):
    api = rest()
    api.person("Anne", "Martin")
    api.person("Martin", "Petit")
    company = api.company("Martin Frères")["id"]
    api.person("Rose", "Roy", company=company)
    assert api.titles(query) == titles


@pytest.mark.parametrize(
    ("field", "text", "found"),
    [
        ("first_name", "martin", "Martin Petit"),
        ("last_name", "martin", "Anne Martin"),
        ("company", "martin", "Rose Roy"),
        ("city", "brest", "Rose Roy"),
        ("zip", "2920", "Rose Roy"),
    ],
)
def test_ct_36_the_quick_bar_of_the_list_searches_in_one_field(rest, browser_of, field, text, found):
    api, browser = rest(), browser_of()
    api.person("Anne", "Martin")
    api.person("Martin", "Petit")
    company = api.company("Martin Frères")["id"]
    api.person("Rose", "Roy", company=company, addresses=[{"city": "Brest", "zip": "29200"}])
    assert f'name="{field}__contains"' in browser.get("/contacts")
    page = browser.get(f"/contacts?{field}__contains={text}")
    assert re.findall(r'data-title-link title="([^"]+)"', page) == [found]
    assert f'name="{field}__contains" value="{text}"' in page


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("city=Brest", ["Kergal", "Sével"]),
        ("city=brest", ["Kergal", "Sével"]),
        ("zip=29200", ["Kergal"]),
        ("zip__startswith=29", ["Kergal", "Sével"]),
        ("addresses.city=Lyon", ["Sével"]),
        ("country=France", ["Kergal", "Sével"]),
        ("filter=city contains 'est' and not zip = '29200'".replace("'", '"'), ["Sével"]),
        ("email=info@kergal.example.com", ["Kergal"]),
        ("phone=02 61 91 00 01", ["Kergal"]),
    ],
)
def test_ct_37_contacts_are_found_by_city_and_postal_code_of_every_address(rest, query, titles):
    api = rest()
    api.company(
        "Kergal",
        addresses=[{"city": "Brest", "zip": "29200", "country": "FR"}],
        emails=["info@kergal.example.com"],
        phones=["+33261910001"],
    )
    api.company(
        "Sével", addresses=[{"city": "Lyon", "zip": "69003", "country": "FR"}, {"city": "Brest", "zip": "29300"}]
    )
    api.company("Nowhere")
    assert api.titles(query) == titles


def test_ct_52_contacts_of_one_mail_domain_are_linked(rest, browser_of):
    api = rest()
    anne = api.person("Anne", "Martin", emails=["anne@apollo.example"])
    paul = api.person("Paul", "Petit", emails=["paul@home.example", "PAUL@Apollo.example"])
    api.person("Rose", "Roy", emails=["rose@other.example"])

    def linked(contact):
        return [c["title"] for c in api.get(f"/contacts/{contact['id']}")["linked_contacts"]]

    assert (linked(anne), linked(paul)) == (["Paul Petit"], ["Anne Martin"])
    assert api.titles("emails.domain=apollo.example") == ["Anne Martin", "Paul Petit"]
    assert "Paul Petit" in browser_of().get(f"/contacts/{anne['id']}/tab/linked", part=True)
    api.patch(f"/contacts/{paul['id']}", {"emails": ["paul@home.example"]})
    assert (linked(anne), linked(paul)) == ([], [])


def test_ct_52_public_mail_providers_link_nobody(rest):
    api = rest()
    anne = api.person("Anne", "Martin", emails=["anne@gmail.com", "anne@club.example"])
    api.person("Paul", "Petit", emails=["paul@gmail.com", "paul@club.example"])
    api.person("Rose", "Roy", emails=["rose@gmail.com"])
    path = f"/contacts/{anne['id']}"
    assert [c["title"] for c in api.get(path)["linked_contacts"]] == ["Paul Petit"]
    api.patch("/settings", {"contacts.public_mail_domains": "club.example; @example.net"}, status=204)
    assert [c["title"] for c in api.get(path)["linked_contacts"]] == ["Paul Petit", "Rose Roy"]


def test_ct_52_only_visible_contacts_are_linked(rest, alice):
    made = rest(alice).person("Anne", "Martin", emails=["anne@apollo.example"])
    rest().person("Paul", "Petit", emails=["paul@apollo.example"])
    assert rest(alice).get(f"/contacts/{made['id']}")["linked_contacts"] == []
