"""Files nobody should trust: refused with a reason, nothing kept, the service goes on."""

from __future__ import annotations

import io
import os
import zipfile

import openpyxl
import pytest

from crm_core import files

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
WIDE = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    b'<c r="A1"><v>1</v></c><c r="ALN1"><v>1</v></c></row></sheetData></worksheet>'
)
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><worksheet/>'
BAD = {
    "bomb.xlsx": (workbook(**{SHEET: BOMB}), "bomb"),
    "held.xlsx": (workbook(**{"xl__big.xml": os.urandom(1000) * 70_000}), "bomb"),
    "entities.xlsx": (workbook(**{SHEET: ENTITIES}), "entities"),
    "macros.xlsm": (workbook(**{"xl__vbaProject.bin": b"x"}), "macros"),
    "cut.xlsx": (workbook()[:2000], "broken"),
    "macros.xlsx": (workbook(**{"xl__macrosheets__sheet1.xml": b"<x/>"}), "macros"),
    "old.xls": (b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "xls"),
    "wide.csv": (b",".join(b"c%d" % n for n in range(200_000)) + b"\n1\n", "header_too_long"),
    "million.csv": (b"a," * 1_000_000 + b"\n1\n", "header_too_long"),
    "thousands.csv": (b",".join(b"c%d" % n for n in range(1001)) + b"\n1\n", "columns"),
    "nul.csv": (b"na\x00me\n" + b"\x00" * 5000, "binary"),
    "empty.csv": (b"", "empty"),
    "cut.csv": (b'name,"descri', "header_quote"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + b"x" * 200, "image"),
}

FOUND_LATER = {
    "nosheet.xlsx": (workbook(**{SHEET: b"<worksheet"}), "can't be read"),
    "wide.xlsx": (workbook(**{SHEET: WIDE}), "at most 1,000"),
    "wide.jsonl": (b"{" + b",".join(b'"c%d":1' % n for n in range(2000)) + b"}\n", "at most 1,000"),
    "wrong.jsonl": (b'{"name": "A"}\n[1]\n', "Line 2 is not a JSON object"),
    "deep.jsonl": (b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", "not a JSON object"),
}
"""What can only be seen by reading the file through, which a job does."""


def test_ie_01_bad_files_are_refused_with_the_reason_and_nothing_of_them_is_kept(crm, admin) -> None:
    admin.send(SLUG, "name\nBefore\n")
    kept = sorted(p for p in crm.config.files.rglob("*") if p.is_file())
    for name, (content, code) in BAD.items():
        refused = admin.send(SLUG, content, name, status=422)
        assert [e["code"] for e in refused["errors"]] == [code], (name, refused)
        assert refused["errors"][0]["message"], name
    assert sorted(p for p in crm.config.files.rglob("*") if p.is_file()) == kept
    assert admin.send(SLUG, workbook(), "good.xlsx")["counts"]["created"] == 1


def test_ie_01_workbooks_are_read_by_a_job_that_tells_why_one_is_refused_and_leaves_nothing(crm, admin) -> None:
    admin.send(SLUG, "name\nBefore\n")
    kept = sorted(p for p in crm.config.files.rglob("*") if p.is_file())
    for name, (content, words) in FOUND_LATER.items():
        report = admin.send(SLUG, content, name)
        assert (report["state"], words in report["error"]) == ("failed", True), (name, report)
    with crm.as_user(None) as ctx:
        files.remove_orphans(ctx, older_than=-60)
    assert sorted(p for p in crm.config.files.rglob("*") if p.is_file()) == kept
    data = {"file": (io.BytesIO(workbook()), "good.xlsx"), "draft": "1"}
    made = admin.open("POST", f"/{SLUG}/import", data=data, content_type="multipart/form-data", status=202).json
    path = f"/{SLUG}/import/{made['import']}"
    assert admin.get(path)["state"] in ("queued", "waiting") and admin.get(path)["preview"] is None
    admin.api("POST", f"{path}/start", {}, status=409)
    assert "hx-get" in admin.page(path)
    crm.run_jobs()
    assert admin.browser.get(f"{path}/progress", headers={"HX-Request": "true"}).headers["HX-Redirect"] == path
    assert admin.get(path)["preview"]["rows"] == [["Alpha"]] and "Where each column goes" in admin.page(path)
    admin.api("POST", f"{path}/start", {}, status=202)
    crm.run_jobs()
    assert admin.get(path)["counts"]["created"] == 1


def test_ie_01_a_truncated_upload_is_refused_and_leaves_nothing(crm, admin) -> None:
    kept = sorted(crm.config.files.rglob("*"))
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nname\nA' + b"a" * 70_000
    headers = {"Authorization": f"Bearer {admin.token}"}
    for length in (len(body), len(body) + 5000):
        answer = admin.browser.post(f"/api/v1/{SLUG}/import", data=body, headers=headers, content_length=length,
                                    content_type="multipart/form-data; boundary=x")  # fmt: skip
        assert answer.status_code in (400, 422), answer.text
        assert answer.json["detail"] or answer.json["errors"]
    assert sorted(crm.config.files.rglob("*")) == kept


def test_ie_01_bad_rows_fail_alone(admin) -> None:
    text = 'name,description\nA,x\nB\x00B,y\n"C,z\nD,long' + "x" * 100 + "\n," + "\n" + "E" * 200 + ",too long\nF,\n"
    report = admin.send(SLUG, text)
    assert report["counts"]["created"] >= 3 and report["counts"]["failed"] >= 3, report
    assert {"nul", "quote"} <= {p["code"] for p in report["problems"]}
    assert {c["name"] for c in admin.get(f"/{SLUG}")["items"]} >= {"A", "F"}


def test_ie_01_who_may_not_create_may_not_import(crm, ann) -> None:
    ann.send(SLUG, "name\nA\n", status=403)
    assert f"/{SLUG}/import" not in ann.page(f"/{SLUG}")
