import threading

import pytest

from crm_core import lists, records
from crm_core.directory_reading import load_directory
from crm_core.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.i18n import use_language
from crm_core.models import ListEntry
from tests.services.things import THINGS


@pytest.fixture
def contributed():
    return THINGS


@pytest.fixture
def crm(crm):
    seed(crm)
    return crm


def seed(crm):
    with crm.database.transaction() as session:
        lists.seed(session, crm.registry)
    crm.refresh(force=True)


def entries(crm, key="test.kind"):
    crm.refresh(force=True)
    return {e.code: e for e in crm.directory.entries(key)}


def change(crm, entry, **changes):
    with crm.as_user(crm.admin) as ctx:
        return lists.update_entry(ctx, entry.id, **changes)


def test_lists_are_seeded_once_and_never_over_a_change(crm):
    assert list(entries(crm)) == ["big", "small", "odd"]
    assert entries(crm)["big"].role == "default"
    big = entries(crm)["big"]
    change(crm, big, label={"en": "Huge"})
    with crm.as_user(crm.admin) as ctx:
        lists.remove_entry(ctx, entries(crm)["odd"].id)
    seed(crm)
    assert {c: e.title() for c, e in entries(crm).items()} == {"big": "Huge", "small": "Small"}


def test_seeded_entries_speak_every_language(crm):
    labels = {e.code: e.label for e in crm.directory.entries("core.channel")}
    assert set(labels) >= {"note", "email", "phone", "meeting", "letter", "sms"}
    assert all("en" in label for label in labels.values())


def test_ct_04_an_administrator_adds_an_entry_and_a_user_is_refused(crm):
    with crm.as_user(crm.admin) as ctx:
        made = lists.add_entry(ctx, "test.kind", "Très grand", colour="#00FF00", weight="7")
    entry = entries(crm)["tres_grand"]
    assert entry.id == made.id
    assert (entry.colour, entry.values, entry.order) == ("#00ff00", {"weight": 7}, 3)
    with crm.as_user(crm.user) as ctx, pytest.raises(Forbidden):
        lists.add_entry(ctx, "test.kind", "Mine")


def test_kn_22_users_extend_a_list_that_allows_it(crm):
    with crm.as_user(crm.user) as ctx:
        assert lists.may_add(ctx, "test.colour")
        assert lists.add_entry(ctx, "test.colour", "Bleu").code == "bleu"
        with pytest.raises(Forbidden):
            lists.add_entry(ctx, "test.colour", "Green", colour="#00ff00")
    from crm_core import settings

    with crm.as_user(crm.admin) as ctx:
        settings.set_value(ctx, "core.users_extend_lists", False)
    with crm.as_user(crm.user) as ctx:
        assert not lists.may_add(ctx, "test.colour")
        with pytest.raises(Forbidden):
            lists.add_entry(ctx, "test.colour", "Green")


def test_an_entry_that_has_the_label_already_is_returned(crm):
    with crm.as_user(crm.admin) as ctx:
        first = lists.add_entry(ctx, "test.kind", "Élevé")
        assert lists.add_entry(ctx, "test.kind", " eleve ").id == first.id
        assert lists.add_entry(ctx, "test.kind", "BIG").code == "big"
        assert lists.add_entry(ctx, "test.kind", "big!").code == "big_2"


def test_two_people_adding_the_same_entry_get_one(crm):
    made, start = [], threading.Barrier(3)

    def add():
        start.wait()
        with crm.as_user(crm.user) as ctx:
            made.append(lists.add_entry(ctx, "test.colour", "Mauve").id)

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 3
    assert len(set(made)) == 1


def test_a_role_goes_to_one_entry(crm):
    change(crm, entries(crm)["small"], role="default")
    assert {c: e.role for c, e in entries(crm).items()} == {"big": "", "small": "default", "odd": ""}
    with pytest.raises(Invalid):
        change(crm, entries(crm)["small"], role="unknown")


def test_kn_23_the_order_is_kept(crm):
    now = entries(crm)
    with crm.as_user(crm.admin) as ctx:
        lists.reorder(ctx, "test.kind", [now["odd"].id, now["big"].id])
    assert list(entries(crm)) == ["odd", "big", "small"]
    with crm.as_user(crm.admin) as ctx, pytest.raises(Invalid):
        lists.reorder(ctx, "test.kind", [99999])
    with crm.as_user(crm.user) as ctx, pytest.raises(Forbidden):
        lists.reorder(ctx, "test.kind", [])


def test_the_code_is_frozen_and_labels_are_free(crm):
    with use_language("fr"):
        change(crm, entries(crm)["big"], label={"fr": "Grand", "en": "Big"})
    entry = entries(crm)["big"]
    assert entry.label == {"en": "Big", "fr": "Grand"}
    assert change(crm, entry, label="Bigger").label == {"en": "Bigger", "fr": "Grand"}
    with pytest.raises(Invalid):
        change(crm, entry, code="other")
    with pytest.raises(Invalid, match="has this label"):
        change(crm, entry, label="small")


@pytest.mark.parametrize(
    "bad",
    [
        {"label": ""}, {"label": "x" * 121}, {"label": {"xx": "a"}}, {"colour": "red"}, {"icon": "<b>"},
        {"active": "maybe"}, {"parent": "big"}, {"parent": "nothing"}, {"weight": "1000"}, {"label": ["x"]},
    ],
)  # fmt: skip
def test_bad_values_are_named(crm, bad):
    with pytest.raises(Invalid) as caught:
        change(crm, entries(crm)["big"], **bad)
    assert caught.value.problems()[0].field == next(iter(bad))


def test_entries_may_stand_below_each_other_but_not_in_a_circle(crm):
    change(crm, entries(crm)["small"], parent="big")
    change(crm, entries(crm)["odd"], parent="small")
    with pytest.raises(Invalid):
        change(crm, entries(crm)["big"], parent="odd")
    with crm.as_user(crm.admin) as ctx, pytest.raises(Conflict, match="deactivate"):
        lists.remove_entry(ctx, entries(crm)["big"].id)


def test_a_used_entry_is_deactivated_and_never_removed(crm):
    with crm.as_user(crm.user) as ctx:
        colour = lists.add_entry(ctx, "test.colour", "Blue")
    with crm.as_user(crm.user) as ctx:
        thing = records.create(
            ctx, "test.thing", {"name": "A", "kind": "odd", "colours": ["blue"], "visibility": "private"}
        )
    with crm.as_user(crm.admin) as ctx:
        assert lists.usage(ctx, ctx.directory.entry("test.kind", "odd")) == {"test.thing": 1}
        assert lists.usage(ctx, colour) == {"test.thing": 1}
        for entry_id in (ctx.directory.entry("test.kind", "odd").id, colour.id):
            with pytest.raises(Conflict, match="1 records"):
                lists.remove_entry(ctx, entry_id)
    change(crm, entries(crm)["odd"], active=False)
    with crm.as_user(crm.user) as ctx:
        assert records.read(ctx, "test.thing", thing.id, ("kind",)).values["kind"] == "odd"


def test_the_last_entry_can_not_go(crm):
    red = entries(crm, "test.colour")["red"]
    with crm.as_user(crm.admin) as ctx, pytest.raises(Conflict):
        lists.remove_entry(ctx, red.id)
    with pytest.raises(Conflict):
        change(crm, red, active=False)


def test_the_entries_of_a_fixed_list_stay(crm):
    entry = entries(crm, "test.fixed")["a"]
    assert change(crm, entry, label="Another label").label["en"] == "Another label"
    with crm.as_user(crm.admin) as ctx:
        for attempt in (
            lambda: lists.add_entry(ctx, "test.fixed", "B"),
            lambda: lists.remove_entry(ctx, entry.id),
            lambda: lists.update_entry(ctx, entry.id, active=False),
        ):
            with pytest.raises(Conflict, match="fixed"):
                attempt()


def test_unknown_lists_and_entries_are_not_found(crm):
    with crm.as_user(crm.admin) as ctx:
        with pytest.raises(NotFound, match=r"test\.nothing"):
            lists.add_entry(ctx, "test.nothing", "A")
        with pytest.raises(NotFound):
            lists.update_entry(ctx, 99999, label="A")


def test_every_process_sees_a_change(crm):
    with crm.database.transaction(write=False) as session:
        before = load_directory(session, crm.registry).stamp
    change(crm, entries(crm)["big"], colour="#123456")
    with crm.database.transaction(write=False) as session:
        assert load_directory(session, crm.registry).stamp > before
        assert session.get(ListEntry, entries(crm)["big"].id).colour == "#123456"
