"""Routes of records: shapes, lists, versions, problems."""

from __future__ import annotations

from typing import Any


def test_create_answers_the_record_with_location_and_etag(api: Any) -> None:
    answer = api.post("books", {"name": "Dune", "cf": {"score": 7}, "tags": ["vip"], "price": "12.50"})
    assert answer.status_code == 201, answer.json
    assert answer.headers["Location"] == f"/api/v1/books/{answer.json['id']}"
    assert answer.headers["ETag"] == '"1"'
    print(answer.json)
