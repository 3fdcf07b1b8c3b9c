"""The default columns of the contacts: nothing of what they say is cut, on a laptop and on a phone (KN-08)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Live, visit

CUT = """() => [...document.querySelectorAll('.grid td, .grid th, .grid td .cut, .grid th .cut, .grid .tags')]
  .filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1).map(e => e.innerText)"""


@pytest.mark.parametrize("width", [360, 1280])
def test_the_default_columns_of_contacts_are_not_cut(live: Live, tab: Callable[..., Page], width: int) -> None:
    company = live.crm.make(
        "contacts.contact", kind="company", name="Biscuiterie Belle-Rive", phones=[{"number": "+33261910001"}],
        addresses=[{"city": "Villefranche-sur"}], prospect_status="in_progress",
    )  # fmt: skip
    live.crm.make(
        "contacts.contact", kind="person", first_name="Gwénaëlle", last_name="de la Fresnaye", company=company,
        job_title="Responsable informatique et réseaux", account_owner=live.crm.admin, nature=["customer", "supplier"],
        prospect_status="contacted",
    )  # fmt: skip
    page = tab(live, live.crm.admin, width=width)
    visit(page, "/contacts?view=all")
    expect(page.locator("[data-row]")).to_have_count(2)
    assert page.evaluate(CUT) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
