"""The graph of connections as a person uses it: by keyboard, by a click, on a phone; axe on the way."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Live, booted, faults, visit

CONTACT, RELATION = "contacts.contact", "contacts.relation"


def _family(live: Live) -> dict[str, int]:
    crm = live.crm
    ids = {name: crm.make(CONTACT, kind="company", name=name) for name in ("Kergal", "Lagrange", "Sével")}
    for first, where in (("Anne", ["Kergal", "Sével"]), ("Paul", ["Kergal"]), ("Rose", ["Kergal"])):
        companies = [ids[name] for name in where]
        ids[first] = crm.make(CONTACT, kind="person", first_name=first, last_name="Martin", companies=companies)
    crm.make(RELATION, contact=ids["Lagrange"], relation="supplies", other=ids["Kergal"])
    return ids


def test_ct_73_ct_74_the_graph_is_walked_expanded_and_left_by_keyboard(live: Live, tab: Callable[..., Page]) -> None:
    ids = _family(live)
    page = tab(live, live.crm.admin)
    visit(page, f"/contacts/{ids['Kergal']}?tab=connections")
    drawing = page.locator("[data-drawing]")
    expect(drawing.locator(".node")).to_have_count(5)
    expect(drawing.locator(".edge text")).to_have_text(["Supplier of", "Belongs to", "Belongs to", "Belongs to"],
                                                       use_inner_text=False)  # fmt: skip
    drawing.get_by_role("img", name="Kergal, Contact").focus()
    reached = set()
    for key in ("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"):
        page.keyboard.press("Home")
        page.keyboard.press(key)
        reached.add(page.evaluate("document.activeElement.closest('[data-node]').dataset.node"))
    assert len(reached - {"0"}) >= 3
    anne = drawing.get_by_role("button", name="Show the connections of Anne Martin")
    anne.focus()
    page.keyboard.press("Enter")
    expect(drawing.locator(".node")).to_have_count(6)
    collapse = drawing.get_by_role("button", name="Hide the connections of Anne Martin")
    expect(collapse).to_be_focused()
    expect(page).to_have_url(f"{live.url}/contacts/{ids['Kergal']}?tab=connections&depth=1"
                             f"&expand=contacts.contact:{ids['Anne']}")  # fmt: skip
    expect(page.locator(".connections-table tbody tr")).to_have_count(5)
    assert faults(page, "connections") == []
    page.set_viewport_size({"width": 1280, "height": 800})
    collapse.click()
    expect(drawing.locator(".node")).to_have_count(5)
    drawing.get_by_role("button", name="Show the connections of Anne Martin").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{live.url}/contacts/{ids['Anne']}")
    booted(page)


def test_the_graph_works_on_a_phone_and_depth_is_chosen(live: Live, tab: Callable[..., Page]) -> None:
    ids = _family(live)
    page = tab(live, live.crm.admin, width=360, scheme="dark")
    visit(page, f"/contacts/{ids['Paul']}")
    page.get_by_role("link", name="Connections").click()
    drawing = page.locator("[data-drawing]")
    expect(drawing.locator(".node")).to_have_count(2)
    page.get_by_role("navigation", name="Depth").get_by_role("link", name="3").click()
    expect(drawing.locator(".node")).to_have_count(6)
    page.reload()
    booted(page)
    expect(drawing.locator(".node")).to_have_count(6)
