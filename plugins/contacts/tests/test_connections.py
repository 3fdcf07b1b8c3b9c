"""Connections of contacts: who belongs to whom, as a graph, a table, and from programs (CT-24, CT-50, CT-73, CT-74)."""

import pytest


@pytest.fixture
def family(rest):
    """Two companies, one the supplier of the other, with three people: one belongs to both."""
    api = rest()
    ids = {name: api.company(name)["id"] for name in ("Kergal", "Lagrange")}
    for first, companies in (("Anne", ["Kergal", "Lagrange"]), ("Paul", ["Kergal"]), ("Rose", ["Kergal"])):
        ids[first] = api.person(first, "Martin", companies=[ids[c] for c in companies])["id"]
    body = {"relation": "supplies", "other": ids["Kergal"]}
    api.post(f"/contacts/{ids['Lagrange']}/actions/relate", body, status=200)
    return ids


def lines(graph):
    """Return the connections of a graph as (from, relation, to)."""
    return {(edge["from"]["title"], edge["relation"], edge["to"]["title"]) for edge in graph["edges"]}


OF_KERGAL = {
    ("Anne Martin", "Belongs to", "Kergal"), ("Paul Martin", "Belongs to", "Kergal"),
    ("Rose Martin", "Belongs to", "Kergal"), ("Lagrange", "Supplier of", "Kergal"),
}  # fmt: skip
OF_ANNE = ("Anne Martin", "Belongs to", "Lagrange")


def test_ct_24_ct_74_a_company_is_connected_with_its_people_and_its_supplier(rest, family):
    api = rest()
    found = api.get(f"/contacts/{family['Kergal']}/connections")
    assert found["centre"] == {"entity": "contacts.contact", "id": family["Kergal"], "title": "Kergal"}
    assert lines(found) == OF_KERGAL
    assert {n["title"]: n["depth"] for n in found["nodes"]} == {
        "Kergal": 0, "Anne Martin": 1, "Paul Martin": 1, "Rose Martin": 1, "Lagrange": 1,
    }  # fmt: skip
    assert found["more"] == {"value": 0, "exact": True}
    (supplies,) = [e for e in found["edges"] if e["value"]]
    assert (supplies["reverse"], supplies["value"]) == ("Supplied by", "supplies")
    seen_from_supplier = api.get(f"/contacts/{family['Lagrange']}/connections")
    assert lines(seen_from_supplier) == {("Lagrange", "Supplier of", "Kergal"), OF_ANNE}


def test_ct_50_depth_and_expanding_lead_on(rest, family):
    api = rest()
    path = f"/contacts/{family['Paul']}/connections"
    assert lines(api.get(path)) == {("Paul Martin", "Belongs to", "Kergal")}
    assert lines(api.get(f"{path}?depth=2")) == OF_KERGAL
    assert lines(api.get(f"{path}?depth=3")) == OF_KERGAL | {OF_ANNE}
    expanded = api.get(f"{path}?expand=contacts.contact:{family['Kergal']},contacts.contact:{family['Anne']}")
    assert lines(expanded) == OF_KERGAL | {OF_ANNE}
    assert {n["title"] for n in expanded["nodes"] if n["expanded"]} == {"Paul Martin", "Kergal", "Anne Martin"}


def test_a_record_one_may_not_see_is_no_part_of_the_graph(rest, browser_of, family, alice):
    admin = rest()
    for name in ("Kergal", "Paul"):
        admin.patch(f"/contacts/{family[name]}", {"salespeople": [alice]})
    user = rest(alice)
    found = user.get(f"/contacts/{family['Kergal']}/connections?depth=3&limit=2")
    assert lines(found) == {("Paul Martin", "Belongs to", "Kergal")}
    assert found["more"] == {"value": 0, "exact": True}
    assert [n["more"] for n in found["nodes"]] == [0, 0]
    user.get(f"/contacts/{family['Anne']}/connections", status=404)
    hidden = user.get(f"/contacts/{family['Kergal']}/connections?expand=contacts.contact:{family['Anne']}")
    assert lines(hidden) == lines(found)
    page = browser_of(alice).get(f"/contacts/{family['Kergal']}?tab=connections&depth=3")
    assert ("Paul Martin" in page, "Anne Martin" in page, "Lagrange" in page) == (True, False, False)
    assert "Records: 2, connections: 1" in page


def test_what_finds_no_room_is_counted(rest, family):
    found = rest().get(f"/contacts/{family['Kergal']}/connections?limit=3")
    assert len(found["nodes"]) == 3
    assert found["more"] == {"value": 2, "exact": True}
    assert found["nodes"][0]["more"] == 2
    assert len(found["edges"]) == 2
    assert any(edge["value"] for edge in found["edges"])  # every kind of connection gets its share


def test_bounds_that_are_out_of_range_are_refused(rest, family):
    api, path = rest(), f"/contacts/{family['Kergal']}/connections"
    for query, field in (("depth=4", "depth"), ("limit=0", "limit"), ("expand=nothing", "expand"), ("dept=1", "dept")):
        (problem,) = api.get(f"{path}?{query}", status=400)["errors"]
        assert problem["field"] == field
    many = ",".join(f"contacts.contact:{n}" for n in range(1, 23))
    assert "20" in api.get(f"{path}?expand={many}", status=400)["errors"][0]["message"]


def test_ct_73_the_tab_shows_the_same_as_a_table_without_script(rest, browser_of, family):
    api, browser = rest(), browser_of()
    url = f"/contacts/{family['Kergal']}"
    page = browser.get(f"{url}?tab=connections&sort=-from")
    assert 'data-tab="connections"' in page
    table = page[page.index("<tbody>", page.index("connections-table")) :].partition("</tbody>")[0]
    names = ["Rose Martin", "Paul Martin", "Lagrange", "Anne Martin"]
    assert sorted(names, key=table.index) == names
    assert all(f'href="/contacts/{family[n]}"' in table for n in ("Anne", "Paul", "Rose", "Lagrange", "Kergal"))
    assert 'aria-sort="descending"' in page
    assert "depth=2&amp;sort=-from" in page
    assert browser.get(f"{url}?tab=connections&depth=99&expand=x&sort=y").count("Supplier of") >= 1
    assert api.get("/relations")["items"][0]["id"]
    browser.get("/relations/1/connections", status=404)
