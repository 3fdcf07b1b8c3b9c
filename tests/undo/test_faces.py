"""Undoing through pages, REST and the command line."""

from __future__ import annotations

import io
import json
import re

import pytest
from click.testing import CliRunner

from crm_core.cli import cli
from crm_core.testing.deployments import SECRET
from tests.undo.conftest import Desk
from tests.web.helpers import HTMX, send, text_of


@pytest.fixture
def crm(sqlite_crm):
    return sqlite_crm


@pytest.fixture
def call(crm):
    """Call the REST API as a user, the administrator unless told."""

    def run(method, path, body=None, *, by=None, status=200):
        headers = {"Authorization": f"Bearer {crm.token_of(by or crm.admin)}"}
        answer = crm.wsgi.app.test_client().open(f"/api/v1{path}", method=method, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json

    return run


@pytest.fixture
def program(crm, monkeypatch):
    """Run a command and return its output; it must end with ``code``."""
    for name, value in (
        ("CRM_HOME", str(crm.config.home)), ("CRM_DATABASE_URL", crm.config.url), ("CRM_SECRET_KEY", SECRET),
        ("CRM_WORKER", "manual"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)

    def run(*args, code=0):
        result = CliRunner().invoke(cli, args)
        assert result.exit_code == code, result.output
        return result.stdout

    return run


def test_a_change_is_undone_from_the_timeline_after_a_question(crm, desk, client, actor_with):
    record = desk.new(description="old")
    change = desk.set(record, description="new")
    page = client.get(f"/contacts/{record}?tab=activity").text
    assert f'href="/profile/changes/{change}/undo"' in page
    question = client.get(f"/profile/changes/{change}/undo", headers=HTMX)
    assert "Undo this change?" in text_of(question)
    assert re.search(r"<del>.*new.*</del>", question.text, re.S)
    answer = send(client, f"/profile/changes/{change}/undo", htmx=True)
    assert answer.headers["HX-Redirect"] == f"/contacts/{record}"
    assert desk.values(record, "description") == ["old"]
    refused = send(client, f"/profile/changes/{change}/undo", htmx=True)
    assert refused.status_code == 409
    assert "has undone it already" in text_of(refused)
    other = crm.client_of(actor_with())
    assert f"/profile/changes/{change}/undo" not in other.get(f"/contacts/{record}").text
    assert other.get(f"/profile/changes/{change}/undo").status_code == 403
    desk.set(record, visibility="private")
    assert send(other, f"/profile/changes/{change}/undo").status_code == 404


def test_a_bulk_action_and_an_import_lead_to_their_undoing(crm, desk, client, actor_with):
    ids = [desk.new(name=f"Company {n}") for n in range(3)]
    answer = send(client, "/contacts/bulk", htmx=True, action="update", ids=",".join(map(str, ids)), field="score",
                  score="4")  # fmt: skip
    url = re.search(r"/profile/changes/batch/\d+", answer.text)[0]
    assert crm.client_of(actor_with()).get(url).status_code == 404
    desk.set(ids[0], score=1)
    preview = client.get(url)
    assert "2 of 3 records go back." in text_of(preview)
    assert "Company 0" in text_of(preview)
    report = send(client, f"{url}/undo", follow=True)
    assert '<dd class="num" data-count="undone">2</dd>' in report.text
    assert desk.values(ids[1], "score") == [None]
    listed = text_of(client.get("/profile/changes"))
    assert "Many records at once: Set a field" in listed
    assert "Undone" in listed

    file = (io.BytesIO(b"First name;Last name\r\nAnne;Martin\r\n"), "people.csv")
    page = send(client, "/contacts/import", file=file, region="FR")
    send(client, page.headers["Location"], do="import", region="FR")
    crm.run_jobs()
    report = client.get(page.headers["Location"])
    assert "Undo this import" in report.text
    url = re.search(r"/profile/changes/batch/\d+", report.text)[0]
    send(client, f"{url}/undo")
    assert "Anne Martin" not in client.get("/contacts").text
    assert "people.csv" in client.get("/profile/changes?everyone=1").text


def test_a_deleted_record_is_brought_back_from_the_list_of_changes(crm, desk, client):
    record = desk.new(name="Sével")
    change = desk.remove(record)
    assert f"/profile/changes/{change}/undo" in client.get("/profile/changes").text
    assert "Bring Sével back?" in text_of(client.get(f"/profile/changes/{change}/undo"))
    answer = send(client, f"/profile/changes/{change}/undo")
    assert answer.headers["Location"] == f"/contacts/{record}"
    assert client.get(f"/contacts/{record}").status_code == 200
    assert f"/profile/changes/{change}/undo" not in client.get("/profile/changes").text


def test_rest_tells_before_it_undoes(crm, desk, call, actor_with):
    ann = actor_with()
    ids = [desk.new(by=ann, name=f"Company {n}") for n in range(2)]
    made = call("POST", "/contacts/bulk", {"items": [{"id": i, "score": 3} for i in ids]}, by=ann)
    batch = made["batch"]
    history = call("GET", f"/contacts/{ids[0]}/history", by=ann)["items"][0]
    assert (history["batch"], history["undoable"]) == (batch, True)
    desk.set(ids[1], score=5)
    look = call("POST", f"/batches/{batch}/undo?dry_run=1", by=ann)
    assert (look["undone"], look["left"], look["looked_at"]) == (1, 1, 2)
    assert [(i["record"], [r["code"] for r in i["reasons"]]) for i in look["items"]] == [(ids[1], ["changed"])]
    dry = call("POST", f"/history/{history['id']}/undo?dry_run=1", by=ann)
    assert (dry["dry_run"], dry["possible"], dry["changes"][0]["from"]) == (True, True, "3")
    assert desk.values(ids[0], "score") == [3]
    done = call("POST", f"/batches/{batch}/undo", by=ann)
    assert (done["kind"], done["undoes"], done["undone"], done["left"]) == ("undo", batch, 1, 1)
    assert call("GET", f"/batches/{done['id']}", by=ann)["reasons"][0]["count"] == 1
    assert [b["id"] for b in call("GET", "/batches", by=ann)["items"]] == [done["id"], batch]
    assert call("GET", "/batches")["items"] == []
    call("GET", f"/batches/{batch}", by=actor_with(), status=404)
    refused = call("POST", f"/history/{history['id']}/undo", by=ann, status=409)
    assert "undone it already" in refused["detail"]
    call("DELETE", f"/contacts/{ids[0]}", by=ann, status=204)
    gone = call("GET", "/history/deletions", by=ann)["items"][0]
    assert call("POST", f"/history/{gone['id']}/undo", by=ann)["undoes"] == "delete"
    assert call("GET", f"/contacts/{ids[0]}", by=ann)["name"] == "Company 0"
    paths = call("GET", "/openapi.json")["paths"]
    assert {"/api/v1/history/{id}/undo", "/api/v1/batches/{id}/undo"} <= set(paths)


def test_the_command_line_undoes_changes_and_batches(crm, desk, program):
    ids = [desk.new(name=f"Company {n}") for n in range(2)]
    batch = desk.bulk(ids, score=3)
    change = desk.set(ids[0], score=4)
    assert "goes back" in program("undo", str(change), "--dry-run")
    assert desk.values(ids[0], "score") == [4]
    program("undo", str(change))
    assert "1 of 2" not in program("undo", "--batch", str(batch), "--dry-run")
    desk.set(ids[0], score=5)
    result = json.loads(program("undo", "--batch", str(batch), "--yes", "--json", code=3))
    assert (result["undone"], result["left"]) == (1, 1)
    assert [desk.values(i, "score")[0] for i in ids] == [5, None]
    kinds = [row["kind"] for row in json.loads(program("undo", "--list", "--json"))]
    assert kinds == ["undo", "bulk"]
    program("undo", code=2)
    program("undo", str(10**9), code=1)


def test_kn_18_removed_tags_come_back_through_every_face(crm, desk, call, client, program):
    record = desk.new(name="Sével", tags=["gold", "vip"])
    crm.refresh(force=True)
    gold, vip = (crm.directory.tag_by_name(name).id for name in ("gold", "vip"))

    def tags():
        return sorted(call("GET", f"/contacts/{record}")["tags"])

    batch = call("POST", f"/tags/{vip}/merge", {"sources": [gold]})["batch"]
    assert tags() == ["vip"]
    assert "Tags merged: gold → vip Tags" in text_of(client.get("/profile/changes"))
    assert "1 of 1 records go back" in text_of(client.get(f"/profile/changes/batch/{batch}"))
    assert "gold" in text_of(client.get(f"/contacts/{record}?tab=history"))
    assert call("POST", f"/batches/{batch}/undo")["undone"] == 1
    assert tags() == ["gold", "vip"]
    page = send(client, f"/settings/tags/{gold}", do="delete", follow=True)
    url = re.search(r"/profile/changes/batch/\d+", page.text)[0]
    assert tags() == ["vip"]
    send(client, f"{url}/undo")
    assert tags() == ["gold", "vip"]
    number = re.search(r"--batch (\d+)", program("tags", "delete", "gold", "--yes"))[1]
    crm.refresh(force=True)
    assert tags() == ["vip"]
    program("undo", "--batch", number, "--yes")
    crm.refresh(force=True)
    assert tags() == ["gold", "vip"]


@pytest.fixture
def desk(crm):
    return Desk(crm)


@pytest.fixture
def client(crm):
    return crm.client_of(crm.admin)


@pytest.fixture
def actor_with(crm):
    import itertools

    numbers = itertools.count(1)
    return lambda: crm.add_user(f"p{next(numbers)}@example.org", "Person")
