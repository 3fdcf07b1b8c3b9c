"""Who may call: tokens and their scopes, sessions and their form token."""

from __future__ import annotations

from typing import Any

import pytest

from crm_core.accounts import tokens
from crm_core.db import utcnow


@pytest.mark.parametrize(
    "header",
    [None, "Bearer", "Bearer ", "Bearer crm_unknown", "Basic YTpi", "Bearer é", "crm_x", "Bearer crm_" + "x" * 500],
)
def test_without_a_valid_token_nothing_is_told(sqlite_shop: Any, header: str | None) -> None:
    client = sqlite_shop.app.test_client()
    headers = {"Authorization": header} if header else {}
    for method, path in (("GET", "books"), ("POST", "books"), ("GET", "openapi.json"), ("GET", "nothing/me/no")):
        answer = client.open(f"/api/v1/{path}", method=method, headers=headers)
        if path.startswith("nothing"):
            assert answer.status_code == 404
            continue
        assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_token_is_worth_nothing(shop: Any) -> None:
    with shop.database.transaction() as session:
        token, row = tokens.create(session, shop.admin, name="old", scopes=("read",), now=utcnow())
    headers = {"Authorization": f"bearer {token}"}
    client = shop.app.test_client()
    assert client.get("/api/v1/books", headers=headers).status_code == 200
    with shop.database.transaction() as session:
        tokens.revoke(session, row.id, now=utcnow())
    assert client.get("/api/v1/books", headers=headers).status_code == 401


def test_a_token_does_what_its_scopes_say(shop: Any) -> None:
    reader, writer = shop.api(scopes=("read",)), shop.api(scopes=("read", "write"))
    record = shop.make("shop.book", name="Dune")
    writes = [
        ("POST", "books", {"name": "x"}),
        ("PATCH", f"books/{record}", {"pages": 1}),
        ("POST", "books/bulk", {"items": []}),
        ("POST", f"books/{record}/comments", {"body": "x"}),
        ("POST", f"books/{record}/actions/sell", {"price": "1"}),
        ("POST", "tags", {"name": "x"}),
        ("DELETE", f"books/{record}", None),
    ]
    for method, path, body in writes:
        answer = reader(method, path, body)
        assert answer.status_code == 403, path
        assert "write" in answer.json["detail"]
    for method, path, body in writes:
        assert writer(method, path, body).status_code < 300, path
    settings: list[tuple[str, str, Any]] = [
        ("GET", "settings", None),
        ("PATCH", "settings", {}),
        ("PUT", "currencies", {}),
    ]
    for method, path, body in settings:
        assert writer(method, path, body).status_code == 403
        assert shop.api()(method, path, body).status_code < 300


def test_settings_are_for_administrators_whatever_the_token_says(shop: Any) -> None:
    other = shop.api(shop.add_user("bob@example.org", "Bob"))
    for method, path in (("GET", "settings"), ("PATCH", "settings"), ("POST", "fields/books"), ("PATCH", "tags/1")):
        assert other(method, path, {} if method != "GET" else None).status_code == 403, path


def test_a_browser_writes_with_its_form_token_only(shop: Any) -> None:
    client, token = shop.browser()
    assert client.get("/api/v1/books").status_code == 200
    body = {"name": "Dune"}
    assert client.post("/api/v1/books", json=body).status_code == 403
    assert client.post("/api/v1/books", json=body, headers={"X-CSRF-Token": "x"}).status_code == 403
    _, foreign = shop.browser()
    assert client.post("/api/v1/books", json=body, headers={"X-CSRF-Token": foreign}).status_code == 403
    assert client.post("/api/v1/books", json=body, headers={"X-CSRF-Token": token}).status_code == 201


def test_a_header_counts_and_not_the_cookie_beside_it(shop: Any) -> None:
    client, _ = shop.browser()
    assert client.get("/api/v1/books", headers={"Authorization": "Bearer crm_unknown"}).status_code == 401


def test_answers_are_not_kept_by_caches_in_between(sqlite_shop: Any) -> None:
    answer = sqlite_shop.api().get("books")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Vary"] == "Authorization, Cookie"


def test_problems_are_told_in_the_language_of_the_caller(sqlite_shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from crm_core import i18n

    french = {"Please sign in": "Veuillez vous connecter"}
    monkeypatch.setattr(i18n, "_everywhere", lambda language: french if language == "fr" else {})
    answer = sqlite_shop.app.test_client().get("/api/v1/books", headers={"Accept-Language": "fr-BE,en;q=0.5"})
    assert answer.json["title"] == "Veuillez vous connecter"


def test_the_use_of_a_token_is_noted(shop: Any) -> None:
    api = shop.api()
    api.get("books").close()
    (row,) = api.get("me/tokens").json["items"]
    assert row["last_used_at"]
