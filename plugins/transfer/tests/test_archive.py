"""All data out by an administrator, and into an empty system that is equal to it afterwards (IE-02)."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
import sqlalchemy as sa

from crm_core import archive, switching
from crm_core.db import Base

PICTURE = b"%PDF-1.4 contract"


def content_of(crm) -> dict[str, list]:
    """Return all rows of all tables with data, secrets apart."""
    found = {}
    with crm.database.transaction(write=False) as session:
        connection = session.connection_of_kernel()
        for table in Base.metadata.sorted_tables:
            if table.name in archive.LEFT_OUT or not sa.inspect(connection).has_table(table.name):
                continue
            hidden = {"password_hash", "totp_secret", "totp_last_step", "recovery_codes"}
            columns = [c for c in table.columns if c.name not in hidden]
            rows = connection.execute(sa.select(*columns).order_by(*table.primary_key.columns)).all()
            if rows and table.name != "core_setting":
                found[table.name] = [tuple(row) for row in rows]
    return found


@pytest.fixture
def other(crm_templates, database_kind, crm_plugins, tmp_path):
    """Another system, empty, on the other database."""
    kind = {"sqlite": "postgresql", "postgresql": "sqlite"}[database_kind]
    found = crm_templates.fresh(kind, tmp_path / "other", crm_plugins)
    yield found
    found.close()
    crm_templates.drop(found)


def fill(crm, admin) -> None:
    admin.api(
        "POST", "/fields/contacts", {"key": "shoe", "type": "integer", "label": "Shoe", "indexed": True}, status=201
    )
    crm.refresh(force=True)
    company = admin.api("POST", "/contacts", {"kind": "company", "name": "Kergal", "tags": ["old"]},
                        status=201)  # fmt: skip
    person = {
        "kind": "person", "first_name": "Anne", "last_name": "Martin", "company": company["id"], "cf.shoe": 42,
        "emails": [{"address": "a@x.example.org"}, {"address": "b@x.example.org"}], "managers": [admin.id],
        "addresses": [{"street": "1 rue A", "city": "Paris", "country": "FR"}], "visibility": "private",
    }  # fmt: skip
    made = admin.api("POST", "/contacts", person, status=201)
    admin.api("POST", f"/contacts/{made['id']}/comments", {"body": "Known since long"}, status=201)
    admin.api("POST", "/lists/contacts.type", {"label": "Odd one"}, status=201)


def test_ie_02_all_data_go_from_one_database_to_the_other_and_make_an_equal_system(
    crm, admin, ann, program, other, tmp_path, monkeypatch
) -> None:
    fill(crm, admin)
    ann.api("POST", "/exports/everything", None, status=403)
    ann.post("/transfer/everything", status=403)
    ann.api("POST", "/exports", {"source": "*"}, status=422)
    started = admin.api("POST", "/exports/everything", None, status=202)
    crm.run_jobs()
    found = admin.get(f"/exports/{started['export']}")
    assert found["state"] == "done", found
    with admin.browser.get(f"/files/{found['file']['id']}") as answer:
        packed = answer.data
    about = json.loads(zipfile.ZipFile(io.BytesIO(packed)).read("manifest.json"))
    assert about["tables"]["contacts_contact"] == 2 and about["entities"]["contacts.contact"] == "contacts_contact"
    assert b"argon2" not in packed and b"scrypt" not in zipfile.ZipFile(io.BytesIO(packed)).read("data/core_user.jsonl")
    path = tmp_path / "all.zip"
    admin.api("DELETE", f"/exports/{started['export']}", status=204)
    program.run("export", "--all", str(path))
    before = content_of(crm)
    monkeypatch.setenv("CRM_HOME", str(other.config.home))
    monkeypatch.setenv("CRM_DATABASE_URL", other.config.url)
    assert program.json("import", "--all", str(path))["tables"]["contacts_contact"] == 2
    assert content_of(other) == before
    other.refresh(force=True)
    there = type(admin)(other, other.admin)
    (anne,) = there.get("/contacts?q=anne")["items"]
    assert anne["company"]["title"] == "Kergal" and anne["cf"]["shoe"] == 42 and len(anne["emails"]) == 2
    assert there.api("POST", "/contacts", {"kind": "company", "name": "New"}, status=201)["id"] > anne["id"]
    refused = program.run("import", "--all", str(path), code=1)
    assert "empty system" in refused.stderr


def test_ie_02_an_archive_says_what_modules_that_are_off_have(crm, admin, program, tmp_path) -> None:
    switching.enable(crm.database, crm.config, "companies")
    crm.refresh(force=True)
    admin = type(admin)(crm, crm.admin)
    admin.api("POST", "/group-companies", {"name": "Alpha"}, status=201)
    switching.disable(crm.database, crm.config, "companies")
    crm.refresh(force=True)
    admin = type(admin)(crm, crm.admin)
    started = admin.api("POST", "/exports/everything", None, status=202)
    rows = started["left_out"]["companies"]["companies_company"]
    crm.run_jobs()
    assert rows >= 1 and "<li>companies: " in admin.page(f"/exports/{started['export']}/panel/progress")
    path = tmp_path / "all.zip"
    said = program.run("export", "--all", str(path)).stderr
    assert "because the module is off: companies" in said
    about = json.loads(zipfile.ZipFile(path).read("manifest.json"))
    assert about["left_out"]["companies"]["companies_company"] == rows
    assert "companies_company" not in about["tables"] and "companies" not in about["plugins"]


def test_ie_02_what_is_no_archive_is_refused(crm, admin, program, tmp_path) -> None:
    path = tmp_path / "no.zip"
    for content in (b"", b"PK\x03\x04 nonsense", b"plain text"):
        path.write_bytes(content)
        assert "archive" in program.run("import", "--all", str(path), code=1).stderr
    assert admin.get("/contacts")["items"] == []
