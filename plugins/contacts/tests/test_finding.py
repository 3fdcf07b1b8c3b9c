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


def test_names_that_begin_with_the_words_come_first_then_those_that_hold_them(rest):
    api = rest()
    api.person("Anne", "Martin", emails=[{"address": "anne@kerven.example.org"}])
    api.company("Ateliers Kerven")
    api.company("Kerven Bois")
    assert [i["title"] for i in api.get("/search?q=kerv")["items"]] == ["Kerven Bois", "Ateliers Kerven", "Anne Martin"]


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


def found(api, text, part="items", **options):
    """Return the titles of what a search finds."""
    query = "&".join(f"{k}={v}" for k, v in options.items())
    return [hit["title"] for hit in api.get(f"/search?q={text}&{query}")[part]]


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [("Muler", "Rose Müller"), ("Jonson", "Paul Johnson"), ("Paul Johnsno", "Paul Johnson"), ("mulelr", "Rose Müller"),
     ("Zzyzx", None), ("mul", "exact")],
)  # fmt: skip
def test_ct_35_words_with_a_slip_find_what_is_nearest(rest, browser_of, typed, nearest):
    api = rest()
    api.person("Rose", "Müller", emails=["rose@kergal.example"])
    api.person("Paul", "Johnson")
    api.person("Anne", "Martin")
    answer = api.get(f"/search?q={typed}")
    page = re.sub("<[^>]+>", "", browser_of().get(f"/search?q={typed}"))
    if nearest == "exact":
        assert [hit["title"] for hit in answer["items"]] == ["Rose Müller"]
        return
    assert answer["items"] == []
    assert [hit["title"] for hit in answer["nearest"]] == ([nearest] if nearest else [])
    assert f"Nothing found for “{typed}”" in page
    assert ("Nearest to what you typed" in page) == (nearest is not None)
    suggested = browser_of().get(f"/search/suggest?q={typed}")
    assert ("<mark>" in suggested) == (nearest is not None)


def test_ct_14_nothing_near_is_shown_of_contacts_of_others(rest, alice, carol):
    rest(alice).person("Rose", "Müller")
    answer = rest(carol).get("/search?q=Muler")
    assert (answer["items"], answer["nearest"], answer["words"]) == ([], [], [])
    assert found(rest(alice), "Muler", "nearest") == ["Rose Müller"]


def test_a_contact_is_not_found_by_the_name_of_a_company_one_may_not_see(rest, browser_of, alice, carol):
    mine = rest(alice)
    hidden = mine.company("Quokka Marina", visibility="private")["id"]
    mine.person("Rose", "Roy", company=hidden, visibility="read")
    assert found(mine, "quokka", entity="contacts") == ["Quokka Marina", "Rose Roy"]
    other = rest(carol)
    for text in ("quokka", "marina", "qu", "Quoka"):
        answer = other.get(f"/search?q={text}")
        assert (answer["items"], answer["nearest"]) == ([], []), text
        assert other.titles(f"q={text}") == []
        assert "Rose" not in browser_of(carol).get(f"/search?q={text}&type=contacts")
    assert found(other, "rose") == ["Rose Roy"]
    assert other.titles("q=rose roy") == ["Rose Roy"]


def test_what_a_role_hides_is_neither_matched_nor_shown(rest, alice):
    api = rest()
    company = api.company("Kergal Öl", visibility="read")["id"]
    api.person("Anne", "Müller", emails=["hidden@wombat.example"], phones=["+33261910001"], visibility="read",
               company=company)  # fmt: skip
    role = next(r["id"] for r in api.get("/roles")["items"] if r["code"] == "user")
    rights = api.get(f"/roles/{role}/fields/contacts")
    less = {part: [key for key in keys if key not in ("emails", "email")] for part, keys in rights.items()}
    api.call("PUT", f"/roles/{role}/fields/contacts", less, status=204)
    for text in ("wombat", "hidden@wombat.example", "wombta"):
        answer = rest(alice).get(f"/search?q={text}")
        assert (answer["items"], answer["nearest"]) == ([], []), text
        assert rest(alice).titles(f"q={text}") == []
    for text in ("muller", "müll anne", "02 61 91 00 01", "kergal"):
        hits = [h for h in rest(alice).get(f"/search?q={text}")["items"] if h["title"] == "Anne Müller"]
        assert [h["subtitle"] for h in hits] == [""], text
        assert "Anne Müller" in rest(alice).titles(f"q={text}")
    assert found(api, "wombat") == ["Anne Müller"]


def test_what_is_found_of_one_kind_comes_page_by_page(rest, browser_of):
    api = rest()
    for number in range(30):
        api.company(f"Quokka {number:02}")
    first = api.get("/search?q=quokka&entity=contacts&limit=20")
    rest_of_it = api.get(f"/search?q=quokka&entity=contacts&limit=20&after={first['next']}")
    titles = [hit["title"] for hit in [*first["items"], *rest_of_it["items"]]]
    assert titles == [f"Quokka {number:02}" for number in range(30)]
    assert (first["total"], rest_of_it["next"]) == ({"value": 30, "exact": True}, None)
    assert api.get(f"/search?q=quokka&after={first['next']}", status=400)["errors"][0]["field"] == "after"
    api.get("/search?q=quokka&entity=contacts&after=nonsense", status=400)
    overview = browser_of().get("/search?q=quokka")
    assert "25+" in overview
    assert "type=contacts" in overview
    page = browser_of().get("/search?q=quokka&type=contacts")
    following = re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")
    assert "30 found" in page
    assert re.findall(r"</mark> (\d\d)<", browser_of().get(following)) == [f"{n:02}" for n in range(25, 30)]


def test_a_large_table_is_searched_by_its_rarest_trigrams_and_finds_the_same(rest, monkeypatch):
    api = rest()
    for name in ("Kergal Marine", "Kermarine", "Marina Kerg", "100% Käse_Haus", "Ma"):
        api.company(name)
    asked = ("ker mar", "kergal", "marine", "ma", "ma ker", "100%", "kase_haus", "se_h", "ergalm")
    before = [api.titles(f"q={text.replace('%', '%25')}") for text in asked]
    assert before[1] == ["Kergal Marine"]
    assert before[5:] == [["100% Käse_Haus"], ["100% Käse_Haus"], ["100% Käse_Haus"], []]
    monkeypatch.setattr("crm_core.search.rarity.LARGE", 1)
    assert found(api, "kergal") == ["Kergal Marine"]
    assert [api.titles(f"q={text.replace('%', '%25')}") for text in asked] == before
