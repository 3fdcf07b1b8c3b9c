"""Marshmallow schemas made from fields and masks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from crm_core.errors import Invalid
from crm_core.schemas import schema_for


def test_a_schema_reads_and_writes_by_the_field_types(sqlite_shop: Any) -> None:
    with sqlite_shop.operation(sqlite_shop.directory.actor(sqlite_shop.admin)) as ctx:
        schema = schema_for(ctx, "shop.book", write=True)
        found = schema.load({"name": " Dune ", "price": "1,5", "cf": {"score": "7"}, "shop.mark": None, "genres": None})
        assert found == {"name": "Dune", "price": Decimal("1.50"), "cf.score": 7, "shop.mark": None, "genres": []}
        assert schema_for(ctx, "shop.book", write=True) is schema
        dumped = schema_for(ctx, "shop.book").dump({"price": Decimal("1.50"), "cf.score": 7})
        assert dumped == {"price": "1.50", "cf.score": 7}


def test_a_schema_tells_all_problems_at_once(sqlite_shop: Any) -> None:
    with sqlite_shop.operation(sqlite_shop.directory.actor(sqlite_shop.admin)) as ctx:
        schema = schema_for(ctx, "shop.book", write=True)
        with pytest.raises(Invalid) as caught:
            schema.load({"pags": 1, "stars": 9, "created_at": "x"})
        problems = {p.field: p.code for p in caught.value.problems()}
        assert problems == {"pags": "unknown", "stars": "range", "created_at": "unknown", "name": "required"}
        assert "pages" in next(p.text() for p in caught.value.problems() if p.field == "pags")
        with pytest.raises(Invalid):
            schema.load([1])  # type: ignore[list-item]


def test_a_schema_holds_what_the_actor_may_read_or_set(sqlite_shop: Any) -> None:
    bob = sqlite_shop.add_user("bob@example.org", "Bob")
    with sqlite_shop.operation(sqlite_shop.directory.actor(bob)) as ctx:
        assert "secret" not in schema_for(ctx, "shop.book").known
        assert "created_at" in schema_for(ctx, "shop.book").known
        assert "created_at" not in schema_for(ctx, "shop.book", write=True).known
