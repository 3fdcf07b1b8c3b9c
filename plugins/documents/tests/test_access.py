"""Access to a document follows the record it belongs to, on every path (DC-05)."""

from __future__ import annotations

import pytest

from crm_core import access, records, switching

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
SECRET = b"The zebra contract"


@pytest.fixture
def private(ann, crm):
    """A private contact of Ann's with a document in two versions, and everything that leads to it."""
    contact = ann.contact("Hidden", visibility="private")
    made = ann.upload(contact, b"the first zebra", "zebra.txt")
    made = ann.version(made["id"], SECRET, "zebra.txt")
    crm.run_jobs()
    versions = ann.get(f"/document-versions?document={made['id']}&sort=number")["items"]
    return {"contact": contact, "id": made["id"], "files": [v["file"]["id"] for v in versions],
            "versions": [v["id"] for v in versions]}  # fmt: skip


def _paths(private) -> list[str]:
    number, (old, new) = private["id"], private["files"]
    api = [f"/documents/{number}", f"/documents/{number}/history", f"/files/{old}", f"/files/{new}",
           *(f"/document-versions/{v}" for v in private["versions"])]  # fmt: skip
    pages = [f"/documents/{number}", f"/documents/{number}/card", f"/documents/{number}/edit",
             f"/documents/{number}?tab=versions", f"/documents/{number}/delete",
             *(f"/files/{f}{end}" for f in (old, new) for end in ("", "/thumb/48")),
             f"/document-versions/{private['versions'][0]}",
             f"/contacts/{private['contact']}?tab=documents"]  # fmt: skip
    return [*(f"/api/v1{p}" for p in api), *pages]


def _statuses(person, private) -> set[int]:
    head = {"Authorization": f"Bearer {person.token}"}
    found = set()
    for path in _paths(private):
        found.add(person.browser.get(path, headers=head if path.startswith("/api") else {}).status_code)
    return found


def test_dc_05_a_document_of_a_private_contact_does_not_exist_for_others_on_any_path(ann, bob, private):
    assert _statuses(ann, private) <= {200, 415}  # a text has no small picture
    assert _statuses(bob, private) == {404}
    assert (ann.names(), bob.names()) == (["zebra.txt"], [])
    assert (ann.names("q=zebra+contract"), bob.names("q=zebra")) == (["zebra.txt"], [])
    assert bob.get("/document-versions")["items"] == []
    assert ann.get("/search?q=zebra")["items"]
    assert bob.get("/search?q=zebra")["items"] == []
    assert "zebra.txt" not in bob.page("/documents?q=zebra")
    assert "zebra.txt" not in bob.page("/search?q=zebra")
    assert "zebra.txt" in ann.page("/documents")
    for page in ("/documents", f"/documents/{private['id']}"):
        assert "veryone may read" not in ann.page(page)
        assert "/share" not in ann.page(page)
    assert "zebra.txt" not in bob.page("/documents")
    assert bob.browser.get(f"/files/{private['files'][1]}", headers={"Range": "bytes=0-3"}).status_code == 404


@ONE
def test_dc_05_who_may_not_see_the_record_can_change_nothing(bob, private):
    number = private["id"]
    assert bob.upload(private["contact"], b"x", status=404)
    bob.version(number, b"x", status=404)
    bob.api("PATCH", f"/documents/{number}", json={"name": "mine.txt"}, status=404)
    bob.api("DELETE", f"/documents/{number}", status=404)
    bob.api("POST", f"/documents/{number}/actions/restore_version", json={"number": 1}, status=404)
    own = bob.contact("Own")
    mine = bob.upload(own, b"mine")
    refused = bob.api("PATCH", f"/documents/{mine['id']}", status=422,
                      json={"record": f"contacts.contact:{private['contact']}"})  # fmt: skip
    assert refused["errors"][0]["field"] == "record"


@ONE
def test_dc_05_exports_hold_nothing_of_it(ann, bob, crm, private):
    if "transfer" not in crm.registry.plugins:
        switching.enable(crm.database, crm.config, "transfer")
    for person, there in ((type(ann)(crm, ann.id), True), (type(bob)(crm, bob.id), False)):
        for path in ("/documents/export", "/document-versions/export"):
            assert ("zebra.txt" in person.api("GET", path).text) is there


@ONE
def test_dc_05_why_is_told(bob, crm, private):
    with crm.as_user(crm.admin) as ctx:
        document = records.get(ctx, "documents.document", private["id"])
        found = access.explain(ctx.as_actor(crm.actor(bob.id)), "documents.document", document.id, "read")
    assert not found.allowed
    assert any("Belongs to" in reason for reason in found.reasons)


@ONE
def test_dc_05_reading_the_record_lets_one_read_its_files_and_no_more(ann, bob):
    contact = ann.contact("Read", visibility="read")
    made = ann.upload(contact, SECRET)
    assert bob.file(made["file_id"]).data == SECRET
    bob.upload(contact, b"x", status=403)
    bob.version(made["id"], b"x", status=403)
    bob.api("PATCH", f"/documents/{made['id']}", json={"name": "mine.txt"}, status=403)
    bob.api("DELETE", f"/documents/{made['id']}", status=403)
    own = bob.upload(bob.contact("Own"), b"mine")
    bob.api("PATCH", f"/documents/{own['id']}", json={"record": f"contacts.contact:{contact}"}, status=403)
    page = bob.page(f"/contacts/{contact}?tab=documents")
    assert made["name"] in page
    assert "drop-box" not in page


@ONE
def test_dc_05_rights_follow_when_the_record_is_made_private_afterwards(ann, bob):
    contact = ann.contact("Open")
    made = ann.upload(contact, SECRET)
    bob.version(made["id"], b"by Bob, the last editor")
    ann.api("PATCH", f"/contacts/{contact}", json={"visibility": "private"})
    current = ann.get(f"/documents/{made['id']}")
    bob.get(f"/documents/{made['id']}", status=404)
    bob.file(current["file_id"], status=404)
    bob.version(made["id"], b"again", status=404)
    assert bob.names() == []


@ONE
def test_dc_05_the_trash_follows_too(ann, bob, private):
    ann.api("DELETE", f"/documents/{private['id']}", status=204)
    assert [i["name"] for i in ann.get("/documents/trash")["items"]] == ["zebra.txt"]
    assert bob.get("/documents/trash")["items"] == []
    assert "zebra.txt" not in bob.page("/documents/trash")
    bob.api("POST", f"/documents/trash/{private['id']}/restore", status=404)
    bob.api("DELETE", f"/documents/trash/{private['id']}", status=404)
    assert _statuses(ann, private) - {404} == {200}  # the contact itself
    bob.post(f"/documents/trash/{private['id']}/restore", status=404)


@ONE
def test_dc_05_who_looks_as_somebody_sees_the_trash_that_one_sees(ann, bob, admin, crm, private):
    shared = ann.upload(ann.contact("Open"), b"text", "shared.txt")
    for number in (shared["id"], private["id"]):
        ann.api("DELETE", f"/documents/{number}", status=204)
    admin.post(f"/settings/users/{bob.id}/view-as")
    page = admin.page("/documents/trash")
    assert "shared.txt" in page and "zebra.txt" not in page
