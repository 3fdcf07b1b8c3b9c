"""Lists, search and settings in a real browser: what scripts add to the pages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import booted, faults, live, tab, visit  # noqa: F401 - live and tab are fixtures
from tests.web.helpers import CONTACT

pytestmark = pytest.mark.browser


@pytest.fixture
def page(live, tab):  # noqa: F811 - fixtures
    """The list of contacts with some companies, opened by the administrator."""
    for number in range(8):
        live.crm.make(CONTACT, kind="company", name=f"Company {number}", visibility="read", tags=["VIP"][: number % 2])
    found = tab(live, live.crm.admin)
    visit(found, "/contacts")
    return found


def ticked(page, number):
    expect(page.locator("[data-tick]:checked")).to_have_count(number)


def test_kn_11_a_range_of_rows_is_ticked_with_shift_and_changed_at_once(page):
    ticks = page.locator("[data-tick]")
    ticks.nth(1).click()
    ticks.nth(4).click(modifiers=["Shift"])
    ticked(page, 4)
    expect(page.locator("[data-count]")).to_have_text("4 selected")
    page.get_by_role("button", name="Set a field").click()
    page.locator("#bulk-field").select_option("score")
    page.locator("#bulk-value label.star").nth(2).click()
    page.locator("#dialog").get_by_role("button", name="Apply").click()
    page.get_by_text("4 records changed").wait_for()
    page.locator("#dialog").get_by_role("link", name="Done").click()
    page.locator("[data-bulk]").wait_for(state="hidden")
    ticked(page, 0)


def test_ct_47_one_click_sets_the_status_without_leaving_the_page(page):
    row = page.locator("[data-row]").nth(2)
    step = row.locator(".status-step").nth(1)
    code = step.get_attribute("data-value")
    address = page.url
    step.click()
    pressed = page.locator(f"#{row.get_attribute('id')} .status-step[data-value='{code}'][aria-pressed=true]")
    pressed.wait_for()
    assert page.url == address
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    row.locator(".status-step").nth(2).and_(page.locator("[aria-pressed=true]")).wait_for()


def test_the_filter_is_built_row_by_row_and_shown_in_words(page):
    page.locator("#list-tools").get_by_role("link", name="Filter").click()
    page.get_by_label("Field").select_option("name")
    page.get_by_label("Value for Name").fill("company")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Field").nth(1).select_option("tags")
    page.locator(".cond").nth(1).locator(".ts-control").click()
    page.locator(".ts-dropdown").get_by_text("VIP").click()
    page.get_by_role("button", name="Apply").click()
    page.locator(".chip").nth(1).wait_for()
    expect(page.locator("[data-row]")).to_have_count(4)
    assert "filter=" in page.url
    page.get_by_role("link", name="Remove: VIP is among Tags").click()
    page.locator(".chip").nth(1).wait_for(state="detached")
    expect(page.locator("[data-row]")).to_have_count(8)


def test_searching_as_one_types_keeps_the_box_and_narrows_the_rows(page):
    page.keyboard.press("/")
    page.keyboard.type("company 5")
    page.wait_for_url(re.compile(r"q=company(\+|%20)5"))
    page.locator("#row-1").wait_for(state="detached")
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page.locator("#list-q")).to_be_focused()


def test_columns_are_chosen_and_moved_with_the_keyboard(page):
    page.get_by_role("link", name="Choose columns").click()
    page.locator("#dialog").get_by_role("button", name="Owner", exact=True).click()
    page.wait_for_selector("[data-shown][data-ready]")
    page.locator("[data-shown] [data-handle]").last.focus()
    for _ in range(20):
        page.keyboard.press("ArrowUp")
    with page.expect_navigation():  # its address fits that of the page before
        page.get_by_role("button", name="Show these columns").click()
    booted(page)
    expect(page.locator("thead th").nth(1)).to_have_text("Owner")


def test_rows_are_walked_ticked_and_previewed_with_the_keyboard(page):
    for key in ("j", "j", "x"):
        page.keyboard.press(key)
    ticked(page, 1)
    page.keyboard.press("k")
    page.keyboard.press("Space")
    page.locator("#peek.show").wait_for()
    expect(page.locator("#peek-title")).to_have_text(re.compile("^Company"))
    page.locator("#peek").press("Escape")
    page.locator("#peek.show").wait_for(state="detached")


def test_kn_05_a_record_is_looked_at_while_the_form_stays(page, live):  # noqa: F811
    company = live.crm.make(CONTACT, kind="company", name="Halden Marine", visibility="read")
    live.crm.make(CONTACT, kind="person", first_name="Anna", last_name="Keller", company=company, visibility="read")
    visit(page, "/contacts?q=keller")
    page.locator("#list-q").fill("half-typed")
    page.locator(f'a[data-peek="/contacts/{company}/card"]').first.click()
    page.locator("#peek.show").wait_for()
    expect(page.locator("#peek-title")).to_have_text("Halden Marine")
    expect(page.locator("#list-q")).to_have_value("half-typed")
    expect(page.locator("#peek-open")).to_have_attribute("href", f"/contacts/{company}")


def test_the_palette_finds_records_and_pages_by_keyboard(page):
    page.keyboard.press("Control+k")
    page.locator("#palette[open] [role=option]").first.wait_for()
    page.keyboard.type("company 3")
    page.locator("#palette mark").first.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/contacts/4")
    booted(page)
    page.keyboard.press("Control+k")
    page.keyboard.type("settings")
    chosen = page.locator("#palette-options [role=option][aria-selected=true]")
    chosen.filter(has_text="Settings").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings")


def test_kn_23_entries_are_moved_by_drag_and_by_keyboard(page, live):  # noqa: F811
    visit(page, "/settings/lists/contacts.type")
    labels = page.locator(".entry-label .cut")
    before = labels.all_inner_texts()
    with page.expect_response("**/order") as answer:
        page.locator("[data-handle]").first.focus()
        page.keyboard.press("ArrowDown")
    assert answer.value.status == 204
    expect(labels.nth(0)).to_have_text(before[1])
    expect(labels.nth(1)).to_have_text(before[0])
    source, target = (page.locator("[data-handle]").nth(n).bounding_box() for n in (0, 2))
    with page.expect_response("**/order"):
        page.mouse.move(source["x"] + 6, source["y"] + 12)
        page.mouse.down()
        page.mouse.move(source["x"] + 6, source["y"] + 24, steps=4)
        page.mouse.move(target["x"] + 6, target["y"] + 22, steps=10)
        page.mouse.up()
    order = labels.all_inner_texts()
    visit(page, "/settings/lists/contacts.type")
    assert labels.all_inner_texts() == order
    assert order != before


def test_pages_are_accessible_and_fit_the_window(live, tab):  # noqa: F811
    for number in range(3):
        live.crm.make(CONTACT, kind="company", name=f"Company {number}", visibility="read", tags=["VIP"])
    page = tab(live, live.crm.admin)
    paths = (
        "/contacts?look=cards&filter=tags+has+%22VIP%22", "/contacts/filter", "/search?q=company",
        "/settings/lists/contacts.type", "/nothing-here",
    )  # fmt: skip
    for path in paths:
        visit(page, path)
        assert faults(page, path) == []


def test_the_theme_is_changed_without_a_page_load_and_stays(page):
    page.locator(".user-button").click()
    with page.expect_response("**/theme"):
        page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    visit(page, "/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
