"""Signing in by keyboard on a phone, an expired session, the second factor, and the pages of accounts under axe."""

from __future__ import annotations

from collections.abc import Callable

import pyotp
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from crm_core.accounts import passwords
from crm_core.models import User, WebSession
from tests.browser.conftest import Live, axe, faults, visit

GOOD = "correct horse battery"
PAGES = (
    "/profile/password", "/profile/second-factor", "/settings/users/new", "/settings/users/{admin}",
    "/settings/teams/new", "/settings/teams/1",
)  # fmt: skip
STRANGERS = ("/signin", "/signin?next=/profile", "/forgot", "/reset/unknown")


def person(live: Live) -> int:
    user_id = live.crm.add_user("ada@example.org", "Ada Lovelace", teams=["Sales"])
    with live.crm.database.transaction() as session:
        session.get_one(User, user_id).password_hash = passwords.hashed(GOOD)
    return user_id


def sign_in(page: Page) -> None:
    expect(page.locator("#f-email")).to_be_focused()
    page.keyboard.type("ada@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type(GOOD)
    page.keyboard.press("Enter")


def test_the_pages_of_accounts_are_accessible_and_fit(live: Live, tab: Callable[..., Page]) -> None:
    person(live)
    wrong: list[str] = []
    for user, paths in ((live.crm.admin, PAGES), (None, STRANGERS)):
        page = tab(live, user)
        for path in paths:
            if user is None:
                page.goto(path)
            else:
                visit(page, path.format(admin=live.crm.admin))
            wrong += faults(page, path)
    assert wrong == []


def test_signing_in_and_out_by_keyboard_on_a_phone(live: Live, tab: Callable[..., Page]) -> None:
    person(live)
    page = tab(live, width=360)
    page.goto("/profile")
    sign_in(page)
    page.wait_for_url("**/profile")
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate("document.cookie") == ""


def test_a_form_typed_in_an_ended_session_is_sent_after_signing_in(live: Live, tab: Callable[..., Page]) -> None:
    user_id = person(live)
    page = tab(live, user_id)
    visit(page, "/profile")
    page.fill("#f-name", 'Ada "Countess" King')
    with live.crm.database.transaction() as session:
        session.execute(sa.delete(WebSession))
    page.press("#f-name", "Enter")
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    sign_in(page)
    expect(page.get_by_role("button", name="Send again")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#f-name")).to_have_value('Ada "Countess" King')


def test_the_second_factor_is_switched_on_from_the_page_and_asked_for(live: Live, tab: Callable[..., Page]) -> None:
    user_id = person(live)
    page = tab(live, user_id, width=360)
    visit(page, "/profile/second-factor")
    picture = page.locator("svg.totp-code").bounding_box()
    assert picture is not None and picture["width"] >= 150
    secret = page.locator("#totp-key").inner_text().replace(" ", "")
    page.fill("#f-code", pyotp.TOTP(secret).now())
    page.press("#f-code", "Enter")
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    code = page.locator("#recovery-codes li").first.inner_text()
    assert axe(page) == []
    other = tab(live, width=360)
    other.goto("/signin?next=/profile/security")
    sign_in(other)
    expect(other.locator("#f-code")).to_be_focused()
    assert axe(other) == []
    other.keyboard.type(code)
    other.keyboard.press("Enter")
    other.wait_for_url("**/profile/security")
    expect(other.get_by_text("Recovery codes left: 9")).to_be_visible()


def test_an_administrator_chooses_teams_and_roles_in_the_page(live: Live, tab: Callable[..., Page]) -> None:
    user_id = person(live)
    page = tab(live, live.crm.admin)
    visit(page, f"/settings/users/{user_id}")
    page.get_by_label("CRM administrator").check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/settings/users")
    expect(page.get_by_role("row", name="Ada Lovelace")).to_contain_text("CRM administrator")
