"""Undoing what was done to many records: a bulk action, an import, an undoing; cancelled, killed, and by whom."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from crm_core import batches, import_options, imports, jobs, records, undo
from crm_core.db import KERNEL
from crm_core.errors import Conflict, NotFound
from crm_core.models import Change, Job
from crm_core.records import ListQuery
from tests.undo.conftest import CONTACT, codes

HERE = Path(__file__).parent


def bring_in(crm, text):
    """Import a file of contacts; return its batch."""
    with crm.as_user(crm.admin) as ctx:
        made = imports.start(ctx, "contacts", io.BytesIO(text.encode()), "people.csv", import_options.options_of({}))
        import_id = made.id
    crm.run_jobs()
    with crm.as_user(crm.admin, write=False) as ctx:
        found = batches.of_source(ctx, batches.IMPORT, import_id)
        assert found is not None
        return found.id


def names(crm):
    with crm.as_user(crm.admin, write=False) as ctx:
        page = records.list_(ctx, CONTACT, ListQuery(("name",), sort=(("id", True),), limit=500))
        return [row.title for row in page.items]


def test_a_bulk_action_is_undone_as_one_and_says_what_stays(crm, desk, actor_with):
    bob = actor_with(name="Bob Blue")
    ids = [desk.new(name=f"Company {n}", score=1) for n in range(4)]
    batch = desk.bulk(ids, score=5, **{"+tags": ["Fair"]})
    desk.set(ids[0], by=bob, score=3)
    desk.remove(ids[1])
    preview = desk.look_at_batch(batch)
    assert (preview.undone, len(preview.steps), preview.more) == (3, 4, False)
    assert {s.net.record_id: codes(s.problems) for s in preview.left} == {
        ids[0]: [("score", "changed")], ids[1]: [(None, "deleted")],
    }  # fmt: skip
    done = desk.undo_batch(batch)
    assert (done["undone"], done["left"], done["state"]) == (3, 1, "done")
    assert [text for text in done["reasons"] if "Bob Blue" in text]
    assert [desk.values(i, "score", "tags") for i in (ids[0], *ids[2:])] == [[3, []], [1, []], [1, []]]
    again = desk.undo_batch(done["id"])
    assert (again["undone"], again["left"]) == (3, 0)
    assert desk.values(ids[3], "score")[0] == 5
    assert desk.history(ids[3])[0].batch_id == again["id"]
    with crm.as_user(crm.admin) as ctx:
        assert records.bulk(ctx, CONTACT, ids[2:], "update", {"score": 5}).batch_id is None


def test_deleting_many_is_undone_and_what_comes_back_keeps_its_links(crm, desk):
    company = desk.new(name="Sével")
    people = [
        desk.new(kind="person", name=None, first_name="Jo", last_name=f"No {n}", company=company) for n in range(2)
    ]
    batch = desk.bulk([company, *people], action="delete")
    assert names(crm) == []
    assert desk.undo_batch(batch)["undone"] == 3
    assert [desk.values(p, "company")[0] for p in people] == [company, company]


def test_an_import_is_undone_created_records_go_changed_ones_go_back(crm, desk):
    known = desk.new(kind="person", name=None, first_name="Anne", last_name="Martin", external_id="X1")
    before = desk.values(known, "company", "phones")
    batch = bring_in(
        crm,
        "external_id;First name;Last name;Company;Mobile\r\nX1;Anne;Martin;Kergal SA;06 39 98 00 01\r\n"
        "X2;Paul;Petit;Kergal SA;\r\nX3;Zoé;Roux;Sével;\r\n",
    )
    assert sorted(names(crm)) == ["Anne Martin", "Kergal SA", "Paul Petit", "Sével", "Zoé Roux"]
    assert desk.look_at_batch(batch).left == []
    used = next(i for i, name in listed(crm) if name == "Zoé Roux")
    desk.set(used, score=2)
    assert [(s.title, [p.code for p in s.problems]) for s in desk.look_at_batch(batch).left] == [
        ("Zoé Roux", ["changed"]), ("Sével", ["linked"]),
    ]  # fmt: skip
    done = desk.undo_batch(batch)
    assert (done["undone"], done["left"]) == (3, 2)
    assert sorted(names(crm)) == ["Anne Martin", "Sével", "Zoé Roux"]
    assert desk.values(known, "company", "phones") == before
    assert desk.undo_batch(done["id"])["undone"] == 3
    assert desk.values(known, "company") != [None]
    assert len(names(crm)) == 5


def listed(crm):
    with crm.as_user(crm.admin, write=False) as ctx:
        return [(r.id, r.title) for r in records.list_(ctx, CONTACT, ListQuery(("name",))).items]


def test_what_one_may_no_longer_see_is_counted_for_who_changed_it_alone(crm, desk, actor_with):
    ann, bob = actor_with(), actor_with()
    ids = [desk.new(name=f"Company {n}") for n in range(3)]
    batch = desk.bulk(ids, by=ann, score=4)
    desk.set(ids[0], visibility="private")
    desk.set(ids[1], visibility="read")
    preview = desk.look_at_batch(batch, by=ann)
    assert [(s.hidden, s.title, codes(s.problems)) for s in preview.left] == [
        (False, "Company 1", [(None, "forbidden")]), (True, "", [(None, "unavailable")]),
    ]  # fmt: skip
    for attempt in (desk.look_at_batch, desk.undo_batch):
        with pytest.raises(NotFound):
            attempt(batch, by=bob)
    done = desk.undo_batch(batch, by=ann)
    assert (done["undone"], done["left"]) == (1, 2)
    assert [title for _, _, title, _ in done["records"]] == ["Company 1"]
    assert [desk.values(i, "score")[0] for i in ids] == [4, 4, None]
    assert desk.undo_batch(batch)["undone"] == 2


def test_a_killed_undoing_of_an_import_goes_on_and_a_cancelled_one_stops(crm, desk):
    rows = "".join(f"No {n};Martin;Kergal SA\r\n" for n in range(60))
    batch = bring_in(crm, f"First name;Last name;Company\r\n{rows}")
    made = desk.undo_batch(batch)
    assert (made["state"], made["undone"]) == ("open", 0)
    with pytest.raises(Conflict):
        desk.undo_batch(batch)
    url = crm.database.url.render_as_string(hide_password=False)
    command = [sys.executable, str(HERE / "dying.py"), str(crm.config.home), url, str(made["job"]), "2"]
    paths = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, check=False)
    assert ended.returncode == -signal.SIGKILL
    with crm.as_user(crm.admin) as ctx:
        half = batches.find(ctx, made["id"])
        assert ((half.outcome or {})["undone"], half.size, half.state) == (40, 40, "open")
        jobs.cancel(ctx, made["job"])
        ctx.session.execute(sa.update(Job).values(state="waiting"), execution_options=KERNEL)
    crm.run_jobs()
    assert len(names(crm)) == 21
    with crm.as_user(crm.admin) as ctx:
        jobs.retry(ctx, made["job"])
    crm.run_jobs()
    assert names(crm) == []
    with crm.as_user(crm.admin, write=False) as ctx:
        end = batches.find(ctx, made["id"])
        assert ((end.outcome or {})["undone"], end.size, end.state) == (61, 61, "done")
        count = sa.select(sa.func.count()).where(Change.batch_id == end.id, Change.action == "undo")
        assert ctx.session.scalar(count, execution_options=KERNEL) == 61
        assert undo.look(ctx, batch).undone == 0
