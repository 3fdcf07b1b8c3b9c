"""Photos of contacts (CT-08 to CT-10)."""

import datetime as dt
import io

import pytest
from PIL import Image

from crm_core import files, settings
from crm_core.db import utcnow

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


@pytest.mark.parametrize("how", ["replaced", "taken away", "taken away on the page", "deleted"])
def test_ct_08_a_photo_that_is_no_longer_the_contacts_is_sent_to_nobody_and_swept(
    rest, browser_of, crm, alice, bob, how
):
    api = rest(alice)
    made = api.person(visibility="read", photo=upload(api, picture()))
    path, url = f"/contacts/{made['id']}", made["photo"]["url"]
    people = [browser_of(user).client for user in (alice, bob, None)]
    for address in (url, f"{url}/thumb/96"):
        assert [person.get(address).status_code for person in people] == [200, 200, 200]
    if how == "replaced":
        other = api.patch(path, {"photo": upload(api, picture((50, 50)))})["photo"]["url"]
    elif how == "taken away":
        api.patch(path, {"photo": None})
    elif how == "deleted":
        api.delete(path)
    else:
        browser_of(alice).post(f"{path}/edit", {"photo": "", "version": made["version"]})
        assert api.get(path)["photo"] is None
    for address in (url, f"{url}/thumb/96"):
        assert [person.get(address).status_code for person in people] == [404, 404, 404]
    with crm.as_user(crm.admin) as ctx:
        settings.set_value(ctx, "core.undo_days", 1)
    with crm.as_user(now=utcnow() + dt.timedelta(days=2)) as ctx:
        files.remove_orphans(ctx, older_than=-1)
    left = list(crm.config.files.glob("??/??/*")) + list(crm.config.files.glob("thumbnails/*/*"))
    assert len(left) == (1 if how == "replaced" else 0)
    if how == "replaced":
        assert people[1].get(other).status_code == 200


def test_ct_08_a_photo_that_was_taken_away_can_be_put_back_by_who_uploaded_it(rest, browser_of, alice):
    api = rest(alice)
    made = api.person(photo=upload(api, picture()))
    path, photo = f"/contacts/{made['id']}", made["photo"]
    api.patch(path, {"photo": None})
    assert api.patch(path, {"photo": photo["id"]})["photo"]["id"] == photo["id"]
    assert served_size(browser_of(alice), photo["url"]) == (120, 90)


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
