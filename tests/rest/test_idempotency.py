"""``Idempotency-Key``: repeats get the first answer, and nothing is done twice."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from crm_core.db import utcnow
from crm_core.models import IdempotencyKey
from crm_core.rest import idempotency

KEY = {"Idempotency-Key": "order-1"}


def count(api: Any) -> int:
    return int(api.get("books").json["total"]["value"])


def test_a_repeat_gets_the_first_answer(shop: Any, api: Any) -> None:
    first = api.post("books", {"name": "Dune"}, headers=KEY)
    again = api.post("books", {"name": "Dune"}, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    for name in ("Location", "ETag", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert count(api) == 1


def test_another_body_or_path_under_the_same_key_is_refused(shop: Any, api: Any) -> None:
    api.post("books", {"name": "Dune"}, headers=KEY)
    assert api.post("books", {"name": "Emma"}, headers=KEY).status_code == 422
    assert api.post("authors", {"name": "Dune"}, headers=KEY).status_code == 422
    assert count(api) == 1


def test_keys_of_other_people_are_other_keys(shop: Any, api: Any) -> None:
    other = shop.api(shop.add_user("bob@example.org", "Bob"))
    assert api.post("books", {"name": "Dune"}, headers=KEY).status_code == 201
    assert other.post("books", {"name": "Emma"}, headers=KEY).status_code == 201


def test_a_request_that_is_still_running_is_not_started_again(shop: Any, api: Any) -> None:
    with shop.app.test_request_context("/api/v1/books", method="POST") as context:
        digest = idempotency.digest_of(context.request, b'{"name":"Dune"}')
    assert idempotency.reserve(shop.database, shop.admin, "order-1", digest, utcnow()) is None
    sent = {"data": b'{"name":"Dune"}', "content_type": "application/json", "headers": KEY}
    assert api("POST", "books", **sent).status_code == 409
    with shop.database.transaction() as session:
        session.execute(sa.update(IdempotencyKey).values(at=utcnow() - dt.timedelta(minutes=6)))
    assert api("POST", "books", **sent).status_code == 201


def test_a_request_that_failed_may_be_sent_again(shop: Any, api: Any) -> None:
    assert api.post("books", {"pages": 1}, headers=KEY).status_code == 422
    assert api.post("books", {"name": "Dune"}, headers=KEY).status_code == 201


def test_a_key_is_free_again_after_a_day(shop: Any, api: Any) -> None:
    api.post("books", {"name": "Dune"}, headers=KEY)
    with shop.database.transaction() as session:
        session.execute(sa.update(IdempotencyKey).values(at=utcnow() - dt.timedelta(hours=25)))
    assert api.post("books", {"name": "Emma"}, headers=KEY).json["name"] == "Emma"


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 201])
def test_a_key_is_made_of_visible_signs(sqlite_shop: Any, key: str) -> None:
    api = sqlite_shop.api()
    answer = api.post("books", {"name": "Dune"}, headers={"Idempotency-Key": key.encode("utf-8").decode("latin-1")})
    assert answer.status_code == 400
