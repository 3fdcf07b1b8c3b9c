import pytest

from crm_core import records, tags
from crm_core.errors import Conflict, Forbidden, Invalid, NotFound
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
        tags.merge(ctx, [tag(crm, "a").id, tag(crm, "b").id], tag(crm, "b").id)
    crm.refresh(force=True)
    assert [tags_of(crm, r) for r in (both, one, private)] == [["b"], ["b"], ["b", "x"]]
    assert tag(crm, "a") is None


def test_kn_18_a_deleted_tag_leaves_every_record(crm):
    record = thing(crm, "a", "b")
    with crm.as_user(crm.admin) as ctx:
        tags.delete(ctx, tag(crm, "a").id)
    crm.refresh(force=True)
    assert tags_of(crm, record) == ["b"]


def test_kn_18_only_administrators_change_tags(crm):
    thing(crm, "a", "b")
    with crm.as_user(crm.user) as ctx:
        a, b = tag(crm, "a").id, tag(crm, "b").id
        for attempt in (
            lambda: tags.update(ctx, a, name="c"),
            lambda: tags.merge(ctx, [a], b),
            lambda: tags.delete(ctx, a),
        ):
            with pytest.raises(Forbidden):
                attempt()


def test_a_taken_name_is_a_conflict(crm):
    thing(crm, "a", "b")
    with crm.as_user(crm.admin) as ctx:
        with pytest.raises(Conflict, match="merge"):
            tags.update(ctx, tag(crm, "a").id, name="B")
        with pytest.raises(NotFound):
            tags.delete(ctx, 999)


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a, b", None, 5.5j])
def test_bad_names_are_refused(crm, name):
    with crm.as_user(crm.user) as ctx, pytest.raises(Invalid):
        tags.create(ctx, name)
