"""Companies and the people in them (CT-20, CT-24, CT-25, CT-50, CT-63, CT-73)."""


def test_ct_20_a_contact_is_deleted_from_the_actions_menu(rest, browser_of):
    api, browser = rest(), browser_of()
    made = api.person()
    page = browser.get("/contacts")
    assert f'data-url="/contacts/{made["id"]}"' in page
    assert "{url}/delete" in page
    browser.post(f"/contacts/{made['id']}/delete")
    assert api.titles() == []
    api.get(f"/contacts/{made['id']}", status=404)


def test_ct_20_persons_of_a_deleted_company_stay_without_it(rest):
    api = rest()
    company, other = api.company("Kergal"), api.company("Sével")
    made = api.person(company=company["id"], companies=[company["id"], other["id"]])
    api.delete(f"/contacts/{company['id']}")
    left = api.get(f"/contacts/{made['id']}")
    assert left["company"] is None
    assert left["companies"] == [{"id": other["id"], "title": "Sével"}]
    assert api.titles("q=kergal") == []
    api.patch(f"/contacts/{made['id']}", {"job_title": "Buyer"})


def test_ct_24_a_company_has_several_contacts(rest, browser_of):
    api = rest()
    company = api.company()["id"]
    for first, title in (("Anne", "President"), ("Paul", "CEO"), ("Rose", "CFO")):
        api.person(first, "Martin", job_title=title, company=company)
    api.person("Elsewhere", "Martin")
    assert api.titles(f"filter=companies has {company}") == ["Anne Martin", "Paul Martin", "Rose Martin"]
    assert api.titles(f"company={company}") == ["Anne Martin", "Paul Martin", "Rose Martin"]
    tab = browser_of().get(f"/contacts/{company}/tab/people", part=True)
    assert [name in tab for name in ("Anne Martin", "Paul Martin", "Rose Martin", "Elsewhere")] == [True] * 3 + [False]
    assert "CFO" in tab


def test_ct_25_customer_tab_shows_the_company_of_a_person(rest, browser_of):
    api, browser = rest(), browser_of()
    company = api.company("Kergal", addresses=[{"city": "Brest"}], qualification="a")["id"]
    made = api.person(company=company)
    assert 'data-tab="customer"' in browser.get(f"/contacts/{made['id']}")
    tab = browser.get(f"/contacts/{made['id']}/tab/customer", part=True)
    assert f'href="/contacts/{company}"' in tab
    assert "Kergal" in tab
    assert "Brest" in tab
    alone = api.person("Paul", "Petit")
    assert 'data-tab="customer"' not in browser.get(f"/contacts/{alone['id']}")


def test_ct_25_a_company_one_may_not_see_is_not_shown(rest, browser_of, alice):
    api = rest()
    company = api.company("Kergal Secret")["id"]
    made = api.person(company=company, salespeople=[alice])
    seen = rest(alice).get(f"/contacts/{made['id']}")
    assert (seen["company"], seen["companies"]) == (None, [])
    page = browser_of(alice).get(f"/contacts/{made['id']}")
    assert 'data-tab="customer"' not in page
    assert "Kergal Secret" not in page


def test_ct_50_all_third_parties_of_a_contact_are_listed(rest, browser_of):
    api = rest()
    main, other = api.company("Kergal")["id"], api.company("Sével")["id"]
    made = api.person(company=main, companies=[other])
    assert {c["title"] for c in made["companies"]} == {"Kergal", "Sével"}
    tab = browser_of().get(f"/contacts/{made['id']}/tab/companies", part=True)
    assert "Kergal" in tab
    assert "Sével" in tab
    assert tab.count("Main company") == 1


def test_ct_50_the_main_company_is_always_among_all(rest):
    api = rest()
    one, two, three = (api.company(name)["id"] for name in ("One", "Two", "Three"))
    made = api.person(companies=[two, three])
    path = f"/contacts/{made['id']}"

    def state():
        found = api.get(path)
        return found["company"] and found["company"]["title"], [c["title"] for c in found["companies"]]

    assert state() == ("Two", ["Two", "Three"])
    api.patch(path, {"company": one})
    assert state() == ("One", ["One", "Three"])
    api.patch(path, {"companies": [three]})
    assert state() == ("Three", ["Three"])
    api.patch(path, {"company": None})
    assert state() == (None, [])


def test_a_person_belongs_to_companies_only(rest):
    api = rest()
    person = api.person("Paul", "Petit")["id"]
    body = {"first_name": "Anne", "last_name": "Martin", "company": person}
    assert api.problems("POST", "/contacts", body) == {"company": "unknown", "companies": "unknown"}


def test_the_form_offers_companies_only(rest, browser_of):
    api, browser = rest(), browser_of()
    api.company("Martin Frères")
    api.person("Anne", "Martin")
    page = browser.get("/contacts/new?kind=person")
    assert "where=kind+%3D+%22company%22" in page
    options = browser.get("/contacts/options?q=martin&where=kind+%3D+%22company%22")
    assert "Martin Fr" in options
    assert "Anne" not in options


def test_ct_63_a_contact_is_added_from_the_prospect(rest, browser_of):
    api, browser = rest(), browser_of()
    company = api.company("Kergal", nature=["prospect"])["id"]
    add = f"/contacts/new?kind=person&amp;company={company}"
    assert add in browser.get(f"/contacts/{company}/tab/people", part=True)
    form = browser.get(f"/contacts/new?kind=person&company={company}")
    assert f'<option value="{company}" selected>Kergal</option>' in form
    browser.post("/contacts/new", {"kind": "person", "first_name": "Anne", "last_name": "Martin", "company": company})
    assert api.titles(f"company={company}") == ["Anne Martin"]


def test_ct_73_from_the_company_to_its_contacts_and_back(rest, browser_of):
    api, browser = rest(), browser_of()
    company = api.company("Kergal")["id"]
    person = api.person(company=company)["id"]
    assert f'href="/contacts/{person}"' in browser.get(f"/contacts/{company}?tab=people")
    assert f'href="/contacts/{company}"' in browser.get(f"/contacts/{person}")


def test_persons_are_found_by_the_name_of_their_company_even_after_it_changed(rest):
    api = rest()
    company = api.company("Kergal")["id"]
    api.person(company=company)
    assert api.titles("q=kergal") == ["Anne Martin", "Kergal"]
    api.patch(f"/contacts/{company}", {"name": "Sével"})
    assert api.titles("q=kergal") == []
    assert api.titles("q=sevel") == ["Anne Martin", "Sével"]
