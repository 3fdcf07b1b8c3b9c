"""Fixtures of the core's tests: the run's PostgreSQL server and a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from crm_core.testing import services

BROWSER_OPTIONS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]

PATIENCE = 30_000
"""Milliseconds a browser is given on a loaded machine; nothing waits longer than it must."""
expect.set_options(timeout=PATIENCE)

WATCH_POLICY = """
window.__csp = [];
document.addEventListener('securitypolicyviolation', e =>
  __csp.push(e.effectiveDirective + ' ' + e.blockedURI));
"""


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """Address of the PostgreSQL server of this test run; make a database of your own on it."""
    return services.run_postgres()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a process."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=services.chromium_path(), args=BROWSER_OPTIONS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page; the test fails on a script error or a violation of the Content-Security-Policy."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(WATCH_POLICY)
    tab = context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    violations = tab.evaluate("window.__csp ?? []")
    context.close()
    assert errors == []
    assert violations == []
