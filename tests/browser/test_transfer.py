"""A list out and a file in, by hand: the pages of import and export, wide and narrow, light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from crm_core import switching
from tests.browser.conftest import Live, faults, visit


def test_ie_01_ie_04_a_filtered_list_goes_out_and_a_file_comes_in(
    live: Live, tab: Callable[..., Page], tmp_path: Path
) -> None:
    switching.enable(live.crm.database, live.crm.config, "transfer")
    live.crm.refresh(force=True)
    for name, city in (("Kergal", "Paris"), ("Other", "Brest")):
        live.crm.make("contacts.contact", kind="company", name=name, addresses=[{"city": city}])
    page = tab(live, live.crm.admin)
    visit(page, "/contacts?filter=city+%3D+%22Paris%22")
    page.get_by_role("link", name="Export", exact=True).click()
    page.wait_for_url(re.compile(r"/transfer/export/contacts\?"))
    assert faults(page, "/transfer/export/contacts") == []
    with page.expect_download() as download:
        page.locator("main").get_by_role("button", name="Export", exact=True).click()
    text = download.value.path().read_text("utf-8-sig")
    assert "Kergal" in text and "Other" not in text
    visit(page, "/exports")
    page.get_by_role("button", name="Export all data").click()
    page.wait_for_url(re.compile(r"/exports/\d+"))
    live.crm.run_jobs()
    page.reload()
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    assert faults(page, "an export") == []
    book = tmp_path / "people.csv"
    book.write_text("First name,Last name,Mail\nAda,Lovelace,ada@lovelace.example.org\n")
    visit(page, "/contacts/import")
    page.set_input_files("input[type=file]", book)
    page.get_by_role("button", name="Upload and look").click()
    page.wait_for_url(re.compile(r"/contacts/import/\d+"))
    expect(page.get_by_label("A record is known by")).to_be_visible()
    page.select_option("#import-separator", "semicolon")
    page.get_by_role("button", name="Read the file again").click()
    expect(page.get_by_text("First name,Last name,Mail")).to_be_visible()
    page.select_option("#import-separator", "")
    page.get_by_role("button", name="Read the file again").click()
    expect(page.get_by_text("ada@lovelace.example.org")).to_be_visible()
    assert faults(page, "the columns") == []
    page.select_option("#import-match", "email")
    with page.expect_response(lambda answer: answer.request.method == "POST"):  # the job is there from then on
        page.get_by_role("button", name="Import", exact=True).click()
    live.crm.run_jobs()
    expect(page.locator("[data-count=created]")).to_have_text("1")
