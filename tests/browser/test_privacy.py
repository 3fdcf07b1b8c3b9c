"""Personal data by hand: a consent, an archive, the trial of a rule, an erasure; wide and narrow, light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from crm_core import switching
from crm_core.db import utcnow
from tests.browser.conftest import Live, faults, visit


def test_a_consent_is_recorded_an_archive_fetched_and_the_person_erased(live: Live, tab: Callable[..., Page]) -> None:
    switching.enable(live.crm.database, live.crm.config, "privacy")
    live.crm.refresh(force=True)
    emails = [{"address": "perrine@quemeneur.example"}]
    number = live.crm.make("contacts.contact", first_name="Perrine", last_name="Quemeneur", emails=emails)
    rule = live.crm.make("privacy.rule", name="Old", filter='last_name = "Quemeneur"', how="anonymise")
    page = tab(live, live.crm.admin)
    visit(page, f"/contacts/{number}?tab=privacy")
    page.get_by_role("link", name="Record a consent").first.click()
    form = page.locator("#dialog-body form")
    form.locator("[name=channel]").select_option("email")
    form.locator("[name=text]").fill("May we write?")
    form.locator("button.btn-primary").click()
    expect(page.get_by_text("Record a consent: done")).to_be_visible()
    live.crm.make("privacy.archive", record=f"contacts.contact:{number}")
    live.crm.run_jobs()
    visit(page, f"/contacts/{number}?tab=privacy")
    expect(page.get_by_text("May we write?")).to_be_visible()
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    assert faults(page, "the tab") == []
    visit(page, f"/privacy/rules/{rule}/trial")
    expect(page.get_by_role("link", name="Perrine Quemeneur")).to_be_visible()
    assert faults(page, "the trial") == []
    live.crm.make("privacy.look", contact=number, name="Ann Example", at=utcnow())
    visit(page, "/settings")
    page.get_by_role("link", name="Archives of persons").first.click()
    expect(page.get_by_role("link", name="Archive of ").first).to_be_visible()
    assert faults(page, "/person-archives") == []
    visit(page, "/looks")
    expect(page.get_by_text("Ann Example").first).to_be_visible()
    assert faults(page, "/looks") == []
    page.set_viewport_size({"width": 1280, "height": 800})
    visit(page, f"/privacy/erase/contacts/{number}")
    assert faults(page, "the plan") == []
    page.get_by_role("button", name="Erase for good").click()
    page.wait_for_url(re.compile(r"/erasures/\d+"))
    visit(page, f"/contacts/{number}")
    expect(page.get_by_role("heading", name=f"Anonymous {number}")).to_be_visible()
