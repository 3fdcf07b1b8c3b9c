"""Forms of records: new, edit, mistakes, warnings, files, conflicts."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import pytest
from PIL import Image

from crm_core import history, records
from tests.web.record.gallery import ENTITY, Browser, Gallery, fields_of


def picture(size: int = 0, box: tuple[int, int] = (400, 600)) -> io.BytesIO:
    """Return a PNG, padded to ``size`` bytes."""
    stream = io.BytesIO()
    Image.new("RGB", box, "#88aa55").save(stream, "PNG")
    data = stream.getvalue()
    return io.BytesIO(data + b"\0" * max(0, size - len(data)))


def changes_of(gallery: Gallery, record_id: int) -> list[str]:
    with gallery.operation(gallery.directory.actor(gallery.admin), write=False) as ctx:
        return [c.key for e in history.entries(ctx, ENTITY, record_id) if e.action == "update" for c in e.changes]


def id_of(answer: Any) -> int:
    found = re.fullmatch(r"/artists/(\d+)#saved", answer.headers["Location"])
    assert found, answer.headers["Location"]
    return int(found[1])


# ---------------------------------------------------------------- saving


def test_a_filled_form_makes_a_record_with_every_kind_of_field(gallery: Gallery, ada: Browser) -> None:
    keeper = gallery.add_user("bea@example.org", "Bea Keeper")
    studio = gallery.make(kind="studio", name="Atelier")
    form = ada.form_of("/artists/new")
    form |= {
        "name": "Maëlle", "studio": str(studio), "friends": ["", str(studio)], "status": "new",
        "media": ["", "oil", "clay"], "rating": "4",
        "price": "12 500,50", "share": "12.5", "currency": "EUR", "insured": ["false", "true"],
        "born": "31/12/1984", "visit[date]": "01/12/2026", "visit[time]": "14:30", "took": "1:30",
        "mails[0][address]": "M@Example.org", "mails[primary]": "0",
        "places[0][city]": "Nantes", "places[0][country]": "FR",
        "phone": "02 40 12 34 56", "site": "example.org", "home[street]": "1 rue du Port", "home[city]": "Brest",
        "notes": "two\r\nlines", "story": "<p>Hi <script>x</script></p>", "keepers": ["", str(keeper)],
        "cf.score": "120", "about": f"gallery.artist:{studio}",
    }  # fmt: skip
    values = gallery.read(id_of(ada.post("/artists/new", form))).values
    assert values["name"] == "Maëlle" and values["studio"] == studio and values["friends"] == [studio]
    assert str(values["price"]) == "12500.50" and str(values["share"]) == "12.50" and values["rating"] == 4
    assert values["media"] == ["oil", "clay"] and values["insured"] is True and values["took"] == 5400
    assert values["born"].isoformat() == "1984-12-31" and values["visit"].isoformat() == "2026-12-01T14:30:00+00:00"
    assert [m["address"] for m in values["mails"]] == ["m@example.org"] and values["mails"][0]["primary"] is True
    assert values["places"][0]["city"] == "Nantes" and values["home"]["city"] == "Brest"
    assert values["notes"] == "two\nlines" and values["keepers"] == [keeper] and values["cf.score"] == 120
    assert values["about"] == f"gallery.artist:{studio}" and "script" not in values["story"]


def test_saving_an_untouched_form_changes_nothing(gallery: Gallery, ada: Browser) -> None:
    studio = gallery.make(kind="studio", name="Atelier", status="new")
    record = gallery.make(
        name="Ann", price="12.50", took="1:30:05", visit="2026-12-01T14:30:42Z", mails=["a@example.org"], media=["ink"],
        studio=studio, keepers=[gallery.admin], notes="a\nb", home={"city": "Brest"}, insured=True, born="1984-12-31",
    )  # fmt: skip
    before = gallery.read(record)
    answer = ada.post(f"/artists/{record}/edit", ada.form_of(f"/artists/{record}/edit"))
    assert id_of(answer) == record
    after = gallery.read(record)
    assert after.version == before.version and after.values == before.values
    assert changes_of(gallery, record) == []


def test_only_what_was_changed_is_written(gallery: Gallery, ada: Browser) -> None:
    record = gallery.make(name="Ann", nickname="Nan", rating=3, visit="2026-12-01T14:30:42Z")
    form = ada.form_of(f"/artists/{record}/edit") | {"nickname": "Annie", "rating": ""}
    ada.post(f"/artists/{record}/edit", form)
    assert sorted(changes_of(gallery, record)) == ["nickname", "rating"]


def test_several_values_can_be_taken_away(gallery: Gallery, ada: Browser) -> None:
    record = gallery.make(
        name="Ann", media=["oil", "ink"], keepers=[gallery.admin], insured=True, mails=["a@example.org"]
    )
    form = ada.form_of(f"/artists/{record}/edit") | {
        "media": "",
        "keepers": "",
        "insured": "false",
        "mails[0][_delete]": "1",
    }
    ada.post(f"/artists/{record}/edit", form)
    values = gallery.read(record).values
    assert values["media"] == [] and values["keepers"] == [] and values["mails"] == [] and not values["insured"]


def test_lines_work_without_scripts(gallery: Gallery, ada: Browser) -> None:
    record = gallery.make(
        name="Ann", mails=[{"address": "a@example.org", "primary": True}, {"address": "b@example.org"}]
    )
    form = ada.form_of(f"/artists/{record}/edit")
    assert form["mails[2][address]"] == form["mails[3][address]"] == "" and "mails[4][address]" not in form
    form |= {"mails[0][_delete]": "1", "mails[2][address]": "c@example.org", "mails[primary]": "2"}
    ada.post(f"/artists/{record}/edit", form)
    found = [(m["address"], m["primary"]) for m in gallery.read(record).values["mails"]]
    assert found == [("b@example.org", False), ("c@example.org", True)]


def test_ct_17_save_and_new_opens_an_empty_form_of_the_same_kind(gallery: Gallery, ada: Browser) -> None:
    form = ada.form_of("/artists/new?rating=3") | {"kind": "studio", "name": "Atelier", "_then": "new"}
    answer = ada.post("/artists/new?rating=3", form)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/artists/new?rating=3&kind=studio#saved"
    again = ada.get(answer.headers["Location"].partition("#")[0])
    assert "Artist created" in again.text
    fresh = fields_of(again.text)
    assert fresh["name"] == "" and fresh["kind"] == "studio" and fresh["rating"] == "3"
    with gallery.operation(gallery.directory.actor(gallery.admin), write=False) as ctx:
        assert [r.title for r in records.list_(ctx, ENTITY, records.ListQuery()).items] == ["Atelier"]


def test_ct_63_an_address_presets_a_new_record(gallery: Gallery, ada: Browser) -> None:
    studio = gallery.make(kind="studio", name="Atelier")
    form = ada.form_of(
        f"/artists/new?studio={studio}&media=oil&media=ink&mails=a@example.org&born=31/12/2026&insured=1"
        "&unknown=1&created_at=2020-01-01&rating=99&photo=1&id=7"
    )
    assert (
        form["studio"] == str(studio)
        and form["media"] == ["", "oil", "ink"]
        and form["mails[0][address]"] == "a@example.org"
    )
    assert form["born"] == "31/12/2026" and form["insured"] == ["false", "true"] and form["rating"] == ""
    assert "unknown" not in form and "created_at" not in form and form["photo"] == ""
    assert gallery.read(id_of(ada.post("/artists/new", form | {"name": "Ann"}))).values["studio"] == studio


def test_one_returns_to_where_one_came_from_but_never_to_another_site(ada: Browser) -> None:
    form = ada.form_of("/artists/new") | {"name": "Ann"}
    assert ada.post("/artists/new?next=/artists%3Fq%3Dx", form).headers["Location"] == "/artists?q=x#saved"
    assert re.match(
        r"/artists/\d+#saved", ada.post("/artists/new?next=//evil.example", form | {"name": "B"}).headers["Location"]
    )


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("typed", "stored"), [("31/12/2026", "2026-12-31"), ("2026-12-31", "2026-12-31"), ("1/2/2026", "2026-02-01")]
)
def test_kn_24_a_date_is_typed_as_the_person_writes_it(
    plain_ada: Browser, plain_gallery: Gallery, typed: str, stored: str
) -> None:
    form = plain_ada.form_of("/artists/new") | {"name": "Ann", "born": typed}
    assert plain_gallery.read(id_of(plain_ada.post("/artists/new", form))).values["born"].isoformat() == stored


def test_kn_24_a_day_that_does_not_exist_is_refused(plain_ada: Browser) -> None:
    answer = plain_ada.post("/artists/new", plain_ada.form_of("/artists/new") | {"name": "Ann", "born": "31/02/2026"})
    assert answer.status_code == 422
    assert "31/02/2026 is not a date; write it as dd/mm/yyyy" in answer.text
    assert fields_of(answer.text)["born"] == "31/02/2026"


def test_all_mistakes_are_told_at_once_and_what_was_typed_stays(plain_ada: Browser) -> None:
    form = plain_ada.form_of("/artists/new") | {
        "name": "", "price": "abc", "site": "no site",
        "mails[0][address]": "fine@example.org", "mails[1][address]": "wrong@",
        "notes": "<keep> & me", "media": ["", "ink"], "cf.score": "5000", "status": "signed",
    }  # fmt: skip
    answer = plain_ada.post("/artists/new", form)
    assert answer.status_code == 422
    text = html.unescape(answer.text)
    for wanted in (
        "Name is required",
        "abc is not a number",
        "is not a web address",
        "wrong@ is not an e-mail address",
        "between 0 and 1000",
    ):
        assert wanted in text
    for control in ("f-name", "f-price", "f-site", "f-mails-1-address", "f-cf-score"):
        assert f'href="#{control}"' in answer.text
        assert re.search(
            rf'id="{control}"[^>]*aria-invalid="true"[^>]*aria-describedby="[^"]*{control}-error', answer.text
        )
    again = fields_of(answer.text)
    assert again["notes"] == "<keep> & me" and again["media"] == ["", "ink"] and again["status"] == "signed"
    assert again["mails[1][address]"] == "wrong@" and again["price"] == "abc"


def test_a_plugins_refusal_stands_at_its_field(plain_ada: Browser) -> None:
    answer = plain_ada.post("/artists/new", plain_ada.form_of("/artists/new") | {"name": "Nobody"})
    assert answer.status_code == 422 and "Nobody is no name" in answer.text


def test_ct_61_an_equal_name_asks_and_can_be_saved_anyway(plain_gallery: Gallery, plain_ada: Browser) -> None:
    plain_gallery.make(name="Ann")
    form = plain_ada.form_of("/artists/new") | {"name": "Ann"}
    assert "There is already an artist with this name" in plain_ada.post("/artists/warnings", form, htmx=True).text
    assert "already" not in plain_ada.post("/artists/warnings", form | {"name": "Bob"}, htmx=True).text
    asked = plain_ada.post("/artists/new", form)
    assert asked.status_code == 422 and "There is already an artist with this name" in asked.text
    confirm = re.search(r'name="_confirm" value="(\w+)"', asked.text)
    assert confirm
    assert plain_ada.post("/artists/new", form | {"_confirm": "other"}).status_code == 422
    saved = plain_ada.post("/artists/new", fields_of(asked.text) | {"_confirm": confirm[1]})
    assert plain_gallery.read(id_of(saved)).title == "Ann"


def test_parts_that_are_hidden_are_neither_needed_nor_changed(plain_gallery: Gallery, plain_ada: Browser) -> None:
    record = plain_gallery.make(kind="person", name="Ann", nickname="Nan")
    form = plain_ada.form_of(f"/artists/{record}/edit") | {"kind": "studio", "nickname": "ignored", "staff": "12"}
    plain_ada.post(f"/artists/{record}/edit", form)
    values = plain_gallery.read(record).values
    assert values["kind"] == "studio" and values["staff"] == 12 and values["nickname"] == "Nan"


def test_a_field_for_other_roles_is_not_in_the_form(plain_gallery: Gallery) -> None:
    bea = plain_gallery.add_user("bea@example.org", "Bea")
    browser = plain_gallery.browser(bea)
    assert "secret" in plain_gallery.browser().form_of("/artists/new") and "secret" not in browser.form_of(
        "/artists/new"
    )
    answer = browser.post("/artists/new", browser.form_of("/artists/new") | {"name": "Ann", "secret": "x"})
    assert plain_gallery.read(id_of(answer)).values["secret"] is None


def test_what_one_may_not_see_or_change_has_no_form(plain_gallery: Gallery) -> None:
    bea = plain_gallery.browser(plain_gallery.add_user("bea@example.org", "Bea"))
    private, readable = (
        plain_gallery.make(name="Private", visibility="private"),
        plain_gallery.make(name="Readable", visibility="read"),
    )
    assert bea.get(f"/artists/{private}/edit").status_code == 404
    assert bea.post(f"/artists/{private}/edit", {"name": "x", "version": "1"}).status_code == 404
    assert bea.get(f"/artists/{readable}/edit").status_code == 403
    assert bea.post(f"/artists/{readable}/edit", {"name": "x", "version": "1"}).status_code == 403
    assert plain_gallery.read(readable).title == "Readable"
    assert bea.get("/artists/99999999999999999999/edit").status_code == 404
    assert bea.get("/nothing/new").status_code == 404


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"name": "x" * 100_000},
        {"name": "\x00"},
        {"name": "\ud800".encode("utf-8", "surrogatepass")},
        {"_base": "[1", "name": "Ann"},
        {"_base": "[" * 5000, "name": "Ann"},
        {"mails[0][address]": "a", "mails": "x"},
        {"mails[][address]": "x", "mails": ""},
        {"studio": "999999999999999999999999", "name": "Ann"},
        {"studio": "-1", "name": "Ann"},
        {"kind": "robot", "name": "Ann"},
        {"keepers": ["a", "9e9"], "name": "Ann"},
        {"home[street]": "x" * 9999, "name": "Ann"},
        {"visit[date]": "1", "visit[time]": "99:99"},
        {"photo": "77777", "name": "Ann"},
        {"photo[file]": "no file", "name": "Ann"},
        {"about": "core.user:1", "name": "Ann"},
        {"price": "1e999", "name": "Ann"},
        {"price": "NaN", "name": "Ann"},
        {"took": "9" * 400, "name": "Ann"},
        {"born": "0000-00-00"},
        {"version": "x", "name": "Ann"},
        {"media": ["oil", "oil", "none"], "name": "Ann"},
        {"_restore": "1", "studio": "x", "media": "q"},
    ],
)
def test_bad_input_is_never_the_servers_fault(plain_gallery: Gallery, form: dict[str, Any]) -> None:
    browser = plain_gallery.browser()
    record = plain_gallery.make(name="Kept")
    for path in (
        "/artists/new",
        f"/artists/{record}/edit",
        "/artists/warnings",
        f"/artists/{record}/set",
        f"/artists/{record}/comments",
    ):
        assert browser.post(path, form).status_code < 500, path


# ---------------------------------------------------------------- files


def test_ct_09_a_photo_over_one_megabyte_is_refused_and_the_rest_stays(gallery: Gallery, ada: Browser) -> None:
    form = ada.form_of("/artists/new") | {
        "name": "Ann",
        "notes": "kept",
        "photo[file]": (picture(1024 * 1024 + 1), "ann.png"),
    }
    answer = ada.post("/artists/new", form, content_type="multipart/form-data")
    assert answer.status_code == 422 and "larger than 1 MB" in answer.text
    assert fields_of(answer.text)["notes"] == "kept" and 'id="f-photo-file"' in answer.text
    again = fields_of(answer.text) | {"photo[file]": (picture(1024 * 1024), "ann.png")}
    record = id_of(ada.post("/artists/new", again, content_type="multipart/form-data"))
    photo = gallery.read(record).values["photo"]
    assert photo and f"/files/{photo}" in ada.get(f"/artists/{record}").text


def test_a_refused_file_does_not_hide_the_other_mistakes(ada: Browser) -> None:
    form = ada.form_of("/artists/new") | {
        "name": "",
        "price": "abc",
        "photo[file]": (io.BytesIO(b"no picture"), "x.png"),
    }
    text = ada.post("/artists/new", form, content_type="multipart/form-data").text
    assert "Name is required" in text and "abc is not a number" in text and 'href="#f-photo-file"' in text


def test_an_uploaded_file_survives_other_mistakes_and_can_be_removed(gallery: Gallery, ada: Browser) -> None:
    form = ada.form_of("/artists/new") | {"name": "", "photo[file]": (picture(), "portrait.png")}
    answer = ada.post("/artists/new", form, content_type="multipart/form-data")
    assert answer.status_code == 422 and "portrait.png" in answer.text
    again = fields_of(answer.text)
    record = id_of(ada.post("/artists/new", again | {"name": "Ann"}))
    photo = gallery.read(record).values["photo"]
    assert str(photo) == again["photo"]
    ada.post(f"/artists/{record}/edit", ada.form_of(f"/artists/{record}/edit") | {"photo[remove]": "1"})
    assert gallery.read(record).values["photo"] is None


def test_another_persons_upload_can_not_be_taken(gallery: Gallery) -> None:
    ada, bea = gallery.browser(), gallery.browser(gallery.add_user("bea@example.org", "Bea"))
    form = ada.form_of("/artists/new") | {"name": "", "photo[file]": (picture(), "p.png")}
    theirs = fields_of(ada.post("/artists/new", form, content_type="multipart/form-data").text)["photo"]
    answer = bea.post("/artists/new", bea.form_of("/artists/new") | {"name": "Ann", "photo": theirs})
    assert answer.status_code in (404, 409, 422)


# ---------------------------------------------------------------- two people


def conflict(gallery: Gallery) -> tuple[Browser, int, Any]:
    """Return a browser on the conflict page of a record that the other person changed meanwhile."""
    ada, bea = gallery.browser(), gallery.add_user("bea@example.org", "Bea Second")
    record = gallery.make(name="Ann", nickname="Nan", notes="old", visibility="write", media=["oil"], rating=2)
    form = ada.form_of(f"/artists/{record}/edit")
    with gallery.operation(gallery.directory.actor(bea)) as ctx:
        records.update(ctx, ENTITY, record, {"nickname": "Theirs", "notes": "theirs", "media": ["ink"], "rating": 4})
    mine = form | {"nickname": "Mine", "phone": "02 40 12 34 56", "rating": "4"}
    return ada, record, ada.post(f"/artists/{record}/edit", mine)


def test_kn_06_two_edits_of_a_record_do_not_overwrite_each_other(gallery: Gallery) -> None:
    _, record, page = conflict(gallery)
    assert page.status_code == 412 and "Bea Second" in page.text
    assert gallery.read(record).values["nickname"] == "Theirs"
    picks = fields_of(page.text)
    assert {k: v for k, v in picks.items() if k.startswith("_pick")} == {
        "_pick[nickname]": "mine", "_pick[phone]": "mine", "_pick[notes]": "theirs", "_pick[media]": "theirs",
    }  # fmt: skip


def test_kn_06_the_choice_is_saved_field_by_field(gallery: Gallery) -> None:
    ada, record, page = conflict(gallery)
    answer = ada.post(
        f"/artists/{record}/edit", fields_of(page.text) | {"_pick[nickname]": "theirs", "_pick[media]": "mine"}
    )
    assert id_of(answer) == record
    values = gallery.read(record).values
    assert values["nickname"] == "Theirs" and values["notes"] == "theirs" and values["rating"] == 4
    assert values["media"] == ["oil"] and values["phone"] == "+33240123456"


def test_kn_06_one_may_go_on_editing_with_the_choice(gallery: Gallery) -> None:
    ada, record, page = conflict(gallery)
    again = ada.post(f"/artists/{record}/edit", fields_of(page.text) | {"_edit": "1"})
    assert again.status_code == 200
    form = fields_of(again.text)
    assert form["nickname"] == "Mine" and form["notes"] == "theirs"
    ada.post(f"/artists/{record}/edit", form | {"nickname": "Third"})
    values = gallery.read(record).values
    assert values["nickname"] == "Third" and values["notes"] == "theirs" and values["media"] == ["ink"]


def test_kn_06_the_same_change_by_both_is_no_conflict(gallery: Gallery) -> None:
    ada, record = gallery.browser(), gallery.make(name="Ann")
    form = ada.form_of(f"/artists/{record}/edit") | {"nickname": "Same"}
    with gallery.operation(gallery.directory.actor(gallery.admin)) as ctx:
        records.update(ctx, ENTITY, record, {"nickname": "Same"})
    assert id_of(ada.post(f"/artists/{record}/edit", form)) == record


def test_a_second_conflict_is_told_as_well(gallery: Gallery) -> None:
    ada, record, page = conflict(gallery)
    with gallery.operation(gallery.directory.actor(gallery.admin)) as ctx:
        records.update(ctx, ENTITY, record, {"nickname": "Yet another"})
    again = ada.post(f"/artists/{record}/edit", fields_of(page.text))
    assert again.status_code == 412 and "Yet another" in again.text


# ---------------------------------------------------------------- drafts, choosers


def test_kn_15_a_restored_draft_shows_what_was_typed_and_saves_nothing(gallery: Gallery, ada: Browser) -> None:
    record = gallery.make(name="Ann")
    form = ada.form_of(f"/artists/{record}/edit") | {"nickname": "typed", "mails[0][address]": "half@", "_restore": "1"}
    answer = ada.post(f"/artists/{record}/edit", form)
    assert answer.status_code == 200 and gallery.read(record).values["nickname"] is None
    again = fields_of(answer.text)
    assert again["nickname"] == "typed" and again["mails[0][address]"] == "half@" and again["version"] == "1"


def test_kn_16_tags_are_picked_or_made_on_the_spot(gallery: Gallery, ada: Browser) -> None:
    first = gallery.read(
        id_of(ada.post("/artists/new", ada.form_of("/artists/new") | {"name": "A", "tags": ["", "vip", "new one"]}))
    )
    assert len(first.values["tags"]) == 2
    found = ada.get("/options/tags?q=VI").json["items"]
    assert [t["label"] for t in found] == ["vip"]
    second = ada.post("/artists/new", ada.form_of("/artists/new") | {"name": "B", "tags": ["", found[0]["value"]]})
    assert gallery.read(id_of(second)).values["tags"] == [int(found[0]["value"])]


def test_kn_22_a_reference_list_grows_from_the_form(gallery: Gallery, ada: Browser) -> None:
    assert 'data-extend="/lists/gallery.style/add"' in ada.get("/artists/new").text
    answer = ada.post("/lists/gallery.style/add", {"label": "Art  nouveau"})
    assert answer.status_code == 201 and answer.json == {"code": "art_nouveau", "label": "Art nouveau"}
    assert ada.post("/lists/gallery.style/add", {"label": "art NOUVEAU"}).json["code"] == "art_nouveau"
    assert 'value="art_nouveau"' in ada.get("/artists/new").text
    record = id_of(ada.post("/artists/new", ada.form_of("/artists/new") | {"name": "Ann", "style": "art_nouveau"}))
    assert gallery.read(record).values["style"] == "art_nouveau"
    assert ada.post("/lists/gallery.style/add", {"label": " "}).status_code == 422
    assert ada.post("/lists/nothing/add", {"label": "x"}).status_code == 404


def test_a_chooser_offers_only_what_one_may_see(gallery: Gallery) -> None:
    gallery.make(name="Atelier Open", kind="studio")
    gallery.make(name="Atelier Hidden", kind="studio", visibility="private")
    gallery.make(name="Atelier Person")
    bea = gallery.browser(gallery.add_user("bea@example.org", "Bea"))

    def labels(query: str) -> list[str]:
        return [item["label"] for item in bea.get(f"/artists/options?{query}").json["items"]]

    assert labels("q=atel") == ["Atelier Open", "Atelier Person"] and labels("q=hidden") == []
    assert labels("q=atel&where=kind+%3D+%22studio%22") == ["Atelier Open"]
    assert set(labels("")) == {"Atelier Open", "Atelier Person"}
    assert bea.get("/artists/options?where=((").status_code == 400
    assert [i["value"].split(":")[0] for i in bea.get("/options/related?q=atel").json["items"]] == [ENTITY] * 2
    assert [i["label"] for i in bea.get("/options/users?q=ada").json["items"]] == ["Ada Admin"]


def test_a_hidden_link_is_neither_shown_nor_lost(gallery: Gallery) -> None:
    studio = gallery.make(name="Hidden", kind="studio", visibility="private")
    record = gallery.make(name="Ann", studio=studio, visibility="write")
    bea = gallery.browser(gallery.add_user("bea@example.org", "Bea"))
    page = bea.get(f"/artists/{record}/edit")
    assert "Hidden" not in page.text
    bea.post(f"/artists/{record}/edit", fields_of(page.text) | {"nickname": "Nan"})
    values = gallery.read(record).values
    assert values["studio"] == studio and values["nickname"] == "Nan"
