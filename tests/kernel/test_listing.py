"""Lists: every order can be paged through both ways, filters mean the same on both databases, counts obey rights."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

import pytest

from crm_core import records
from crm_core.access import visible_sets
from crm_core.errors import BadRequest, FilterError
from crm_core.filters import parse
from crm_core.search import suggest
from tests.kernel.conftest import ADMIN, ANN, BOB, Small

NAMES = ["Éclair", "eclipse", "Zebra", "Øre", "ánna", "Anna", "Łódź", "straße", "o'Neil", "Émile"]


@pytest.fixture
def shelves(small: Small) -> list[int]:
    """Forty records with repeated and missing values; each fifth is private to the administrator."""
    rng = random.Random(7)
    found: list[int] = []
    with small.operation(ADMIN) as ctx:
        for i in range(40):
            values = {
                "name": f"{rng.choice(NAMES)} {i % 13}",
                "amount": rng.choice([None, "-1.10", "0", "12.50", "12.5", "999999999999.99"]),
                "opened": rng.choice([None, "2024-02-29", "2026-12-31", "1999-01-01"]),
                "kind": rng.choice([None, "a", "b"]),
                "count": rng.choice([None, 0, 5, 100]),
                "parent": rng.choice(found) if found and i % 3 == 0 else None,
                "labels": [f"t{i % 7}", {"text": "Größe", "mail": f"p{i}@example.org"}] if i % 2 else [],
                "kinds": ["a", "b"] if i % 4 == 0 else [],
                "keepers": [BOB] if i % 4 == 1 else [],
                "visibility": "private" if i % 5 == 0 else "read",
            }
            found.append(records.create(ctx, "attic.shelf", values).id)
    return found


SORTS = ["name", "-name", "amount", "-amount", "opened", "-opened", "kind", "-kind,name", "count,-amount", "parent",
         "-parent", "owner", "-created_at", "checked", "-checked,-name", "id", "-id", "serial"]  # fmt: skip


def test_every_order_pages_forward_and_back(small: Small, shelves: list[int], subtests: pytest.Subtests) -> None:
    for sort in SORTS:
        with subtests.test(sort=sort):
            check_pages(small, shelves, sort)


def test_who_sees_few_pages_through_them_in_the_same_orders(
    small: Small, shelves: list[int], subtests: pytest.Subtests
) -> None:
    """Bob's records are in several access sets; lists of his merge them."""
    with small.operation(ADMIN) as ctx:
        mine = records.ListQuery(filter=parse(f"visibility = 'read' or keepers has {BOB}"), limit=100)
        seen = [r.id for r in records.list_(ctx, "attic.shelf", mine).items]
    with small.operation(BOB) as ctx:
        assert 1 < len(visible_sets(ctx, write=False) or ()) <= 8
    assert len(seen) < len(shelves)
    for sort in SORTS:
        with subtests.test(sort=sort):
            check_pages(small, seen, sort, user=BOB)
            if "parent" not in sort:
                assert [i for i in listed(small, ADMIN, sort) if i in seen] == listed(small, BOB, sort)
    assert listed(small, BOB, "-amount", "amount > 0") == [
        i for i in listed(small, ADMIN, "-amount", "amount > 0") if i in seen
    ]


def listed(small: Small, user: int, sort: str, text: str = "") -> list[int]:
    with small.operation(user) as ctx:
        query = records.ListQuery(sort=records.parse_sort(sort), filter=parse(text) if text else None, limit=100)
        return [r.id for r in records.list_(ctx, "attic.shelf", query).items]


def check_pages(small: Small, shelves: list[int], sort: str, user: int = ADMIN) -> None:
    with small.operation(user) as ctx:
        order = records.parse_sort(sort)
        whole = [r.id for r in records.list_(ctx, "attic.shelf", records.ListQuery(sort=order, limit=100)).items]
        assert sorted(whole) == sorted(shelves)
        pages, after = [], None
        while True:
            page = records.list_(ctx, "attic.shelf", records.ListQuery(sort=order, limit=7, after=after, count=False))
            pages.append(page)
            if page.next is None:
                break
            after = page.next
        assert [r.id for p in pages for r in p.items] == whole
        back, before = [pages[-1]], pages[-1].previous
        while before is not None:
            page = records.list_(ctx, "attic.shelf", records.ListQuery(sort=order, limit=7, before=before, count=False))
            back.insert(0, page)
            before = page.previous
        assert [r.id for p in back for r in p.items] == whole


def test_sorting_by_name_ignores_case_and_accents(small: Small, shelves: list[int]) -> None:
    with small.operation(ADMIN) as ctx:
        page = records.list_(ctx, "attic.shelf", records.ListQuery(sort=(("name", False),), limit=100))
    folded = [r.title.lower() for r in page.items]
    assert folded[0].startswith(("anna", "ánna"))
    assert folded[-1].startswith("zebra")


FILTERS = {
    'name startswith "ECL"': lambda v: v["name"].lower().replace("é", "e").startswith("ecl"),
    'name = "anna 1"': lambda v: v["name"].lower().replace("á", "a") == "anna 1",
    "amount > 0 and not amount is null": lambda v: v["amount"] is not None and v["amount"] > 0,
    "amount != 12.50": lambda v: v["amount"] != Decimal("12.50"),
    'kind = "a" or kind is null': lambda v: v["kind"] in ("a", None),
    'kind in ("a", "b")': lambda v: v["kind"] in ("a", "b"),
    'kind not in ("a")': lambda v: v["kind"] != "a",
    "opened >= 2024-02-29": lambda v: v["opened"] is not None and v["opened"] >= dt.date(2024, 2, 29),
    'labels.text = "GRÖSSE"': lambda v: bool(v["labels"]),
    'labels.text contains "grö"': lambda v: bool(v["labels"]),
    'labels.mail endswith "1@example.org"': lambda v: any(
        (x["mail"] or "").endswith("1@example.org") for x in v["labels"]
    ),
    "labels is null": lambda v: not v["labels"],
    'kinds has "b"': lambda v: "b" in v["kinds"],
    "kinds is not null": lambda v: bool(v["kinds"]),
    'not (kinds has "b") and keepers is null': lambda v: "b" not in v["kinds"] and not v["keepers"],
    "parent is not null": lambda v: v["parent"] is not None,
    "count between 0 and 5": lambda v: v["count"] in (0, 5),
    "created_at = today": lambda v: True,
    "updated_at < today": lambda v: False,
    "owner = me": lambda v: True,
}


def test_filters_pick_what_they_say(small: Small, shelves: list[int], subtests: pytest.Subtests) -> None:
    for text in FILTERS:
        with subtests.test(filter=text):
            check_filter(small, text)


def check_filter(small: Small, text: str) -> None:
    with small.operation(ADMIN) as ctx:
        fields = ("name", "amount", "opened", "kind", "count", "parent", "labels", "kinds", "keepers")
        rows = records.list_(ctx, "attic.shelf", records.ListQuery(fields=fields, limit=100)).items
        wanted = {r.id for r in rows if FILTERS[text](r.values)}
        page = records.list_(ctx, "attic.shelf", records.ListQuery(filter=parse(text), limit=100))
    assert {r.id for r in page.items} == wanted
    assert page.total == len(wanted)


def test_a_filter_through_a_link_obeys_the_rights_on_its_target(small: Small) -> None:
    with small.operation(ADMIN) as ctx:
        hidden = records.create(ctx, "attic.shelf", {"name": "Hidden", "visibility": "private"})
        records.create(ctx, "attic.shelf", {"name": "Child", "parent": hidden.id})
    query = records.ListQuery(filter=parse('parent.name = "hidden"'))
    with small.operation(ADMIN) as ctx:
        assert records.list_(ctx, "attic.shelf", query).total == 1
    with small.operation(ANN) as ctx:
        assert records.list_(ctx, "attic.shelf", query).total == 0
        child = records.list_(ctx, "attic.shelf", records.ListQuery(fields=("parent",))).items[0]
        assert child.values["parent"] is None and not child.labels


def test_private_records_are_absent_from_lists_counts_and_search(small: Small, shelves: list[int]) -> None:
    with small.operation(ANN) as ctx:
        page = records.list_(ctx, "attic.shelf", records.ListQuery(limit=3))
        assert page.total == 32
        assert all(h.id in shelves for h in suggest(ctx, "e"))
    with small.operation(BOB) as ctx:
        assert records.list_(ctx, "attic.shelf", records.ListQuery(limit=3)).total == 34
        mine = records.list_(
            ctx, "attic.shelf", records.ListQuery(filter=parse("keepers has me"), limit=100, editable=True)
        )
        assert mine.total == 10 and all(r.editable for r in mine.items)


def test_masked_fields_can_be_neither_read_nor_filtered_nor_sorted(small: Small) -> None:
    with small.operation(ADMIN) as ctx:
        records.create(ctx, "attic.shelf", {"name": "A", "note": "for keepers"})
    with small.operation(ANN) as ctx:
        for query in (
            records.ListQuery(fields=("note",)),
            records.ListQuery(filter=parse('note = "x"')),
            records.ListQuery(sort=(("note", False),)),
        ):
            with pytest.raises(FilterError):
                records.list_(ctx, "attic.shelf", query)
        row = records.list_(ctx, "attic.shelf", records.ListQuery()).items[0]
        assert "note" not in records.read(ctx, "attic.shelf", row.id).values


@pytest.mark.parametrize("marker", ["", "x", "e30", "W10", "WyJuYW1lIixbMSwyXV0", "é" * 10, "A" * 5000])
def test_foreign_page_markers_are_refused(small: Small, marker: str) -> None:
    with small.operation(ADMIN) as ctx, pytest.raises(BadRequest):
        records.list_(ctx, "attic.shelf", records.ListQuery(after=marker))


def test_an_unknown_field_names_the_nearest(small: Small) -> None:
    with small.operation(ADMIN) as ctx, pytest.raises(FilterError, match="did you mean amount"):
        records.list_(ctx, "attic.shelf", records.ListQuery(filter=parse("amout > 3")))
