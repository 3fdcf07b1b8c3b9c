import datetime as dt
import io
import os
import threading
import time
from typing import Any, cast

import pytest
import sqlalchemy as sa
from PIL import Image

from crm_core import files, i18n, images, records, settings, sniff
from crm_core.db import utcnow
from crm_core.errors import Conflict, Invalid, NotFound, TooLarge, WrongType
from crm_core.models import StoredFile
from tests.services.things import THINGS

MB = 1024 * 1024


@pytest.fixture
def contributed():
    return THINGS


def picture(width, height, form="JPEG", mode="RGB", **options):
    target = io.BytesIO()
    Image.new(mode, (width, height), "red").save(target, form, **options)
    return target.getvalue()


def padded_jpeg(size):
    """A JPEG picture of exactly so many bytes."""
    content = picture(100, 100)
    return content + b"\0" * (size - len(content))


def upload(crm, content, name="photo.jpg", kind="image/jpeg", by=None, **options):
    options = {"max_bytes": MB, "types": tuple(images.TYPES), "box": (200, 300), **options}
    with crm.as_user(by or crm.user) as ctx:
        return files.store(ctx, io.BytesIO(content), name, kind, **options)


def served(crm, row, by=None):
    with crm.as_user(by or crm.user, write=False) as ctx:
        return files.open_(ctx, row.id).path.read_bytes()


def size_of(content):
    return Image.open(io.BytesIO(content)).size


@pytest.mark.parametrize(("language", "words"), [("en", "1.5 MB"), ("fr", "1,5 Mo")])
def test_sizes_are_written_as_the_language_writes_numbers(language, words):
    with i18n.use_language(language):
        assert files.size_text(3 * MB // 2) == words


def test_ct_09_exactly_one_megabyte_is_accepted_and_one_byte_more_refused(crm):
    assert upload(crm, padded_jpeg(1_048_576)).id
    with pytest.raises(TooLarge) as caught:
        upload(crm, padded_jpeg(1_048_577))
    assert "1 MB" in caught.value.text()


def test_ct_09_an_upload_is_not_read_past_its_limit(crm):
    class Endless(io.RawIOBase):
        taken = 0

        def read(self, size=-1):
            self.taken += size
            return b"\xff\xd8\xff" + b"x" * (size - 3)

    stream = Endless()
    with crm.as_user(crm.user) as ctx, pytest.raises(TooLarge):
        files.store(ctx, cast(Any, stream), "a.jpg", "image/jpeg", max_bytes=MB)
    assert stream.taken <= MB + 64 * 1024
    assert list((crm.config.files / "incoming").iterdir()) == []


def test_ct_10_a_larger_photo_is_made_to_fit_and_keeps_its_ratio(crm):
    assert size_of(served(crm, upload(crm, picture(800, 600)))) == (200, 150)
    assert size_of(served(crm, upload(crm, picture(600, 800)))) == (200, 267)
    assert size_of(served(crm, upload(crm, picture(100, 600)))) == (50, 300)


@pytest.mark.parametrize("size", [(100, 100), (200, 300), (1, 1)])
def test_ct_10_a_smaller_photo_stays_as_it_is(crm, size):
    assert size_of(served(crm, upload(crm, picture(*size)))) == size


@pytest.mark.parametrize(("form", "kind"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_photos_keep_their_format(crm, form, kind):
    row = upload(crm, picture(300, 400, form), f"a.{form}", kind)
    assert row.content_type == kind
    assert size_of(served(crm, row)) == (200, 267)


def test_a_gif_becomes_a_png_of_its_first_picture(crm):
    row = upload(crm, picture(50, 50, "GIF", "P"), "a.gif", "image/gif")
    assert (row.content_type, size_of(served(crm, row))) == ("image/png", (50, 50))


def test_the_orientation_of_a_camera_is_applied_and_metadata_are_gone(crm):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Secret Camera"
    content = served(crm, upload(crm, picture(80, 40, exif=exif)))
    assert size_of(content) == (40, 80)
    assert b"Secret" not in content
    assert len(Image.open(io.BytesIO(content)).getexif()) == 0


def test_transparency_and_odd_modes_survive(crm):
    for mode in ("RGBA", "LA", "P", "1", "I;16"):
        row = upload(crm, picture(300, 300, "PNG", mode) if mode != "I;16" else _deep(), "a.png", "image/png")
        assert size_of(served(crm, row)) == (200, 200)
    row = upload(crm, picture(300, 300, "JPEG", "CMYK"))
    assert Image.open(io.BytesIO(served(crm, row))).mode == "RGB"


def _deep():
    target = io.BytesIO()
    Image.new("I;16", (300, 300), 30000).save(target, "PNG")
    return target.getvalue()


def test_a_decompression_bomb_is_refused(crm):
    for side in (7_000, 20_000):
        bomb = picture(side, side, "PNG", "1")
        assert len(bomb) < MB
        with pytest.raises(TooLarge, match="40 million pixels"):
            upload(crm, bomb, "a.png", "image/png")


@pytest.mark.parametrize(
    ("content", "name", "claim"),
    [
        (b"<html><script>alert(1)</script>", "a.jpg", "image/jpeg"),
        (b"GIF89a" + b"\0" * 30, "a.jpg", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n broken", "a.png", "image/png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "a.svg", "image/svg+xml"),
        (b"%PDF-1.7 ...", "a.pdf", "application/pdf"),
    ],
)
def test_what_is_no_picture_is_refused_as_a_picture(crm, content, name, claim):
    with pytest.raises(WrongType):
        upload(crm, content, name, claim)
    with crm.as_user() as ctx:
        assert ctx.session.scalar(sa.select(sa.func.count()).select_from(StoredFile)) == 0


def test_an_empty_file_is_refused(crm):
    with pytest.raises(Invalid):
        upload(crm, b"", types=(), box=None)


@pytest.mark.parametrize(
    ("content", "name", "claim", "found"),
    [
        (b"a,b\n1,2\n", "x.csv", "application/vnd.ms-excel", "text/csv"),
        (b"a,b\n1,2\n", "x.csv", "", "text/csv"),
        (b"BEGIN:VCARD\r\n", "x.vcf", "text/x-vcard", "text/vcard"),
        (b"PK\x03\x04" + b"\0" * 60, "x.docx", "application/octet-stream", None),
        (b"hello", "x", "", "text/plain"),
        (b"<!DOCTYPE html><html>", "x", "", "text/html"),
        (b"%PDF-1.4\n", "x.pdf", "application/x-pdf", "application/pdf"),
        (b"\x00\x01\x02\x03" * 9, "x.bin", "", None),
        ("name;é\n".encode("utf-16"), "x.txt", "text/plain", "text/plain"),
    ],
)
def test_content_types_are_worked_out(content, name, claim, found):
    kind = sniff.content_type(content, name, claim)
    assert kind == found if found else kind


@pytest.mark.parametrize(
    ("content", "claim"),
    [
        (b"\xff\xd8\xff\xe0 jpeg", "image/png"),
        (b"plain text", "image/png"),
        (b"plain text", "application/pdf"),
        (b"plain text", "video/mp4"),
        (b"\x7fELF" + b"\0" * 60, "text/plain"),
        (b"%PDF-1.7", "text/plain"),
    ],
)
def test_a_false_claim_is_refused(content, claim):
    with pytest.raises(WrongType):
        sniff.content_type(content, "a", claim)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\photo.jpg", "photo.jpg"),
        ("a\r\nSet-Cookie: x\x00.txt", "aSet-Cookie: x.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("  .hidden ", "hidden"),
        ("", "file"),
        ("..", "file"),
        ("e\u0301t\u00e9.pdf", "\u00e9t\u00e9.pdf"),
    ],
)
def test_file_names_are_cleaned(given, kept):
    assert files.clean_name(given) == kept


def test_long_names_keep_their_ending():
    assert files.clean_name("x" * 400 + ".pdf") == "x" * 146 + ".pdf"
    assert len(files.clean_name("x" * 400)) == 150


def test_equal_content_is_kept_once(crm):
    first, second = (upload(crm, b"same bytes", n, "", types=(), box=None) for n in ("a.txt", "b.txt"))
    assert first.id != second.id
    assert first.digest == second.digest
    assert len(list(crm.config.files.glob("??/??/*"))) == 1


def test_an_unattached_file_is_its_uploaders(crm):
    row = upload(crm, b"mine", "a.txt", "", types=(), box=None)
    assert served(crm, row) == b"mine"
    assert served(crm, row, crm.admin) == b"mine"
    other = crm.add_user("other@example.com", "Otto Other")
    with pytest.raises(NotFound):
        served(crm, row, other)


def test_ct_08_a_photo_follows_the_access_of_its_record(crm):
    other = crm.add_user("other@example.com", "Otto Other")
    row = upload(crm, picture(50, 50))
    with crm.as_user(crm.user) as ctx:
        thing = records.create(ctx, "test.thing", {"name": "Box", "photo": row.id, "visibility": "read"})
    assert served(crm, row, other)
    with crm.as_user(crm.user) as ctx:
        records.update(ctx, "test.thing", thing.id, {"visibility": "private"})
    assert served(crm, row)
    with pytest.raises(NotFound):
        served(crm, row, other)


def test_ct_08_a_photo_can_be_changed_and_the_old_one_goes(crm):
    first, second = upload(crm, picture(50, 50)), upload(crm, picture(60, 60))
    with crm.as_user(crm.user) as ctx:
        thing = records.create(ctx, "test.thing", {"name": "Box", "photo": first.id})
        records.update(ctx, "test.thing", thing.id, {"photo": second.id})
    with crm.as_user() as ctx:
        assert ctx.session.get(StoredFile, first.id).entity == ""
        assert files.remove_orphans(ctx, older_than=-1) == (0, 0)  # undoing may want it
    with crm.as_user(crm.admin) as ctx:
        settings.set_value(ctx, "core.undo_days", 1)
    with crm.as_user(now=utcnow() + dt.timedelta(days=2)) as ctx:
        assert files.remove_orphans(ctx, older_than=-1) == (1, 1)
    assert size_of(served(crm, second)) == (60, 60)


def test_another_persons_upload_can_not_be_taken(crm):
    row = upload(crm, picture(50, 50), by=crm.admin)
    with crm.as_user(crm.user) as ctx, pytest.raises(Invalid) as caught:
        records.create(ctx, "test.thing", {"name": "Box", "photo": row.id})
    assert caught.value.problems()[0].field == "photo"


def test_a_file_belongs_to_one_record(crm):
    row = upload(crm, picture(50, 50))
    with crm.as_user(crm.user) as ctx:
        records.create(ctx, "test.thing", {"name": "Box", "photo": row.id})
        with pytest.raises(Conflict):
            files.attach(ctx, row.id, "test.thing", 999, "photo")


def test_ct_09_a_field_refuses_what_was_uploaded_with_wider_limits(crm):
    row = upload(crm, b"text", "a.txt", "", types=(), box=None)
    with crm.as_user(crm.user) as ctx, pytest.raises(Invalid) as caught:
        records.create(ctx, "test.thing", {"name": "Box", "photo": row.id})
    assert caught.value.problems()[0].code == "wrong_type"


def test_ct_10_a_photo_uploaded_without_saying_what_for_is_made_to_fit(crm):
    row = upload(crm, picture(800, 600), types=(), box=None)
    with crm.as_user(crm.user) as ctx:
        records.create(ctx, "test.thing", {"name": "Box", "photo": row.id})
    assert size_of(served(crm, row)) == (200, 150)


def test_an_unknown_file_is_not_found(crm):
    with crm.as_user(crm.user) as ctx, pytest.raises(NotFound):
        files.open_(ctx, 12345)


def test_orphans_are_removed_after_their_time_and_nothing_else(crm):
    row = upload(crm, b"orphan", "a.txt", "", types=(), box=None)
    kept = upload(crm, picture(50, 50))
    with crm.as_user(crm.user) as ctx:
        records.create(ctx, "test.thing", {"name": "Box", "photo": kept.id})
        files.thumbnail(ctx, kept.id, 40)
    with crm.as_user() as ctx:
        assert files.remove_orphans(ctx) == (0, 0)
    yesterday = time.time() - 2 * files.GRACE
    for path in crm.config.files.glob("??/??/*"):
        os.utime(path, (yesterday, yesterday))
    with crm.as_user() as ctx:
        assert files.remove_orphans(ctx) == (0, 0)
        ctx.session.execute(sa.update(StoredFile).values(created_at=ctx.now.fromtimestamp(yesterday, ctx.now.tzinfo)))
    with crm.as_user() as ctx:
        assert files.remove_orphans(ctx) == (1, 1)
    assert served(crm, kept)
    with pytest.raises(NotFound):
        served(crm, row)


def test_a_thumbnail_is_made_once(crm):
    row = upload(crm, picture(200, 100))
    with crm.as_user(crm.user) as ctx:
        path, kind = files.thumbnail(ctx, row.id, 48)
        made = path.stat().st_mtime_ns
        assert size_of(path.read_bytes()) == (48, 24)
        assert kind == "image/jpeg"
        assert files.thumbnail(ctx, row.id, 48)[0].stat().st_mtime_ns == made


def test_many_people_may_store_the_same_bytes_at_once(crm):
    crm.refresh()
    errors = []

    def store():
        try:
            upload(crm, b"everyone has this", "a.txt", "", types=(), box=None)
        except Exception as exc:  # noqa: BLE001
            errors.append(exc)

    threads = [threading.Thread(target=store) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(list(crm.config.files.glob("??/??/*"))) == 1
