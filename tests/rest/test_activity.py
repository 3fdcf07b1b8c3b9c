"""Actions, history, timeline, comments, search, jobs and files."""

from __future__ import annotations

import io
from typing import Any

import pytest


def test_an_action_is_performed_with_its_form(shop: Any, api: Any) -> None:
    record = shop.make("shop.book", name="Dune")
    path = f"books/{record}/actions/sell"
    missing = api.post(path, {"prize": "1"})
    assert missing.status_code == 422
    assert {p["field"] for p in missing.json["errors"]} == {"prize", "price"}
    done = api.post(path, {"price": "4,5"})
    assert done.status_code == 200, done.json
    assert done.json["result"]["price"] == "4.50"
    assert done.json["result"]["record"] == {"entity": "shop.book", "id": record}
    again = api.post(path, {"price": "1"})
    assert (again.status_code, again.json["detail"]) == (409, "It is sold already")
    assert api.post(f"books/{record}/actions/nothing", {}).status_code == 404


def test_a_failure_of_a_plugin_names_it(sqlite_shop: Any) -> None:
    record = sqlite_shop.make("shop.book", name="Dune")
    answer = sqlite_shop.api().post(f"books/{record}/actions/fail")
    assert (answer.status_code, answer.json["plugin"]) == (500, "shop")


def test_history_tells_who_changed_what_page_by_page(shop: Any, api: Any) -> None:
    record = api.post("books", {"name": "Dune"}).json["id"]
    for pages in (1, 2):
        api.patch(f"books/{record}", {"pages": pages})
    first = api.get(f"books/{record}/history?limit=2").json
    assert [entry["action"] for entry in first["items"]] == ["update", "update"]
    newest = first["items"][0]
    assert newest["changes"] == [{"field": "pages", "label": "Pages", "old": "1", "new": "2"}]
    assert (newest["actor"], newest["actor_id"], newest["via"]) == ("Ada Admin", shop.admin, "api")
    rest = api.get(f"books/{record}/history?limit=2&before={first['next']}").json
    assert [entry["action"] for entry in rest["items"]] == ["create"]
    assert rest["next"] is None


def test_comments_are_written_changed_and_removed_by_their_author(shop: Any, api: Any) -> None:
    record = shop.make("shop.book", name="Dune")
    made = api.post(f"books/{record}/comments", {"body": "Called her", "channel": "phone"})
    assert made.status_code == 201, made.json
    path = made.headers["Location"]
    assert api.get(path).json == made.json
    other = shop.api(shop.add_user("bob@example.org", "Bob"))
    assert other.get(path).status_code == 200
    assert other.patch(path, {"body": "x"}).status_code == 403
    assert other.delete(path).status_code == 403
    changed = api.patch(path, {"body": "Wrote to her"}).json
    assert (changed["body"], changed["channel"]) == ("Wrote to her", "phone")
    assert changed["edited_at"]
    listed = api.get(f"books/{record}/comments").json
    assert [c["body"] for c in listed["items"]] == ["Wrote to her"]
    timeline = api.get(f"books/{record}/timeline").json["items"]
    assert [(e["kind"], e["body"]) for e in timeline] == [("comment", "Wrote to her"), ("change", "")]
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404
    assert api.post(f"books/{record}/comments", {"body": " "}).status_code == 422
    assert api.post(f"books/{record}/comments", {"body": "x", "channel": 5}).status_code == 422
    assert api.get(f"books/{record}/comments?before=soon").status_code == 400


def test_kn_21_a_comment_takes_an_added_category_and_keeps_it(shop: Any, api: Any) -> None:
    book = shop.make("shop.book", name="Dune")
    made = api.post("lists/core.channel", {"label": "Trade fair"}).json
    seller = shop.api(shop.add_user("bob@example.org", "Bob"))
    path = f"books/{book}/comments"
    assert seller.post(path, {"body": "x", "channel": "fair trade"}).status_code == 422
    said = seller.post(path, {"body": "Met at the stand", "channel": made["code"]})
    assert (said.status_code, said.json["channel"]) == (201, "trade_fair"), said.json
    own = said.headers["Location"]
    for change in ({"label": "Exhibition"}, {"active": False}):
        assert api.patch(f"lists/core.channel/{made['id']}", change).status_code == 200
        assert seller.get(own).json["channel"] == "trade_fair"
        assert seller.patch(own, {"body": f"Met again, {change}"}).json["channel"] == "trade_fair"
        (entry,) = [e for e in seller.get(f"books/{book}/timeline").json["items"] if e["kind"] == "comment"]
        assert "Exhibition" in str(entry), entry
    assert "trade_fair" not in [e["code"] for e in seller.get("lists/core.channel?active=1").json["items"]]
    assert api.delete(f"lists/core.channel/{made['id']}").status_code == 409


def test_search_reaches_every_kind_of_record(shop: Any, api: Any) -> None:
    author = shop.make("shop.author", name="Dunstan")
    book = shop.make("shop.book", name="Dune")
    found = api.get("search?q=dun").json["items"]
    assert {(h["entity"], h["id"], h["url"]) for h in found} == {
        ("shop.author", author, f"/authors/{author}"),
        ("shop.book", book, f"/books/{book}"),
    }
    assert [h["id"] for h in api.get("search?q=dun&entity=authors").json["items"]] == [author]
    assert api.get("search").status_code == 400
    assert "books" in api.get("search?q=x&entity=boks").json["detail"]


@pytest.mark.parametrize("text", ["d dune", "dune d", "é", "中", "% _", "'\" \\", "d\x1dune a", "  "])
def test_odd_searches_are_answered(shop: Any, text: str) -> None:
    shop.make("shop.book", name="Dune é 中")
    api = shop.api()
    assert api.get("books", query_string={"q": text}).status_code == 200
    assert api.get("search", query_string={"q": text}).status_code in (200, 400)


@pytest.mark.parametrize("text", ["中", "ж", "d dune"])
def test_short_words_are_found_at_the_start_of_words(shop: Any, text: str) -> None:
    record = shop.make("shop.book", name="Dune d 中 жук")
    assert [i["id"] for i in shop.api().get("books", query_string={"q": text}).json["items"]] == [record]


def test_jobs_are_seen_and_cancelled_by_whom_they_belong_to(shop: Any, api: Any) -> None:
    from crm_core.models import Job

    with shop.database.transaction() as session:
        job = Job(name="shop.count", user_id=shop.admin, message="counting", total=10, done=4)
        session.add(job)
        session.flush()
        number = job.id
    other = shop.api(shop.add_user("bob@example.org", "Bob"))
    assert other.get(f"jobs/{number}").status_code == 404
    assert other.post(f"jobs/{number}/cancel").status_code == 404
    found = api.get(f"jobs/{number}").json
    assert (found["state"], found["done"], found["total"], found["message"]) == ("waiting", 4, 10, "counting")
    assert [j["id"] for j in api.get("jobs").json["items"]] == [number]
    assert api.post(f"jobs/{number}/cancel").json["state"] == "cancelled"
    assert api.post(f"jobs/{number}/retry").json["state"] == "waiting"
    assert api.post(f"jobs/{number}/retry").status_code == 409


def test_a_file_is_uploaded_and_named_by_its_id(shop: Any, api: Any) -> None:
    answer = api("POST", "files", data={"file": (io.BytesIO(b"hello"), "../a b.txt")})
    assert answer.status_code == 201, answer.json
    assert answer.json == {"id": answer.json["id"], "name": "a b.txt", "content_type": "text/plain", "size": 5,
                           "url": answer.headers["Location"]}  # fmt: skip
    assert api("POST", "files", data={"other": (io.BytesIO(b"x"), "a")}).status_code == 422
    assert api("POST", "files", data={"file": (io.BytesIO(b""), "a")}).status_code == 422
    assert api("POST", "files", {"file": "x"}).status_code == 415


def test_a_file_has_a_limit(sqlite_shop: Any) -> None:
    import dataclasses

    sqlite_shop.config = dataclasses.replace(sqlite_shop.config, max_upload=1000)
    answer = sqlite_shop.api()("POST", "files", data={"file": (io.BytesIO(b"x" * 1001), "a.txt")})
    assert answer.status_code == 413
    huge = sqlite_shop.api()("POST", "files", data={"file": (io.BytesIO(b"x" * 2_000_000), "a.txt")})
    assert huge.status_code == 413
