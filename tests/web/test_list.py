"""List pages: rows, order, pages, search, filters, columns, cards, and values set in the row."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from crm_core import records
from tests.web.helpers import CONTACT, HTMX, headings, send, text_of, titles

NAMES = ("Alpina Tools", "Blue Harbour", "Kergoat Boats")


@pytest.fixture
def three(crm):
    """Three companies in three towns, the second one private to its owner."""
    towns = ("Brest", "Lyon", "Brest")
    return [
        crm.make(CONTACT, kind="company", name=name, addresses=[{"city": town}], visibility="read", tags=[tag])
        for name, town, tag in zip(NAMES, towns, ("VIP", "Partner", "VIP"), strict=True)
    ]


def test_rows_link_to_their_records(crm, client, three):
    answer = client.get("/contacts?sort=name")
    assert answer.status_code == 200
    assert titles(answer) == list(NAMES)
    assert f'href="/contacts/{three[0]}"' in answer.text


def test_columns_are_headed_by_words_and_sorted_by_a_click(crm, client, three):
    answer = client.get("/contacts?sort=-name")
    assert titles(answer) == list(reversed(NAMES))
    assert "Name" in headings(answer)
    assert 'aria-sort="descending"' in answer.text
    assert re.search(r'href="/contacts\?view=all&amp;sort=name" id="sort-name"', answer.text)


def test_an_unknown_sort_field_is_told_and_is_no_error_500(client, three):
    answer = client.get("/contacts?sort=nonsense")
    assert answer.status_code == 200
    assert "nonsense" in text_of(answer)


def test_pages_lead_on_and_back_by_keys(crm, client):
    for number in range(55):
        crm.make(CONTACT, kind="company", name=f"Company {number:03}")
    first = client.get("/contacts?sort=name")
    assert len(titles(first)) == 50
    onward = re.search(r'id="page-next" rel="next" href="([^"]+)"', first.text)[1].replace("&amp;", "&")
    second = client.get(onward)
    assert titles(second) == [f"Company {n:03}" for n in range(50, 55)]
    back = re.search(r'id="page-previous" rel="prev" href="([^"]+)"', second.text)[1].replace("&amp;", "&")
    assert titles(client.get(back)) == titles(first)
    assert ">55<" in first.text


def test_a_page_marker_of_another_order_starts_at_the_first_page(crm, client, three):
    answer = client.get("/contacts?sort=name&after=bm9uc2Vuc2U")
    assert answer.status_code == 200
    assert titles(answer) == list(NAMES)


def test_kn_07_any_field_filters_the_list_as_in_rest(crm, client, three):
    assert titles(client.get("/contacts?addresses.city=Brest&sort=name")) == [NAMES[0], NAMES[2]]
    assert titles(client.get('/contacts?sort=name&filter=tags+has+"Partner"')) == [NAMES[1]]
    token = crm.token_of(crm.admin)
    found = client.get(
        "/api/v1/contacts?addresses.city=Brest&sort=name", headers={"Authorization": f"Bearer {token}"}
    ).json
    assert [item["name"] for item in found["items"]] == [NAMES[0], NAMES[2]]


def test_the_active_filter_is_told_in_words_with_a_way_to_remove_each_part(client, three):
    text = 'addresses.city = "Brest" and tags has "VIP" and name contains "ker"'
    answer = client.get(f"/contacts?filter={quote(text)}")
    assert titles(answer) == [NAMES[2]]
    chips = re.findall(r'<li class="chip"><span>(.*?)</span><a class="chip-x" href="([^"]+)"', answer.text)
    assert [words for words, _ in chips] == [
        "Addresses › City is Brest", "VIP is among Tags", "Name contains ker",
    ]  # fmt: skip
    assert titles(client.get(chips[2][1].replace("&amp;", "&") + "&sort=name")) == [NAMES[0], NAMES[2]]


def test_an_unreadable_filter_is_told_beside_the_filter_and_kept(client, three):
    text = 'name == "Ker" and'
    answer = client.get(f"/contacts?filter={quote(text)}")
    assert answer.status_code == 200
    assert 'id="filter-error"' in answer.text
    assert "name == &#34;Ker&#34; and" in answer.text
    assert titles(answer) == []
    unknown = client.get("/contacts?filter=nmae+%3D+%22x%22")
    assert "did you mean" in text_of(unknown)


@pytest.mark.parametrize(
    "query",
    ["filter=%00", "q=%00", "view=99999999999999999999", "sort=,,,", "columns=x,y", "group=nonsense", "look=maps",
     "after=%25", "before=%F0%9F%98%80", "filter=" + "(" * 500, "name__zz=1", "a.b.c.d.e=1", "filter=name+%3D+1.5e9"],
)  # fmt: skip
def test_bad_addresses_never_answer_500(client, three, query):
    assert client.get(f"/contacts?{query}").status_code < 500


def test_searching_in_the_list_keeps_the_filter(client, three):
    answer = client.get("/contacts?addresses.city=Brest&q=boats")
    assert titles(answer) == [NAMES[2]]
    assert 'value="boats"' in answer.text
    assert "City is Brest" in text_of(answer)


def test_quick_filters_offer_their_values_and_show_what_is_chosen(crm, client, three):
    page = client.get("/contacts")
    link = re.search(r'href="([^"]+)"><span class="grow">VIP</span>', page.text)[1]
    answer = client.get(link.replace("&amp;", "&") + "&sort=name")
    assert titles(answer) == [NAMES[0], NAMES[2]]
    assert "Tags: VIP" in text_of(answer)


def test_kn_08_cards_and_rows_show_the_same_filter(crm, client, three):
    rows = client.get("/contacts?addresses.city=Brest&sort=name")
    moved = send(client, "/contacts/look?addresses.city=Brest&sort=name", look="cards")
    assert moved.status_code == 303
    cards = client.get(moved.location)
    assert 'class="cards"' in cards.text
    assert titles(cards) == titles(rows)
    assert 'class="cards"' in client.get("/contacts").text
    send(client, "/contacts/look", look="list")
    assert 'class="cards"' not in client.get("/contacts").text


def test_chosen_columns_are_kept_for_the_person_alone(crm, client, three, actor_with):
    send(client, "/contacts/columns", columns=["name", "owner", "addresses"])
    assert headings(client.get("/contacts")) == ["Name", "Owner", "Addresses"]
    other = crm.client_of(actor_with())
    assert headings(other.get("/contacts")) != ["Name", "Owner", "Addresses"]
    send(client, "/contacts/columns", do="reset")
    assert headings(client.get("/contacts")) == headings(other.get("/contacts"))


def test_columns_one_may_not_read_are_neither_offered_nor_shown(crm, client, three, actor_with):
    from crm_core.directory import touch
    from crm_core.models import CustomField

    with crm.database.transaction() as session:
        session.add(
            CustomField(entity=CONTACT, key="margin", type="integer", label={"en": "Margin"}, read_roles=["crm_admin"],
                        edit_roles=["crm_admin"])
        )  # fmt: skip
        touch(session, "registry")
    crm.refresh(force=True)
    boss, user = crm.client_of(crm.admin), crm.client_of(actor_with())
    assert "Margin" in text_of(boss.get("/contacts/columns"))
    assert "Margin" not in text_of(user.get("/contacts/columns"))
    assert "Margin" not in headings(user.get("/contacts?columns=name,cf.margin"))
    assert "Margin" in headings(boss.get("/contacts?columns=name,cf.margin"))
    assert user.get("/contacts?filter=cf.margin+%3E+3").status_code == 200
    assert titles(user.get("/contacts?filter=cf.margin+%3E+3")) == []


def test_ct_14_what_one_may_not_see_is_neither_listed_nor_counted(crm, client, actor_with):
    owner, stranger = actor_with(), actor_with()
    crm.make(CONTACT, by=owner, kind="company", name="Hidden Co", visibility="private")
    crm.make(CONTACT, by=owner, kind="company", name="Open Co", visibility="read")
    answer = crm.client_of(stranger).get("/contacts")
    assert titles(answer) == ["Open Co"]
    assert 'id="list-count">1<' in answer.text


def test_ct_16_public_records_carry_the_public_mark(crm, client):
    crm.make(CONTACT, kind="company", name="Open Co", visibility="read")
    crm.make(CONTACT, kind="company", name="Closed Co", visibility="private")
    answer = client.get("/contacts?sort=name")
    rows = re.findall(r"<tr role=\"row\" data-row.*?</tr>", answer.text, re.S)
    assert ["Public: everyone may read it" in row for row in rows] == [False, True]


def test_kn_10_rows_have_a_menu_and_only_editable_ones_offer_changes(crm, client, actor_with):
    owner, reader = actor_with(), actor_with()
    crm.make(CONTACT, by=owner, kind="company", name="Open Co", visibility="read")
    mine, theirs = crm.client_of(owner).get("/contacts"), crm.client_of(reader).get("/contacts")
    assert "data-row-menu" in mine.text
    assert "data-row-menu" in theirs.text
    assert " data-editable" in mine.text
    assert " data-editable" not in theirs.text
    menu = re.search(r'<template id="row-menu">.*?</template>', mine.text, re.S)[0]
    assert "{url}/edit" in menu
    assert "{url}/delete" in menu


def test_ct_47_the_status_is_set_with_one_click_in_the_row(crm, client):
    record = crm.make(CONTACT, kind="company", name="Alpina", visibility="read")
    page = client.get("/contacts")
    codes = re.findall(r'class="status-step" data-value="([^"]+)"', page.text)
    version = re.search(r'data-version="(\d+)"', page.text)[1]
    answer = send(
        client, f"/contacts/{record}/row", htmx=True, field="prospect_status", value=codes[1], version=version,
        columns="name,prospect_status", look="list",
    )  # fmt: skip
    assert answer.status_code == 200
    assert f'data-value="{codes[1]}" aria-pressed="true"' in answer.text
    assert answer.text.count("<tr ") == 1
    with crm.as_user(crm.admin) as ctx:
        from crm_core import records

        assert records.read(ctx, CONTACT, record, ["prospect_status"]).values["prospect_status"] == codes[1]


def test_a_row_changed_meanwhile_is_shown_as_it_is_now(crm, client):
    from crm_core import records

    record = crm.make(CONTACT, kind="company", name="Alpina", visibility="read")
    with crm.as_user(crm.admin) as ctx:
        records.update(ctx, CONTACT, record, {"name": "Alpina Tools"})
    codes = re.findall(r'class="status-step" data-value="([^"]+)"', client.get("/contacts").text)
    answer = send(
        client, f"/contacts/{record}/row", htmx=True, field="prospect_status", value=codes[1], version="1",
        columns="name,prospect_status",
    )  # fmt: skip
    assert answer.status_code == 200
    assert "Alpina Tools" in answer.text
    assert f'data-value="{codes[1]}" aria-pressed="false"' in answer.text
    assert "crm:toast" in answer.headers["HX-Trigger"]


def test_ct_15_a_record_one_may_only_read_is_not_set(crm, actor_with):
    record = crm.make(CONTACT, kind="company", name="Alpina", visibility="read")
    reader = crm.client_of(actor_with())
    assert send(reader, f"/contacts/{record}/row", htmx=True, field="prospect_status", value="x").status_code in (
        403,
        422,
    )
    hidden = crm.make(CONTACT, kind="company", name="Hidden", visibility="private")
    code = re.findall(r'class="status-step" data-value="([^"]+)"', crm.client_of(crm.admin).get("/contacts").text)[0]
    answer = send(reader, f"/contacts/{hidden}/row", htmx=True, field="prospect_status", value=code)
    assert answer.status_code == 404


def test_rows_are_grouped_by_a_field(crm, client):
    for name, kind in (("Anna Keller", "person"), ("Boats", "company"), ("Cargo", "company")):
        parts = (
            dict(zip(("first_name", "last_name"), name.split(), strict=True)) if kind == "person" else {"name": name}
        )
        crm.make(CONTACT, kind=kind, **parts)
    answer = client.get("/contacts?group=kind&sort=name&columns=name,kind")
    groups = re.findall(r'<tr class="group-row".*?</tr>', answer.text, re.S)
    assert len(groups) == 2
    assert titles(answer) in (["Anna Keller", "Boats", "Cargo"], ["Boats", "Cargo", "Anna Keller"])


def test_empty_lists_say_what_to_do(crm, client, three):
    assert "Show everything" in text_of(client.get("/contacts?q=zzzz"))
    for record in three:
        send(client, f"/contacts/{record}/delete")
    page = client.get("/contacts")
    assert "Add the first one" in text_of(page)
    assert 'href="/contacts/new"' in page.text


def test_a_part_of_a_page_is_answered_without_the_address_changing(client, three):
    answer = client.get("/contacts?q=alpina", headers=HTMX)
    assert titles(answer) == [NAMES[0]]


def test_a_list_page_costs_at_most_four_statements(crm, client):
    for number in range(60):
        crm.make(
            CONTACT, kind="company", name=f"Company {number}", tags=["VIP", "New"], emails=[f"c{number}@example.org"]
        )
    client.get("/contacts")
    with crm.statements() as log:
        assert client.get("/contacts?tags=VIP").status_code == 200
    assert len(log) <= 4, log


def test_the_count_of_a_group_says_when_it_is_of_this_page_alone(crm, client):
    people = [{"kind": "person", "first_name": "Ada", "last_name": f"King {n}"} for n in range(30)]
    firms = [{"kind": "company", "name": f"Kergal {n}"} for n in range(30)]
    with crm.as_user(crm.admin) as ctx:
        records.bulk_create(ctx, CONTACT, [*people, *firms])
    first = client.get("/contacts?group=kind&sort=name")
    assert counts(first) == ["30", "20 on this page"]
    following = re.search(r'id="page-next" rel="next" href="([^"]+)"', first.text)[1].replace("&amp;", "&")
    assert counts(client.get(following)) == ["10 on this page"]


def counts(answer):
    return re.findall(r'<tr class="group-row".*?<span class="count">([^<]+)</span>', answer.text)
