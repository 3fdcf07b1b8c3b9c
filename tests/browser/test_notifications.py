"""Notices in a browser: the bell, the list and the choices; wide and narrow, light and dark, by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Live, faults, onward, visit


@pytest.fixture
def crm_plugins() -> tuple[str, ...]:
    """Off at first."""
    return ("activities", "notifications")


def test_the_bell_the_list_and_the_choices(live: Live, tab: Callable[..., Page]) -> None:
    crm = live.crm
    bob = crm.add_user("bob@example.org", "Bob Example")
    page = tab(live, bob)
    visit(page, "/notifications")
    expect(page.get_by_text("No notices")).to_be_visible()
    assert faults(page, "empty") == []
    for title in ("Write", "Call"):
        crm.make("activities.task", title=title, assigned_to=bob)
    hidden = crm.make("contacts.contact", kind="company", name="Kergal", managers=[crm.admin, bob])
    visit(page, "/notifications")
    expect(page.locator(".notice-bell")).to_contain_text("Unread notices: 3")
    assert faults(page, "the list") == []
    with onward(page):
        page.get_by_role("button", name="Mark as read: New task: Call").press("Enter")
    expect(page.locator(".notice-bell")).to_contain_text("Unread notices: 2")
    page.get_by_role("link", name="You are now a manager of Kergal").click()
    page.wait_for_url(f"**/contacts/{hidden}")
    visit(page, "/profile")
    with onward(page):
        page.get_by_role("link", name="Advanced").click()
    assert faults(page, "the choices") == []
    box = page.get_by_role("checkbox", name="A task is given to you: In the application")
    box.press("Space")
    with onward(page):
        page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your choices are saved")).to_be_visible()
    expect(box).not_to_be_checked()
