"""Bulk changes: each succeeds or fails by itself."""

from __future__ import annotations

from typing import Any

import pytest


def test_items_are_updated_or_created_each_by_itself(shop: Any, api: Any) -> None:
    first, second = (shop.make("shop.book", name=name) for name in ("A", "B"))
    answer = api.post(
        "books/bulk",
        {
            "items": [
                {"id": first, "pages": 5},
                {"name": "New", "tags": ["fresh"]},
                {"pages": 7},
                {"id": second, "pages": "many", "stars": 9},
                {"id": second, "version": 7, "pages": 1},
                {"id": 99, "pages": 1},
            ]
        },
    )
    assert answer.status_code == 200, answer.text
    body = answer.json
    assert (body["done"], body["failed"]) == (2, 4)
    assert [item["ok"] for item in body["items"]] == [True, True, False, False, False, False]
    assert body["items"][0] == {"id": first, "ok": True, "version": 2}
    created = body["items"][1]["id"]
    assert api.get(f"books/{created}").json["tags"] == ["fresh"]
    errors = [item["error"] for item in body["items"][2:]]
    assert [e["status"] for e in errors] == [422, 422, 412, 404]
    assert {p["field"] for p in errors[1]["errors"]} == {"pages", "stars"}
    assert errors[2]["version"] == 1
    assert api.get(f"books/{second}").json["version"] == 1


def test_one_action_on_many(shop: Any, api: Any) -> None:
    ids = [shop.make("shop.book", name=name, tags=["old"]) for name in ("A", "B")]
    done = api.post("books/bulk", {"action": "update", "ids": ids, "data": {"pages": 3, "+tags": ["new"]}}).json
    assert [(i["id"], i["ok"], i["version"]) for i in done["items"]] == [(i, True, 2) for i in ids]
    assert api.get(f"books/{ids[0]}").json["tags"] == ["old", "new"]
    sold = api.post("books/bulk", {"action": "sell", "ids": [*ids, ids[0], 77], "data": {"price": "2"}}).json
    assert [i["ok"] for i in sold["items"]] == [True, True, False]
    assert sold["items"][0]["result"]["price"] == "2.00"
    assert sold["items"][2]["error"]["status"] == 404
    again = api.post("books/bulk", {"action": "sell", "ids": ids, "data": {"price": "2"}}).json
    assert [i["error"]["code"] for i in again["items"]] == ["conflict", "conflict"]
    assert api.post("books/bulk", {"action": "delete", "ids": ids}).json["done"] == 2
    assert api.get("books").json["items"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"ids": [1], "items": []}, 422),
        ({"ids": [1]}, 422),
        ({"ids": ["x"], "action": "update"}, 422),
        ({"ids": [0], "action": "update"}, 422),
        ({"ids": [1], "action": "nothing"}, 404),
        ({"ids": [1], "action": "create"}, 400),
        ({"items": [5]}, 422),
        ({"items": [{}], "action": "delete"}, 422),
        ({"items": [{}], "data": {}}, 422),
        ({"items": [{}] * 1001}, 422),
        ({"ids": [1] * 1001, "action": "delete"}, 422),
        ({"actions": "update"}, 422),
    ],
)
def test_bodies_that_say_nothing_clear(sqlite_shop: Any, body: dict[str, Any], status: int) -> None:
    answer = sqlite_shop.api().post("books/bulk", body)
    assert answer.status_code == status, answer.json
