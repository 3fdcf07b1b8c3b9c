"""Exports while a module is off: what a list asks of it is refused with the remedy, never left out (IE-04)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from crm_core import jobs, switching
from crm_core.testing.sources import on_path, project_of

FLEET = Path(__file__).parents[3] / "examples" / "fleet"
ASKED = 'cf.car.plate = "AA-1"'
WORDS = "is not available while the module"


@pytest.fixture
def crm_on_path() -> Iterator[None]:
    """Let the example fleet be found."""
    with on_path((project_of(FLEET),)):
        yield


@pytest.fixture
def crm_plugins() -> tuple[str, ...]:
    """Import and export, and the fleet."""
    return ("transfer", "fleet")


def test_ie_04_a_view_that_asks_through_a_module_that_is_off_is_not_exported_wider(crm, admin, program) -> None:
    field = {"key": "car", "type": "link", "label": "Car", "options": {"target": "fleet.vehicle"}}
    admin.api("POST", "/fields/contacts", field, status=201)
    crm.refresh(force=True)
    car = admin.api("POST", "/vehicles", {"plate": "AA-1"}, status=201)["id"]
    admin.api("POST", "/contacts", {"kind": "company", "name": "Kergal", "cf.car": car}, status=201)
    admin.api("POST", "/contacts", {"kind": "company", "name": "Other"}, status=201)
    view = admin.api("POST", "/views", {"entity": "contacts", "name": "Cars", "filter": ASKED}, status=201)["id"]
    kept = admin.api("POST", "/exports", {"source": "contacts", "filter": ASKED, "every": "daily"}, status=201)["id"]
    crm.run_jobs()
    assert admin.get(f"/exports/{kept}")["rows"] == 1
    switching.disable(crm.database, crm.config, "fleet")
    crm.refresh(force=True)
    admin = type(admin)(crm, crm.admin)
    page = f"/transfer/export/contacts?view={view}"
    for text in (admin.page(page, status=400), admin.post(page, {"format": "csv"}, status=400).text):
        assert WORDS in text and "turn the module on" in text and "Kergal" not in text
    refused = admin.get(f"/contacts/export?filter={quote(ASKED)}", status=400)
    assert [e["code"] for e in refused["errors"]] == ["module_off"]
    assert WORDS in program.run("export", "contacts", "--filter", ASKED, code=1).stderr
    with crm.as_user(crm.admin) as ctx:
        jobs.enqueue(ctx, "transfer.export", {"export": kept})
    crm.run_jobs()
    again = admin.get(f"/exports/{kept}")
    assert (again["state"], again["rows"], WORDS in again["error"]) == ("failed", 1, True)
    switching.enable(crm.database, crm.config, "fleet")
    crm.refresh(force=True)
    admin = type(admin)(crm, crm.admin)
    with admin.browser.post(page, data={"format": "csv", "column": "name"},
                            headers={"X-CSRF-Token": admin.browser.csrf}) as answer:  # fmt: skip
        assert "Kergal" in answer.text and "Other" not in answer.text
