"""Undoing many records together: the statements it takes, what stands in whose way, and the look beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from crm_core import batches, comments, records, undo
from crm_core.errors import Conflict, Forbidden
from crm_core.records import ListQuery
from crm_core.undo import preview
from tests.undo.conftest import CONTACT, codes


def imported(crm, people, companies=1):
    """Make a batch as an import does: companies, and people who belong to them; return it and the ids."""
    with crm.as_user(crm.admin, quiet=True) as ctx:
        inside = batches.begin(ctx, batches.IMPORT, CONTACT, "book.csv")
        items = [{"kind": "company", "name": f"Company {n}", "visibility": "write"} for n in range(companies)]
        made = records.bulk_create(inside, CONTACT, items)
        people_of_them: list[dict[str, Any]] = [
            {"kind": "person", "first_name": "Jo", "last_name": f"No {n}", "company": made[n % companies],
             "emails": [{"address": f"jo{n}@example.com"}], "visibility": "write"}
            for n in range(people)
        ]  # fmt: skip
        ids = [*made, *records.bulk_create(inside, CONTACT, people_of_them)]
        return batches.close(inside), ids


def count(crm):
    with crm.as_user(crm.admin, write=False) as ctx:
        return records.count(ctx, CONTACT, ListQuery())[0]


def undone_with(crm, batch):
    """Undo a batch by its job; return what came of it and how many statements that took."""
    with crm.as_user(crm.admin) as ctx:
        made = undo.start(ctx, batch).id
    with crm.statements() as log:
        crm.run_jobs()
    with crm.as_user(crm.admin, write=False) as ctx:
        found = batches.find(ctx, made)
        return found, len(log)


def test_a_chunk_takes_as_many_statements_whatever_it_holds(crm, desk):
    taken = []
    for people in (60, 140):
        batch, ids = imported(crm, people, companies=5)
        changed = [desk.bulk(ids, score=4, **{"+tags": ["Fair"]})]
        steps = []
        for one in (*changed, batch):
            found, statements = undone_with(crm, one)
            assert (found.outcome["undone"], found.outcome["left"], found.state) == (len(ids), 0, "done")
            steps.append(statements)
        assert count(crm) == 0
        found, statements = undone_with(crm, found.id)
        assert found.outcome["undone"] == len(ids)
        assert desk.values(ids[-1], "company", "emails")[1][0]["address"] == f"jo{people - 1}@example.com"
        assert desk.values(ids[-1], "company")[0] in ids
        taken.append([*steps, statements])
        again, _ = undone_with(crm, found.id)
        assert again.outcome["undone"] == len(ids)
    assert all(more <= few + 6 for few, more in zip(*taken, strict=True)), taken


def test_what_others_link_to_stays_with_all_that_hangs_on_it_and_the_rest_goes(crm, desk):
    batch, ids = imported(crm, 60, companies=2)
    used, free = ids[:2]
    desk.new(kind="person", name=None, first_name="New", last_name="Hand", company=used)
    desk.set(ids[3], score=2)
    found, _ = undone_with(crm, batch)
    assert (found.outcome["undone"], found.outcome["left"]) == (59, 3)
    left = {number: texts for _, number, _, texts in found.outcome["records"]}
    assert set(left) == {used, free, ids[3]}
    assert "No 1" in left[free][0]
    assert desk.values(ids[3], "company") == [free]


@pytest.mark.parametrize("hook", ["validate", "after_write"])
def test_a_plugin_that_refuses_one_record_keeps_only_that_one(crm, desk, monkeypatch, hook):
    batch, ids = imported(crm, 60)
    refused = ids[30]
    real = getattr(crm.registry.hooks, hook)

    def refusing(ctx, change):
        if change.verb == "delete" and change.record.id == refused:
            raise Conflict("It is too dear to us")
        return real(ctx, change)

    monkeypatch.setattr(crm.registry.hooks, hook, refusing)
    found, _ = undone_with(crm, batch)
    # The company of the one that stays stays as well.
    assert (found.outcome["undone"], found.outcome["left"]) == (59, 2)
    assert "It is too dear to us" in found.outcome["reasons"]
    assert desk.values(refused, "company") == [ids[0]]


def test_records_that_would_lie_outside_ones_rights_stay_and_the_others_go_back(crm, desk, monkeypatch):
    batch, ids = imported(crm, 60)
    changed = desk.bulk(ids, score=4)
    from crm_core.records import storing

    real = storing.check_after

    def outside(ctx, changes, action):
        wrong = {c.record.id: Forbidden("Not yours") for c in changes if c.record.id in ids[10:13]}
        storing.refuse(changes, wrong)
        real(ctx, changes, action)

    monkeypatch.setattr("crm_core.records.many.check_after", outside)
    found, _ = undone_with(crm, changed)
    assert (found.outcome["undone"], found.outcome["left"]) == (58, 3)
    assert [desk.values(i, "score")[0] for i in (ids[9], ids[10], ids[13])] == [None, 4, None]
    assert desk.history(ids[10])[0].action == "update"


def test_records_with_others_that_need_them_come_back_together(crm, desk):
    people = [desk.new(name=f"Company {n}") for n in range(55)]
    with crm.as_user(crm.admin) as ctx:
        relation = ctx.directory.entries("contacts.relation")[0].code
        ties = [
            records.create(ctx, "contacts.relation", {"contact": one, "relation": relation, "other": other}).id
            for one, other in zip(people, people[1:], strict=False)
        ]
        comments.add(ctx, CONTACT, people[0], "Never lose this")
    batch = desk.bulk(people, action="delete")
    assert count(crm) == 0
    found, _ = undone_with(crm, batch)
    assert found.outcome["undone"] == 55
    with crm.as_user(crm.admin, write=False) as ctx:
        assert [records.read(ctx, "contacts.relation", tie).id for tie in ties] == ties
        assert [c.body for c in comments.entries(ctx, CONTACT, people[0])] == ["Never lose this"]


def test_the_look_beforehand_counts_the_whole_batch_with_a_page_of_reasons(crm, desk, actor_with, monkeypatch):
    monkeypatch.setattr(preview.look, "__defaults__", (4,))
    bob = actor_with(name="Bob Blue")
    ids = [desk.new(name=f"Company {n}") for n in range(12)]
    batch = desk.bulk(ids, score=4, description="Seen")
    desk.set(ids[0], by=bob, score=1)
    desk.set(ids[1], by=bob, score=1, description="No")
    desk.set(ids[2], by=bob, name="Other")
    desk.remove(ids[3])
    back = desk.set(ids[4], score=5)
    desk.undo(back)
    found = desk.look_at_batch(batch)
    assert (found.total, found.undone, found.changed, found.gone, found.more) == (12, 10, 2, 1, True)
    reasons = {step.net.record_id: codes(step.problems) for step in found.left}
    assert reasons == {
        ids[0]: [("score", "changed")], ids[1]: [("score", "changed"), ("description", "changed")],
        ids[3]: [(None, "deleted")],
    }  # fmt: skip
    counted = []
    for limit in (1, 12):
        with crm.as_user(crm.admin, write=False) as ctx, crm.statements() as log:
            one = undo.look(ctx, batch, limit)
        counted.append((one.total, one.undone, one.changed, one.gone))
        assert len(log) < 25
    assert counted[0] == counted[1]
    deleted = desk.bulk(ids[5:], action="delete")
    desk.undo(desk.deletion(ids[5]))
    assert (desk.look_at_batch(deleted).undone, desk.look_at_batch(deleted).gone) == (6, 1)
