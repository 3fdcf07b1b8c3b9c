"""Pictures of social networks as photos, and what photos carry (CT-10, CT-11)."""

import io
import struct
import zlib

import pytest
from PIL import Image

from crm_core import switching

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
NETWORK = """
# /// crm-plugin
# name = "faces"
# title = "Faces"
# core = ">=0.1"
# requires = ["contacts"]
# ///
import io
from PIL import Image
from crm_core.api import hookimpl
from crm_contacts.api import OfferedPicture, PictureSource

def picture(size):
    out = io.BytesIO()
    Image.new("RGB", size, (10, 200, 30)).save(out, "PNG")
    return out.getvalue()

def found(ctx, address):
    if "down" in address:
        raise OSError("no network")
    yield OfferedPicture(key="1", label=f"Portrait on {address}", load=lambda: picture((800, 600)))
    yield OfferedPicture(key="2", label="Broken", load=lambda: b"no picture")

@hookimpl
def crm_contribute():
    return [PictureSource(key="faces.linkedin", label="Faces", kinds=("linkedin",), pictures=found)]
"""


@pytest.fixture
def network(crm):
    """Turns on a plugin that knows a network."""

    def on():
        crm.config.plugins.mkdir(parents=True)
        (crm.config.plugins / "faces.py").write_text(NETWORK.lstrip(), "utf-8")
        switching.enable(crm.database, crm.config, "faces")
        crm.refresh(force=True)

    return on


def _known(api, url="https://linkedin.example/anne"):
    return api.person(websites=[{"url": url, "kind": "linkedin"}])["id"]


@ONE
def test_ct_11_pictures_of_a_stored_network_address_are_offered_as_photos(rest, browser_of, network):
    number = _known(rest())
    assert "Pictures" not in browser_of().get(f"/contacts/{number}/tabs")
    browser_of().get(f"/contacts/{number}?tab=pictures", status=404)
    rest().post(f"/contacts/{number}/actions/use_picture", {"picture": "faces.linkedin:1"}, status=409)
    network()
    other = rest().person(first="No", last="Network")["id"]
    assert "Pictures" not in browser_of().get(f"/contacts/{other}/tabs")
    assert "Pictures" in browser_of().get(f"/contacts/{number}/tabs")
    page = browser_of().get(f"/contacts/{number}?tab=pictures")
    assert "Portrait on https://linkedin.example/anne" in page
    assert "data:image/png;base64," in page
    assert "Broken" not in page
    browser_of().post(f"/contacts/{number}/actions/use_picture", {"picture": "faces.linkedin:1"})
    photo = rest().get(f"/contacts/{number}")["photo"]
    served = browser_of().client.get(photo["url"])
    assert Image.open(io.BytesIO(served.data)).size == (200, 150)
    rest().post(f"/contacts/{number}/actions/use_picture", {"picture": "faces.linkedin:2"}, status=415)
    assert rest().problems("POST", f"/contacts/{number}/actions/use_picture", {"picture": "x"}) == {"picture": "choice"}


@ONE
def test_ct_11_a_network_that_is_down_offers_nothing_and_breaks_nothing(rest, browser_of, network):
    number = _known(rest(), "https://down.example/anne")
    network()
    assert "No pictures found" in browser_of().get(f"/contacts/{number}?tab=pictures")


def _upload(api, content, name, status=201):
    head = {"Authorization": f"Bearer {api.token}"}
    answer = api.client.post("/api/v1/files", data={"file": (io.BytesIO(content), name)}, headers=head)
    assert answer.status_code == status, answer.text
    return answer.json.get("id")


@ONE
def test_ct_10_photos_are_turned_upright_and_carry_no_metadata(rest, browser_of):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "taken at home"  # turn right; a description
    out = io.BytesIO()
    Image.new("RGB", (800, 400), (200, 80, 20)).save(out, "JPEG", exif=exif)
    made = rest().person(photo=_upload(rest(), out.getvalue(), "p.jpg"))
    served = browser_of().client.get(made["photo"]["url"]).data
    found = Image.open(io.BytesIO(served))
    assert found.size == (150, 300)
    assert dict(found.getexif()) == {}
    assert b"taken at home" not in served


@ONE
def test_ct_09_a_small_file_that_unpacks_to_a_huge_picture_is_refused(rest, crm):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 9999)) + chunk(b"IEND", b"")
    api = rest()
    file_id = _upload(api, b"\x89PNG\r\n\x1a\n" + parts, "p.png")
    found = api.call(
        "POST", "/contacts", {"kind": "person", "first_name": "Ida", "last_name": "Bomb", "photo": file_id}, status=422
    )
    assert found["errors"][0]["field"] == "photo"
    assert "million pixels" in found["errors"][0]["message"]
    assert api.titles() == []
