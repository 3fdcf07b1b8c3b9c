"""With each broken plugin the home page answers, and its page in the settings says who did what where."""

from __future__ import annotations

import contextlib
import html
import time
from pathlib import Path

import pytest
from werkzeug.test import Client

from crm_core import switching
from crm_core.errors import CrmError
from crm_core.models import PluginRow
from crm_core.plugin_states import RUNNING, State
from crm_core.testing.zoo import ANIMALS, Animal, put
from tests.modules.conftest import Browser, anew

_NEIGHBOURS = {"cages", "egg"}
_BOTH = {"failing", "sql", "scope"}
"""Animals that are kept on PostgreSQL too; the others have nothing to do with the database."""


def want(crm, name: str) -> None:
    """Ask for a plugin; where that is refused, let the database say it is wanted, as after an upgrade gone wrong."""
    with contextlib.suppress(CrmError):
        switching.enable(crm.database, crm.config, name)
        return
    with crm.database.transaction() as session:
        row = session.get(PluginRow, name) or PluginRow(name=name, seeded=[], version="1")
        row.wanted = True
        session.add(row)


def live_with(crm, folder, animal: Animal) -> None:
    """Put a broken plugin into a deployment; the home page answers and the plugin's page names it."""
    put(folder.path, animal)
    folder.names |= {animal.name, *animal.others}
    for name in (*animal.others, animal.name):
        if animal.state is not State.AVAILABLE:
            want(crm, name)
    anew(crm)
    admin = Browser(crm, crm.admin)
    admin.send("POST", "/api/v1/contacts", {"kind": "person", "first_name": "Ada", "last_name": "Example"})
    for path in animal.visit:
        assert admin.get(path).status_code == 200, path
    assert Client(crm.wsgi).get("/").status_code == 302
    assert ends_as(animal.state, crm.statuses[animal.name].state), crm.statuses[animal.name]
    assert admin.get("/settings/plugins").status_code == 200
    place = folder.path / (animal.name if animal.revision else f"{animal.name}.py")
    expected = [word.replace("{file}", str(place)) for word in animal.words]
    assert missing(admin, animal.name, expected) == []
    assert admin.get(f"/settings/plugins/{animal.name}/enable").status_code == 200
    assert ends_as(animal.state, State(admin.send("GET", f"/api/v1/plugins/{animal.name}").json["state"]))


def ends_as(expected: State, found: State) -> bool:
    """Tell whether a plugin is in the state it ends in; one that fails often while it runs is held back."""
    return found is expected or (expected is State.ACTIVE and found is State.QUARANTINED)


def missing(admin: Browser, name: str, words: list[str]) -> list[str]:
    """Return the words that a plugin's page does not show; incidents are written after the answer."""
    for _ in range(100):
        text = html.unescape(admin.get(f"/settings/plugins/{name}").text)
        found = [word for word in words if word not in text]
        if not found:
            return []
        time.sleep(0.05)
    return found


@pytest.mark.parametrize("animal", [a for a in ANIMALS if a.name not in _NEIGHBOURS], ids=lambda a: a.name)
def test_the_crm_lives_with_a_broken_plugin(sqlite_crm, folder, animal):
    live_with(sqlite_crm, folder, animal)


@pytest.mark.parametrize("animal", [a for a in ANIMALS if a.name in _BOTH], ids=lambda a: a.name)
@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_the_crm_lives_with_a_broken_plugin_on_postgresql(crm, folder, animal):
    live_with(crm, folder, animal)


def test_three_failures_within_a_minute_hold_the_optional_hooks_back_until_an_administrator_releases_them(crm, folder):
    put(folder.path, next(a for a in ANIMALS if a.name == "slot"))
    folder.names.add("slot")
    switching.enable(crm.database, crm.config, "slot")
    crm.refresh(force=True)
    admin = Browser(crm, crm.admin)
    for _ in range(3):
        assert admin.get("/").status_code == 200
    for _ in range(100):
        crm.refresh(force=True)
        if crm.statuses["slot"].state is State.QUARANTINED:
            break
        time.sleep(0.05)
    page = admin.get("/settings/plugins/slot").text
    assert "Release from quarantine" in page and "crm_render_slot" in page
    calls = crm.registry.hooks.timings["slot", "crm_render_slot"].calls
    assert admin.get("/").status_code == 200
    assert crm.registry.hooks.timings["slot", "crm_render_slot"].calls == calls == 0
    assert admin.post("/settings/plugins/slot/release").status_code == 303
    assert crm.statuses["slot"].state is State.ACTIVE
    assert crm.statuses["slot"].state in RUNNING
    admin.get("/")
    assert crm.registry.hooks.timings["slot", "crm_render_slot"].failures > 0


def test_drift_that_a_revision_leaves_is_told_by_check_and_doctor(sqlite_crm, folder, monkeypatch):
    from click.testing import CliRunner

    from crm_core.cli import cli

    put(folder.path, next(a for a in ANIMALS if a.name == "drift"))
    folder.names.add("drift")
    monkeypatch.setenv("CRM_HOME", str(sqlite_crm.config.home))
    monkeypatch.setenv("CRM_DATABASE_URL", sqlite_crm.config.url)
    checked = CliRunner().invoke(cli, ["plugin", "check", "drift"])
    assert (checked.exit_code, "missing column drift_cage.bars" in checked.output) == (1, True), checked.output
    switching.enable(sqlite_crm.database, sqlite_crm.config, "drift")
    assert "missing column drift_cage.bars" in CliRunner().invoke(cli, ["doctor"]).output


def test_the_folder_is_read_but_nothing_is_imported_before_a_plugin_is_asked_for(sqlite_crm, folder):
    folder("quiet", f"open({str(sqlite_crm.config.home / 'touched')!r}, 'w')")
    anew(sqlite_crm)
    admin = Browser(sqlite_crm, sqlite_crm.admin)
    assert "Quiet" in admin.get("/settings/plugins").text
    assert not Path(sqlite_crm.config.home / "touched").exists()
