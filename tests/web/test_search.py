"""Search in everything, suggestions, the palette and the home page."""

from __future__ import annotations

import re

import pytest

from crm_core import switching
from crm_core.web.marking import marked
from tests.web.helpers import CONTACT, send, text_of


@pytest.fixture
def boss(sqlite_crm):
    sqlite_crm.make(CONTACT, kind="company", name="Kergoat Boats", emails=["hello@kergoat.example.org"])
    sqlite_crm.make(CONTACT, kind="company", name="Alpina Tools")
    return sqlite_crm.client_of(sqlite_crm.admin)


def test_the_search_page_shows_what_is_found_by_kind(boss):
    page = boss.get("/search?q=kergoat")
    assert "Kergoat Boats" in text_of(page)
    assert "<mark>Kergoat</mark>" in page.text
    assert "Alpina" not in text_of(page)
    assert "Nothing found for “zzz”" in text_of(boss.get("/search?q=zzz"))
    assert boss.get("/search").status_code == 200


def test_suggestions_are_options_that_lead_to_records(boss):
    answer = boss.get("/search/suggest?q=alp")
    assert 'role="option"' in answer.text
    assert "<mark>Alp</mark>ina Tools" in answer.text
    assert "/search?q=alp" in answer.text


def test_records_one_may_not_see_are_not_suggested(sqlite_crm, boss):
    sqlite_crm.make(CONTACT, kind="company", name="Kergoat Secret", visibility="private")
    user = sqlite_crm.client_of(sqlite_crm.add_user("u@example.org", "Una User"))
    for path in ("/search?q=kergoat", "/search/suggest?q=kergoat", "/search/palette?q=kergoat"):
        assert "Secret" in text_of(boss.get(path))
        assert "Secret" not in text_of(user.get(path))


def test_recent_records_are_shown_only_while_one_may_see_them(sqlite_crm, boss):
    owner = sqlite_crm.add_user("o@example.org", "Olga Owner")
    record = sqlite_crm.make(CONTACT, by=owner, kind="company", name="Soon Hidden", visibility="read")
    user = sqlite_crm.client_of(sqlite_crm.add_user("u@example.org", "Una User"))
    user.get(f"/contacts/{record}")
    assert "Soon Hidden" in text_of(user.get("/search/palette"))
    assert "Soon Hidden" in text_of(user.get("/"))
    send(sqlite_crm.client_of(owner), f"/contacts/{record}/set", field="visibility", value="private")
    assert "Soon Hidden" not in text_of(user.get("/search/palette"))
    assert "Soon Hidden" not in text_of(user.get("/"))


def test_the_last_twenty_records_are_kept_over_deletion_and_modules_switched_off(sqlite_crm, boss):
    made = [sqlite_crm.make(CONTACT, kind="company", name=f"Wombat {n:02}") for n in range(23)]
    for record in made:
        boss.get(f"/contacts/{record}")
    token = {"Authorization": f"Bearer {sqlite_crm.token_of(sqlite_crm.admin)}"}

    def last():
        shown = re.findall(r"Wombat \d\d", text_of(boss.get("/search/suggest")))
        over_rest = boss.get("/api/v1/search/recent", headers=token).json["items"]
        assert [hit["title"] for hit in over_rest] == shown
        return shown

    assert last() == [f"Wombat {n:02}" for n in range(22, 2, -1)]
    send(boss, f"/contacts/{made[22]}/delete")
    assert last() == [f"Wombat {n:02}" for n in range(21, 2, -1)]
    switching.disable(sqlite_crm.database, sqlite_crm.config, "contacts")
    sqlite_crm.refresh(force=True)
    assert last() == []
    switching.enable(sqlite_crm.database, sqlite_crm.config, "contacts")
    sqlite_crm.refresh(force=True)
    assert last() == [f"Wombat {n:02}" for n in range(21, 2, -1)]


def test_the_palette_offers_pages_and_things_to_create(sqlite_crm, boss):
    shown = text_of(boss.get("/search/palette"))
    assert "Settings" in shown
    assert "Contacts" in shown
    assert "New: " in shown
    user = sqlite_crm.client_of(sqlite_crm.add_user("u@example.org", "Una User"))
    assert "Settings" not in text_of(user.get("/search/palette"))
    assert "Settings" not in text_of(boss.get("/search/palette?q=contacts"))


@pytest.mark.parametrize("text", ["", "%", "_", "\\", "(", "<b>", "a" * 5000, "\x00", "’", "日本", "  "])
def test_nothing_one_types_breaks_the_search(boss, text):
    for path in ("/search", "/search/suggest", "/search/palette"):
        assert boss.get(path, query_string={"q": text}).status_code == 200


@pytest.mark.parametrize(
    ("title", "text", "shown"),
    [
        ("Kergoat & <Sons>", "ker", "<mark>Ker</mark>goat &amp; &lt;Sons&gt;"),
        ("<b>", "b", "&lt;<mark>b</mark>&gt;"),
        ("a.b", ".", "a<mark>.</mark>b"),
        ("Anna Anna", "anna", "<mark>Anna</mark> <mark>Anna</mark>"),
        ("Anne Müller-Straße", "muller strasse", "Anne <mark>Müller</mark>-<mark>Straße</mark>"),
        ("Anne Mu\u0308ller", "mu", "Anne <mark>Mu\u0308</mark>ller"),
        ("Łódź & Ærø", "LODZ aero", "<mark>Łódź</mark> &amp; <mark>Ærø</mark>"),
        ("plain", "", "plain"),
    ],
)
def test_words_are_marked_and_everything_is_escaped(title, text, shown):
    assert str(marked(title, text)) == shown


def test_the_home_page_tells_what_others_changed_in_ones_records(sqlite_crm, boss):
    owner = sqlite_crm.add_user("o@example.org", "Olga Owner")
    record = sqlite_crm.make(CONTACT, by=owner, kind="company", name="Olga's Boats", visibility="read")
    mine = sqlite_crm.client_of(owner)
    assert "Olga's Boats" not in text_of(mine.get("/"))
    send(boss, f"/contacts/{record}/set", field="score", value="3")
    home = text_of(mine.get("/"))
    assert "Olga's Boats" in home
    assert "changed this" in home
    assert "Olga's Boats" not in text_of(boss.get("/")) or "changed this" not in text_of(boss.get("/"))


def test_a_first_visit_says_where_to_begin(sqlite_crm):
    user = sqlite_crm.client_of(sqlite_crm.add_user("n@example.org", "Nora New"))
    page = text_of(user.get("/"))
    assert "Nora" in page
    assert "Your working day starts here" in page
