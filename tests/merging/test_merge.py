"""Merging (CT-42, CT-60): one record stays, with all links of both; and it can be undone."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from crm_core import comments, merging, records
from crm_core.db import KERNEL
from crm_core.errors import Conflict, Forbidden, Invalid, NotFound, PluginError
from crm_core.filters import parse
from crm_core.records import ListQuery
from tests.merging.deals import BARE, CARD, CONTACT, DEAL, LEAD, SEAT


def test_ct_42_every_link_of_every_module_follows_and_comes_back(crm, desk):
    stays, goes = desk.new(name="Kergal"), desk.new(name="Kergal SA", by=desk.ann)
    both = desk.new(DEAL, name="Both", contact=goes, loose=goes, about=f"{CONTACT}:{goes}", guests=[goes, stays],
                    parts=[{"what": "x", "who": goes}])  # fmt: skip
    only = desk.new(DEAL, name="Only", guests=[goes])
    hidden = desk.new(DEAL, name="Hidden", contact=goes, visibility="private")
    friend = desk.new(name="Friend", **{"test.friend": goes, "test.pals": [goes], "test.topic": f"{CONTACT}:{goes}"})
    person = desk.new(kind="person", first_name="Ada", last_name="L", name=None, company=goes)
    with crm.database.transaction() as session:
        session.execute(sa.insert(BARE).values([{"room": r, "contact_id": c, "note": f"{r}{c}"} for r, c in (
            ("a", goes), ("b", goes), ("b", stays))]))  # fmt: skip
    with crm.as_user(desk.ann) as ctx:
        comments.add(ctx, CONTACT, goes, "Called")
    done = desk.merge(stays, goes, by=desk.ann)
    keys = ("contact", "loose", "about", "guests")
    assert desk.values(DEAL, both, *keys) == [stays, stays, f"{CONTACT}:{stays}", [stays]]
    assert desk.values(DEAL, both, "parts")[0][0]["who"] == stays
    assert desk.values(DEAL, only, "guests") == [[stays]]
    assert desk.values(DEAL, hidden, "contact") == [stays]
    assert desk.values(CONTACT, friend, "test.friend", "test.pals", "test.topic") == [
        stays, [stays], f"{CONTACT}:{stays}"]  # fmt: skip
    assert desk.values(CONTACT, person, "company", "companies") == [stays, [stays]]
    assert bare(crm) == [("a", stays, f"a{goes}"), ("b", stays, f"b{stays}")]
    with crm.as_user(desk.ann, write=False) as ctx:
        assert [c.body for c in comments.entries(ctx, CONTACT, stays)] == ["Called"]
        found = records.list_(ctx, DEAL, ListQuery(("name",), q="kergal")).items
        assert {row.id for row in found} == {both}
    assert {e.action for e in desk.history(DEAL, hidden)} == {"create", "relink"}

    outcome = desk.undo(done.batch_id, by=desk.ann)
    assert (outcome["left"], outcome["reasons"]) == (0, {})
    assert desk.values(DEAL, both, *keys) == [goes, goes, f"{CONTACT}:{goes}", [goes, stays]]
    assert desk.values(DEAL, both, "parts")[0][0]["who"] == goes
    assert desk.values(DEAL, hidden, "contact") == [goes]
    assert desk.values(CONTACT, friend, "test.friend", "test.pals", "test.topic") == [
        goes, [goes], f"{CONTACT}:{goes}"]  # fmt: skip
    assert desk.values(CONTACT, person, "company", "companies") == [goes, [goes]]
    assert bare(crm) == [("a", goes, f"a{goes}"), ("b", stays, f"b{stays}"), ("b", goes, f"b{goes}")]
    assert desk.values(CONTACT, goes, "name", "code") != desk.values(CONTACT, stays, "name", "code")
    with crm.as_user(desk.ann, write=False) as ctx:
        assert comments.entries(ctx, CONTACT, stays) == []
        assert [c.body for c in comments.entries(ctx, CONTACT, goes)] == ["Called"]


def bare(crm):
    with crm.database.transaction(write=False) as session:
        return [tuple(row) for row in session.execute(sa.select(BARE).order_by(BARE.c.room, BARE.c.contact_id))]


def test_complaint_3_what_may_link_once_is_merged_too(crm, desk):
    stays, goes, third = desk.new(name="A"), desk.new(name="B"), desk.new(name="C")
    card, other = (
        desk.new(CARD, name="One", contact=stays, note="x"),
        desk.new(CARD, name="Two", contact=goes, note="y"),
    )
    seat, free = desk.new(SEAT, room="1", contact=stays), desk.new(SEAT, room="2", contact=goes)
    double = desk.new(SEAT, room="1", contact=goes)
    done = desk.merge(stays, third, goes)
    assert desk.values(CARD, card, "contact", "name", "note") == [stays, "One", "x\n\ny"]
    assert desk.values(SEAT, free, "contact") == [stays]
    for entity, gone in ((CARD, other), (SEAT, double)):
        with pytest.raises(NotFound):
            desk.values(entity, gone, "contact")
    assert desk.values(SEAT, seat, "contact") == [stays]
    outcome = desk.undo(done.batch_id)
    assert (outcome["left"], outcome["reasons"]) == (0, {})
    assert desk.values(CARD, other, "contact", "note") == [goes, "y"]
    assert desk.values(CARD, card, "note") == ["x"]
    assert desk.values(SEAT, double, "contact") == desk.values(SEAT, free, "contact") == [goes]


def test_ct_60_values_are_chosen_filled_and_united(crm, desk):
    stays = desk.new(
        name="Kergal", nature=["prospect"], tags=["a"], managers=[crm.admin], description="One",
        emails=[{"address": "x@kergal.example", "primary": True}], phones=["+33612345678"],
    )  # fmt: skip
    goes = desk.new(
        name="Kergal SA", nature=["customer"], tags=["a", "b"], managers=[desk.ann], description="Two", currency="EUR",
        opt_out_email=True, temperature="hot", key_account=True,
        emails=[{"address": "X@kergal.example", "primary": True}, {"address": "y@kergal.example"}],
        phones=[{"number": "+33687654321", "primary": True}], addresses=[{"city": "Nantes"}],
    )  # fmt: skip
    desk.merge(stays, goes, temperature=stays)
    keys = ("name", "nature", "managers", "description", "currency", "opt_out_email", "temperature", "city")
    assert desk.values(CONTACT, stays, *keys) == [
        "Kergal", ["prospect", "customer"], [crm.admin, desk.ann], "One\n\nTwo", "EUR", True, None, "Nantes",
    ]  # fmt: skip
    emails, phones, tags = desk.values(CONTACT, stays, "emails", "phones", "tags")
    assert [(e["address"], e["primary"]) for e in emails] == [("x@kergal.example", True), ("y@kergal.example", False)]
    assert [(p["number"], p["primary"]) for p in phones] == [("+33612345678", True), ("+33687654321", False)]
    assert len(tags) == 2


def test_choices_that_cannot_be_and_records_that_are_not_there(crm, desk):
    one, two = desk.new(LEAD, name="A", visibility="write"), desk.new(LEAD, name="B", visibility="write")
    hidden = desk.new(LEAD, name="H", visibility="private")
    for choices, code in (({"name": 99}, "choice"), ({"name": "all"}, "choice"), ({"nope": one}, "unknown")):
        with pytest.raises(Invalid) as caught:
            desk.merge(one, two, entity=LEAD, **choices)
        assert [p.code for p in caught.value.problems()] == [code]
    with pytest.raises(Invalid):
        desk.merge(one, one, entity=LEAD)
    with pytest.raises(NotFound):
        desk.merge(one, hidden, entity=LEAD, by=desk.ann)
    with pytest.raises(Invalid):
        desk.merge(one, two, entity=LEAD, by=desk.ann, secret=two)
    assert desk.values(LEAD, two, "name") == ["B"]


def test_who_may_not_change_may_not_merge_and_masked_values_are_not_lost(crm, desk):
    mine, read = desk.new(LEAD, by=desk.ann, name="A", visibility="write"), desk.new(LEAD, name="B", visibility="read")
    with pytest.raises(Forbidden):
        desk.merge(mine, read, entity=LEAD, by=desk.ann)
    open_ = desk.new(LEAD, name="C", visibility="write", secret="kept", code="L1")
    with pytest.raises(Forbidden) as refused:
        desk.merge(mine, open_, entity=LEAD, by=desk.ann)
    assert f"record {open_}" in refused.value.text() and desk.values(LEAD, open_, "name") == ["C"]
    desk.let_delete(LEAD)
    done = desk.merge(mine, open_, entity=LEAD, by=desk.ann)
    assert desk.values(LEAD, mine, "secret", "code") == ["kept", "L1"]
    assert desk.undo(done.batch_id)["undone"] == 2
    assert desk.values(LEAD, open_, "secret", "code") == ["kept", "L1"]
    assert desk.values(LEAD, mine, "code") == [None]


def test_rules_of_modules_refuse_and_are_named_when_they_fail(crm, desk):
    one, frozen = desk.new(LEAD, name="A"), desk.new(LEAD, name="frozen")
    with pytest.raises(Conflict) as refused:
        desk.merge(one, frozen, entity=LEAD)
    assert (refused.value.text(), refused.value.plugin) == ("Frozen leads stay apart", "core")
    trouble = desk.new(LEAD, name="Trouble")
    with pytest.raises(PluginError) as failed:
        desk.merge(trouble, one, entity=LEAD)
    assert failed.value.plugin == "core"
    assert desk.values(LEAD, one, "name") == ["A"]


def test_a_merge_sends_as_many_statements_for_a_thousand_links_as_for_two(crm, desk):
    def counted(links: int) -> int:
        stays, goes = desk.new(name=f"S{links}"), desk.new(name=f"G{links}")
        rows = [{"name": f"D{i}", "contact": goes, "loose": goes, "guests": [goes, stays] if i % 2 else [goes],
                 "parts": [{"what": "x", "who": goes}]} for i in range(links)]  # fmt: skip
        with crm.as_user(crm.admin, quiet=True) as ctx:
            records.bulk_create(ctx, DEAL, rows)
        with crm.as_user(crm.admin) as ctx, crm.statements() as log:
            merging.merge(ctx, CONTACT, stays, [goes])
        with crm.as_user(crm.admin, write=False) as ctx:
            query = ListQuery(filter=parse(f"contact = {stays} and guests has {stays}"))
            found = records.count(ctx, DEAL, query, capped=False)
        assert found == (links, True)
        return len(log)

    few, many = counted(2), counted(1000)
    assert few == many


def test_undo_leaves_what_is_newer_and_says_why(crm, desk):
    stays, goes, third = desk.new(name="A", currency="EUR"), desk.new(name="B", size=None), desk.new(name="C")
    deal, kept = desk.new(DEAL, name="D", contact=goes), desk.new(DEAL, name="E", contact=goes)
    done = desk.merge(stays, goes, name=goes)
    with crm.as_user(crm.admin) as ctx:
        records.update(ctx, DEAL, deal, {"contact": third})
        records.update(ctx, CONTACT, stays, {"name": "Renamed"})
    outcome = desk.undo(done.batch_id)
    assert "Links that were changed since stay as they are" in outcome["reasons"]
    assert desk.values(DEAL, deal, "contact") == [third]
    assert desk.values(DEAL, kept, "contact") == [goes]
    assert desk.values(CONTACT, stays, "name") == ["Renamed"]
    assert desk.values(CONTACT, goes, "name") == ["B"]


def test_chains_lead_to_the_last_survivor_and_its_history_tells_of_all(crm, desk):
    one, two, three = desk.new(name="One"), desk.new(name="Two"), desk.new(name="Three")
    desk.merge(two, one)
    last = desk.merge(three, two)
    with crm.as_user(desk.ann, write=False) as ctx:
        assert [merging.survivor_of(ctx, CONTACT, n) for n in (one, two, three)] == [three, three, None]
    actions = [(e.record_id, e.action) for e in desk.history(CONTACT, three)]
    assert {(one, "create"), (two, "merge"), (three, "merge")} <= set(actions)
    desk.undo(last.batch_id)
    with crm.as_user(desk.ann, write=False) as ctx:
        assert [merging.survivor_of(ctx, CONTACT, n) for n in (one, two)] == [two, None]


def test_values_and_rows_of_modules_that_are_off_survive(crm, desk, parts, monkeypatch):
    from crm_core import kernel
    from crm_core.models import PluginRow
    from crm_core.plugin_plan import inventory_of
    from tests.merging.conftest import OWN

    stays, goes, third = desk.new(name="A"), desk.new(name="B", **{"test.friend": None}), desk.new(name="C")
    desk.crm.make  # noqa: B018
    with crm.as_user(crm.admin) as ctx:
        records.update(ctx, CONTACT, goes, {"test.friend": third, "test.pals": [third]})
        records.update(ctx, CONTACT, third, {"test.pals": [goes], "test.topic": f"{CONTACT}:{goes}"})
    deal = desk.new(DEAL, name="D", contact=goes, loose=goes, guests=[goes, stays])
    with crm.database.transaction() as session:
        noted = inventory_of(crm.registry, "core")
        session.add(PluginRow(name="tests_module", inventory={**noted, "entities": []}))
    monkeypatch.setattr(kernel, "contributions", OWN)
    crm.refresh(force=True)
    with crm.database.transaction() as session:
        from crm_core.directory import touch

        touch(session, "registry")
    crm.refresh(force=True)
    assert DEAL not in crm.registry.entities
    done = desk.merge(stays, goes)
    desk.undo(done.batch_id)
    done = desk.merge(stays, goes)
    monkeypatch.setattr(kernel, "contributions", lambda: (*OWN(), *parts))
    with crm.database.transaction() as session:
        touch(session, "registry")
    crm.refresh(force=True)
    assert desk.values(DEAL, deal, "contact", "loose", "guests") == [stays, stays, [stays]]
    assert desk.values(CONTACT, stays, "test.friend", "test.pals") == [third, [third]]
    assert desk.values(CONTACT, third, "test.pals", "test.topic") == [[stays], f"{CONTACT}:{stays}"]


def test_a_link_saved_meanwhile_is_caught_up(crm, desk):
    stays, goes = desk.new(name="A"), desk.new(name="B")
    deal = desk.new(DEAL, name="D")
    desk.merge(stays, goes)
    with crm.database.transaction() as session:
        session.execute(sa.text("UPDATE test_deal SET loose_id = :g WHERE id = :d"), {"g": goes, "d": deal})
    import datetime as dt

    from crm_core.db import utcnow

    crm.run_jobs(until=utcnow() + dt.timedelta(minutes=1))
    assert desk.values(DEAL, deal, "loose") == [stays]
    assert KERNEL


def test_pictures_and_files_of_both_are_kept(crm, desk):
    import io

    from PIL import Image

    from crm_core import files
    from crm_core.models import StoredFile

    def picture(colour: str) -> int:
        target = io.BytesIO()
        Image.new("RGB", (20, 20), colour).save(target, "PNG")
        with crm.as_user(crm.admin) as ctx:
            return files.store(ctx, io.BytesIO(target.getvalue()), "p.png", "image/png", max_bytes=9999).id

    red, blue = picture("red"), picture("blue")
    stays, goes = desk.new(name="A", photo=red), desk.new(name="B", photo=blue)
    with crm.database.transaction() as session:
        session.add(StoredFile(entity=CONTACT, record_id=goes, name="offer.pdf", content_type="application/pdf", size=1,
                               digest="0" * 64))  # fmt: skip
    done = desk.merge(stays, goes, photo=goes)
    (photo,) = desk.values(CONTACT, stays, "photo")
    with crm.as_user(crm.admin, write=False) as ctx:
        assert photo not in (red, blue) and files.open_(ctx, photo).path.is_file()
        assert attached(ctx) == [("offer.pdf", stays)]
    assert desk.undo(done.batch_id)["left"] == 0
    assert desk.values(CONTACT, stays, "photo") == [red]
    assert desk.values(CONTACT, goes, "photo") == [blue]
    with crm.as_user(crm.admin, write=False) as ctx:
        assert files.open_(ctx, blue).path.is_file()
        assert attached(ctx) == [("offer.pdf", goes)]


def attached(ctx):
    from crm_core.models import StoredFile

    query = sa.select(StoredFile.name, StoredFile.record_id).where(StoredFile.field == "", StoredFile.entity == CONTACT)
    return [tuple(row) for row in ctx.session.execute(query, execution_options=KERNEL)]


def test_shares_filters_and_private_links_follow(crm, desk):
    from crm_core.web import views

    bob = crm.add_user("bob@example.com", "Bob User")
    stays, goes = desk.new(LEAD, name="A"), desk.new(LEAD, name="B")
    company, gone = desk.new(name="K"), desk.new(name="K SA")
    with crm.as_user(crm.admin) as ctx:
        records.share(ctx, LEAD, stays, [("user", desk.ann, False)])
        records.share(ctx, LEAD, goes, [("user", desk.ann, True), ("user", bob, False)])
        kept = views.save(ctx, CONTACT, "Its people", views.spec_of(parse(f"company = {gone}"), "", (), "", ""))
    done = desk.merge(stays, goes, entity=LEAD)
    with crm.as_user(crm.admin, write=False) as ctx:
        assert records.shares(ctx, LEAD, stays) == [("user", desk.ann, True), ("user", bob, False)]
    with crm.as_user(bob, write=False) as ctx:
        assert records.read(ctx, LEAD, stays, ("name",)).values["name"] == "A"
    merged = desk.merge(company, gone)
    with crm.as_user(crm.admin, write=False) as ctx:
        shown = next(v for v in views.views_of(ctx, ctx.registry.entity(CONTACT)) if v.key == str(kept))
        assert shown.filter.value == company
    desk.undo(done.batch_id)
    desk.undo(merged.batch_id)
    with crm.as_user(crm.admin, write=False) as ctx:
        assert records.shares(ctx, LEAD, goes) == [("user", desk.ann, True), ("user", bob, False)]
        assert ("user", bob, False) not in records.shares(ctx, LEAD, stays)
        shown = next(v for v in views.views_of(ctx, ctx.registry.entity(CONTACT)) if v.key == str(kept))
        assert shown.filter.value == gone
