"""Photos of contacts (CT-08 to CT-10)."""

import io

import pytest
from PIL import Image

LIMIT = 1024 * 1024


def picture(size=(120, 90), kind="PNG"):
    """Return the bytes of a picture."""
    out = io.BytesIO()
    Image.new("RGB", size, (200, 80, 20)).save(out, kind)
    return out.getvalue()


def upload(api, content, name="photo.png"):
    """Upload a file and return its id."""
    answer = api.client.post(
        "/api/v1/files",
        data={"file": (io.BytesIO(content), name)},
        headers={"Authorization": f"Bearer {api.token}"},
    )
    assert answer.status_code == 201, answer.text
    return answer.json["id"]


def served_size(browser, url):
    answer = browser.client.get(url)
    assert answer.status_code == 200
    return Image.open(io.BytesIO(answer.data)).size


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_ct_08_photo_is_shown_on_page_list_and_card(rest, browser_of, kind):
    api, browser = rest(), browser_of()
    made = api.person(photo=upload(api, picture(kind=kind), f"photo.{kind.lower()}"))
    url = made["photo"]["url"]
    for page in ("/contacts", f"/contacts/{made['id']}", f"/contacts/{made['id']}/card"):
        assert f'src="{url}' in browser.get(page)
    assert served_size(browser, url) == (120, 90)


def test_ct_08_photo_can_be_changed_and_taken_away(rest):
    api = rest()
    made = api.person(photo=upload(api, picture()))
    other = upload(api, picture((50, 50)))
    assert api.patch(f"/contacts/{made['id']}", {"photo": other})["photo"]["id"] == other
    assert api.patch(f"/contacts/{made['id']}", {"photo": None})["photo"] is None


def test_ct_08_photo_of_a_private_contact_is_private(rest, browser_of, alice, bob):
    api = rest(alice)
    made = api.person(photo=upload(api, picture()))
    assert browser_of(alice).client.get(made["photo"]["url"]).status_code == 200
    assert browser_of(bob).client.get(made["photo"]["url"]).status_code == 404


@pytest.mark.parametrize(("extra", "status"), [(0, 303), (1, 422)])
def test_ct_09_photo_of_one_megabyte_and_no_byte_more(browser_of, rest, extra, status):
    browser = browser_of()
    content = picture(kind="JPEG")
    content += b"\0" * (LIMIT + extra - len(content))
    form = {
        "kind": "person", "first_name": "Anne", "last_name": "Martin", "photo": "",
        "photo[file]": (io.BytesIO(content), "photo.jpg"),
    }  # fmt: skip
    answer = browser.post("/contacts/new", form, status=status)
    assert rest().titles() == ([] if extra else ["Anne Martin"])
    if extra:
        assert "1 MB" in answer.text


@pytest.mark.parametrize(
    ("size", "served"), [((800, 600), (200, 150)), ((300, 900), (100, 300)), ((100, 100), (100, 100))]
)
def test_ct_10_larger_photos_are_made_to_fit(rest, browser_of, size, served):
    api = rest()
    made = api.person(photo=upload(api, picture(size)))
    assert served_size(browser_of(), made["photo"]["url"]) == served
