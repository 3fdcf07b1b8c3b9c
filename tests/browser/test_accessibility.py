"""Every main page, light and dark, wide and narrow: axe finds nothing and nothing scrolls sideways."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from crm_core import tags
from tests.browser.conftest import LOOKS, Live, axe, faults, no_sideways, visit

PAGES = (
    "/", "/contacts", "/contacts?look=cards", "/contacts/new", "/contacts/{id}", "/contacts/{id}/edit", "/search?q=an",
    "/contacts/import", "/settings", "/settings/lists", "/settings/lists/contacts.temperature", "/settings/tags",
    "/settings/currencies", "/settings/options", "/settings/users", "/settings/teams", "/profile", "/profile/security",
    "/profile/tokens", "/jobs", "/api/docs", "/settings/recorded",
    "/settings/lists/contacts.type/{entry}/merge?into={other}", "/settings/tags/merge?ids={tag}&target={vip}",
)  # fmt: skip
BY_NIGHT = ("/", "/contacts", "/contacts?look=cards", "/contacts/new", "/contacts/{id}")
"""Pages looked at in the dark on a phone too: all that a phone alone shows is on them."""


def test_pages_are_accessible_and_fit(live: Live, tab: Callable[..., Page]) -> None:
    company = live.crm.make("contacts.contact", kind="company", name="Ateliers", visibility="read")
    found = live.crm.make(
        "contacts.contact", kind="person", first_name="Anne-Marie", last_name="Le Goff-Kergomard", company=company,
        emails=["anne@example.org"], phones=["+33639981234"], tags=["vip"], addresses=[{"city": "Brest"}],
        nature=["prospect"], temperature="hot",
    )  # fmt: skip
    with live.crm.as_user(live.crm.admin) as ctx:
        names = {"id": found, "tag": tags.create(ctx, "old").id, "vip": ctx.directory.tags()[0].id}
        names["entry"], names["other"] = (e.id for e in ctx.directory.entries("contacts.type")[:2])
    page = tab(live, live.crm.admin)
    wrong: list[str] = []
    for path in PAGES:
        visit(page, path.format(**names))
        wrong += faults(page, path, (*LOOKS, (360, "dark")) if path in BY_NIGHT else LOOKS)
    assert wrong == []


def test_the_sign_in_page_is_accessible(live: Live, tab: Callable[..., Page]) -> None:
    page = tab(live, width=360)
    page.goto("/signin")
    assert axe(page) == []
    no_sideways(page)
