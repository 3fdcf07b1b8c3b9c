"""Files on records, their versions, the manager, the trash (DC-01, DC-02, DC-04, KN-26)."""

from __future__ import annotations

import datetime as dt
import io

import pytest
import sqlalchemy as sa
from crm_documents.models import Document

from crm_core import settings, switching
from crm_core.accounts import users
from crm_core.db import utcnow

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@ONE
def test_dc_02_what_is_uploaded_is_downloaded_identically(ann, bob, crm):
    contact = ann.contact()
    content = bytes(range(256)) * 300
    made = ann.upload(contact, content, "Données é.bin", description="All bytes")
    assert (made["name"], made["size"], made["number"], made["description"]) == ("Données é.bin", 76800, 1, "All bytes")
    assert made["record"] == {"entity": "contacts.contact", "id": contact, "title": "Kergal"}
    answer = ann.file(made["file_id"])
    assert answer.data == content
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    part = ann.file(made["file_id"], status=206, Range="bytes=100-199")
    assert (part.data, part.headers["Content-Range"]) == (content[100:200], "bytes 100-199/76800")
    assert bob.browser.get(f"/files/{made['file_id']}").data == content


@ONE
def test_dc_02_the_tab_of_a_record_takes_several_files_without_javascript(ann, kept):
    contact = ann.contact()
    page = ann.page(f"/contacts/{contact}?tab=documents")
    assert 'enctype="multipart/form-data"' in page
    three = [(io.BytesIO(text), name) for text, name in ((b"1", "1.txt"), (b"MZ", "x.exe"), (b"2", "2.txt"))]
    sent: dict[str, object] = {"record": f"contacts.contact:{contact}", "file": three}
    refused = ann.post("/documents/upload", sent, status=415)
    assert "x.exe" in refused.text
    assert "Files taken: 2" in refused.text
    assert ann.names() == ["1.txt", "2.txt"]
    page = ann.page(f"/contacts/{contact}?tab=documents")
    assert "1.txt" in page
    assert "2.txt" in page
    sent = {"record": f"contacts.contact:{contact}", "file": (io.BytesIO(b"three"), "3.txt")}
    assert ann.post("/documents/upload", sent).location == f"/contacts/{contact}?tab=documents"
    sent = {"record": f"contacts.contact:{contact}", "file": (io.BytesIO(b""), "4.txt")}
    answer = ann.post("/documents/upload", sent, status=422, Accept="application/json")
    assert answer.json["errors"] == [{"name": "4.txt", "message": "The file is empty"}]
    assert len(kept()) == 3


@ONE
def test_dc_02_versions_keep_the_old_files_and_can_be_gone_back_to(ann, admin, crm):
    contact = ann.contact()
    made = ann.upload(contact, b"first", "a.txt")
    ann.version(made["id"], b"second!", "b.txt")
    versions = ann.get(f"/document-versions?document={made['id']}&sort=number")["items"]
    assert [(v["number"], v["name"], v["size"]) for v in versions] == [(1, "a.txt", 5), (2, "b.txt", 7)]
    assert [ann.file(v["file"]["id"]).data for v in versions] == [b"first", b"second!"]
    ann.api("POST", f"/documents/{made['id']}/actions/restore_version", json={"number": 1})
    now = ann.get(f"/documents/{made['id']}")
    assert (now["number"], now["name"], ann.file(now["file_id"]).data) == (3, "a.txt", b"first")
    ann.api("POST", f"/documents/{made['id']}/actions/restore_version", json={"number": 3}, status=409)
    refused = ann.api("POST", f"/documents/{made['id']}/actions/restore_version", json={"number": 9}, status=422)
    assert refused["errors"][0]["field"] == "number"
    assert "Version 2" in ann.page(f"/documents/{made['id']}?tab=versions")
    for body in ({"name": "x"}, {"document": made["id"] + 1}, {"size": 1}, {"file": 1}):
        ann.api("PATCH", f"/document-versions/{versions[1]['id']}", json=body, status=422)
        admin.api("PATCH", f"/document-versions/{versions[1]['id']}", json=body, status=422)
    refused = ann.api("DELETE", f"/document-versions/{_newest(ann, made)}", status=409)
    assert "newest" in refused["detail"]
    changes = ann.get(f"/documents/{made['id']}/history")["items"]
    upload = next(c for c in changes if "number" in str(c["changes"]))
    ann.api("POST", f"/history/{upload['id']}/undo", json={}, status=409)
    ann.api("DELETE", f"/document-versions/{versions[0]['id']}", status=204)
    ann.file(versions[0]["file"]["id"], status=404)
    assert ann.file(now["file_id"]).data == b"first"
    renamed = ann.api("PATCH", f"/documents/{made['id']}", json={"name": "offer.txt", "description": "of May"})
    assert (renamed["name"], renamed["description"]) == ("offer.txt", "of May")
    ann.api("PATCH", f"/documents/{made['id']}", json={"file_id": 1}, status=422)


def test_dc_04_the_manager_lists_by_record_and_searches_names_and_text(ann, crm):
    first, second = ann.contact("Alpha"), ann.contact("Beta")
    ann.upload(first, "Contrat d’été pour les palourdes".encode(), "note.txt")
    ann.upload(second, b"nothing of note", "palourde.md")
    ann.upload(second, b"\x89PNG\r\n\x1a\nbroken", "p.png", kind="image/png")
    crm.run_jobs()
    assert ann.names() == ["note.txt", "palourde.md", "p.png"]
    assert ann.names("q=palourde") == ["note.txt", "palourde.md"]
    assert ann.names("q=ete+palourdes") == ["note.txt"]
    assert ann.names(f"record=contacts.contact:{second}") == ["palourde.md", "p.png"]
    assert ann.names("kind=image") == ["p.png"]
    page = ann.page("/documents?q=palourde")
    assert "note.txt" in page
    assert "p.png" not in page
    assert f"/contacts/{first}" in page
    assert "documents" in ann.page("/")
    counts = ann.page(f"/contacts/{second}/tabs")
    assert "2" in counts.partition("Documents")[2][:80]
    assert "palourde.md" in ann.page(f"/contacts/{second}/timeline")


@ONE
def test_dc_04_what_is_deleted_waits_in_the_trash_then_goes_with_its_bytes(ann, crm, kept):
    contact = ann.contact()
    made, other = ann.upload(contact, b"to be deleted", "a.txt"), ann.upload(contact, b"stays", "b.txt")
    ann.version(made["id"], b"second", "a.txt")
    crm.run_jobs()
    ann.api("DELETE", f"/documents/{made['id']}", status=204)
    assert ann.names() == ["b.txt"]
    assert ann.names("q=deleted") == []
    ann.get(f"/documents/{made['id']}", status=404)
    ann.file(made["file_id"], status=404)
    assert "a.txt" not in ann.page(f"/contacts/{contact}/timeline")
    assert "a.txt" in ann.page("/documents/trash")
    back = ann.api("POST", f"/documents/trash/{made['id']}/restore")
    assert (back["number"], ann.file(back["file_id"]).data) == (2, b"second")
    answer = ann.post(f"/documents/{made['id']}/delete", {"next": f"/contacts/{contact}?tab=documents"})
    assert answer.location == f"/contacts/{contact}?tab=documents"
    _night(crm)
    assert [i["id"] for i in ann.get("/documents/trash")["items"]] == [made["id"]]
    with crm.as_user(crm.admin) as ctx:
        settings.set_value(ctx, "documents.keep_days", 0)
    _night(crm)
    assert ann.get("/documents/trash")["items"] == []
    _sweep(crm)
    assert [p.read_bytes() for p in kept()] == [b"stays"]
    assert ann.file(other["file_id"]).data == b"stays"


def test_dc_04_documents_of_a_deleted_record_are_there_again_with_it(ann, crm, kept):
    contact = ann.contact("Gone")
    made = ann.upload(contact, b"text", "a.txt")
    ann.api("DELETE", f"/contacts/{contact}", status=204)
    assert ann.names() == []
    ann.file(made["file_id"], status=404)
    with crm.as_user(crm.admin) as ctx:
        settings.set_value(ctx, "documents.keep_days", 0)
    for _ in range(2):
        _night(crm)
    assert ann.get("/documents/trash")["items"] == []
    change = next(c for c in ann.get("/history/deletions")["items"] if c["title"] == "Gone")
    ann.api("POST", f"/history/{change['id']}/undo", json={})
    assert ann.file(ann.get(f"/documents/{made['id']}")["file_id"]).data == b"text"
    with crm.as_user(crm.admin) as ctx:
        settings.set_value(ctx, "core.undo_days", 1)
    _night(crm)
    assert ann.names() == ["a.txt"]
    ann.api("DELETE", f"/contacts/{contact}", status=204)
    _night(crm)
    _sweep(crm)
    assert len(kept()) == 1, "it can still be undone"
    with crm.database.engine.begin() as connection:
        days_ago = sa.update(Document.__table__).values(orphaned_at=utcnow() - dt.timedelta(days=3))
        connection.execute(days_ago.where(Document.orphaned_at.is_not(None)))
    _night(crm)
    _sweep(crm)
    assert kept() == []


@ONE
def test_dc_02_documents_move_with_records_that_are_merged_also_those_in_the_trash(ann, crm):
    kept, double = ann.contact("Kept"), ann.contact("Double")
    ann.upload(kept, b"one", "1.txt")
    made, gone = ann.upload(double, b"two", "2.txt"), ann.upload(double, b"three", "3.txt")
    ann.api("DELETE", f"/documents/{gone['id']}", status=204)
    ann.api("POST", f"/contacts/{kept}/merge", json={"others": [double]})
    assert ann.names(f"record=contacts.contact:{kept}") == ["1.txt", "2.txt"]
    assert ann.file(made["file_id"]).data == b"two"
    back = ann.api("POST", f"/documents/trash/{gone['id']}/restore")
    assert back["record"]["id"] == kept


def test_kn_26_notes_and_files_stay_listed_and_searchable_when_their_author_is_gone(ann, bob, crm):
    contact = ann.contact("Memory", visibility="read")
    ann.api("POST", f"/contacts/{contact}/comments", json={"body": "We agreed on wombats"}, status=201)
    hidden = ann.contact("Mine", visibility="private")
    ann.api("POST", f"/contacts/{hidden}/comments", json={"body": "Secret wombats"}, status=201)
    made = ann.upload(contact, b"All about wombats", "agreement.txt")
    crm.run_jobs()
    with crm.as_user(crm.admin) as ctx:
        users.set_active(ctx, ann.id, False)
    assert bob.names("q=wombats") == ["agreement.txt"]
    assert bob.file(made["file_id"]).data == b"All about wombats"
    hits = bob.get("/search?q=WOMBATS")["items"]
    assert [(h["entity"], h["url"]) for h in hits] == [
        ("documents.document", f"/documents/{made['id']}"), ("core.comment", f"/contacts/{contact}"),
    ]  # fmt: skip
    assert "Ann Example" in hits[1]["subtitle"]
    assert "We agreed on <mark>wombats</mark>" in bob.page("/search?q=wombats")
    assert "We agreed" not in bob.page("/search/suggest?q=wombats")
    assert [c["body"] for c in bob.get(f"/contacts/{contact}/comments")["items"]] == ["We agreed on wombats"]
    page = bob.page(f"/contacts/{contact}/timeline")
    assert "We agreed on wombats" in page
    assert "agreement.txt" in page
    assert "Ann Example" in page


@ONE
def test_dc_02_switched_off_nothing_is_left_to_see_and_on_again_everything_is_back(ann, crm):
    contact = ann.contact()
    made = ann.upload(contact, b"kept", "a.txt")
    switching.disable(crm.database, crm.config, "documents")
    ann = type(ann)(crm, ann.id)
    for path in ("/documents", "/documents/trash", f"/documents/{made['id']}", f"/files/{made['file_id']}"):
        assert ann.browser.get(path).status_code == 404, path
    assert "ocuments" not in ann.page(f"/contacts/{contact}")
    assert "/documents" not in str(ann.get("/openapi.json"))
    switching.enable(crm.database, crm.config, "documents")
    ann = type(ann)(crm, ann.id)
    assert ann.file(made["file_id"]).data == b"kept"
    assert "/api/v1/documents/{id}/versions" in ann.get("/openapi.json")["paths"]


def _newest(person, document) -> int:
    found = person.get(f"/document-versions?document={document['id']}&sort=-number&limit=1")["items"]
    return int(found[0]["id"])


def _night(crm) -> None:
    from crm_core import jobs

    with crm.as_user(None) as ctx:
        jobs.enqueue(ctx, "documents.clear")
    crm.run_jobs()


def _sweep(crm) -> None:
    from crm_core import files

    with crm.as_user(now=utcnow() + dt.timedelta(days=2)) as ctx:
        files.remove_orphans(ctx, older_than=-1)
