"""Finding duplicates and merging them as a person does: list, search, side by side, undo; axe on the way."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from crm_core import records
from tests.browser.conftest import Live, faults, onward, visit

CONTACT = "contacts.contact"


def test_ct_59_ct_60_duplicates_are_found_compared_and_merged(live: Live, tab: Callable[..., Page]) -> None:
    crm = live.crm
    common = {"kind": "company", "visibility": "write"}
    stays = crm.make(CONTACT, **common, name="Ateliers Kergal", description="One", emails=["a@kergal.example"])
    goes = crm.make(CONTACT, **common, name="Ateliers Kergal SARL", emails=["A@kergal.example", "b@kergal.example"])
    crm.make(CONTACT, **{**common, "kind": "person"}, first_name="Anne", last_name="Le Goff", company=goes)
    page = tab(live, crm.admin)
    wrong: list[str] = []
    visit(page, "/contacts")
    page.get_by_role("button", name="More", exact=True).click()
    with onward(page):
        page.get_by_role("link", name="Find duplicates").click()
    wrong += faults(page, "/contacts/duplicates")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="Search", exact=True).last.click()
    expect(page.get_by_role("button", name="Cancel the search")).to_be_visible()
    crm.run_jobs()
    expect(page.get_by_role("link", name="Compare and merge")).to_be_visible()
    wrong += faults(page, "/contacts/duplicates/1")
    with onward(page):
        page.get_by_role("link", name="Compare and merge").click()
    wrong += faults(page, "/contacts/merge")
    page.set_viewport_size({"width": 360, "height": 740})
    name = page.get_by_role("group", name="Name", exact=True)
    name.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    expect(name.get_by_role("radio").nth(1)).to_be_checked()
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.get_by_text("The records are one now")).to_be_visible()
    expect(page.get_by_text("No duplicates here")).to_be_visible()
    with crm.as_user(crm.admin, write=False) as ctx:
        row = records.read(ctx, CONTACT, stays, ("name", "emails"))
    assert (row.values["name"], len(row.values["emails"])) == ("Ateliers Kergal SARL", 2)
    page.goto(f"/contacts/{goes}")
    expect(page).to_have_url(f"{live.url}/contacts/{stays}")
    assert wrong == []


def test_ct_60_two_ticked_records_and_one_records_menu_lead_to_the_comparison(
    live: Live, tab: Callable[..., Page]
) -> None:
    for name in ("Kergal", "Kergal SA"):
        live.crm.make(CONTACT, kind="company", name=name, visibility="write")
    page = tab(live, live.crm.admin)
    visit(page, "/contacts?view=all")
    for box in page.locator("[data-row] input[type=checkbox]").all():
        box.check()
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.get_by_role("heading", name="Merge 2 records")).to_be_visible()
    with onward(page):
        page.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="More actions").first.click()
    page.get_by_role("link", name="Merge with another").click()
    expect(page.get_by_role("heading", name="with another record")).to_be_visible()
