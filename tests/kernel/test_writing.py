"""Writing through the door: all problems at once, versions, hooks, history, search text and access follow."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from crm_core import custom_indexes, customfields, history, records
from crm_core import models as m
from crm_core.change import Change
from crm_core.context import Ctx
from crm_core.errors import Forbidden, Invalid, NotFound, PluginError, Problem, Stale
from crm_core.filters import parse
from crm_core.hookspecs import hookimpl
from tests.kernel.conftest import ADMIN, ANN, BOB, Small
from tests.kernel.zoo import Shelf, ShelfLabel


def make(small: Small, user: int = ADMIN, **values: Any) -> int:
    with small.operation(user) as ctx:
        return records.create(ctx, "attic.shelf", {"name": "Shelf", **values}).id


def values(small: Small, record_id: int, user: int = ADMIN) -> dict[str, Any]:
    with small.operation(user) as ctx:
        return records.read(ctx, "attic.shelf", record_id).values


def test_all_problems_come_at_once_and_nothing_is_written(small: Small) -> None:
    bad = {
        "count": 101, "amount": "12.345", "opened": "31/02/2026", "nam": "x", "kind": "zzz", "keepers": [99],
        "parent": 12345, "labels": [{"text": "ok", "mail": "not an address"}], "created_at": "2020-01-01",
    }  # fmt: skip
    with pytest.raises(Invalid) as caught, small.operation(ADMIN) as ctx:
        records.create(ctx, "attic.shelf", bad)
    fields = {p.field for p in caught.value.problems()}
    assert fields == {"count", "amount", "opened", "nam", "kind", "keepers", "parent", "labels", "created_at", "name"}
    with small.operation(None) as ctx:
        assert ctx.session.scalar(sa.select(sa.func.count()).select_from(Shelf)) == 0


def test_a_new_record_has_its_defaults_and_its_history(small: Small) -> None:
    found = make(small, ANN)
    read = values(small, found, ANN)
    assert (read["owner"], read["created_by"], read["visibility"]) == (ANN, ANN, "read")
    with small.operation(ANN) as ctx:
        (entry,) = history.entries(ctx, "attic.shelf", found)
    assert (entry.actor, entry.action) == ("Ann", "create")


def test_a_change_writes_what_differs_and_raises_the_version(small: Small) -> None:
    found = make(small, amount="1", labels=["a", "b"], kinds=["a"])
    line = values(small, found)["labels"][1]
    with small.operation(ADMIN) as ctx:
        changed = {"amount": "2.50", "name": "Shelf", "labels": [{**line, "loud": True}, "c"], "kinds": ["a", "b"]}
        records.update(ctx, "attic.shelf", found, changed, version=1)
    with small.operation(ADMIN) as ctx:
        newest = history.entries(ctx, "attic.shelf", found)[0]
        row = records.read(ctx, "attic.shelf", found)
    assert row.version == 2
    assert {c.key for c in newest.changes} == {"amount", "labels", "kinds"}
    assert [(x["id"] == line["id"], x["text"]) for x in row.values["labels"]] == [(True, "b"), (False, "c")]
    assert row.values["amount"] == Decimal("2.50")


def test_saving_without_a_difference_changes_nothing(small: Small) -> None:
    found = make(small, amount="1.5", opened="2026-01-02")
    with small.operation(ADMIN) as ctx:
        records.update(ctx, "attic.shelf", found, {"amount": "1,50", "opened": "02/01/2026", "name": "Shelf"})
    with small.operation(ADMIN) as ctx:
        assert records.read(ctx, "attic.shelf", found).version == 1
        assert len(history.entries(ctx, "attic.shelf", found)) == 1


def test_kn_06_a_second_save_of_the_same_version_is_refused(small: Small) -> None:
    found = make(small)
    with small.operation(ADMIN) as ctx:
        records.update(ctx, "attic.shelf", found, {"count": 1}, version=1)
    with pytest.raises(Stale) as caught, small.operation(ADMIN) as ctx:
        records.update(ctx, "attic.shelf", found, {"count": 2}, version=1)
    assert caught.value.version == 2
    assert values(small, found)["count"] == 1


def test_private_listed_readable_and_writable(small: Small) -> None:
    private, listed = make(small, visibility="private"), make(small, visibility="private")
    read, write = make(small, visibility="read"), make(small, visibility="write")
    with small.operation(ADMIN) as ctx:
        records.share(ctx, "attic.shelf", listed, [("user", ANN, True), ("user", BOB, False)])
    with small.operation(ANN) as ctx:
        with pytest.raises(NotFound):
            records.update(ctx, "attic.shelf", private, {"count": 1})
        with pytest.raises(Forbidden):
            records.update(ctx, "attic.shelf", read, {"count": 1})
        records.update(ctx, "attic.shelf", write, {"count": 1})
        records.update(ctx, "attic.shelf", listed, {"count": 1})
    with small.operation(BOB) as ctx:
        assert records.get(ctx, "attic.shelf", listed).id == listed
        with pytest.raises(Forbidden):
            records.update(ctx, "attic.shelf", listed, {"count": 2})


def test_named_users_may_write_and_lose_it_when_taken_out(small: Small) -> None:
    found = make(small, visibility="private", keepers=[ANN])
    with small.operation(ANN) as ctx:
        records.update(ctx, "attic.shelf", found, {"keepers": [BOB]})
    with small.operation(ANN) as ctx, pytest.raises(NotFound):
        records.get(ctx, "attic.shelf", found)
    assert values(small, found, BOB)["keepers"] == [BOB]


def test_records_with_equal_access_share_one_set(small: Small) -> None:
    for _ in range(5):
        make(small, visibility="private", keepers=[ANN])
    with small.operation(None) as ctx:
        assert len(set(ctx.session.scalars(sa.select(Shelf.access_id)))) == 1


def test_unique_values_are_told_even_of_records_one_cannot_see(small: Small) -> None:
    make(small, ADMIN, serial="X1", visibility="private")
    with pytest.raises(Invalid) as caught, small.operation(ANN) as ctx:
        records.create(ctx, "attic.shelf", {"name": "B", "serial": "X1"})
    assert [p.code for p in caught.value.problems()] == ["unique"]


def test_a_renamed_record_is_found_under_its_new_name_through_its_links(small: Small) -> None:
    parent = make(small, name="Kergomard")
    child = make(small, name="Child", parent=parent)
    with small.operation(ADMIN) as ctx:
        records.update(ctx, "attic.shelf", parent, {"name": "Trégastel"})
    with small.operation(ADMIN) as ctx:
        assert {r.id for r in records.list_(ctx, "attic.shelf", records.ListQuery(q="tregas")).items} == {parent, child}
        assert records.list_(ctx, "attic.shelf", records.ListQuery(q="kergo")).total == 0


def test_deleting_takes_lines_comments_and_links_along_and_keeps_the_history(small: Small) -> None:
    parent = make(small, name="Gone", labels=["x"])
    child = make(small, parent=parent)
    with small.operation(ADMIN) as ctx:
        records.delete(ctx, "attic.shelf", parent)
    assert values(small, child)["parent"] is None
    with small.operation(None) as ctx:
        assert ctx.session.scalar(sa.select(sa.func.count()).select_from(ShelfLabel)) == 0
        last = ctx.session.scalars(sa.select(m.Change).where(m.Change.record_id == parent).order_by(m.Change.id)).all()[
            -1
        ]
    assert (last.action, last.title, last.diff["labels"][0][0]["text"]) == ("delete", "Gone", "x")


def test_ids_are_never_given_twice(small: Small) -> None:
    first = make(small)
    with small.operation(ADMIN) as ctx:
        records.delete(ctx, "attic.shelf", first)
    assert make(small) > first


class Refusing:
    """A plugin that derives, refuses and fails as the record's name says."""

    @hookimpl
    def crm_before_write(self, ctx: Ctx, change: Change) -> None:
        if change.changed("name") and change.get("name") == "derive":
            change.set("count", 42)

    @hookimpl
    def crm_validate(self, ctx: Ctx, change: Change) -> list[Problem]:
        return [Problem("name", "rude", "Not this name")] if change.get("name") == "refuse" else []

    @hookimpl
    def crm_after_write(self, ctx: Ctx, change: Change) -> None:
        if change.get("name") == "fail":
            raise RuntimeError("broken")


def test_hooks_derive_refuse_and_abort_with_their_name(small: Small) -> None:
    small.modules = [("picky", Refusing())]
    assert values(small, make(small, name="derive"))["count"] == 42
    with pytest.raises(Invalid) as refused:
        make(small, name="refuse")
    assert refused.value.problems()[0].plugin == "picky"
    with pytest.raises(PluginError, match="picky"):
        make(small, name="fail")
    with small.operation(ADMIN) as ctx:
        assert records.list_(ctx, "attic.shelf", records.ListQuery()).total == 1


def test_bulk_creation_means_the_same_as_one_by_one(small: Small) -> None:
    item = {
        "name": "Ünique", "amount": Decimal("12.50"), "kinds": ["a"], "keepers": [ANN], "visibility": "private",
        "labels": [{"text": "Größe", "mail": "a@example.org", "loud": False}],
    }  # fmt: skip
    single = make(small, **item)
    with small.operation(ADMIN) as ctx:
        refused, many = records.bulk_create(ctx, "attic.shelf", [{"name": None}, item])
    assert isinstance(refused, list) and refused[0].field == "name" and isinstance(many, int)

    def plain(record_id: int) -> dict[str, Any]:
        found = values(small, record_id)
        lines = [{k: v for k, v in line.items() if k != "id"} for line in found["labels"]]
        return {**{k: v for k, v in found.items() if not k.endswith("_at")}, "labels": lines}

    assert plain(many) == plain(single)
    with small.operation(ANN) as ctx:
        query = records.ListQuery(q="grosse", filter=parse('labels.mail = "a@example.org"'))
        assert {r.id for r in records.list_(ctx, "attic.shelf", query).items} == {single, many}
    with small.operation(BOB) as ctx:
        assert records.list_(ctx, "attic.shelf", records.ListQuery(q="grosse")).total == 0


def test_kn_11_bulk_changes_succeed_and_fail_one_by_one(small: Small) -> None:
    mine, other = make(small, ANN, name="Mine"), make(small, BOB, name="Other")
    with small.operation(ANN) as ctx:
        results = records.bulk(ctx, "attic.shelf", [mine, other, 999], "update", {"+kinds": ["a"], "count": 7})
    assert [r.ok for r in results] == [True, False, False]
    assert values(small, mine)["kinds"] == ["a"] and values(small, other)["count"] is None


def test_custom_fields_take_the_same_path(small: Small) -> None:
    with small.operation(ADMIN) as ctx:
        for key, kind in (
            ("score", "integer"),
            ("price", "decimal"),
            ("day", "date"),
            ("vip", "boolean"),
            ("nick", "text"),
        ):
            customfields.create(ctx, "attic.shelf", key=key, type=kind, label=key.title(), indexed=True)
        customfields.create(
            ctx, "attic.shelf", key="tier", type="choice", label="Tier", choices={"g": "Gold", "s": "Silver"}
        )
        customfields.create(
            ctx, "attic.shelf", key="hats", type="multichoice", label="Hats", choices={"t": "Top", "b": "Bowler"}
        )
    with small.operation(ADMIN) as ctx:
        fields = list(ctx.registry.fields("attic.shelf").values())
        made = custom_indexes.ensure_indexes(small.database, fields, {"attic.shelf": Shelf})
        assert len(made) == 5
    nested = {
        "cf": {
            "score": "7",
            "price": "10.10",
            "day": "31/12/2026",
            "vip": "yes",
            "nick": "Zoé",
            "tier": "Gold",
            "hats": "t,b",
        }
    }
    found = make(small, **nested)
    read = values(small, found)
    assert (read["cf.score"], read["cf.price"], read["cf.tier"], read["cf.hats"]) == (
        7,
        Decimal("10.10"),
        "g",
        ["t", "b"],
    )
    for text in ("cf.score > 6", "cf.price = 10.1", "cf.day > 2026-12-30", "cf.vip = true", 'cf.nick startswith "Zo"',
                 'cf.tier = "g"', 'cf.hats has "b"', "cf.hats is not null"):  # fmt: skip
        with small.operation(ADMIN) as ctx:
            assert records.list_(ctx, "attic.shelf", records.ListQuery(filter=parse(text))).total == 1, text
    with small.operation(ADMIN) as ctx:
        records.update(ctx, "attic.shelf", found, {"cf.score": None})
        record = records.get(ctx, "attic.shelf", found)
        assert "cf__score" not in record.custom and record.custom["cf__nick"] == "Zoé"
    with pytest.raises(Forbidden), small.operation(ANN) as ctx:
        customfields.create(ctx, "attic.shelf", key="mine", type="text", label="Mine")


def test_a_link_to_a_record_one_cannot_see_is_refused(small: Small) -> None:
    hidden = make(small, visibility="private")
    with pytest.raises(Invalid) as caught, small.operation(ANN) as ctx:
        records.create(ctx, "attic.shelf", {"name": "A", "parent": hidden})
    assert caught.value.problems()[0].field == "parent"


@pytest.mark.parametrize("name", ["nul\x00", "nul\ud800", "\u0007nul "])
def test_characters_no_database_stores_are_left_out(small: Small, name: str) -> None:
    assert values(small, make(small, name=name))["name"] == "nul"


def test_links_to_records_one_cannot_see_survive_an_edit(small: Small) -> None:
    hidden, seen, other = make(small, visibility="private"), make(small), make(small)
    found = make(small, visibility="write", friends=[hidden, seen])
    with small.operation(ANN) as ctx:
        assert records.read(ctx, "attic.shelf", found).values["friends"] == [seen]
        records.update(ctx, "attic.shelf", found, {"friends": [other]})
    assert sorted(values(small, found)["friends"]) == sorted([hidden, other])
