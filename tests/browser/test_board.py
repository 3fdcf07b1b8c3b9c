"""The board: by mouse, by keyboard, on a phone, in the dark; with the vehicles of the example."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from crm_core.testing.sources import Project, project_at
from tests.browser.conftest import Live, faults, visit

FLEET = Path(__file__).parents[2] / "examples" / "fleet"


@pytest.fixture
def crm_project() -> Project | None:
    """The example, which is not installed."""
    return project_at(FLEET)


@pytest.fixture
def plates(live: Live) -> list[int]:
    """Two free vehicles with a price."""
    return [live.crm.make("fleet.vehicle", plate=p, price="1000.00", model="Van") for p in ("AA-1", "BB-2")]


def test_a_card_is_dragged_and_moved_by_keyboard(live: Live, tab: Callable[..., Page], plates: list[int]) -> None:
    page = tab(live, live.crm.admin, width=1280)
    visit(page, "/vehicles/board")
    card = page.locator(f'[data-id="{plates[0]}"]')
    target = page.locator('[data-column="workshop"]')
    start, end = card.bounding_box(), target.bounding_box()
    assert start and end
    page.mouse.move(start["x"] + 20, start["y"] + start["height"] - 8)
    page.mouse.down()
    page.mouse.move(end["x"] + 40, end["y"] + 30, steps=12)
    page.mouse.up()
    expect(page.locator(f'[data-column="workshop"] [data-id="{plates[0]}"]')).to_have_attribute("data-version", "2")
    page.locator(f"#move-{plates[1]}").press("Enter")
    page.get_by_role("button", name="Sold").press("Enter")
    expect(page.locator(f'[data-column="sold"] [data-id="{plates[1]}"]')).to_have_attribute("data-version", "2")
    expect(page.locator(f"#move-{plates[1]}")).to_be_focused()


def test_the_board_is_accessible_and_fits(live: Live, tab: Callable[..., Page], plates: list[int]) -> None:
    page = tab(live, live.crm.admin)
    for path in ("/vehicles/board", "/settings/diagnostics", "/fleet/costs"):
        visit(page, path)
        assert faults(page, path) == []
