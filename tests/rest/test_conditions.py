"""Conditions of lists: whatever field meets whatever operator and value, the answer is a page or a problem."""

from __future__ import annotations

from typing import Any

import pytest

from crm_core.filters.query import SUFFIXES

VALUES = (
    "1", "-1", "0", "9" * 25, "1.5", "1e999", "NaN", "Paris", "é中", "%_\\", "'\"", "null", "true", "me", "today",
    "today-30d", "now", "2026-02-31", "2026-01-01", "0001-01-01", "9999-12-31T23:59:59-23:59", "now-99999y", "a,b,,",
    "vip", "shop.author:1", "shop.author:x", "\u202e", "\x1f", "+33 1 23 45 67 89", "🎈" * 300, "ada@example.org",
)  # fmt: skip
EACH = 7
"""A field meets every seventh value with an operator, another seventh with the next one and on the other database."""


def fields_of(api: Any) -> list[str]:
    return [*(f["key"] for f in api.get("fields/books").json["items"]), "id", "copies.price", "author.name", "country"]


@pytest.mark.parametrize("suffix", ["", *SUFFIXES])
def test_conditions_are_answered_with_a_page_or_a_problem(shop: Any, suffix: str) -> None:
    shop.make("shop.book", name="Dune", pages=5, price="1", tags=["vip"], copies=[{"mark": "x", "price": "2"}])
    api = shop.api()
    first = 3 * [*SUFFIXES, ""].index(suffix) + shop.database.is_sqlite
    for number, field in enumerate(fields_of(api), first):
        for value in VALUES[number % EACH :: EACH]:
            query = {f"{field}__{suffix}" if suffix else field: value, "count": "0", "fields": "id"}
            answer = api.get("books", query_string=query)
            assert answer.status_code in (200, 400), (query, answer.text)


@pytest.mark.parametrize("order", ["", "-"])
def test_every_order_is_paged_or_refused(shop: Any, order: str) -> None:
    author = shop.make("shop.author", name="Frank")
    for number in range(4):
        odd = {"pages": number, "price": "1.5", "author": author, "printed": "2026-01-01", "cf.score": 5, "sold": True}
        shop.make("shop.book", name=f"Book {number % 2}", **(odd if number % 2 else {}))
    api = shop.api()
    for field in fields_of(api):
        path, seen = f"books?sort={order}{field}&limit=1&fields=id", []
        while path:
            answer = api.get(path)
            if answer.status_code == 400:
                break
            assert answer.status_code == 200, (path, answer.text)
            seen += [item["id"] for item in answer.json["items"]]
            path = answer.headers["Link"].partition(">")[0][1:] if answer.json["next"] else ""
        else:
            assert sorted(seen) == sorted(set(seen)), field
            assert len(seen) == 4, field
