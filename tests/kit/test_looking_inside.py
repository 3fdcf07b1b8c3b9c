"""What authors of plugins look at: hooks with their times, routes with their permissions, pages that reload."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from crm_core.cli import cli


@pytest.fixture
def program(sqlite_crm, monkeypatch):
    monkeypatch.setenv("CRM_HOME", str(sqlite_crm.config.home))
    monkeypatch.setenv("CRM_DATABASE_URL", sqlite_crm.config.url)
    monkeypatch.setenv("CRM_WORKER", "manual")

    def run(*args: str) -> str:
        done = CliRunner().invoke(cli, args)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def test_hooks_are_measured_and_nothing_is_kept(sqlite_crm, program):
    contact = sqlite_crm.make("contacts.contact", kind="company", name="Example Ltd")
    rows = {r["hook"]: r for r in json.loads(program("hooks", "--measure", "--json"))}
    timing = next(t for t in rows["crm_validate"]["timings"] if t["plugin"] == "contacts")
    assert timing["place"] == 1 and timing["calls"] >= 1 and timing["failures"] == 0
    assert "longest_ms" in program("hooks", "--measure")
    with sqlite_crm.as_user(sqlite_crm.admin) as ctx:
        from crm_core import records

        assert records.get(ctx, "contacts.contact", contact).version == 1


def test_routes_tell_who_may_call_them_and_whose_they_are(program):
    rows = {r["address"]: r for r in json.loads(program("routes", "--json"))}
    assert rows["/settings/diagnostics"]["access"] == "admin"
    assert rows["/healthz"]["access"] == "public"
    assert {r["plugin"] for r in rows.values()} == {"core"}
    assert "administrators" in program("routes")


def test_diagnostics_are_for_administrators(sqlite_crm):
    sqlite_crm.make("contacts.contact", kind="company", name="Example Ltd")
    page = sqlite_crm.client_of(sqlite_crm.admin).get("/settings/diagnostics")
    assert page.status_code == 200 and "crm_validate" in page.text
    user = sqlite_crm.client_of(sqlite_crm.add_user("u@example.org", "Some One"))
    assert user.get("/settings/diagnostics").status_code == 403


def test_the_server_starts_again_when_a_file_of_a_plugin_changes(tmp_path):
    plugin = tmp_path / "visits.py"
    plugin.write_text("print(1)")
    again = "import sys, pathlib; from crm_core.cli.reloading import keep_running"
    code = f"{again}; keep_running([sys.executable, '-u', sys.argv[1]], [pathlib.Path(sys.argv[2])])"
    running = subprocess.Popen(
        [sys.executable, "-c", code, str(plugin), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout.readline() == "1\n"
        plugin.write_text("print(22)")
        assert running.stdout.readline() == "22\n"
    finally:
        running.terminate()
        running.wait()
        running.stdout.close()
