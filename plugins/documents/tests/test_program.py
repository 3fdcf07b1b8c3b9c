"""The ``crm documents`` commands, and that REST is described as it is."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from crm_core.cli import cli
from crm_core.testing.deployments import SECRET

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def run(crm, monkeypatch):
    """``run("add", …)``: a command of the group, with its exit code checked."""
    for name, value in (("HOME", crm.config.home), ("DATABASE_URL", crm.config.url), ("SECRET_KEY", SECRET)):
        monkeypatch.setenv(f"CRM_{name}", str(value))
    monkeypatch.setenv("CRM_WORKER", "manual")

    def call(*args, code=0):
        done = CliRunner().invoke(cli, ["documents", *map(str, args)])
        assert done.exit_code == code, done.output
        return done.output

    return call


def test_dc_02_files_go_in_and_out_by_command(ann, bob, run, tmp_path):
    contact, source = ann.contact(visibility="private"), tmp_path / "offer.txt"
    source.write_text("first")
    made = json.loads(run("add", f"contacts:{contact}", source, "--as", "ann@example.org", "--json"))
    source.write_text("second")
    assert "(2)" in run("version", made["id"], source, "--note", "new prices", "--as", "ann@example.org")
    run("save", made["id"], tmp_path / "newest.txt", "--as", "ann@example.org")
    run("save", made["id"], tmp_path / "old.txt", "--number", "1")
    assert [(tmp_path / n).read_text() for n in ("newest.txt", "old.txt")] == ["second", "first"]
    assert "may not see it" in run("save", made["id"], tmp_path / "x", "--as", "bob@example.org", code=1)
    assert "may not see it" in run("add", f"contacts:{contact}", source, "--as", "bob@example.org", code=1)
    ann.api("DELETE", f"/documents/{made['id']}", status=204)
    assert json.loads(run("trash", "--json"))[0]["id"] == made["id"]
    assert run("trash", "--as", "bob@example.org") == ""
    assert "offer.txt" in run("restore", made["id"])
    ann.api("DELETE", f"/documents/{made['id']}", status=204)
    run("purge", made["id"])
    assert run("trash") == ""


def test_the_routes_are_described(ann):
    paths = ann.get("/openapi.json")["paths"]
    assert {"get", "post"} <= set(paths["/api/v1/documents"])
    form = paths["/api/v1/documents"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(form["properties"]) == {"file", "record", "description"}
    assert {"post"} == set(paths["/api/v1/documents/{id}/versions"])
    assert {"get"} == set(paths["/api/v1/documents/trash"])
    assert {"post"} == set(paths["/api/v1/documents/trash/{id}/restore"])
    assert "*/*" in paths["/api/v1/files/{id}"]["get"]["responses"]["200"]["content"]
