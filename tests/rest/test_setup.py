"""Lists, tags, settings, currencies, fields and views."""

from __future__ import annotations

from typing import Any


def test_lists_and_their_entries(shop: Any, api: Any) -> None:
    assert "shop.genre" in {found["key"] for found in api.get("lists").json["items"]}
    (prose,) = api.get("lists/shop.genre").json["items"]
    assert (prose["code"], prose["title"], prose["active"]) == ("prose", "Prose", True)
    made = api.post("lists/shop.genre", {"label": "Poésie", "colour": "#aabbcc"})
    assert (made.status_code, made.json["code"]) == (201, "poesie")
    assert api.post("lists/shop.genre", {"label": "poesie"}).status_code == 200
    path = made.headers["Location"]
    assert api.patch(path, {"label": {"en": "Poetry", "fr": "Poésie"}}).json["title"] == "Poetry"
    ids = [made.json["id"], prose["id"]]
    assert api("PUT", "lists/shop.genre/order", {"ids": ids}).status_code == 204
    assert [e["id"] for e in api.get("lists/shop.genre").json["items"]] == ids
    shop.make("shop.book", name="Dune", genres=["poesie"])
    assert api.delete(path).status_code == 409
    assert api.patch(path, {"active": False}).status_code == 200
    assert [e["id"] for e in api.get("lists/shop.genre?active=1").json["items"]] == [prose["id"]]
    assert api.get("lists/shop.nothing").status_code == 404
    assert api.patch(path.replace("shop.genre", "shop.binding"), {"label": "x"}).status_code == 404
    assert api.patch(path, {"code": "x"}).status_code == 422
    assert api.post("lists/shop.genre", {"label": {"xx": "x"}}).status_code == 422


def test_an_entry_is_merged_into_another(shop: Any, api: Any) -> None:
    made = api.post("lists/shop.genre", {"label": "Essay"}).json
    prose = next(e for e in api.get("lists/shop.genre").json["items"] if e["code"] == "prose")
    book = shop.make("shop.book", name="Dune", genres=["essay", "prose"])
    path = f"lists/shop.genre/{made['id']}/merge"
    plan = api.get(f"{path}?into={prose['id']}")
    assert plan.status_code == 200, plan.json
    assert [(f["field"], f["records"]) for f in plan.json["fields"]] == [("genres", 1)]
    assert plan.json["batch"] is None
    other = shop.api(shop.add_user("bob@example.org", "Bob"))
    assert other.post(path, {"into": prose["id"]}).status_code == 403
    done = api.post(path, {"into": prose["id"]})
    assert (done.status_code, done.json["records"]) == (200, 1)
    assert api.get(f"books/{book}").json["genres"] == ["prose"]
    assert api.get(f"{path}?into={prose['id']}").status_code == 404
    for wrong in ({}, {"into": "x"}, {"into": 99999}):
        assert api.post(f"lists/shop.genre/{prose['id']}/merge", wrong).status_code == 422
    assert api.post(f"batches/{done.json['batch']}/undo").json["undone"] == 1
    assert sorted(api.get(f"books/{book}").json["genres"]) == ["essay", "prose"]


def test_users_add_entries_where_they_may_and_change_none(shop: Any) -> None:
    other = shop.api(shop.add_user("bob@example.org", "Bob"))
    made = other.post("lists/shop.genre", {"label": "Essay"})
    assert made.status_code == 201
    assert other.patch(made.headers["Location"], {"label": "x"}).status_code == 403
    assert other("PUT", "lists/shop.genre/order", {"ids": []}).status_code == 403


def test_tags_are_made_by_all_and_kept_in_order_by_administrators(shop: Any, api: Any) -> None:
    other = shop.api(shop.add_user("bob@example.org", "Bob"))
    made = other.post("tags", {"name": "VIP"})
    assert (made.status_code, made.json["name"]) == (201, "VIP")
    assert other.post("tags", {"name": "vip"}).status_code == 200
    assert other.patch(f"tags/{made.json['id']}", {"name": "x"}).status_code == 403
    record = shop.make("shop.book", name="Dune", tags=["old vip"])
    assert api.patch(f"tags/{made.json['id']}", {"name": "Very important", "colour": "#ff0000"}).status_code == 200
    old = next(t["id"] for t in api.get("tags?q=old").json["items"])
    assert api.post(f"tags/{made.json['id']}/merge", {"sources": [old]}).status_code == 200
    assert api.get(f"books/{record}").json["tags"] == ["Very important"]
    used = api.get(f"tags/{made.json['id']}").json
    assert (used["records"], used["named"]) == (1, [])
    assert other.get(f"tags/{made.json['id']}").status_code == 403
    assert api.get('books?filter=tags has "old vip"').json["total"]["value"] == 1
    assert api.delete(f"tags/{made.json['id']}").status_code == 204
    for name in ("b", "a", "c"):
        api.post("tags", {"name": name})
    page = api.get("tags?limit=2").json
    assert ([t["name"] for t in page["items"]], page["next"]) == (["a", "b"], "b")
    last = api.get("tags?limit=2&after=b").json
    assert ([t["name"] for t in last["items"]], last["next"]) == (["c"], None)
    assert api.get(f"books/{record}").json["tags"] == []
    assert api.post("tags", {"name": "a,b"}).status_code == 422


def test_settings_change_all_or_none(shop: Any, api: Any) -> None:
    wrong = api.patch("settings", {"shop.hours": "8-12", "shop.hour": 1, "core.default_currency": "XXX1"})
    assert wrong.status_code == 422
    assert {p["field"] for p in wrong.json["errors"]} == {"shop.hour", "core.default_currency"}

    def hours() -> dict[str, Any]:
        return next(s for s in api.get("settings").json["items"] if s["key"] == "shop.hours")

    assert (hours()["value"], hours()["is_set"]) == ("9-18", False)
    assert api.patch("settings", {"shop.hours": "8-12"}).status_code == 204
    assert (hours()["value"], hours()["is_set"]) == ("8-12", True)
    assert api.patch("settings", {"shop.hours": None}).status_code == 204
    assert hours()["is_set"] is False


def test_currencies_have_rates_from_a_day_on(shop: Any, api: Any) -> None:
    body = {"rates": [{"currency": "usd", "day": "2026-01-01", "rate": "0.92"}, {"currency": "CHF", "rate": "1.05"}]}
    assert api("PUT", "currencies", body).status_code == 204
    found = {c["code"]: c for c in api.get("currencies").json["items"]}
    assert found["EUR"]["default"] is True
    assert found["USD"]["rates"] == [{"day": "2026-01-01", "rate": "0.92"}]
    assert found["CHF"]["rates"][0]["rate"] == "1.05"
    assert api("PUT", "currencies", {"default": "USD"}).status_code == 204
    assert api.get("currencies").json["default"] == "USD"
    for wrong in (
        {"rates": [{"currency": "XXY", "rate": "1"}]},
        {"rates": [{"currency": "CHF", "rate": "-1"}]},
        {"rates": [{"currency": "CHF", "rate": "many"}]},
        {"rates": [{"currency": "CHF", "rate": "1", "day": "2026-13-01"}]},
        {"default": "euro"},
    ):
        assert api("PUT", "currencies", wrong).status_code == 422, wrong


def test_fields_are_described_with_what_a_program_needs(shop: Any, api: Any) -> None:
    fields = {f["key"]: f for f in api.get("fields/shop.book").json["items"]}
    assert fields["name"]["required"] is True
    assert fields["cf.score"]["custom"] is True
    assert fields["cf.score"]["schema"] == {
        "type": ["integer", "null"],
        "minimum": 0,
        "maximum": 1000,
        "title": "Score",
    }
    assert fields["created_at"]["readonly"] is True
    assert api.get("fields/nothing").status_code == 404


def test_custom_fields_are_made_changed_and_retired(shop: Any, api: Any) -> None:
    made = api.post("fields/books", {"key": "colour", "type": "choice", "label": "Colour", "choices": {"r": "Red"}})
    assert made.status_code == 201, made.json
    assert made.json["key"] == "cf.colour"
    path = made.headers["Location"]
    assert api.patch(path, {"label": {"en": "Shade", "fr": "Teinte"}, "order": 5}).json["label"] == "Shade"
    assert api.patch(path, {"type": "text"}).status_code == 422
    assert api.patch(path.replace("/books/", "/authors/"), {"label": "x"}).status_code == 404
    assert api.delete(path).status_code == 204
    for wrong in (
        {"key": "Bad Key", "type": "text", "label": "x"},
        {"key": "colour", "type": "text", "label": "x"},
        {"key": "x", "type": "nothing", "label": "x"},
        {"key": "x", "type": "integer", "label": "x", "options": {"low": "many"}},
        {"key": "x", "type": "decimal", "label": "x", "options": {"low": "many"}},
        {"key": "x", "type": "integer", "label": "x", "default": "many"},
        {"key": "x", "type": "text", "label": "x", "options": {"scale": 2}},
        {"key": "x", "type": "link", "label": "x"},
        {"key": "x", "type": "link", "label": "x", "options": {"target": "nothing"}},
        {"key": "x", "type": "choice", "label": "x", "options": {"list": "nothing"}},
        {"key": "x", "type": "money", "label": "x", "options": {"currency": "field:nothing"}},
        {"key": "x", "type": "text", "label": "x", "read_roles": ["nobody"]},
        {"key": "x", "type": "text", "label": "x", "visible_if": "name ="},
        {"key": "x", "type": "text"},
    ):
        answer = api.post("fields/books", wrong)
        assert answer.status_code == 422, (wrong, answer.json)


def test_views_are_saved_for_oneself_and_shared_by_administrators(shop: Any, api: Any) -> None:
    other = shop.api(shop.add_user("bob@example.org", "Bob"))
    body = {"entity": "books", "name": "Long ones", "filter": "pages > 500", "sort": "-pages", "columns": ["name"]}
    made = other.post("views", body)
    assert made.status_code == 201, made.json
    path = made.headers["Location"]
    assert other.get(path).json == made.json
    assert (made.json["filter"], made.json["mine"], made.json["shared"]) == ("pages > 500", True, False)
    assert api.get(path).status_code == 404
    assert other.patch(path, {"shared": True}).status_code == 403
    assert other.patch(path, {"filter": ""}).json["filter"] == ""
    assert "Long ones" in {v["name"] for v in other.get("views?entity=books").json["items"]}
    for wrong in ({"filter": "nam = 1"}, {"columns": ["nam"]}, {"sort": "nam"}):
        assert other.patch(path, wrong).status_code == 400
    assert other.delete(path).status_code == 204
    assert other.get("views").status_code == 400
