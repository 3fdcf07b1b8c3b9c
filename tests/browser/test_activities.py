"""Activities in a browser: the calendar is dragged, the queue is worked off, dates are set with one click."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LOOKS, Live, faults, visit


@pytest.fixture
def crm_plugins() -> tuple[str, ...]:
    """The plugin is off at first."""
    return ("activities",)


@pytest.fixture
def week(live: Live) -> dict[str, int]:
    """A contact with a task, follow-ups and an event on Wednesday of this week, and one somebody else hides."""
    crm, now = live.crm, dt.datetime.now(dt.UTC)
    wednesday = (now - dt.timedelta(days=now.weekday() - 2)).replace(hour=9, minute=0, second=0, microsecond=0)
    contact = crm.make("contacts.contact", kind="company", name="Kergal", visibility="write")
    for days, title in ((-1, "Ask again"), (0, "Send the offer"), (1, "Say thanks")):
        day = (now + dt.timedelta(days=days)).date()
        crm.make("activities.follow_up", title=title, due_on=day, contact=contact)
    crm.make("activities.task", title="Prepare the visit", due_at=now - dt.timedelta(hours=2), contact=contact)
    event = crm.make("activities.event", subject="Visit", starts_at=wednesday, company=contact)
    return {"contact": contact, "event": event, "hour": 9}


def test_an_event_is_dragged_and_stretched(live: Live, tab: Callable[..., Page], week: dict[str, int]) -> None:
    page = tab(live, live.crm.admin, width=1280)
    visit(page, "/events/calendar?look=week")
    card = page.locator(".ec-event", has_text="Visit")
    card.scroll_into_view_if_needed()
    box = card.bounding_box()
    assert box
    with page.expect_response("**/events/calendar/move") as moved:
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 6)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 6 + box["height"], steps=8)
        page.mouse.up()
    assert moved.value.ok
    expect(page.locator("#toasts")).to_contain_text("10:00")
    visit(page, "/events/calendar?look=agenda")
    expect(page.locator("[data-list]")).to_contain_text("10:00 Visit")
    page.get_by_role("link", name="Reschedule: Visit").press("Enter")
    expect(page.locator("#dialog-body")).to_contain_text("New start")
    page.locator("#dialog-body").get_by_role("button", name="Week", exact=True).click()
    later = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=7)
    expect(page.locator("#dialog-body input[inputmode=numeric]").first).to_have_value(f"{later:%d/%m/%Y}")


def test_the_queue_and_the_type_of_an_event(live: Live, tab: Callable[..., Page], week: dict[str, int]) -> None:
    page = tab(live, live.crm.admin, width=360)
    visit(page, "/")
    page.get_by_role("button", name="Done: Prepare the visit").click()
    expect(page.get_by_role("button", name="Done: Prepare the visit")).to_have_count(0)
    visit(page, f"/events/new?company={week['contact']}")
    category = page.locator("select[name=category]")
    expect(category.locator("option:not([disabled])", has_text="Training")).to_have_count(1)
    page.locator("select[name=type]").select_option("call")
    expect(category.locator("option:not([disabled])", has_text="Training")).to_have_count(0)
    expect(category.locator("option:not([disabled])", has_text="Support")).to_have_count(1)


def test_pages_are_accessible_and_fit(live: Live, tab: Callable[..., Page], week: dict[str, int]) -> None:
    page, found = tab(live, live.crm.admin), list[str]()
    calendars = [f"/events/calendar?look={look}" for look in ("month", "week", "timeline", "agenda")]
    contact = f"/contacts/{week['contact']}"
    tabs = [f"{contact}?tab={key}" for key in ("events", "follow-ups")]
    event = f"/events/{week['event']}"
    for path in ("/", "/activities/follow-ups?period=week", "/tasks/new", event, *tabs, *calendars):
        visit(page, path)
        if "look=" in path and "agenda" not in path:
            page.wait_for_selector("[data-loaded]")
        found += faults(page, path, LOOKS if path in ("/", calendars[0], calendars[1]) else LOOKS[::2])
    assert found == []
