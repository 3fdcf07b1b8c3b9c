"""The settings of fields, roles and access in a real browser: order by keyboard, conditions while one types, fit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from crm_core import customfields
from crm_core.models import CustomField, Role
from tests.browser.conftest import Live, faults, visit

Tab = Callable[..., Page]
CONTACT = "contacts.contact"


def fields(live: Live) -> dict[str, CustomField]:
    """Return the fields that were made, by key."""
    with live.crm.database.transaction(write=False) as session:
        return {row.key: row for row in session.scalars(sa.select(CustomField))}


@pytest.fixture
def staffed(live: Live) -> Live:
    """A deployment with a number, and a text that shows from fifty on."""
    with live.crm.as_user(live.crm.admin) as ctx:
        customfields.create(ctx, CONTACT, key="staff", type="integer", label="Staff")
    with live.crm.as_user(live.crm.admin) as ctx:
        customfields.create(ctx, CONTACT, key="council", type="text", label="Council", visible_if="cf.staff >= 50")
    return live


def test_a_field_shows_while_one_types_what_it_depends_on(staffed: Live, tab: Tab) -> None:
    page = tab(staffed, staffed.crm.admin)
    visit(page, "/contacts/new?kind=company")
    page.wait_for_selector("#record-form[data-settled]")
    council = page.locator("[data-field='cf.council']")
    expect(council).to_be_hidden()
    for typed, shown in (("9", False), ("50", True), ("100", True), ("", False)):
        page.fill("#f-cf-staff", typed)
        page.keyboard.press("Tab")
        expect(council).to_be_visible(visible=shown)


def test_fields_are_put_in_order_by_keyboard(staffed: Live, tab: Tab) -> None:
    page = tab(staffed, staffed.crm.admin)
    visit(page, "/settings/fields/contacts")
    page.wait_for_selector("ol.sortable[data-ready]")
    number = fields(staffed)["council"].id
    with page.expect_response("**/order?*"):
        page.locator(f"#field-{number} [data-move='-1']").click()
    page.reload()
    shown = page.locator("ol.sortable [id^=field-]").evaluate_all("items => items.map(item => item.id)")
    assert shown[0] == f"field-{number}"


def test_the_settings_of_access_are_accessible_and_fit(staffed: Live, tab: Tab) -> None:
    live = staffed
    ann = live.crm.add_user("ann@example.org", "Ann Other")
    record = live.crm.make(CONTACT, kind="company", name="Ateliers", visibility="private")
    with live.crm.database.transaction(write=False) as session:
        role = session.scalar(sa.select(Role.id).where(Role.code == "user"))
    council = fields(live)["council"].id
    page = tab(live, live.crm.admin)
    wrong = []
    for path in (
        "/settings/fields", "/settings/fields/contacts", "/settings/fields/contacts/new",
        "/settings/fields/contacts/new?type=choice", f"/settings/fields/contacts/{council}",
        f"/settings/fields/contacts/{council}/purge", "/settings/roles", "/settings/roles/new",
        f"/settings/roles/{role}",
        f"/settings/roles/{role}/grants/contacts", f"/settings/roles/{role}/fields/contacts",
        f"/settings/explain?user={ann}&entity=contacts&record={record}", f"/settings/users/{ann}",
    ):  # fmt: skip
        visit(page, path)
        wrong += faults(page, path)
    page.get_by_role("button", name="Look").click()
    page.wait_for_selector("[data-viewing]")
    wrong += faults(page, "view as")
    page.get_by_role("button", name="Back to your own view").click()
    page.wait_for_url(f"**/settings/users/{ann}")
    expect(page.locator("[data-viewing]")).to_be_hidden()
    assert wrong == []
