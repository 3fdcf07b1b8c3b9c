"""Merging entries of reference lists: the records, kept filters and defaults that name one follow (KN-23, CT-23)."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from crm_core import customfields, history, list_merging, lists, records, undo
from crm_core.db import utcnow
from crm_core.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.filters import parse
from crm_core.records import ListQuery
from crm_core.web import views
from tests.services.things import THINGS

THING = "test.thing"


@pytest.fixture
def contributed():
    return THINGS


@pytest.fixture
def crm(crm):
    with crm.database.transaction() as session:
        lists.seed(session, crm.registry)
    crm.refresh(force=True)
    return crm


def entry(crm, code, key="test.kind"):
    crm.refresh(force=True)
    return crm.directory.entry(key, code)


def thing(crm, by=None, **values):
    with crm.as_user(by or crm.user) as ctx:
        return records.create(ctx, THING, {"name": "A", **values}).id


def merge(crm, source, target, key="test.kind", **options):
    ids = entry(crm, source, key).id, entry(crm, target, key).id
    with crm.as_user(crm.admin, **options) as ctx:
        done = list_merging.merge(ctx, *ids)
    crm.refresh(force=True)
    return done


def kinds(crm, *ids, field="kind"):
    with crm.as_user(crm.admin) as ctx:
        return [records.read(ctx, THING, i, (field,)).values[field] for i in ids]


def found(crm, text):
    with crm.as_user(crm.admin) as ctx:
        return {row.id for row in records.list_(ctx, THING, ListQuery(("name",), filter=parse(text))).items}


def test_records_follow_in_columns_links_and_own_fields_with_their_history(crm):
    with crm.as_user(crm.admin) as ctx:
        customfields.create(ctx, THING, key="mood", type="choice", label="Mood", options={"list": "test.kind"})
        customfields.create(ctx, THING, key="gone", type="choice", label="Gone", options={"list": "test.kind"})
        lists.add_entry(ctx, "test.colour", "Blue")
    crm.refresh(force=True)
    one = thing(crm, kind="big", **{"cf.mood": "big", "cf.gone": "big"}, visibility="private")
    other, mixed = thing(crm, kind="small"), thing(crm, colours=["blue", "red"])
    blue = thing(crm, colours=["blue"])
    with crm.as_user(crm.admin) as ctx:
        customfields.retire(ctx, 2)
    done = merge(crm, "big", "small")
    assert [(use.place.key, use.records) for use in done.uses] == [("kind", 1), ("cf.mood", 1), ("cf.gone", 1)]
    assert kinds(crm, one, other) == ["small", "small"]
    assert kinds(crm, one, field="cf.mood") == ["small"]
    merge(crm, "blue", "red", "test.colour")
    assert kinds(crm, mixed, blue, field="colours") == [["red"], ["red"]]
    with crm.as_user(crm.admin) as ctx:
        customfields.restore(ctx, 2)
        told = {c.key: (c.old, c.new) for e in history.entries(ctx, THING, one) for c in e.changes}
        links = {c.key: (c.old, c.new) for e in history.entries(ctx, THING, mixed) for c in e.changes}
        assert records.get(ctx, THING, one).version == 4
    assert told["kind"] == told["cf.mood"] == ("Big", "Small")
    assert links["colours"] == ("Blue, Red", "Red")
    crm.refresh(force=True)
    assert kinds(crm, one, field="cf.gone") == ["small"]


def test_the_entry_is_gone_from_the_list_and_its_names_mean_the_other(crm):
    record = thing(crm, kind="odd")
    merge(crm, "odd", "small")
    assert [e.code for e in crm.directory.entries("test.kind")] == ["big", "small"]
    assert thing(crm, kind="Odd") and kinds(crm, thing(crm, kind="odd")) == ["small"]
    assert record in found(crm, 'kind = "odd"') == found(crm, 'kind in ("odd", "small")')
    with crm.as_user(crm.admin) as ctx:
        with pytest.raises(NotFound):
            lists.update_entry(ctx, entry(crm, "odd").id, label="x")
        made = lists.add_entry(ctx, "test.kind", "Odd")
        assert made.code == "odd_2"
    assert kinds(crm, thing(crm, kind="Odd")) == ["odd_2"]


def test_kn_22_a_user_does_not_bring_a_merged_entry_back(crm):
    with crm.as_user(crm.admin) as ctx:
        lists.add_entry(ctx, "test.colour", "Blue")
    merge(crm, "blue", "red", "test.colour")
    with crm.as_user(crm.user) as ctx:
        assert lists.add_entry(ctx, "test.colour", "blue").code == "red"


def test_views_grants_conditions_defaults_marks_and_entries_below_follow(crm):
    with crm.as_user(crm.admin) as ctx:
        both = views.spec_of(parse('kind in ("big", "small")'), "", (), "", "")
        shown = views.save(ctx, THING, "Big ones", both, shared=True)
        own = {"type": "choice", "label": "Mood", "options": {"list": "test.kind"}}
        customfields.create(ctx, THING, key="mood", default="big", **own)
        customfields.create(ctx, THING, key="why", type="text", label="Why", visible_if='kind = "big"')
        lists.update_entry(ctx, entry(crm, "odd").id, parent="big")
    with crm.as_user(crm.user) as ctx:
        views.save(ctx, THING, "Mine", views.spec_of(parse('not kind = "Big"'), "", (), "", ""))
    ids = entry(crm, "big").id, entry(crm, "small").id
    with crm.as_user(crm.admin) as ctx:
        plan = list_merging.plan(ctx, *ids)
    named = ["the view Big ones", "a view of one person", "the field Why", "the field Mood"]
    assert ([one.words() for one in plan.named], plan.below, plan.records) == (named, 1, 0)
    merge(crm, "big", "small")
    assert entry(crm, "small").role == "default"
    assert entry(crm, "odd").parent == "small"
    with crm.as_user(crm.admin) as ctx:
        assert views.own_view(ctx, shown).spec["filter"] == {"path": "kind", "op": "in", "value": ["small"]}
        fields = ctx.registry.fields(THING)
    assert fields["cf.mood"].default == "small"
    assert fields["cf.why"].visible_if.value == "small"


def test_a_merge_is_undone_as_one(crm):
    old = thing(crm, kind="small")
    mine, changed = thing(crm, kind="big"), thing(crm, kind="big")
    with crm.as_user(crm.admin) as ctx:
        shown = views.save(ctx, THING, "Big", views.spec_of(parse('kind = "big"'), "", (), "", ""), shared=True)
    batch = merge(crm, "big", "small").batch_id
    with crm.as_user(crm.user) as ctx:
        records.update(ctx, THING, changed, {"kind": "odd"})
    with crm.as_user(crm.admin) as ctx:
        assert undo.look(ctx, batch).undone == 1
    with crm.as_user(crm.admin) as ctx:
        line = next(e for e in history.entries(ctx, THING, mine) if e.changes)
        step = undo.look_at_change(ctx, line.id)
        assert (step.possible, step.problems[0].code) == (False, "merged")
        outcome = undo.start(ctx, batch).outcome
    assert (outcome["undone"], outcome["left"]) == (1, 1)
    assert kinds(crm, old, mine, changed) == ["small", "big", "odd"]
    assert [e.code for e in entry_list(crm)] == ["big", "small", "odd"]
    assert entry(crm, "big").role == "default"
    with crm.as_user(crm.admin) as ctx:
        assert views.own_view(ctx, shown).spec["filter"]["value"] == "big"


def entry_list(crm):
    crm.refresh(force=True)
    return crm.directory.entries("test.kind")


def test_what_may_not_be_merged(crm):
    big, small, red = entry(crm, "big").id, entry(crm, "small").id, entry(crm, "red", "test.colour").id
    with crm.as_user(crm.user) as ctx, pytest.raises(Forbidden):
        list_merging.merge(ctx, big, small)
    with crm.as_user(crm.admin) as ctx:
        lists.update_entry(ctx, small, role="end")
    for source, target, error in (
        (big, red, Invalid), (big, big, Invalid), (big, 99999, Invalid), (99999, big, NotFound),
        (big, small, Conflict), (entry(crm, "a", "test.fixed").id, big, Invalid), (red, big, Invalid),
    ):  # fmt: skip
        with crm.as_user(crm.admin) as ctx, pytest.raises(error):
            list_merging.merge(ctx, source, target)
    with crm.as_user(crm.admin) as ctx:
        for code in ("big", "odd"):
            lists.update_entry(ctx, entry(crm, code).id, active=False)
    with crm.as_user(crm.admin) as ctx, pytest.raises(Conflict, match="stays active"):
        list_merging.merge(ctx, small, entry(crm, "odd").id)
    merge(crm, "odd", "small")


def test_statements_do_not_grow_with_the_records_and_chains_end_at_the_last(crm):
    def statements(number, source, target):
        with crm.as_user(crm.admin, quiet=True) as ctx:
            for _ in range(number):
                records.create(ctx, THING, {"name": "A", "kind": source, "colours": ["red"]})
        with crm.statements() as log:
            merge(crm, source, target)
        return len(log)

    assert statements(1, "odd", "big") + 5 >= statements(30, "big", "small")
    assert len(found(crm, 'kind = "small"')) == len(found(crm, 'kind = "odd"')) == 31
    assert entry(crm, "odd").merged_into == "small"


def test_a_record_saved_in_the_same_moment_is_found_by_the_job(crm):
    merge(crm, "odd", "small")
    late = thing(crm, kind="big")
    with crm.database.transaction() as session:
        session.execute(sa.text("UPDATE test_thing SET kind = 'odd' WHERE id = :id"), {"id": late})
    crm.run_jobs(until=utcnow() + dt.timedelta(minutes=1))
    assert kinds(crm, late) == ["small"]
