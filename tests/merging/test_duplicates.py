"""Finding duplicates (CT-59, CT-61, CT-62, LD-08, LD-09) and merging what was found (CT-60)."""

from __future__ import annotations

import pytest

from crm_core import duplicates
from crm_core.db import utcnow
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.filters import parse
from tests.merging.deals import CONTACT, LEAD


@pytest.fixture
def scan(crm):
    """Scan by a job; return the groups found as lists of ids, as a user sees them."""

    def run(entity, *on, by=None, node=None, q=""):
        who = by or crm.admin
        with crm.as_user(who) as ctx:
            made = duplicates.start(ctx, entity, on, parse(node) if node else None, q).id
        crm.run_jobs()
        with crm.as_user(who, write=False) as ctx:
            found = duplicates.page(ctx, made)
            assert found.scan.state == "done", found.scan.error
            run.last = found  # type: ignore[attr-defined]
            return [group.ids for group in found.groups]

    return run


def test_ct_59_fields_are_compared_with_and_and_or(desk, scan):
    a = desk.new(name="Kergal SA", addresses=[{"zip": "44000"}], emails=["Info+crm@kergal.example"])
    b = desk.new(name="KERGAL", addresses=[{"zip": "44000"}])
    c = desk.new(name="Kergal, S.A.R.L.", addresses=[{"zip": "29000"}], emails=["x@y.example", "info@kergal.example"])
    d = desk.new(name="Other", phones=["+33240123456"])
    e = desk.new(name="Another", phones=["02 40 12 34 56"])
    assert scan(CONTACT, "name") == [[a, b, c]]
    assert scan(CONTACT, "name, zip") == [[a, b]]
    assert scan(CONTACT, "emails") == [[a, c]]
    assert scan(CONTACT, "name, zip", "emails", "phones") == [[a, b, c], [d, e]]
    assert scan(CONTACT, "name:exact") == []
    assert scan(CONTACT) == [[a, b, c], [d, e]]
    group = scan.last.groups[0]
    assert {"name", "emails"} <= group.differing and "kind" not in group.differing


def test_ct_59_similar_names_are_found(desk, scan):
    a, b = desk.new(name="Établissements Quéméneur"), desk.new(name="Quemener, Etablissements")
    c, d = desk.new(name="Lefevre"), desk.new(name="Lefebvre")
    e, f = desk.new(name="Kergal Constructions"), desk.new(name="Cergal Constructionz")
    g, h = desk.new(name="Morbihannaises Nautic"), desk.new(name="Norbihannaisez Nautic")
    desk.new(name="Quelque chose")
    desk.new(name="Lefort")
    assert scan(CONTACT, "name:fuzzy") == [[a, b], [c, d], [e, f], [g, h]]
    assert scan(CONTACT, "name:fuzzy, kind") == [[a, b], [c, d], [e, f], [g, h]]


def test_ct_62_a_filtered_list_is_scanned(desk, scan):
    a, b = (desk.new(name="Same", nature=["prospect"]) for _ in range(2))
    desk.new(name="Same", nature=["customer"])
    assert scan(CONTACT, "name", node='nature has "prospect"') == [[a, b]]


def test_ld_08_ld_09_leads_by_chosen_fields(desk, scan):
    a = desk.new(LEAD, name="Ann", company_name="Acme Ltd", job_title="Buyer")
    b = desk.new(LEAD, name="Bob", company_name="ACME", job_title="Buyer")
    c = desk.new(LEAD, name="Cid", company_name="acme", job_title="Seller")
    assert scan(LEAD, "company_name") == [[a, b, c]]
    assert scan(LEAD, "company_name, job_title") == [[a, b]]


def test_only_what_one_may_see_is_compared_and_only_by_what_one_may_read(desk, scan, crm):
    a, b = desk.new(LEAD, name="Same", secret="s"), desk.new(LEAD, name="Same", secret="s")
    c = desk.new(LEAD, name="Same", visibility="private")
    assert scan(LEAD, "name") == [[a, b, c]]
    assert scan(LEAD, "name", by=desk.ann) == [[a, b]]
    number = scan.last.scan.id
    with pytest.raises(Invalid):
        scan(LEAD, "secret", by=desk.ann)
    assert scan(LEAD, "secret") == [[a, b]]
    with crm.as_user(crm.admin) as ctx:
        from crm_core import records

        records.update(ctx, LEAD, b, {"visibility": "private"})
    with crm.as_user(desk.ann, write=False) as ctx:
        assert duplicates.page(ctx, number).groups == ()
        with pytest.raises(NotFound):
            duplicates.page(ctx, scan.last.scan.id)
    for on in ("nope", "name:loud", "contact:fuzzy", ""):
        with pytest.raises(Invalid):
            scan(LEAD, on or ",")


def test_no_duplicates_are_remembered_and_a_merge_knows_it(desk, scan, crm):
    a, b, c = (desk.new(LEAD, name="Same", visibility="write") for _ in range(3))
    with crm.as_user(desk.ann) as ctx:
        duplicates.keep_apart(ctx, LEAD, [a, b])
    assert scan(LEAD, "name") == [[a, b, c]]
    desk.merge(b, c, entity=LEAD)
    with crm.as_user(crm.admin, write=False) as ctx:
        assert duplicates.page(ctx, scan.last.scan.id).groups == ()
    assert scan(LEAD, "name") == []
    with crm.as_user(desk.ann) as ctx:
        duplicates.forget_apart(ctx, LEAD, [a, b])
    assert scan(LEAD, "name") == [[a, b]]


def test_complaint_2_and_4_groups_are_merged_as_one_but_never_for_a_name(desk, scan, crm):
    pairs = [[desk.new(LEAD, name=f"N{i}", email=f"n{i}@x.example", job_title=t) for t in ("x", None)] for i in (1, 2)]
    frozen = [desk.new(LEAD, name="frozen", email="f@x.example") for _ in range(2)]
    assert scan(LEAD, "name") == [*pairs, frozen]
    with crm.as_user(crm.admin) as ctx, pytest.raises(Conflict):
        duplicates.start_merging(ctx, scan.last.scan.id, [1, 2])
    assert scan(LEAD, "name, owner", "email") == [*pairs, frozen]
    with crm.as_user(crm.admin) as ctx, pytest.raises(Conflict):
        duplicates.start_merging(ctx, scan.last.scan.id, [1])
    scan(LEAD, "email")
    with crm.as_user(crm.admin) as ctx:
        job = duplicates.start_merging(ctx, scan.last.scan.id, [1, 2, 3])
    crm.run_jobs(until=utcnow())
    from crm_core import jobs

    with crm.as_user(crm.admin, write=False) as ctx:
        result = jobs.find(ctx, job).result
    assert {k: result[k] for k in ("merged", "gone", "left")} == {"merged": 2, "gone": 0, "left": 1}
    assert list(result["reasons"]) == ["Frozen leads stay apart"]
    assert scan(LEAD, "email") == [frozen]
    outcome = desk.undo(result["batch"])
    assert outcome["left"] == 0
    assert scan(LEAD, "email") == [*pairs, frozen]


def test_ct_61_what_is_like_a_new_record_is_named_only_to_those_who_see_it(desk, crm):
    seen = desk.new(LEAD, name="Ann", email="ann@x.example")
    desk.new(LEAD, name="Hidden", email="ann@x.example", visibility="private")
    with crm.as_user(desk.ann, write=False) as ctx:
        (warning,) = duplicates.warnings(ctx, LEAD, {"name": "New", "email": "Ann@x.example"})
        assert (warning.text(), warning.params["id"], warning.params["title"]) == ("Known lead", seen, "Ann")
        assert duplicates.warnings(ctx, LEAD, {"name": "Ann"}) == []
        assert duplicates.warnings(ctx, LEAD, {"email": "ann@x.example"}, seen) == []
