"""The steps of an automation: what can be chosen follows what is typed beside it, by keyboard, wide and narrow."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from crm_core import records, switching
from tests.browser.conftest import Live, faults, visit


def test_the_controls_of_a_step_follow_what_it_names(live: Live, tab: Callable[..., Page]) -> None:
    switching.enable(live.crm.database, live.crm.config, "automations")
    live.crm.refresh(force=True)
    firm = live.crm.make("contacts.contact", kind="company", name="Kergal", visibility="read")
    page = tab(live, live.crm.admin)
    visit(page, "/automations/new")
    page.wait_for_selector("#record-form[data-settled='1']")
    page.get_by_label("Name", exact=False).first.fill("By hand")
    page.select_option("[name=watched]", "contacts.contact")
    page.get_by_text("A record is created").click()
    page.click("[data-field=steps] [data-add]")
    target = page.locator("[name='steps[0][target]'], [name='steps[2][target]']").first
    target.fill("company")
    target.press("Tab")
    chooser = page.locator("[data-chosen] select[data-source]")
    expect(chooser).to_have_count(1)
    page.locator("[data-chosen] .ts-control input").press_sequentially("Kerg")
    page.locator(".ts-dropdown .option", has_text="Kergal").click()
    assert faults(page, "a field set") == []
    page.set_viewport_size({"width": 1280, "height": 800})
    page.click("[data-save]")
    page.wait_for_url(re.compile(r"/automations/\d+"))
    made = page.url.split("/")[-1].split("#")[0]
    with live.crm.as_user(live.crm.admin) as ctx:
        (step,) = records.read(ctx, "automations.automation", int(made)).values["steps"]
        assert (step["target"], step["value"]) == ("company", str(firm))
    visit(page, f"/automations/{made}/edit")
    page.wait_for_selector("#record-form[data-settled='1']")
    page.select_option("[name='steps[0][kind]']", "create")
    page.fill("[name='steps[0][target]']", "contacts.contact")
    page.keyboard.press("Tab")
    page.click(".choices > summary")
    expect(page.locator("[name='steps[0][value][birthday]']")).to_be_visible()
    assert faults(page, "a record created") == []
