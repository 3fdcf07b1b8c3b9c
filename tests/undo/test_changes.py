"""Undoing one change: what goes back, what stands in the way, and who may."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import pytest
from PIL import Image

from crm_core import comments, customfields, files, history, records, settings, undo
from crm_core.db import utcnow
from crm_core.directory import touch
from crm_core.errors import Conflict, Forbidden, NotFound
from crm_core.models import FieldAccess
from tests.undo.conftest import CONTACT, Desk, codes

ADDRESS = {"street": "Quai 1", "zip": "29200", "city": "Brest", "country": "FR"}


def hide(crm, key, *, read=("crm_admin",), edit=("crm_admin",)):
    with crm.database.transaction() as session:
        session.add(FieldAccess(entity=CONTACT, field=key, read_roles=list(read), edit_roles=list(edit)))
        touch(session)
    crm.refresh(force=True)


def test_a_change_goes_back_with_lines_tags_links_and_comes_again(crm, desk):
    parent, other = desk.new(name="Group"), desk.new(name="Other")
    person = desk.new(
        kind="person", name=None, first_name="Anne", last_name="Martin", companies=[parent],
        phones=["+33639980001", "+33639980002"], addresses=[ADDRESS], tags=["VIP"],
    )  # fmt: skip
    keys = ("last_name", "name", "company", "companies", "phones", "phone", "addresses", "city", "tags")
    before = desk.values(person, *keys)
    change = desk.set(
        person, last_name="Petit", company=other, companies=[other], phones=["+33639980003"], tags=["New"],
        addresses=[{**ADDRESS, "city": "Lyon"}],
    )  # fmt: skip
    after = desk.values(person, *keys)
    step = desk.look(change)
    assert (step.possible, step.problems) == (True, ())
    assert ("Petit", "Martin") in [(c.old, c.new) for c in step.changes]
    desk.undo(change)

    def plain(values):
        return [[{k: v for k, v in x.items() if k != "id"} if isinstance(x, dict) else x for x in value]
                if isinstance(value, list) else value for value in values]  # fmt: skip

    assert plain(desk.values(person, *keys)) == plain(before)
    undone = desk.history(person)[0]
    assert (undone.action, undone.effect, undone.undoes_id) == ("undo", "update", change)
    assert {code for _, code in codes(desk.look(change).problems)} == {"undone"}
    desk.undo(undone.id)
    assert plain(desk.values(person, *keys)) == plain(after)


def test_what_was_changed_since_stays_and_is_named_the_rest_goes_back(crm, desk, actor_with):
    bob = actor_with(name="Bob Blue")
    record = desk.new(score=1, description="old")
    change = desk.set(record, score=4, description="new")
    desk.set(record, by=bob, score=5)
    step = desk.look(change)
    assert codes(step.problems) == [("score", "changed")]
    assert "Bob Blue" in step.problems[0].text()
    assert [(c.key, c.old, c.new) for c in step.changes] == [("description", "new", "old")]
    desk.undo(change)
    assert desk.values(record, "score", "description") == [5, "old"]
    with pytest.raises(Conflict, match="Bob Blue"):
        desk.undo(change)


def test_custom_fields_and_amounts_go_back_to_the_last_digit_never_in_another_currency(crm, desk):
    with crm.as_user(crm.admin) as ctx:
        options = {"currency": "field:currency", "scale": 2}
        customfields.create(ctx, CONTACT, key="budget", type="money", label="Budget", options=options)
        customfields.create(ctx, CONTACT, key="rate", type="decimal", label="Rate", options={"scale": 4})
    crm.refresh(force=True)
    record = desk.new(currency="EUR", **{"cf.budget": "999999999999.10", "cf.rate": "0.1000"})
    change = desk.set(record, **{"cf.budget": "0.30", "cf.rate": "0.1"})
    assert [c.key for c in desk.history(record)[0].changes] == ["cf.budget"]
    desk.undo(change)
    assert desk.values(record, "cf.budget", "cf.rate") == [Decimal("999999999999.10"), Decimal("0.1000")]
    again = desk.set(record, **{"cf.budget": "7"})
    desk.set(record, currency="USD")
    assert codes(desk.look(again).problems) == [("cf.budget", "changed")]
    with pytest.raises(Conflict):
        desk.undo(again)
    assert desk.values(record, "cf.budget", "currency") == [Decimal("7.00"), "USD"]


def test_others_changes_are_for_administrators_and_hidden_records_for_nobody(crm, desk, actor_with):
    ann, bob = actor_with(), actor_with()
    record = desk.new(by=ann)
    change = desk.set(record, by=ann, score=3)
    with pytest.raises(Forbidden):
        desk.look(change, by=bob)
    desk.set(record, by=ann, visibility="private")
    for number in (change, 10**9):
        with pytest.raises(NotFound):
            desk.undo(number, by=bob)
    desk.undo(change)
    assert desk.values(record, "score") == [None]
    theirs = desk.set(record, score=2)
    with pytest.raises(Forbidden):
        desk.undo(theirs, by=ann)
    shared = desk.new(visibility="write")
    mine = desk.set(shared, by=bob, score=1)
    desk.set(shared, visibility="read")
    refused = desk.look(mine, by=bob)
    assert (codes(refused.problems), refused.possible) == ([(None, "forbidden")], False)


def test_a_masked_field_is_neither_seen_nor_undone(crm, desk, actor_with):
    ann = actor_with()
    record = desk.new(by=ann, score=1, description="old")
    change = desk.set(record, by=ann, score=5, description="new")
    hide(crm, "score")
    step = desk.look(change, by=ann)
    assert ([c.key for c in step.changes], step.problems, list(step.diff)) == (["description"], (), ["description"])
    desk.undo(change, by=ann)
    assert desk.values(record, "score", "description") == [5, "old"]
    only = desk.set(record, score=2)
    assert codes(desk.look(change, by=ann).problems) == [("description", "undone")]
    assert desk.look(only).possible


def test_a_creation_is_undone_by_deleting_unless_something_came_after(crm, desk, actor_with):
    ann = actor_with()
    plain, edited, talked, used = (desk.new(by=ann, name=n) for n in ("Plain", "Edited", "Talked", "Used"))
    creation = {r: desk.last(r) for r in (plain, edited, talked, used)}
    desk.set(edited, score=1)
    with crm.as_user(crm.admin) as ctx:
        comments.add(ctx, CONTACT, talked, "Called them")
    desk.new(kind="person", name=None, first_name="Jo", last_name="Martin", companies=[used], visibility="private")
    assert codes(desk.look(creation[edited], by=ann).problems) == [(None, "changed")]
    assert codes(desk.look(creation[talked], by=ann).problems) == [(None, "comments")]
    hidden = desk.look(creation[used], by=ann).problems[0].text()
    assert "Martin" not in hidden
    assert "Martin" in desk.look(creation[used]).problems[0].text()
    for record in (edited, talked, used):
        with pytest.raises(Conflict):
            desk.undo(creation[record])
    desk.undo(creation[plain], by=ann)
    with pytest.raises(NotFound):
        desk.values(plain, "name")
    assert [p.code for p in desk.look(creation[plain], by=ann).problems] == ["deleted"]


def test_a_deleted_record_comes_back_whole_under_its_number(crm, desk, actor_with):
    ann = actor_with()
    with crm.as_user(crm.admin) as ctx:
        customfields.create(ctx, CONTACT, key="note", type="text", label="Note")
    crm.refresh(force=True)
    company = desk.new(
        by=ann, name="Sével", phones=["+33639980001"], addresses=[ADDRESS], tags=["VIP"], visibility="private",
        description="for few eyes", **{"cf.note": "kept"},
    )  # fmt: skip
    person = desk.new(by=ann, kind="person", name=None, first_name="Jo", last_name="Petit", company=company)
    with crm.as_user(ann) as ctx:
        comments.add(ctx, CONTACT, company, "Never lose this")
        relation = records.create(
            ctx, "contacts.relation", {"contact": company, "other": person, "relation": relation_of(ctx)}
        ).id
    with crm.as_user(crm.admin, write=False) as ctx:
        first = records.read(ctx, CONTACT, company)
    hide(crm, "description")
    change = desk.remove(company, by=ann)
    assert desk.values(person, "company", "companies") == [None, []]
    other = actor_with()
    with pytest.raises(NotFound):
        desk.look(change, by=other)
    step = desk.look(change, by=ann)
    assert (step.possible, step.problems, step.title) == (True, (), "Sével")
    assert "description" not in [c.key for c in step.changes]
    desk.undo(change, by=ann)
    with crm.as_user(crm.admin, write=False) as ctx:
        back = records.read(ctx, CONTACT, company)
        assert [c.body for c in comments.entries(ctx, CONTACT, company)] == ["Never lose this"]
        assert records.read(ctx, "contacts.relation", relation).id == relation
    changing = ("updated_at", "updated_by", "phones", "addresses")
    assert {k: v for k, v in back.values.items() if k not in changing} == {
        k: v for k, v in first.values.items() if k not in changing
    }
    assert back.values["phones"][0]["number"] == "+33639980001"
    assert back.version > first.version
    assert desk.values(person, "company", "companies") == [company, [company]]
    assert [e.action for e in desk.history(company)] == ["undo", "delete", "create"]
    with crm.as_user(other, write=False) as ctx, pytest.raises(NotFound):
        records.read(ctx, CONTACT, company)
    assert codes(desk.look(change, by=ann).problems) == [(None, "exists")]


def relation_of(ctx):
    return ctx.directory.entries("contacts.relation")[0].code


def test_pictures_go_back_while_they_are_kept(sqlite_crm):
    crm, desk = sqlite_crm, Desk(sqlite_crm)

    def upload(colour):
        stream = io.BytesIO()
        Image.new("RGB", (20, 20), colour).save(stream, "PNG")
        stream.seek(0)
        with crm.as_user(crm.admin) as ctx:
            return files.store(ctx, stream, "p.png", max_bytes=10_000).id

    def sweep():
        """Remove what nobody needs, as if the day were over on which changes can be undone."""
        with crm.as_user(now=utcnow() + dt.timedelta(days=2)) as ctx:
            files.remove_orphans(ctx, older_than=-1)

    with crm.as_user(crm.admin) as ctx:
        settings.set_value(ctx, "core.undo_days", 1)

    first, second = upload("red"), upload("blue")
    record = desk.new(photo=first)
    change = desk.set(record, photo=second)
    desk.undo(change)
    assert desk.values(record, "photo") == [first]
    deleted = desk.remove(record)
    desk.undo(deleted)
    assert desk.values(record, "photo") == [first]
    sweep()
    taken = desk.set(record, photo=None, score=3)
    gone = desk.remove(record)
    desk.undo(gone)
    sweep()
    assert codes(desk.look(taken).problems) == [("photo", "file")]
    desk.undo(taken)
    assert desk.values(record, "photo", "score") == [None, None]
    desk.set(record, photo=upload("green"))
    last = desk.remove(record)
    sweep()
    assert codes(desk.look(last).problems) == [("photo", "file")]
    desk.undo(last)
    assert desk.values(record, "photo", "name") == [None, "Kergal"]


def test_a_change_of_sharing_goes_back_with_who_may_write(crm, desk, actor_with):
    ann, bob = actor_with(name="Ann Red"), actor_with(name="Bob Blue")
    record = desk.new(name="Sével", visibility="private")

    def share(*people):
        with crm.as_user(crm.admin) as ctx:
            records.share(ctx, CONTACT, record, people)
        return desk.last(record)

    def may(user):
        """Tell what somebody may do with the record: nothing, read, or change."""
        with crm.as_user(user, write=False) as ctx:
            try:
                return "change" if records.read(ctx, CONTACT, record, []).editable else "read"
            except NotFound:
                return ""

    first = share(("user", ann, False))
    second = share(("user", ann, True), ("user", bob, False))
    assert (may(ann), may(bob)) == ("change", "read")
    entry = desk.history(record)[0]
    assert (entry.undoable, [(c.old, c.new) for c in entry.changes]) == (
        True, [("Ann Red", "Ann Red (may change), Bob Blue")],
    )  # fmt: skip
    assert codes(desk.look(first).problems) == [(None, "changed"), ("visibility", "changed")][:1]
    assert [(c.old, c.new) for c in desk.look(second).changes] == [("Ann Red (may change), Bob Blue", "Ann Red")]
    desk.undo(second)
    assert (may(ann), may(bob)) == ("read", "")
    again = desk.last(record)
    desk.undo(first)
    assert (may(ann), may(bob)) == ("", "")
    with pytest.raises(Conflict):
        desk.undo(again)
    desk.undo(desk.last(record))
    assert may(ann) == "read"


def test_how_long_changes_can_be_undone_is_one_setting_for_values_and_lists(sqlite_crm):
    crm, desk = sqlite_crm, Desk(sqlite_crm)
    record = desk.new(score=1)
    change, gone = desk.set(record, score=4), desk.remove(desk.new(name="Gone"))
    with crm.as_user(crm.admin) as ctx:
        settings.set_value(ctx, "core.undo_days", 30)
    for days, allowed in ((29, True), (31, False)):
        with crm.as_user(crm.admin, write=False, now=utcnow() + dt.timedelta(days=days)) as ctx:
            assert undo.look_at_change(ctx, change).possible is allowed
            assert history.entries(ctx, CONTACT, record)[0].undoable is allowed
            assert ([e.id for e in history.deletions(ctx)] == [gone]) is allowed
            if not allowed:
                assert codes(undo.look_at_change(ctx, change).problems) == [(None, "expired")]
