"""Files on a record: dropped, shown, given a new version, deleted and taken back; on a phone and in the dark too."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Live, faults, visit

DROP = """([selector, name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name, {type: 'text/plain'}));
    document.querySelector(selector).dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true}));
}"""


@pytest.fixture
def crm_plugins() -> tuple[str, ...]:
    """The module is off at first."""
    return ("documents",)


def ready(page: Page) -> None:
    """Wait until the box, which is made anew after each upload, takes what is dropped on it."""
    expect(page.locator(".drop-box")).to_have_attribute("data-ready", "dropbox")


def test_dc_02_files_are_dropped_on_a_record_and_kept_in_versions(live: Live, tab: Callable[..., Page]) -> None:
    contact = live.crm.make("contacts.contact", kind="company", name="Ateliers", visibility="write")
    page = tab(live, live.crm.admin, width=1280)
    visit(page, f"/contacts/{contact}?tab=documents")
    ready(page)
    page.evaluate(DROP, [".drop-box", "notes.txt", "what was agreed"])
    expect(page.get_by_role("link", name="notes.txt", exact=True)).to_be_visible()
    ready(page)
    page.evaluate(DROP, [".drop-box", "program.exe", "MZ"])
    expect(page.locator(".drop-errors")).to_contain_text("program.exe")
    drawn = io.BytesIO()
    Image.new("RGB", (400, 300), (200, 80, 20)).save(drawn, "PNG")
    page.set_input_files("#drop-file", [
        {"name": "a.png", "mimeType": "image/png", "buffer": drawn.getvalue()},
        {"name": "b.txt", "mimeType": "text/plain", "buffer": b"second"},
    ])  # fmt: skip
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#tab-body .panel-list > li")).to_have_count(3)
    expect(page.locator("[data-tab=documents] .n")).to_have_text("3")
    wrong = faults(page, f"/contacts/{contact}?tab=documents")
    page.get_by_role("link", name="a.png", exact=True).click()
    expect(page.locator(".doc-preview img")).to_be_visible()
    page.get_by_role("link", name="Versions").click()
    ready(page)
    page.set_input_files("#drop-file", {"name": "a.png", "mimeType": "image/png", "buffer": drawn.getvalue() + b" "})
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#tab-body .panel-list > li")).to_have_count(2)
    wrong += faults(page, "versions")
    assert min(page.locator("#tab-body .panel-list .grow").evaluate_all("all => all.map(one => one.clientWidth)")) > 120
    page.get_by_role("button", name="Go back to this").click()
    expect(page.locator("#tab-body .panel-list > li")).to_have_count(3)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/documents")
    wrong += faults(page, "/documents")
    visit(page, "/documents/trash")
    wrong += faults(page, "/documents/trash")
    page.get_by_role("button", name="Take back: a.png").click()
    expect(page.get_by_role("heading", name="a.png")).to_be_visible()
    assert wrong == []
