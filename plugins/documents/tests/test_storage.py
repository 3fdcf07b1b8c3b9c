"""Bytes on S3-compatible storage: the same behaviour, over HTTP, with nothing of it in the folder."""

from __future__ import annotations

import datetime as dt
import io
import json
import secrets
from dataclasses import replace

import pytest
from PIL import Image

from crm_core import backup, doctor, files, filestore
from crm_core.db import utcnow

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def server():
    """A server that speaks the protocol of S3."""
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    found = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    found.start()
    yield f"http://127.0.0.1:{found.get_host_and_port()[1]}"
    found.stop()


@pytest.fixture
def bucket(crm, server):
    """The deployment with its files in a new bucket; the file system of it."""
    import fsspec

    options = {"key": "test", "secret": "test", "endpoint_url": server}
    fs = fsspec.filesystem("s3", use_listings_cache=False, **options)
    name = f"crm-{secrets.token_hex(6)}"
    fs.mkdir(name)
    crm.config = replace(crm.config, files_url=f"s3://{name}/store", files_options=json.dumps(options))
    return fs, name


@ONE
def test_files_lie_in_the_bucket_and_are_sent_in_parts(ann, bob, crm, bucket):
    fs, name = bucket
    contact = ann.contact("Hidden", visibility="private")
    content = bytes(range(256)) * 9000
    made = ann.upload(contact, content, "a.bin")
    again = ann.upload(contact, content, "b.bin")
    stored = fs.find(name)
    assert len(stored) == 1
    assert ann.file(made["file_id"]).data == content
    part = ann.file(made["file_id"], status=206, Range="bytes=2000000-2000099")
    assert (part.data, part.headers["Content-Length"]) == (content[2000000:2000100], "100")
    assert part.headers["Content-Range"] == "bytes 2000000-2000099/2304000"
    answer = ann.file(again["file_id"])
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (
        ann.browser.get(f"/files/{made['file_id']}", headers={"If-None-Match": answer.headers["ETag"]}).status_code
        == 304
    )
    bob.file(made["file_id"], status=404)
    assert [p for p in crm.config.files.rglob("*") if p.is_file() and p.name != ".lock"] == []
    assert [c.level for c in doctor.examine(crm.database, crm.config) if c.name == "files"] == ["ok"]


def test_text_pictures_and_the_sweep_work_over_the_bucket(ann, crm, bucket):
    fs, name = bucket
    contact, drawn = ann.contact(), io.BytesIO()
    Image.new("RGB", (300, 200)).save(drawn, "PNG")
    picture = ann.upload(contact, drawn.getvalue(), "p.png")
    text = ann.upload(contact, b"A numbat", "n.txt")
    crm.run_jobs()
    assert ann.names("q=numbat") == ["n.txt"]
    assert ann.browser.get(f"/files/{picture['file_id']}/thumb/48").status_code == 200
    ann.api("DELETE", f"/documents/{text['id']}", status=204)
    ann.api("DELETE", f"/documents/trash/{text['id']}", status=204)
    with crm.as_user(now=utcnow() + dt.timedelta(days=2)) as ctx:
        files.remove_orphans(ctx, older_than=-5)
    assert len(fs.find(name)) == 1
    assert ann.file(picture["file_id"]).data == drawn.getvalue()


@ONE
def test_a_backup_holds_what_lies_in_the_bucket(ann, crm, bucket, tmp_path):
    fs, name = bucket
    made = ann.upload(ann.contact(), b"in the archive", "a.txt")
    assert backup.backup(crm.database, crm.config, tmp_path / "all.tar.gz").files == 1
    fs.rm(name, recursive=True)
    fs.mkdir(name)
    ann.file(made["file_id"], status=404)
    backup.restore(crm.database, crm.config, tmp_path / "all.tar.gz", force=True)
    assert ann.file(made["file_id"]).data == b"in the archive"


@ONE
def test_a_storage_that_is_down_refuses_and_says_so(ann, crm, bucket):
    contact = ann.contact()
    options = json.dumps({"key": "x", "secret": "x", "endpoint_url": "http://127.0.0.1:9", "config_kwargs": {
        "connect_timeout": 1, "retries": {"max_attempts": 0}}})  # fmt: skip
    crm.config = replace(crm.config, files_options=options)
    assert filestore.store_of(crm.config).remote
    assert "store of files" in ann.upload(contact, b"text", status=503)["detail"]
    assert ann.names() == []
    found = [c for c in doctor.examine(crm.database, crm.config) if c.name == "files"]
    assert [c.level for c in found] == ["error"]
