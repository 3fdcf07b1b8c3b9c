"""Files nobody should trust: refused with a reason, nothing kept, the service goes on; and a process that dies."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from crm_core import imports
from crm_core.db import KERNEL
from crm_core.models import Import
from crm_core.testing.deployments import SECRET

SLUG = "group-companies"
# The engine is tested on both databases; reading files has nothing to do with them.
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def crm_plugins() -> tuple[str, ...]:
    """Import and export, and a module with plain records."""
    return ("transfer", "companies")


def workbook(**parts: bytes | str) -> bytes:
    """Return a workbook with parts replaced or added (``/`` written as ``__``)."""
    book, plain, made = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    book.active.append(["name"])
    book.active.append(["Alpha"])
    book.save(plain)
    changed = {name.replace("__", "/"): content for name, content in parts.items()}
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for info in before.infolist():
            after.writestr(info.filename, changed.pop(info.filename, before.read(info)))
        for name, content in changed.items():
            after.writestr(name, content)
    return made.getvalue()


SHEET = "xl__worksheets__sheet1.xml"
BOMB = b'<worksheet xmlns="x"><sheetData>' + b"<row/>" * 4_000_000 + b"</sheetData></worksheet>"
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><worksheet/>'
BAD = {
    "bomb.xlsx": (workbook(**{SHEET: BOMB}), "bomb"),
    "held.xlsx": (workbook(**{"xl__big.xml": os.urandom(1000) * 70_000}), "bomb"),
    "entities.xlsx": (workbook(**{SHEET: ENTITIES}), "entities"),
    "macros.xlsm": (workbook(**{"xl__vbaProject.bin": b"x"}), "macros"),
    "cut.xlsx": (workbook()[:2000], "broken"),
    "nosheet.xlsx": (workbook(**{SHEET: b"<worksheet"}), "broken"),
    "old.xls": (b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "xls"),
    "wide.csv": (b",".join(b"c%d" % n for n in range(200_000)) + b"\n1\n", "header_too_long"),
    "wide.jsonl": (b"{" + b",".join(b'"c%d":1' % n for n in range(2000)) + b"}\n", "columns"),
    "wrong.jsonl": (b'{"name": "A"}\n[1]\n', "json"),
    "deep.jsonl": (b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", "json"),
    "nul.csv": (b"na\x00me\n" + b"\x00" * 5000, "binary"),
    "empty.csv": (b"", "empty"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + b"x" * 200, "image"),
}


def test_ie_01_bad_files_are_refused_with_the_reason_and_nothing_of_them_is_kept(crm, admin) -> None:
    admin.send(SLUG, "name\nBefore\n")
    kept = sorted(p for p in crm.config.files.rglob("*") if p.is_file())
    for name, (content, code) in BAD.items():
        refused = admin.send(SLUG, content, name, status=422)
        assert [e["code"] for e in refused["errors"]] == [code], (name, refused)
        assert refused["errors"][0]["message"], name
    assert sorted(p for p in crm.config.files.rglob("*") if p.is_file()) == kept
    assert admin.send(SLUG, workbook(), "good.xlsx")["counts"]["created"] == 1


def test_ie_01_bad_rows_fail_alone(admin) -> None:
    text = 'name,description\nA,x\nB\x00B,y\n"C,z\nD,long' + "x" * 100 + "\n," + "\n" + "E" * 200 + ",too long\nF,\n"
    report = admin.send(SLUG, text)
    assert report["counts"]["created"] >= 3 and report["counts"]["failed"] >= 3, report
    assert {"nul", "quote"} <= {p["code"] for p in report["problems"]}
    assert {c["name"] for c in admin.get(f"/{SLUG}")["items"]} >= {"A", "F"}


def test_ie_01_who_may_not_create_may_not_import(crm, ann) -> None:
    ann.send(SLUG, "name\nA\n", status=403)
    assert f"/{SLUG}/import" not in ann.page(f"/{SLUG}")


def test_ie_01_a_killed_import_goes_on_and_is_undone_as_a_whole(crm, admin, program, tmp_path) -> None:
    total = 4100
    path = tmp_path / "many.csv"
    path.write_text("name\n" + "".join(f"Company {n}\n" for n in range(total)))
    program_path = Path(sys.executable).with_name("crm")
    env = {**os.environ, "CRM_HOME": str(crm.config.home), "CRM_DATABASE_URL": crm.config.url,
           "CRM_SECRET_KEY": SECRET, "CRM_WORKER": "manual"}  # fmt: skip
    process = subprocess.Popen([program_path, "import", SLUG, path, "--match", "name"], env=env,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    end = time.monotonic() + 90

    def counted() -> tuple[int, int]:
        with crm.database.transaction(write=False) as session:
            row = session.scalars(sa.select(Import).order_by(Import.id.desc()), execution_options=KERNEL).first()
            return (row.id, row.created) if row is not None else (0, 0)

    while not counted()[1] and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    number, created = counted()
    listed = f"/{SLUG}?limit=1&filter=name%20startswith%20%22Company%22"
    with crm.as_user(crm.admin) as ctx:
        from crm_core import records

        assert records.count(ctx, "companies.company", records.ListQuery(), capped=False)[0] == created
    program.run("import", "--resume", str(number))
    report = admin.get(f"/{SLUG}/import/{number}")
    assert (report["counts"]["created"], report["state"]) == (total, "done")
    with crm.as_user(crm.admin) as ctx:
        assert records.count(ctx, "companies.company", records.ListQuery(), capped=False)[0] == total
        assert imports.find(ctx, number).position == total
    admin.api("POST", f"/batches/{report['batch']}/undo", {}, status=202)
    crm.run_jobs()
    assert admin.get(listed)["items"] == []
