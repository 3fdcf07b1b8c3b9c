"""The pages where administrators keep lists, tags, currencies and options."""

from __future__ import annotations

import re

import pytest

from tests.web.helpers import CONTACT, send, text_of

LIST = "/settings/lists/contacts.type"


@pytest.fixture
def boss(sqlite_crm):
    return sqlite_crm.client_of(sqlite_crm.admin)


def entries(client):
    """Return (id, label) of the entries of the list, in the order of the page."""
    page = client.get(LIST).text
    rows = re.findall(r'data-id="(\d+)" id="entry-\d+">.*?<span class="cut">(.*?)</span>', page, re.S)
    return [(int(number), label) for number, label in rows]


def test_every_list_is_on_the_index(sqlite_crm, boss):
    page = boss.get("/settings/lists").text
    for key in sqlite_crm.registry.lists:
        assert f'href="/settings/lists/{key}"' in page
        assert boss.get(f"/settings/lists/{key}").status_code == 200
    assert boss.get("/settings/lists/no.such").status_code == 404


def test_ct_04_a_type_added_by_an_administrator_is_selectable(sqlite_crm, boss):
    send(boss, LIST, label="Ambassador")
    assert entries(boss)[-1][1] == "Ambassador"
    assert "Ambassador" in text_of(boss.get("/contacts/new"))
    user = sqlite_crm.client_of(sqlite_crm.add_user("u@example.org", "Una User"))
    assert send(user, LIST, label="Mine").status_code == 403


def test_kn_23_the_order_set_is_the_order_shown(boss):
    before = [number for number, _ in entries(boss)]
    answer = send(boss, f"{LIST}/order", ids=[str(n) for n in reversed(before)])
    assert answer.status_code in (204, 303)
    assert [number for number, _ in entries(boss)] == before[::-1]
    assert send(boss, f"{LIST}/order", ids=["999999"]).status_code == 422


def test_ct_23_labels_are_renamed_in_each_language_and_coloured(sqlite_crm, boss):
    number = entries(boss)[0][0]
    assert "Label (Français)" in text_of(boss.get(f"{LIST}/{number}"))
    send(
        boss,
        f"{LIST}/{number}",
        **{"label.en": "Scorching", "label.fr": "Brûlant", "colour": "#dc2626", "icon": "fire"},
    )
    entry = sqlite_crm.directory.entry_by_id(number)
    assert entry.label == {"en": "Scorching", "fr": "Brûlant"}
    assert (entry.colour, entry.icon) == ("#dc2626", "fire")
    assert "Scorching" in text_of(boss.get(LIST))


def test_a_used_entry_is_deactivated_not_removed(sqlite_crm, boss):
    number = entries(boss)[0][0]
    code = sqlite_crm.directory.entry_by_id(number).code
    record = sqlite_crm.make(CONTACT, kind="company", name="Alpina", type=code)
    assert 'value="remove"' not in boss.get(f"{LIST}/{number}").text
    send(boss, f"{LIST}/{number}", do="remove")
    assert "use this entry" in text_of(boss.get(LIST))
    send(boss, f"{LIST}/{number}", do="off")
    assert "Not active" in text_of(boss.get(LIST))
    assert boss.get(f"/contacts/{record}").status_code == 200
    send(boss, f"{LIST}/{number}", do="on")
    assert "Not active" not in text_of(boss.get(LIST))


def test_an_unused_entry_is_removed(sqlite_crm, boss):
    send(boss, LIST, label="Mistake")
    number = entries(boss)[-1][0]
    send(boss, f"{LIST}/{number}", do="remove")
    assert sqlite_crm.directory.entry_by_id(number) is None


def test_bad_input_is_told_and_changes_nothing(sqlite_crm, boss):
    before = entries(boss)
    assert send(boss, LIST, label="  ").status_code == 303
    assert "required" in text_of(boss.get(LIST))
    send(boss, f"{LIST}/{before[0][0]}", **{"label.en": "x" * 500})
    send(boss, f"{LIST}/{before[0][0]}", **{"label.en": "Fine", "colour": "red"})
    assert entries(boss) == before
    assert send(boss, f"{LIST}/987654", **{"label.en": "x"}).status_code == 404
    assert boss.get("/settings/lists/contacts.industry/" + str(before[0][0])).status_code == 404


def test_kn_21_a_new_category_of_notes_is_selectable_and_entries_keep_it(sqlite_crm, boss):
    channels, record = "/settings/lists/core.channel", sqlite_crm.make(CONTACT, kind="company", name="Alpina")
    send(boss, channels, label="Trade fair")
    made = next(e for e in sqlite_crm.directory.entries("core.channel") if e.code == "trade_fair")
    choice = 'name="channel" value="trade_fair"'
    assert choice in boss.get(f"/contacts/{record}").text
    send(boss, f"/contacts/{record}/comments", body="Met at the stand", channel="trade_fair")
    send(boss, f"{channels}/{made.id}", **{"label.en": "Exhibition"})
    page = text_of(boss.get(f"/contacts/{record}/timeline"))
    assert ("Exhibition" in page, "Met at the stand" in page) == (True, True)
    send(boss, f"{channels}/{made.id}", do="remove")
    assert "1 records use this entry" in text_of(boss.get(channels))
    send(boss, f"{channels}/{made.id}", do="off")
    assert choice not in boss.get(f"/contacts/{record}").text
    assert "Exhibition" in text_of(boss.get(f"/contacts/{record}/timeline"))
    meeting = next(e.id for e in sqlite_crm.directory.entries("core.channel") if e.code == "meeting")
    assert "1 comments show the other" in text_of(boss.get(f"{channels}/{made.id}/merge?into={meeting}"))
    send(boss, f"{channels}/{made.id}/merge", into=str(meeting))
    assert "Meeting" in text_of(boss.get(f"/contacts/{record}/timeline"))
    user = sqlite_crm.client_of(sqlite_crm.add_user("u@example.org", "Una User"))
    assert send(user, channels, label="Mine").status_code == 403


def test_kn_18_tags_renamed_merged_and_deleted_take_every_record_along(sqlite_crm, boss):
    from crm_core import records

    record = sqlite_crm.make(CONTACT, kind="company", name="Alpina", tags=["VIP", "Old"])
    ids = {t.name: t.id for t in sqlite_crm.directory.tags()}
    page = text_of(boss.get("/settings/tags"))
    assert "VIP" in page
    assert "1 record" in page
    send(boss, f"/settings/tags/{ids['VIP']}", name="Very important", colour="#dc2626")
    assert "Very important" in text_of(boss.get(f"/contacts/{record}"))
    send(boss, "/settings/tags/merge", ids=[str(ids["Old"])], target=str(ids["VIP"]))

    def tags():
        with sqlite_crm.as_user(sqlite_crm.admin) as ctx:
            return records.read(ctx, CONTACT, record, ["tags"]).values["tags"]

    assert tags() == [ids["VIP"]]
    send(boss, f"/settings/tags/{ids['VIP']}", do="delete")
    assert tags() == []
    assert boss.get("/settings/tags/987654").status_code == 404
    assert send(boss, "/settings/tags/merge", ids=["1"], target="x").status_code == 404


def test_an_entry_is_merged_after_its_plan_was_seen(sqlite_crm, boss):
    ids = {e.code: e.id for e in sqlite_crm.directory.entries("contacts.type")}
    record = sqlite_crm.make(CONTACT, kind="company", name="Alpina", type="client")
    url = f"{LIST}/{ids['client']}/merge"
    assert "Show what changes" in text_of(boss.get(url))
    page = text_of(boss.get(f"{url}?into={ids['partner']}"))
    assert "“Client” becomes “Partner”" in page
    assert f"Contacts {sqlite_crm.registry.field(CONTACT, 'type').title()} 1" in page
    answer = send(boss, url, into=str(ids["partner"]), follow=True)
    assert "became “Partner” in 1 records" in text_of(answer)
    assert [label for _, label in entries(boss)] == ["Supplier", "Partner", "Competitor"]
    assert "Partner" in text_of(boss.get(f"/contacts/{record}"))
    assert text_of(boss.get(f"/contacts/{record}/history")).count("Client") == 1
    assert boss.get(f"{LIST}/{ids['client']}").status_code == 404
    batch = re.search(r"/profile/changes/batch/(\d+)", boss.get("/profile/changes").text)[1]
    assert "Contact types" in text_of(boss.get(f"/profile/changes/batch/{batch}"))
    send(boss, f"/profile/changes/batch/{batch}/undo")
    assert "Client" in text_of(boss.get(f"/contacts/{record}"))


def test_what_can_not_be_merged_is_said_in_words(sqlite_crm, boss):
    kind = {e.code: e.id for e in sqlite_crm.directory.entries("contacts.address_kind")}
    nature = {e.code: e.id for e in sqlite_crm.directory.entries("contacts.nature")}
    addresses, natures = "/settings/lists/contacts.address_kind", "/settings/lists/contacts.nature"
    refused = boss.get(f"{addresses}/{kind['work']}/merge?into={kind['home']}")
    assert (refused.status_code, "relies on this entry" in text_of(refused)) == (409, True)
    assert boss.get(f"{natures}/{nature['prospect']}/merge?into={nature['customer']}").status_code == 409
    assert boss.get(f"{addresses}/{kind['home']}/merge?into={nature['customer']}").status_code == 422
    assert send(boss, f"{addresses}/{kind['home']}/merge", into="x").status_code == 303
    user = sqlite_crm.client_of(sqlite_crm.add_user("u@example.org", "Una User"))
    assert user.get(f"{addresses}/{kind['home']}/merge").status_code == 403
    assert send(user, f"{addresses}/{kind['home']}/merge", into=str(kind["other"])).status_code == 403


def test_addresses_follow_a_merged_kind(sqlite_crm, boss):
    from crm_core import history, records

    kind = {e.code: e.id for e in sqlite_crm.directory.entries("contacts.address_kind")}
    lines = [{"kind": "home", "city": "Lyon"}, {"kind": "billing", "city": "Metz"}]
    record = sqlite_crm.make(CONTACT, kind="company", name="Alpina", addresses=lines)
    send(boss, f"/settings/lists/contacts.address_kind/{kind['billing']}/merge", into=str(kind["home"]))
    with sqlite_crm.as_user(sqlite_crm.admin) as ctx:
        found = records.read(ctx, CONTACT, record, ["addresses"]).values["addresses"]
        (change,) = history.entries(ctx, CONTACT, record)[0].changes
        assert (change.key, records.get(ctx, CONTACT, record).version) == ("addresses", 2)
    assert [(line["kind"], line["city"]) for line in found] == [("home", "Lyon"), ("home", "Metz")]


def test_kn_18_thousands_of_tags_are_found_and_paged(sqlite_crm, boss):
    from crm_core.models import Tag

    with sqlite_crm.database.transaction() as session:
        session.add_all(Tag(name=f"Tag {n:04}", key=f"tag {n:04}", former=[]) for n in range(1, 1202))
    with sqlite_crm.as_user(sqlite_crm.admin) as ctx:
        from crm_core import tags

        tags.create(ctx, "Élan")
    page = text_of(boss.get("/settings/tags?page=2"))
    assert ("Tag 0100" in page, "Tag 0300" in page, "Page 2 of 13, 1202 tags" in page) == (True, False, True)
    assert "Élan" in text_of(boss.get("/settings/tags?q=elan"))
    assert "No tag has this in its name" in text_of(boss.get("/settings/tags?q=zzz"))
    for strange in ("?page=-1", "?page=99999999999999999999", "?page=x"):
        assert boss.get(f"/settings/tags{strange}").status_code == 200


def test_kn_18_a_name_that_is_taken_leads_to_merging(sqlite_crm, boss):
    sqlite_crm.make(CONTACT, kind="company", name="Alpina", tags=["VIP", "Old"])
    ids = {t.name: t.id for t in sqlite_crm.directory.tags()}
    question = text_of(send(boss, f"/settings/tags/{ids['Old']}", name="vip", follow=True))
    assert "1 record follows" in question
    assert "merge the two" in question
    listed = text_of(boss.get(f"/settings/tags/merge?ids={ids['Old']}&into=VIP"))
    assert "1 record follows" in listed
    assert "There is no tag nothing" in text_of(boss.get(f"/settings/tags/merge?ids={ids['Old']}&into=nothing"))
    assert "Tick other tags" in text_of(boss.get(f"/settings/tags/merge?ids={ids['VIP']}&into=VIP"))
    send(boss, "/settings/tags/merge", ids=[str(ids["Old"])], target=str(ids["VIP"]))
    assert [t.name for t in sqlite_crm.directory.tags()] == ["VIP"]


def test_ad_08_and_ad_09_default_currency_and_rates(sqlite_crm, boss):
    send(boss, "/settings/currencies", currency="USD", rate="0,92", day="2026-01-15")
    page = text_of(boss.get("/settings/currencies"))
    assert "USD" in page
    assert "0.92" in page
    send(boss, "/settings/currencies", currency="USD", rate="-1", day="2026-01-16")
    assert "greater than 0" in text_of(boss.get("/settings/currencies"))
    send(boss, "/settings/currencies", currency="USD", rate="1", day="31/02/2026")
    assert "not a date" in text_of(boss.get("/settings/currencies"))
    send(boss, "/settings/currencies/default", currency="USD")
    assert sqlite_crm.directory.default_currency == "USD"
    send(boss, "/settings/currencies/remove", currency="EUR", day="2026-01-15")
    assert sqlite_crm.directory.rates == {}
    assert send(boss, "/settings/currencies/remove", currency="EUR", day="never").status_code == 303


def test_options_of_every_plugin_are_set_in_one_form(sqlite_crm, boss):
    page = boss.get("/settings/options")
    assert "Everyone may add entries" in text_of(page)
    answer = send(boss, "/settings/options", **{"core.users_extend_lists": "false"})
    assert answer.status_code == 303
    assert sqlite_crm.directory.setting("core.users_extend_lists") is False


def test_a_refused_option_keeps_the_others_as_they_were_and_shows_all(sqlite_crm, boss):
    number = next(k for k in sqlite_crm.registry.sequences)
    answer = send(
        boss, "/settings/options",
        **{"core.users_extend_lists": "false", f"sequence.{number}": "no number at all"},
    )  # fmt: skip
    assert answer.status_code == 422
    assert "no number at all" in answer.text
    assert sqlite_crm.directory.setting("core.users_extend_lists") is True
