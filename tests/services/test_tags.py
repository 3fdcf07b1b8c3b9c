import datetime as dt

import pytest
import sqlalchemy as sa

from crm_core import history, records, settings, tag_merging, tags, undo
from crm_core.db import utcnow
from crm_core.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.filters import from_json, parse, to_text
from crm_core.records import ListQuery
from crm_core.web import views
from tests.services.things import THINGS


@pytest.fixture
def contributed():
    return THINGS


def thing(crm, *names, name="A", visibility="read"):
    with crm.as_user(crm.user) as ctx:
        return records.create(ctx, "test.thing", {"name": name, "tags": list(names), "visibility": visibility}).id


def tags_of(crm, record_id):
    with crm.as_user(crm.user) as ctx:
        ids = records.read(ctx, "test.thing", record_id, ("tags",)).values["tags"]
        return sorted(ctx.directory.tag(i).name for i in ids)


def tag(crm, name):
    crm.refresh(force=True)
    return crm.directory.tag_by_name(name)


def test_kn_16_a_tag_typed_on_a_record_is_made(crm):
    record = thing(crm, "Open Source", "vip")
    assert tags_of(crm, record) == ["Open Source", "vip"]
    assert [t.name for t in crm.directory.tags()] == ["Open Source", "vip"]


def test_kn_17_a_tag_has_a_colour_and_case_makes_no_other_tag(crm):
    with crm.as_user(crm.user) as ctx:
        first = tags.create(ctx, "Öpen  Source", "#FF0000")
        assert (first.name, first.colour) == ("Öpen Source", "#ff0000")
        assert tags.create(ctx, "open source").id == first.id


def test_kn_18_records_follow_a_renamed_tag(crm):
    record = thing(crm, "vip")
    with crm.as_user(crm.admin) as ctx:
        tags.update(ctx, tag(crm, "vip").id, name="Key account", colour="#00ff00")
    crm.refresh(force=True)
    assert tags_of(crm, record) == ["Key account"]
    assert tag(crm, "key account").colour == "#00ff00"


def test_kn_18_records_follow_a_merge_and_none_has_a_tag_twice(crm):
    both, one, private = thing(crm, "a", "b"), thing(crm, "a"), thing(crm, "a", "x", visibility="private")
    with crm.as_user(crm.admin) as ctx:
        assert tags.usage(ctx, tag(crm, "a").id) == {"test.thing": 3}
        tag_merging.merge(ctx, [tag(crm, "a").id, tag(crm, "b").id], tag(crm, "b").id)
    crm.refresh(force=True)
    assert [tags_of(crm, r) for r in (both, one, private)] == [["b"], ["b"], ["b", "x"]]
    assert tag(crm, "a") is None


def test_kn_18_a_deleted_tag_leaves_every_record(crm):
    record = thing(crm, "a", "b")
    with crm.as_user(crm.admin) as ctx:
        tag_merging.delete(ctx, tag(crm, "a").id)
    crm.refresh(force=True)
    assert tags_of(crm, record) == ["b"]


def test_kn_18_only_administrators_change_tags(crm):
    thing(crm, "a", "b")
    with crm.as_user(crm.user) as ctx:
        a, b = tag(crm, "a").id, tag(crm, "b").id
        for attempt in (
            lambda: tags.update(ctx, a, name="c"),
            lambda: tag_merging.merge(ctx, [a], b),
            lambda: tag_merging.delete(ctx, a),
        ):
            with pytest.raises(Forbidden):
                attempt()


def test_a_taken_name_is_a_conflict(crm):
    thing(crm, "a", "b")
    with crm.as_user(crm.admin) as ctx:
        with pytest.raises(Conflict, match="merge"):
            tags.update(ctx, tag(crm, "a").id, name="B")
        with pytest.raises(NotFound):
            tag_merging.delete(ctx, 999)


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a, b", None, 5.5j])
def test_bad_names_are_refused(crm, name):
    with crm.as_user(crm.user) as ctx, pytest.raises(Invalid):
        tags.create(ctx, name)


def filtered(crm, text):
    with crm.as_user(crm.user) as ctx:
        return [row.id for row in records.list_(ctx, "test.thing", ListQuery(("name",), filter=parse(text))).items]


def test_kn_18_kept_filters_follow_a_rename_and_a_merge(crm):
    record = thing(crm, "vip", "gold")
    with crm.as_user(crm.user) as ctx:
        spec = views.spec_of(parse('tags has "VIP" or tags in ("gold", "new")'), "", (), "", "")
        number = views.save(ctx, "test.thing", "Mine", spec)
    with crm.as_user(crm.admin) as ctx:
        assert [one.words() for one in tags.plan(ctx, [tag(crm, "vip").id]).named] == ["a view of one person"]
        tags.update(ctx, tag(crm, "vip").id, name="Key account")
    crm.refresh(force=True)
    with crm.as_user(crm.admin) as ctx:
        tag_merging.merge(ctx, [tag(crm, "gold").id], tag(crm, "key account").id)
    crm.refresh(force=True)
    with crm.as_user(crm.user) as ctx:
        node = from_json(views.own_view(ctx, number).spec["filter"])
    assert to_text(node) == 'tags has "Key account" or tags in ("Key account", "new")'
    for text in (to_text(node), 'tags has "vip"', 'tags has "Gold"'):
        assert filtered(crm, text) == [record]
    assert tags_of(crm, thing(crm, "Gold", name="B")) == ["Key account"]


def test_a_former_name_given_to_another_tag_means_that_one(crm):
    thing(crm, "vip")
    with crm.as_user(crm.admin) as ctx:
        tags.update(ctx, tag(crm, "vip").id, name="Key account")
    crm.refresh(force=True)
    with crm.as_user(crm.admin) as ctx:
        tags.create(ctx, "VIP")
    crm.refresh(force=True)
    assert filtered(crm, 'tags has "vip"') == []


def test_kn_16_administrators_may_keep_the_making_of_tags_to_themselves(crm):
    thing(crm, "vip")
    with crm.as_user(crm.admin) as ctx:
        settings.set_value(ctx, "core.users_make_tags", False)
    crm.refresh(force=True)
    assert tags_of(crm, thing(crm, "VIP", name="B")) == ["vip"]
    with pytest.raises(Invalid) as caught:
        thing(crm, "brand new")
    assert caught.value.problems()[0].field == "tags"
    with crm.as_user(crm.user) as ctx, pytest.raises(Forbidden):
        tags.create(ctx, "brand new")
    with crm.as_user(crm.admin) as ctx:
        assert tags.create(ctx, "brand new").id
    assert filtered(crm, 'tags has "unheard of"') == []


def told(crm, record_id):
    with crm.as_user(crm.user) as ctx:
        lines = history.entries(ctx, "test.thing", record_id)
    return [(change.old, change.new) for line in lines for change in line.changes if change.key == "tags"]


def settled(crm, done):
    crm.refresh(force=True)
    return done.batch_id


def test_kn_18_a_merge_of_tags_is_told_on_each_record_and_undone_as_one(crm):
    one, both, later = thing(crm, "gold"), thing(crm, "gold", "silver", "vip"), thing(crm, "silver")
    with crm.as_user(crm.user) as ctx:
        spec = views.spec_of(parse('tags has "gold"'), "", (), "", "")
        number = views.save(ctx, "test.thing", "Mine", spec)
    gold, silver, vip = (tag(crm, name).id for name in ("gold", "silver", "vip"))
    with crm.as_user(crm.admin) as ctx:
        batch = settled(crm, tag_merging.merge(ctx, [gold, silver], vip))
    crm.refresh(force=True)
    assert [tags_of(crm, r) for r in (one, both, later)] == [["vip"]] * 3
    assert told(crm, one)[0] == ("gold", "vip")
    with crm.as_user(crm.user) as ctx:
        records.update(ctx, "test.thing", later, {"tags": ["new"]})
        with pytest.raises(NotFound):
            undo.look(ctx, batch)
    with crm.as_user(crm.admin) as ctx:
        assert (undo.look(ctx, batch).undone, undo.look(ctx, batch).changed) == (2, 1)
        outcome = undo.start(ctx, batch).outcome
    crm.refresh(force=True)
    assert (outcome["undone"], outcome["left"]) == (2, 1)
    assert [tags_of(crm, r) for r in (one, both, later)] == [["gold"], ["gold", "silver", "vip"], ["new"]]
    assert [tag(crm, name).id for name in ("gold", "silver")] == [gold, silver]
    assert tag(crm, "vip").former == ()
    with crm.as_user(crm.user) as ctx:
        assert to_text(from_json(views.own_view(ctx, number).spec["filter"])) == 'tags has "gold"'
    assert filtered(crm, 'tags has "gold"') == [one, both]


def test_kn_18_a_deleted_tag_comes_back_on_its_records_unless_its_name_is_taken(crm):
    record = thing(crm, "a", "b")
    gone = tag(crm, "a").id
    with crm.as_user(crm.admin) as ctx:
        batch = tag_merging.delete(ctx, gone).batch_id
    crm.refresh(force=True)
    assert told(crm, record)[0] == ("a, b", "b")
    assert tag(crm, "a") is None and filtered(crm, 'tags has "a"') == []
    for attempt in (tags.update, tag_merging.delete):
        with crm.as_user(crm.admin) as ctx, pytest.raises(NotFound):
            attempt(ctx, gone)
    thing(crm, "A", name="B")
    crm.refresh(force=True)
    taken = tag(crm, "a").id
    assert taken != gone
    with crm.as_user(crm.admin) as ctx, pytest.raises(Conflict, match="rename"):
        undo.start(ctx, batch)
    with crm.as_user(crm.admin) as ctx:
        tags.update(ctx, taken, name="c")
    crm.refresh(force=True)
    with crm.as_user(crm.admin) as ctx:
        undo.start(ctx, batch)
    crm.refresh(force=True)
    assert tags_of(crm, record) == ["a", "b"]
    assert tag(crm, "a").id == gone


def test_kn_18_a_record_saved_in_the_same_moment_follows_a_little_later(crm):
    record = thing(crm, "b")
    old, new = thing(crm, "a") and tag(crm, "a").id, tag(crm, "b").id
    with crm.as_user(crm.admin) as ctx:
        tag_merging.merge(ctx, [old], new)
    with crm.database.transaction() as session:
        session.execute(sa.text("UPDATE test_thing_link SET target_id = :o WHERE record_id = :r AND target_id = :n"),
                        {"o": old, "r": record, "n": new})  # fmt: skip
    crm.run_jobs(until=utcnow() + dt.timedelta(minutes=1))
    assert tags_of(crm, record) == ["b"]
