"""The OpenAPI document says what the API does."""

from __future__ import annotations

import re
from typing import Any

from crm_core.rest import PREFIX, routes


def document(shop: Any) -> dict[str, Any]:
    found: dict[str, Any] = shop.api().get("openapi.json").json
    return found


def test_every_route_is_documented_and_every_documented_path_is_there(sqlite_shop: Any) -> None:
    found = document(sqlite_shop)
    assert found["openapi"].startswith("3.1")
    documented = {(method.upper(), path) for path, ops in found["paths"].items() for method in ops}
    urls = sqlite_shop.app.url_map.bind("localhost")
    for method, path in documented:
        concrete = re.sub(r"\{(\w+)\}", lambda m: "1" if m[1].endswith("id") else "x", path)
        rule, _ = urls.match(concrete, method=method, return_rule=True)
        assert rule.endpoint != "rest.nothing", (method, path)
    served = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in sqlite_shop.app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX) and rule.endpoint != "rest.nothing" and "{action}" not in rule.rule
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert {s for s in served if "actions" not in s[1]} == {d for d in documented if "actions" not in d[1]}
    assert ("POST", "/api/v1/books/{id}/actions/sell") in documented


def test_operations_have_distinct_names_and_all_references_lead_somewhere(sqlite_shop: Any) -> None:
    found = document(sqlite_shop)
    names = [op["operationId"] for ops in found["paths"].values() for op in ops.values()]
    assert len(names) == len(set(names))
    references = set(re.findall(r'"#/components/([^"]+)"', sqlite_shop.api().get("openapi.json").text))
    for reference in references:
        kind, _, name = reference.partition("/")
        assert name in found["components"][kind], reference


def test_the_document_is_the_same_for_everyone(sqlite_shop: Any) -> None:
    bob = sqlite_shop.add_user("bob@example.org", "Bob")
    assert sqlite_shop.api(bob, ("read",)).get("openapi.json").data == sqlite_shop.api().get("openapi.json").data


def test_custom_and_contributed_fields_and_forms_of_actions_are_in_it(sqlite_shop: Any) -> None:
    schemas = document(sqlite_shop)["components"]["schemas"]
    book = schemas["shop.book"]["properties"]
    assert book["cf"]["properties"]["score"]["title"] == "Score"
    assert book["shop"]["properties"]["mark"]["title"] == "Shelf mark"
    assert schemas["shop.book.new"]["required"] == ["name"]
    assert "created_at" not in schemas["shop.book.change"]["properties"]
    sell = document(sqlite_shop)["paths"]["/api/v1/books/{id}/actions/sell"]["post"]
    assert sell["requestBody"]["content"]["application/json"]["schema"]["required"] == ["price"]


def test_every_route_tells_who_may_and_what_it_answers() -> None:
    for route in routes():
        assert route.answers, route.path
        assert route.method == "GET" or route.scope in ("write", "admin"), route.path
        assert not (route.method == "GET" and (route.body or route.is_write)), route.path
