"""What a body may be, and what is answered when it is something else."""

from __future__ import annotations

from typing import Any

import pytest

JSON = "application/json"


def send(shop: Any, data: bytes, content_type: str | None = JSON) -> Any:
    return shop.api()("POST", "books", data=data, content_type=content_type)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b'{"name": NaN}', b'{"name": Infinity}', b'{"name": "\xff"}', b'{"name": "\\ud800"}',
        b'{"name": "a\\u0000b"}', b'{"a\\u0000": 1}', b"[" * 5000 + b"]" * 5000,
        b'{"name": ' + b"[" * 40 + b"]" * 40 + b"}", b'{"pages": 1e999}', "{}".encode("utf-16"),
    ],
)  # fmt: skip
def test_what_is_not_json_is_refused(sqlite_shop: Any, data: bytes) -> None:
    answer = send(sqlite_shop, data)
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json"), answer.json


@pytest.mark.parametrize("data", [b"[]", b"5", b'"text"', b"null"])
def test_json_that_is_no_object_does_not_pass(sqlite_shop: Any, data: bytes) -> None:
    assert send(sqlite_shop, data).status_code == 422


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_other_types_are_not_read(sqlite_shop: Any, content_type: str | None) -> None:
    assert send(sqlite_shop, b'{"name": "x"}', content_type).status_code == 415


def test_a_charset_beside_the_type_is_fine(sqlite_shop: Any) -> None:
    assert send(sqlite_shop, b'{"name": "x"}', "application/json; charset=utf-8").status_code == 201


def test_a_body_has_a_limit(sqlite_shop: Any) -> None:
    limit = sqlite_shop.config.max_body
    answer = send(sqlite_shop, b'{"name": "' + b"x" * limit + b'"}')
    assert answer.status_code == 413
    assert str(limit) in answer.json["detail"]


def test_of_a_name_given_twice_the_last_one_holds(sqlite_shop: Any) -> None:
    assert send(sqlite_shop, b'{"name": "a", "name": "b"}').json["name"] == "b"


def test_a_backslash_before_u0000_is_text(sqlite_shop: Any) -> None:
    answer = send(sqlite_shop, rb'{"name": "\\u0000"}')
    assert (answer.status_code, answer.json["name"]) == (201, r"\u0000")


@pytest.mark.parametrize(
    "values",
    [
        {"name": ["x"]}, {"name": {"a": 1}}, {"name": True}, {"pages": [1]}, {"pages": 10**30}, {"tags": 5.5},
        {"tags": [None, {"a": 1}]}, {"copies": {"mark": {"x": 1}}}, {"copies": [[1]]}, {"copies": "x" * 300},
        {"place": "Paris"}, {"place": {"planet": "Mars"}}, {"author": -1}, {"author": {"id": {}}}, {"author": 2**60},
        {"others": [1, "x"]}, {"readers": ["nobody@example.org"]}, {"printed": "2026-02-31"}, {"seen": "soon"},
        {"seen": "0001-01-01T00:00:00+23:59"}, {"price": "1e400"}, {"price": 10**40}, {"sold": "perhaps"},
        {"about": "shop.author"}, {"about": {}}, {"about": "core.user:1"}, {"cf": 5}, {"cf": {"score": []}},
        {"binding": {"a": 1}}, {"genres": [["x"]]}, {"visibility": "x"}, {"owner": "x"}, {"site": "http://["},
        {"weight": "0.0001"}, {"listening": "99999999999:00"}, {"stars": 0},
    ],
)  # fmt: skip
def test_odd_values_are_problems_and_never_failures(sqlite_shop: Any, values: dict[str, Any]) -> None:
    answer = sqlite_shop.api().post("books", {"name": "Dune", **values})
    assert answer.status_code == 422, answer.json
    (problem,) = answer.json["errors"]
    assert problem["field"].partition(".")[0] == next(iter(values))
    assert problem["message"]


def test_an_unforeseen_error_is_a_problem_that_says_nothing_of_the_inside(
    sqlite_shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crm_core import records

    def fail(*args: Any, **kw: Any) -> None:
        raise RuntimeError("inside")

    monkeypatch.setattr(records, "create", fail)
    answer = send(sqlite_shop, b'{"name": "x"}')
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert b"inside" not in answer.data
