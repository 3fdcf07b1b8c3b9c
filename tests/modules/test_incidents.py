"""What modules did wrong: listed by page, REST and command line, seen, cleared; for administrators alone."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from click.testing import CliRunner

from crm_core.cli import cli
from crm_core.db import utcnow
from crm_core.models import Incident
from tests.modules.conftest import Browser

NOON = utcnow() - dt.timedelta(days=1)


@pytest.fixture
def troubled(crm):
    """A deployment where contacts failed three times alike, and something else once."""
    with crm.database.transaction() as session:
        for hours in range(3):
            at = NOON + dt.timedelta(hours=hours)
            session.add(Incident(plugin="contacts", where="panel x", message="<b>no</b> water", detail="trace", at=at))
        session.add(Incident(plugin="gone", where="job count", message="dry", at=NOON))
    return crm


def test_equal_incidents_stand_together_with_count_and_times(troubled, admin):
    page = admin.get("/settings/incidents")
    assert page.status_code == 200
    for words in ("panel x", "&lt;b&gt;no&lt;/b&gt; water", ">Contacts</a>", "trace", 'class="num">3<', ">gone</a>"):
        assert words in page.text, words
    only = admin.get("/settings/incidents?plugin=gone").text
    assert "dry" in only and "water" not in only
    found = {one["plugin"]: one for one in admin.get("/api/v1/incidents").json["items"]}
    assert (found["contacts"]["count"], found["contacts"]["new"]) == (3, 3)
    assert found["contacts"]["first"] < found["contacts"]["last"]
    assert [one["plugin"] for one in admin.get("/api/v1/incidents?plugin=gone").json["items"]] == ["gone"]
    assert admin.get("/api/v1/incidents?limit=x").status_code == 400


def test_incidents_are_seen_and_cleared(troubled, admin):
    one = admin.get("/api/v1/incidents?plugin=contacts").json["items"][0]
    with troubled.database.transaction() as session:  # comes after the page was read
        session.add(Incident(plugin="contacts", where="panel x", message="<b>no</b> water", at=utcnow()))
    assert admin.post(f"/settings/incidents/{one['id']}/seen", plugin="contacts").status_code == 303
    after = admin.get("/api/v1/incidents?plugin=contacts").json["items"][0]
    assert (after["count"], after["new"]) == (4, 1)
    assert admin.send("POST", "/api/v1/incidents/seen", {}).json == {"changed": 2}
    assert "new</span>" not in admin.get("/settings/incidents").text
    assert admin.send("POST", "/api/v1/incidents/clear", {"plugin": "gone"}).json == {"changed": 1}
    assert admin.post(f"/settings/incidents/{after['id']}/clear").status_code == 303
    assert "No incidents" in admin.get("/settings/incidents").text
    assert admin.post(f"/settings/incidents/{after['id']}/clear").status_code == 404
    assert admin.send("POST", "/api/v1/incidents/seen", {"id": after["id"]}).status_code == 404
    assert admin.send("POST", "/api/v1/incidents/seen", {"id": "x"}).status_code == 422
    assert admin.post("/settings/incidents/1/explode").status_code in (404, 405)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_incidents_are_for_administrators(troubled):
    eve = Browser(troubled, troubled.add_user("eve@example.org", "Eve"))
    assert eve.get("/settings/incidents").status_code == 403
    assert eve.get("/api/v1/incidents").status_code == 403
    assert eve.post("/settings/incidents/clear").status_code == 403
    assert eve.send("POST", "/api/v1/incidents/clear", {}).status_code == 403


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_incidents_on_the_command_line(troubled, monkeypatch):
    monkeypatch.setenv("CRM_HOME", str(troubled.config.home))
    monkeypatch.setenv("CRM_DATABASE_URL", troubled.config.url)

    def run(*words: str) -> str:
        done = CliRunner().invoke(cli, ["plugin", "incidents", *words])
        assert done.exit_code == 0, done.output
        return done.output

    assert "water" in run() and "water" not in run("gone")
    assert [one["count"] for one in json.loads(run("contacts", "--json"))] == [3]
    run("contacts", "--seen")
    assert [one["new"] for one in json.loads(run("--json"))] == [1, 0]
    run("--clear")
    assert "No incidents" in run()
