"""What should not be taken, or not be looked into: refused or passed over with the reason; nothing is left behind."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from crm_core import settings, switching

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
WORD = '<w:document xmlns:w="w"><w:p><w:t>{}</w:t></w:p></w:document>'
MB = 1024 * 1024


def packed(parts: dict[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return target.getvalue()


def pdf(*texts: str) -> bytes:
    """Return a PDF with a page for each text."""
    first = 4
    kids = " ".join(f"{first + 2 * n} 0 R" for n in range(len(texts))).encode()
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, len(texts)),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]  # fmt: skip
    for number, text in enumerate(texts):
        stream = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET".encode()
        parts += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
            % (first + 2 * number + 1),
            b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        ]
    body = b"%PDF-1.4\n" + b"".join(b"%d 0 obj%s endobj\n" % (n, part) for n, part in enumerate(parts, 1))
    return body + b"trailer<</Root 1 0 R/Size %d>>\n%%%%EOF" % (len(parts) + 1)


def wide_png(side: int) -> bytes:
    """Return a small file that says it is a picture of ``side`` by ``side`` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


LAUGHS = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>' + WORD.format("&b;")
FILES: tuple[tuple[str, bytes, str, str], ...] = (
    ("bomb.docx", packed({"word/document.xml": "<d>" + " " * (60 * MB) + "</d>"}), "skipped", "unpacks"),
    ("laughs.docx", packed({"word/document.xml": LAUGHS}), "skipped", "entities"),
    ("outside.docx", packed({"word/document.xml": LAUGHS.replace('"ha"', 'SYSTEM "file:///etc/passwd"')}), "skipped",
     "entities"),
    ("broken.xlsx", b"PK\x03\x04 nothing of a packed file", "skipped", "damaged"),
    ("torn.docx", packed({"word/document.xml": "<d><p>torn"}), "skipped", "damaged"),
    ("broken.pdf", b"%PDF-1.7\n nothing of a PDF", "skipped", "damaged"),
    ("good.docx", packed({"word/document.xml": WORD.format("quokka")}), "read", ""),
    ("good.xlsx", packed({"xl/sharedStrings.xml": "<sst><si><t>quokka</t></si></sst>"}), "read", ""),
    ("good.odt", packed({"content.xml": "<o><p>quo<span>kka</span></p></o>"}), "read", ""),
    ("good.pdf", pdf("quokka"), "read", ""),
    ("latin.txt", "Le quokka d’été à la mer, où l’on goûte".encode("cp1252"), "read", ""),
    ("picture.png", wide_png(50_000), "none", ""),
)  # fmt: skip


def test_files_are_read_as_far_as_it_is_safe_and_say_why_not(ann, crm):
    contact = ann.contact()
    numbers = {name: ann.upload(contact, content, name)["id"] for name, content, _, _ in FILES}
    crm.run_jobs()
    for name, _, state, note in FILES:
        found = ann.get(f"/documents/{numbers[name]}")
        assert (name, found["text_state"], found["text_note"] or "") == (name, state, note)
    assert ann.names("q=quokka") == [name for name, _, state, _ in FILES if state == "read"]
    assert "may be damaged" in ann.page(f"/documents/{numbers['broken.pdf']}")


def test_small_pictures_are_made_of_what_is_safe_to_draw(ann):
    contact = ann.contact()
    made = ann.upload(contact, pdf("quokka"), "good.pdf")
    assert "/thumb/960" in ann.page(f"/documents/{made['id']}")
    for side in (48, 960):
        answer = ann.browser.get(f"/files/{made['file_id']}/thumb/{side}")
        assert (answer.status_code, answer.mimetype) == (200, "image/png")
        assert max(Image.open(io.BytesIO(answer.data)).size) == side
    for name, content, status in (
        ("wide.png", wide_png(50_000), 413), ("broken.pdf", b"%PDF-1.7\n none", 415), ("a.txt", b"text", 415),
    ):  # fmt: skip
        number = ann.upload(contact, content, name)["file_id"]
        assert ann.browser.get(f"/files/{number}/thumb/48").status_code == status
        assert ann.file(number).data == content
    page = ann.file(ann.upload(contact, b"<script>alert(1)</script>", "a.html")["file_id"])
    assert (page.mimetype, page.headers["Content-Disposition"].partition(";")[0]) == (
        "application/octet-stream", "attachment",
    )  # fmt: skip


def test_a_pdf_is_leafed_through_page_by_page_by_those_who_see_its_record(ann, bob, crm):
    contact = ann.contact(visibility="private")
    made = ann.upload(contact, pdf("one", "two", "three"), "three.pdf")
    crm.run_jobs()
    assert ann.get(f"/documents/{made['id']}")["pages"] == 3
    assert "Page 1 of 3" in ann.page(f"/documents/{made['id']}")
    second = ann.page(f"/documents/{made['id']}?page=2")
    assert f"/files/{made['file_id']}/thumb/960?page=2" in second and "Page before" in second
    assert "Page 3 of 3" in ann.page(f"/documents/{made['id']}?page=99")
    part = ann.browser.get(f"/documents/{made['id']}/preview?page=3", headers={"HX-Request": "true"}).text
    assert "Page 3 of 3" in part and "<html" not in part
    thumb = f"/files/{made['file_id']}/thumb"
    drawn = [ann.browser.get(f"{thumb}/960?page={n}") for n in (1, 2, 3)]
    assert [d.status_code for d in drawn] == [200] * 3 and len({d.data for d in drawn}) == 3
    for wrong in ("960?page=4", "960?page=0", "960?page=x", "48?page=2", "960?page=9999999999"):
        assert ann.browser.get(f"{thumb}/{wrong}").status_code == 404, wrong
    for path in (f"{thumb}/960?page=2", f"/documents/{made['id']}/preview?page=2"):
        assert bob.browser.get(path, headers={"HX-Request": "true"}).status_code == 404
    torn = ann.upload(contact, pdf("one", "two")[:200], "torn.pdf")
    assert ann.browser.get(f"/files/{torn['file_id']}/thumb/960?page=2").status_code in (404, 415)
    picture = ann.upload(contact, wide_png(2), "p.png")["file_id"]
    assert ann.browser.get(f"/files/{picture}/thumb/960?page=2").status_code == 404


REFUSED: tuple[tuple[str, bytes, str, int], ...] = (
    ("invoice.pdf", b"MZ\x90\x00 a program", "application/pdf", 415),
    ("invoice.pdf", b"MZ\x90\x00 a program", "", 415),
    ("invoice.docx", b"MZ\x90\x00 a program", "", 422),
    ("photo.jpg", b"\x7fELF a program", "application/octet-stream", 415),
    ("setup.exe", b"MZ\x90\x00", "", 415),
    ("setup.EXE", b"text", "text/plain", 415),
    ("photo.png", b"GIF89a....", "image/png", 415),
    ("empty.txt", b"", "", 422),
)


def test_what_is_not_what_it_says_is_refused_and_leaves_nothing_behind(ann, crm, kept):
    contact = ann.contact()
    for name, content, kind, status in REFUSED:
        assert ann.upload(contact, content, name, kind=kind, status=status), name
    ann.api("POST", "/documents", data={"record": f"contacts:{contact}"}, status=422,
            content_type="multipart/form-data")  # fmt: skip
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhalf a fi'
    answer = ann.browser.post(
        "/api/v1/documents", data=body, content_type="multipart/form-data; boundary=x",
        headers={"Authorization": f"Bearer {ann.token}", "Content-Length": "5000"},
    )  # fmt: skip
    assert 400 <= answer.status_code < 500
    for record in ("", "contacts", "contacts:x", "nothing:1", "contacts:999999999999999999", "contacts:-1"):
        data = {"record": record, "file": (io.BytesIO(b"text"), "a.txt")}
        ann.api("POST", "/documents", data=data, status=422)
    assert (ann.names(), kept()) == ([], [])


def test_names_with_folders_and_control_characters_are_cleaned(ann):
    contact = ann.contact()
    for given, name in (
        ("../../etc/passwd", "passwd"), ("a\x1b[31m\x7fb.txt", "a[31mb.txt"),
        ("\u2066\u200bx\u2069.txt", "x.txt"), ("...", "file"), (" . ", "file"),
        ("a\u202egnp.txt", "agnp.txt"), ("x" * 300 + ".txt", "x" * 146 + ".txt"),
    ):  # fmt: skip
        assert ann.upload(contact, b"text", given)["name"] == name


def test_room_is_limited_for_one_file_one_person_and_all(ann, bob, crm, kept):
    contact = ann.contact()
    with crm.as_user(crm.admin) as ctx:
        for key, value in (("max_mb", 1), ("user_quota_mb", 2), ("quota_mb", 3)):
            settings.set_value(ctx, f"documents.{key}", value)
    crm.refresh(force=True)
    assert "1 MB" in ann.upload(contact, b"x" * (MB + 1), status=413)["detail"]
    for number in range(2):
        ann.upload(contact, bytes([number]) * MB, f"{number}.bin")
    refused = ann.upload(contact, b"x", status=422)["errors"][0]
    assert (refused["code"], refused["field"]) == ("quota", "file")
    assert "2 MB" in refused["message"]
    bob.upload(contact, b"b" * MB, "b.bin")
    assert "All files" in bob.upload(contact, b"x", status=422)["errors"][0]["message"]
    assert len(kept()) == 3
    with crm.as_user(crm.admin) as ctx:
        settings.set_value(ctx, "documents.endings", "pdf, .PNG")
        settings.set_value(ctx, "documents.quota_mb", 0)
    assert ".txt" in bob.upload(contact, b"text", "a.txt", status=415)["detail"]


GUARD = """
# /// crm-plugin
# name = "docguard"
# title = "Guard"
# core = ">=0.1"
# ///
from pathlib import Path
from crm_core.api import FileScanner, hookimpl

def scan(path, name, content_type):
    verdict = Path(__file__).with_name("verdict.txt").read_text()
    if verdict == "down":
        raise OSError("no scanner")
    return verdict if b"EICAR" in path.read_bytes() and content_type and name else ""

@hookimpl
def crm_contribute():
    return [FileScanner(key="docguard.scan", label="Guard", scan=scan)]
"""


def test_a_scanner_of_another_module_sees_every_file_before_anybody_is_sent_it(ann, crm, kept):
    contact, folder = ann.contact(), crm.config.plugins
    folder.mkdir(parents=True)
    (folder / "docguard.py").write_text(GUARD.lstrip(), "utf-8")
    (folder / "verdict.txt").write_text("Eicar-Test found")
    switching.enable(crm.database, crm.config, "docguard")
    ann = type(ann)(crm, ann.id)
    refused = ann.upload(contact, b"an EICAR file", "a.txt", status=422)["errors"][0]
    assert (refused["field"], refused["code"]) == ("file", "refused")
    assert "Eicar-Test found" in refused["message"]
    ann.api("POST", "/files", data={"file": (io.BytesIO(b"an EICAR photo"), "a.txt")}, status=422)
    (folder / "verdict.txt").write_text("down")
    ann.upload(contact, b"clean", "b.txt", status=503)
    assert (ann.names(), kept()) == ([], [])
    (folder / "verdict.txt").write_text("found")
    ann.upload(contact, b"clean", "b.txt")
    assert ann.names() == ["b.txt"]
