"""Activities beside other modules: files on them, a module that delivers notices, commands, off and on again."""

from __future__ import annotations

import io
import json

import pytest
from click.testing import CliRunner

from crm_core.cli import cli
from crm_core.testing.deployments import SECRET


@pytest.fixture
def crm_plugins():
    """Files belong to activities too."""
    return ("activities", "documents")


def test_ac_45_files_on_an_event_are_seen_by_those_who_see_it(ann, bob):
    event = ann.event(ann.contact(), private=True)["id"]
    data = {"record": f"events:{event}", "file": (io.BytesIO(b"minutes"), "minutes.txt")}
    headers = {"Authorization": f"Bearer {ann.token}"}
    made = ann.browser.post("/api/v1/documents", data=data, headers=headers)
    assert made.status_code == 201, made.text
    number = made.json["id"]
    assert "minutes.txt" in ann.page(f"/events/{event}?tab=documents")
    bob.get(f"/documents/{number}", status=404)
    ann.change(f"/events/{event}", private=False)
    assert bob.get(f"/documents/{number}")["name"] == "minutes.txt"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_commands(crm, ann, bob, monkeypatch):
    for name, value in (("HOME", crm.config.home), ("DATABASE_URL", crm.config.url), ("SECRET_KEY", SECRET)):
        monkeypatch.setenv(f"CRM_{name}", str(value))
    monkeypatch.setenv("CRM_WORKER", "manual")

    def run(*args):
        done = CliRunner().invoke(cli, ["activities", *map(str, args), "--as", "ann@example.org"])
        assert done.exit_code == 0, done.output
        return done.output

    task = ann.add("tasks", title="Old", due_at="2020-01-01T10:00Z")["id"]
    event = ann.event(ann.contact())["id"]
    assert [t["title"] for t in json.loads(run("today", "--json"))] == ["Old"]
    run("do", f"activities.task:{task}", "done")
    assert run("today") == ""
    span = ("--from", "2031-03-03", "--to", "2031-03-10")
    assert "every day, 3 times" in run("repeat", event, "FREQ=DAILY;COUNT=3").lower()
    assert len(json.loads(run("calendar", *span, "--json"))) == 3
    assert len(json.loads(run("free", *span, "--person", ann.id, "--json"))[0]["busy"]) == 3
    assert run("delete", event, "--scope", "all").strip() == "3"
    bob.add("tasks", title="For Ann", assigned_to=ann.id)
    assert "For Ann" in run("notices", "--read")
    assert run("notices").strip() == ""
