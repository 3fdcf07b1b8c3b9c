"""A live server, people who are signed in, and axe: what every browser test needs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from crm_core.accounts import sessions
from crm_core.accounts.web import COOKIE
from crm_core.db import utcnow
from crm_core.testing.deployments import TestDeployment
from tests.conftest import PATIENCE, WATCH_POLICY

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'], preload: false}"
COLOURS = "{runOnly: {type: 'rule', values: ['color-contrast']}, resultTypes: ['violations'], preload: false}"
Look = tuple[int, Literal["light", "dark"]]
SETTLED = """scheme => document.documentElement.dataset.bsTheme === scheme
    && document.getAnimations().every(one => one.playState !== 'running')"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LOOKS: tuple[Look, ...] = ((1280, "light"), (1280, "dark"), (360, "light"))
"""Widths of windows and colour schemes every page is looked at in."""


class Live:
    """A served deployment."""

    def __init__(self, crm: TestDeployment) -> None:
        """Serve on a free port."""
        self.crm = crm
        self.server = make_server("127.0.0.1", 0, crm.wsgi, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def key_of(self, user_id: int) -> str:
        """Return the key of a new session of a user."""
        with self.crm.database.transaction() as session:
            return sessions.start(session, self.crm.config, user_id, now=utcnow())

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.thread.join(30)


@pytest.fixture
def live(sqlite_crm: TestDeployment) -> Iterator[Live]:
    """A served deployment on SQLite."""
    found = Live(sqlite_crm)
    yield found
    found.close()


@pytest.fixture
def live_on_both(crm: TestDeployment) -> Iterator[Live]:
    """A served deployment, once on each database."""
    found = Live(crm)
    yield found
    found.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open signed-in pages, ``tab(live, user_id, width=360, scheme="dark")``, that fail on script and policy errors."""
    contexts: list[tuple[Any, Page, list[str]]] = []

    def build(live: Live, user_id: int | None = None, *, width: int = 1280, scheme: Any = "light") -> Page:
        height = 740 if width < 500 else 800
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, base_url=live.url, has_touch=width < 500
        )
        context.add_init_script(WATCH_POLICY)
        if user_id is not None:
            context.add_cookies([{"name": COOKIE, "value": live.key_of(user_id), "url": live.url}])
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        contexts.append((context, page, errors))
        return page

    yield build
    found = [(errors, page.evaluate("window.__csp ?? []")) for _, page, errors in contexts if not page.is_closed()]
    for context, _, _ in contexts:
        context.close()
    assert [e for errors, violations in found for e in (*errors, *violations)] == []


def visit(page: Page, path: str) -> None:
    """Go to a page and wait until its scripts have started."""
    page.goto(path)
    booted(page)


def booted(page: Page) -> None:
    """Wait until the page's scripts have started, lazy ones too; after a click see :func:`onward`."""
    page.wait_for_selector("html[data-booted='1']", state="attached")


@contextmanager
def onward(page: Page) -> Iterator[None]:
    """Wait until what the block does has led to another page, and its scripts have started.

    Without it the page before, which has started long ago, would be taken for the next.
    """
    with page.expect_navigation():
        yield
    booted(page)


def faults(page: Page, path: str, looks: Sequence[Look] = LOOKS) -> list[str]:
    """Return what axe finds on the page that is open in every look, and where it scrolls sideways.

    The page is loaded once: a scheme changes colours alone, so nothing else is looked at again in the dark.
    """
    page.emulate_media(reduced_motion="reduce")
    found = []
    for width, scheme in looks:
        page.set_viewport_size({"width": width, "height": 740 if width < 500 else 800})
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(SETTLED, arg=scheme)
        found += [f"{path} {width} {scheme}: {line}" for line in axe(page, COLOURS if scheme == "dark" else RULES)]
        if page.evaluate(SIDEWAYS) > 0:
            found.append(f"{path} {width} {scheme}: scrolls sideways")
    return found


def axe(page: Page, rules: str = RULES) -> list[str]:
    """Return what axe finds, one line a rule and element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(f"axe.run(document, {rules})")
    return [f"{v['id']}: {n['target']} {n['failureSummary']}" for v in found["violations"] for n in v["nodes"]]


def no_sideways(page: Page) -> None:
    """Assert that the page doesn't scroll sideways."""
    assert page.evaluate(SIDEWAYS) <= 0
