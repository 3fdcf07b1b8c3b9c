"""The ten main paths of a salesperson, in a real browser."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Dialog, Page, expect

from crm_core import records
from crm_core.accounts import users
from crm_core.jobs.worker import JobWorker
from tests.browser.conftest import Live, onward, visit

Tab = Callable[..., Page]
ENTITY = "contacts.contact"
PASSWORD = "a-long-one-of-7"  # noqa: S105


def person(live: Live, first: str, last: str, **more: object) -> int:
    """Make a person everyone may write to."""
    return live.crm.make(ENTITY, kind="person", first_name=first, last_name=last, **{"visibility": "write", **more})


def apart(call: Callable[[], None]) -> None:
    """Run a call in a thread of its own: the browser's driver keeps an event loop in this one."""
    thread = threading.Thread(target=call)
    thread.start()
    thread.join(30)


def test_path_01_signing_in_and_out(live_on_both: Live, tab: Tab) -> None:
    live = live_on_both
    with live.crm.as_user(live.crm.admin) as ctx:
        users.create(ctx, {"email": "sales@example.org", "name": "Sal Person", "roles": ["user"]}, password=PASSWORD)
    page = tab(live)
    page.goto("/contacts")
    for given in ("wrong password", PASSWORD):
        page.get_by_label("E-mail").fill("sales@example.org")
        page.locator("input[name=password]").fill(given)
        page.keyboard.press("Enter")
        if given != PASSWORD:
            expect(page.get_by_role("alert")).to_be_visible()
    page.wait_for_url("**/contacts")
    expect(page.locator("h1")).to_contain_text("Contacts")


def test_path_02_importing_an_address_book(live_on_both: Live, tab: Tab, tmp_path: Path) -> None:
    live = live_on_both
    rows = [f"Anne{i},Kergomard{i},anne{i}@example.org,+3363998{i:04d},Ateliers" for i in range(40)]
    rows[7] = "Broken,Row,not-an-address,+33639980007,Ateliers"
    path = tmp_path / "people.csv"
    header = "First Name,Last Name,E-mail 1 - Value,Phone 1 - Value,Organization Name"
    path.write_text("\n".join([header, *rows]), "utf-8")
    page = tab(live, live.crm.admin)
    worker = JobWorker(live.crm)
    apart(worker.start)
    try:
        visit(page, "/contacts/import")
        page.locator("input[type=file]").set_input_files(path)
        page.get_by_role("button", name="Upload and look").click()
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page.locator("[data-count=created]")).to_have_text("39", timeout=90_000)
        expect(page.locator("main")).to_contain_text("not-an-address")
    finally:
        apart(worker.stop)
    visit(page, "/contacts?q=kergomard")
    expect(page.locator("#list-count")).to_contain_text("39")


def test_path_03_finding_anyone_as_one_types(live: Live, tab: Tab) -> None:
    found = person(live, "Éloïse", "Trégastel", phones=["+33639981234"])
    page = tab(live, live.crm.admin)
    visit(page, "/")
    page.keyboard.press("/")
    page.keyboard.type("tregas")
    option = page.get_by_role("option").filter(has_text="Trégastel").first
    expect(option).to_be_visible()
    option.click()
    page.wait_for_url(f"**/contacts/{found}")
    visit(page, "/contacts")
    page.locator("#list-q").fill("06 39 98 12")
    expect(page.locator("#results")).to_contain_text("Trégastel")


def test_path_04_filtering_and_sorting(live: Live, tab: Tab) -> None:
    for i, city in enumerate(("Brest", "Paris", "Brest")):
        person(live, "Ann", f"Number{i}", addresses=[{"city": city}])
    page = tab(live, live.crm.admin)
    visit(page, "/contacts?filter=addresses.city+%3D+%22brest%22")
    expect(page.locator("#results")).to_contain_text("Number0")
    expect(page.locator("#results")).not_to_contain_text("Number1")
    page.goto("/contacts?filter=cit+%3D+1")
    expect(page.locator("main")).to_contain_text("did you mean")
    visit(page, "/contacts")
    page.get_by_role("link", name=re.compile("^Name")).first.click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Name")


def test_path_05_creating_with_save_and_new(live: Live, tab: Tab) -> None:
    page = tab(live, live.crm.admin)
    visit(page, "/contacts/new")
    page.get_by_label("First name").fill("Zoé")
    page.get_by_label("Last name").fill("Dupont")
    with onward(page):
        page.get_by_role("button", name="Save and create new").click()
    expect(page.get_by_label("First name")).to_have_value("")
    with live.crm.as_user(live.crm.admin) as ctx:
        row = records.list_(ctx, ENTITY, records.ListQuery(q="zoe dupont")).items[0]
        assert row.title == "Zoé Dupont"
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("main")).to_contain_text("is required")


def test_path_06_a_conflict_is_shown_and_solved(live: Live, tab: Tab) -> None:
    found = person(live, "Anne", "Martin", job_title="Clerk")
    page = tab(live, live.crm.admin)
    visit(page, f"/contacts/{found}/edit")
    with live.crm.as_user(live.crm.admin) as ctx:
        records.update(ctx, ENTITY, found, {"job_title": "Director"})
    page.get_by_label("Job title").fill("Manager")
    page.get_by_role("button", name="Save", exact=True).click()
    main = page.locator("main")
    expect(main).to_contain_text("Director")
    expect(main).to_contain_text("Manager")
    page.get_by_role("button", name="Save").first.click()
    page.wait_for_url(f"**/contacts/{found}")
    with live.crm.as_user(live.crm.admin) as ctx:
        assert records.read(ctx, ENTITY, found).values["job_title"] in ("Manager", "Director")


def test_path_07_ct_47_one_click_changes_the_status_in_the_list(live: Live, tab: Tab) -> None:
    found = person(live, "Paul", "Prospect", nature=["prospect"])
    page = tab(live, live.crm.admin)
    visit(page, "/contacts")
    address = page.url
    with page.expect_response(lambda r: r.request.method == "POST"):
        page.locator("#results").get_by_role("button", name=re.compile("in progress", re.I)).first.click()
    assert page.url == address
    with live.crm.as_user(live.crm.admin) as ctx:
        status = records.read(ctx, ENTITY, found).values["prospect_status"]
        assert ctx.directory.entry("contacts.prospect_status", status).title().lower().find("progress") >= 0


def test_path_08_kn_11_ticked_rows_are_changed_together(live: Live, tab: Tab) -> None:
    for i in range(3):
        person(live, "Bulk", f"Row{i}")
    page = tab(live, live.crm.admin)
    visit(page, "/contacts")
    boxes = page.locator("#results input[name=ids]")
    for i in range(3):
        boxes.nth(i).check()
    expect(page.locator("#bulk-form, .bulkbar, [data-bulk]").first).to_be_visible()


def test_path_09_ct_26_a_comment_with_its_channel(live: Live, tab: Tab) -> None:
    found = person(live, "Carla", "Comment")
    page = tab(live, live.crm.admin)
    visit(page, f"/contacts/{found}")
    page.locator("#comment-body").fill("Called back, wants a quote")
    page.get_by_label("Phone call").check()
    page.get_by_role("button", name="Add comment").click()
    expect(page.locator("#activity")).to_contain_text("Called back, wants a quote")
    expect(page.locator("#activity")).to_contain_text("Phone call")


def test_path_10_the_palette_goes_anywhere_by_keyboard(live: Live, tab: Tab) -> None:
    person(live, "Paula", "Palette")
    page = tab(live, live.crm.admin)
    visit(page, "/contacts")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-input")).to_be_focused()
    page.keyboard.type("palette")
    expect(page.locator("#palette-options")).to_contain_text("Paula Palette")
    page.keyboard.press("Escape")
    expect(page.locator("#palette-input")).not_to_be_visible()


def test_unsaved_input_is_not_lost_on_leaving(live: Live, tab: Tab) -> None:
    page = tab(live, live.crm.admin)
    visit(page, "/contacts/new")
    page.get_by_label("First name").fill("Half")
    asked: list[str] = []

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", refuse)
    with page.expect_event("dialog"):
        page.get_by_role("link", name="Home").first.click()
    expect(page.get_by_label("First name")).to_have_value("Half")
    assert asked == ["beforeunload"] and page.url.endswith("/contacts/new")


def test_kn_05_a_contact_is_looked_at_beside_a_half_filled_form(live: Live, tab: Tab) -> None:
    company = live.crm.make(ENTITY, kind="company", name="Beside Ltd", visibility="write")
    page = tab(live, live.crm.admin)
    visit(page, f"/contacts/new?company={company}")
    page.get_by_label("First name").fill("Half")
    peek = page.locator("[data-peek]").first
    if peek.count():
        peek.click()
        expect(page.locator("#peek-body")).to_contain_text("Beside Ltd")
    expect(page.get_by_label("First name")).to_have_value("Half")


def test_the_language_is_the_persons_own(live: Live, tab: Tab) -> None:
    page = tab(live, live.crm.admin)
    visit(page, "/profile")
    page.locator("select[name=language]").select_option("fr")
    with onward(page):
        page.locator("main form").first.get_by_role("button").last.click()
    visit(page, "/contacts")
    expect(page.locator("html")).to_have_attribute("lang", "fr")


def test_lines_are_dragged_into_another_order_and_moved_by_keyboard(live: Live, tab: Tab) -> None:
    numbers = ["+33261910001", "+33261910002", "+33261910003"]
    made = live.crm.make("contacts.contact", kind="company", name="Kergal", phones=[{"number": n} for n in numbers])
    page = tab(live, live.crm.admin)
    visit(page, f"/contacts/{made}/edit")
    page.wait_for_selector("#record-form[data-settled]")
    lines = page.locator(".lines:has([name^='phones']) [data-line]")
    handles = lines.locator("[data-drag]")
    handles.first.wait_for()
    handles.first.scroll_into_view_if_needed()
    source, target = handles.nth(0).bounding_box(), lines.nth(2).bounding_box()
    assert source and target
    x, y = source["x"] + 8, source["y"] + 10
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 12, steps=4)
    page.mouse.move(x, target["y"] + target["height"] - 4, steps=10)
    page.mouse.up()
    lines.nth(2).locator("[data-up]").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"**/contacts/{made}")
    with live.crm.as_user(live.crm.admin) as ctx:
        kept = records.read(ctx, "contacts.contact", made, ("phones",)).values["phones"]
    assert [line["number"] for line in kept] == [numbers[1], numbers[0], numbers[2]]
