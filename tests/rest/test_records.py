"""Routes of records: shapes, lists, versions."""

from __future__ import annotations

from typing import Any

import pytest

NEXT = 'rel="next"'


def book(shop: Any, **values: Any) -> int:
    return shop.make("shop.book", **{"name": "Dune", **values})


def test_a_new_record_is_answered_whole_with_location_and_etag(shop: Any, api: Any) -> None:
    author = shop.make("shop.author", name="Frank")
    answer = api.post(
        "books",
        {
            "name": "Dune", "price": "12.5", "author": author, "others": [{"id": author}], "seller": "me",
            "readers": ["me"], "tags": ["vip", "old"], "genres": ["prose"], "binding": "Hard cover",
            "cf": {"score": 7}, "cf.margin": "1.5", "cf.ghost": author, "shop": {"mark": "A1"},
            "about": f"shop.author:{author}", "seen": "2026-01-01T01:00:00+01:00", "printed": "2020-01-02",
            "copies": [{"mark": "x", "price": "999999999999999.99", "bought": "2026-01-01T00:00:00Z"}],
            "place": {"city": "Paris"}, "phone": "01 23 45 67 89", "listening": "1:30",
        },
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    found = answer.json
    assert answer.headers["Location"] == f"/api/v1/books/{found['id']}"
    assert answer.headers["ETag"] == '"1"'
    me = {"id": shop.admin, "name": "Ada Admin"}
    linked = {"id": author, "title": "Frank"}
    expected = {
        "version": 1, "entity": "shop.book", "title": "Dune", "price": "12.50", "author": linked, "others": [linked],
        "seller": me, "readers": [me], "tags": ["vip", "old"], "genres": ["prose"], "binding": "hard",
        "cf": {"score": 7, "margin": "1.50", "ghost": linked}, "shop": {"mark": "A1"},
        "about": {"entity": "shop.author", **linked}, "seen": "2026-01-01T00:00:00Z", "printed": "2020-01-02",
        "place": {"city": "Paris"}, "phone": "+33123456789", "listening": 5400, "shout": "DUNE", "pages": None,
    }  # fmt: skip
    assert {key: found[key] for key in expected} == expected
    (copy,) = found["copies"]
    assert copy == {"id": copy["id"], "mark": "x", "price": "999999999999999.99", "bought": "2026-01-01T00:00:00Z",
                    "signed": False}  # fmt: skip
    assert found["created_at"].endswith("Z")
    assert api.get(f"books/{found['id']}").json == found
    assert api.get("books").json["items"] == [{k: v for k, v in found.items() if k != "shout"}]


def test_what_is_read_can_be_sent_back(shop: Any, api: Any) -> None:
    author = shop.make("shop.author", name="Frank")
    record = book(shop, author=author, seller="me", about=f"shop.author:{author}", copies=[{"mark": "x"}])
    found = api.get(f"books/{record}").json
    readonly = ("created_at", "created_by", "updated_at", "updated_by", "shout")
    sent = {k: v for k, v in found.items() if k not in readonly}
    answer = api.patch(f"books/{record}", sent)
    assert answer.status_code == 200, answer.json
    assert answer.json == found


def test_a_list_goes_on_where_it_ended(shop: Any, api: Any) -> None:
    for number in range(5):
        book(shop, name=f"Book {number}", pages=number)
    path, seen = "books?limit=2&sort=-pages&fields=name", []
    while path:
        answer = api.get(path)
        seen += [item["name"] for item in answer.json["items"]]
        assert answer.json["total"] == {"value": 5, "exact": True}
        assert (NEXT in answer.headers.get("Link", "")) is (answer.json["next"] is not None)
        path = answer.headers["Link"].partition(">")[0][1:] if answer.json["next"] else ""
    assert seen == [f"Book {n}" for n in (4, 3, 2, 1, 0)]


def test_conditions_and_expression_hold_together(shop: Any, api: Any) -> None:
    wanted = book(shop, name="Dune", pages=600, **{"cf.score": 150}, tags=["vip"])
    book(shop, name="Dune Messiah", pages=200, **{"cf.score": 50}, tags=["vip"])
    book(shop, name="Emma", pages=700, **{"cf.score": 500})
    answer = api.get(
        "books",
        query_string={"cf.score__gte": "100", "filter": 'name startswith "Du" and tags has "vip"', "pages__lt": "650"},
    )
    assert [item["id"] for item in answer.json["items"]] == [wanted], answer.json
    assert [i["id"] for i in api.get("books?q=dune&sort=-cf.score,name&limit=1").json["items"]] == [wanted]
    assert api.get("books?count=0").json["total"] is None


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limt=5", "limit"),
        ("nam=x", "name"),
        ("pages__gt2=1", "__gt"),
        ("cf.scor__gte=1", "cf.score"),
        ("sort=-nam", "name"),
        ("fields=name,pags", "pages"),
        ("limit=501", "500"),
        ("limit=0", "500"),
        ("limit=many", "500"),
        ("count=maybe", "count"),
        ("after=nonsense", ""),
        ("filter=nam = 1", "name"),
        ("filter=name =", ""),
        ("limit=5&limit=6", "limit"),
        ("fields=shout", "shout"),
        ("q=%00", ""),
    ],
)
def test_what_a_list_does_not_know_is_named(sqlite_shop: Any, query: str, named: str) -> None:
    answer = sqlite_shop.api().get(f"books?{query}")
    assert answer.status_code == 400, answer.json
    assert answer.content_type == "application/problem+json"
    assert named in answer.json["detail"]


def test_a_record_is_changed_only_in_the_version_that_was_meant(shop: Any, api: Any) -> None:
    record = book(shop)
    path = f"books/{record}"
    stale = api.patch(path, {"pages": 5}, headers={"If-Match": '"9"'})
    assert (stale.status_code, stale.headers["ETag"], stale.json["version"]) == (412, '"1"', 1)
    done = api.patch(path, {"pages": 5}, headers={"If-Match": '"1"'})
    assert (done.status_code, done.headers["ETag"]) == (200, '"2"')
    assert api.patch(path, {"pages": 6}, headers={"If-Match": '"1", "2"'}).status_code == 200
    assert api.patch(path, {"pages": 7}, headers={"If-Match": "*"}).status_code == 200
    assert api.patch(path, {"pages": 8}, headers={"If-Match": "nonsense"}).status_code == 412
    assert api.post(f"{path}/actions/sell", {"price": "1"}, headers={"If-Match": '"1"'}).status_code == 412
    assert api.delete(path, headers={"If-Match": '"1"'}).status_code == 412
    assert api.delete(path, headers={"If-Match": '"4"'}).status_code == 204
    assert api.get(path).status_code == 404


def test_an_unchanged_record_is_not_sent_again(shop: Any, api: Any) -> None:
    record = book(shop)
    known = api.get(f"books/{record}", headers={"If-None-Match": '"1"'})
    assert (known.status_code, known.data) == (304, b"")
    assert api.get(f"books/{record}", headers={"If-None-Match": '"2"'}).status_code == 200


def test_a_change_leaves_the_rest_and_null_empties(shop: Any, api: Any) -> None:
    record = book(shop, pages=5, **{"cf.score": 5}, tags=["vip"], copies=[{"mark": "x"}])
    found = api.patch(f"books/{record}", {"pages": None, "cf": {"score": None}, "copies": []}).json
    assert (found["pages"], found["cf"]["score"], found["copies"]) == (None, None, [])
    assert (found["name"], found["tags"], found["version"]) == ("Dune", ["vip"], 2)


def test_all_problems_come_at_once(shop: Any, api: Any) -> None:
    answer = api.post("books", {"pags": 1, "pages": "many", "cf": {"score": 5000}, "author": 99, "created_at": "x"})
    assert answer.status_code == 422
    problems = {p["field"]: p["code"] for p in answer.json["errors"]}
    assert problems.keys() == {"pags", "pages", "cf.score", "name", "author", "created_at"}
    assert "pages" in next(p["message"] for p in answer.json["errors"] if p["field"] == "pags")


def test_masked_fields_are_absent_and_can_not_be_asked_about(shop: Any) -> None:
    record = book(shop, secret="treasure", visibility="write")
    other = shop.api(shop.add_user("bob@example.org", "Bob"))
    assert "secret" not in other.get(f"books/{record}").json
    assert "secret" not in other.get("books").json["items"][0]
    for query in ("secret=treasure", "sort=secret", "fields=secret", 'filter=secret = "treasure"'):
        assert other.get(f"books?{query}").status_code == 400
    assert other.patch(f"books/{record}", {"secret": "x"}).status_code == 422
    assert "secret" not in {f["key"] for f in other.get("fields/books").json["items"]}


def test_what_one_may_not_see_is_not_there(shop: Any) -> None:
    bob = shop.add_user("bob@example.org", "Bob")
    author = shop.make("shop.author", name="Hidden", visibility="private")
    hidden = book(shop, name="Private", visibility="private")
    shown = book(shop, author=author, others=[author], about=f"shop.author:{author}", **{"cf.ghost": author})
    other = shop.api(bob)
    for method in ("GET", "PATCH", "DELETE"):
        body = {"pages": 1} if method == "PATCH" else None
        assert other(method, f"books/{hidden}", body).status_code == 404
    for path in ("history", "timeline", "comments"):
        assert other.get(f"books/{hidden}/{path}").status_code == 404
    page = other.get("books").json
    assert [item["id"] for item in page["items"]] == [shown]
    assert page["total"] == {"value": 1, "exact": True}
    found = other.get(f"books/{shown}").json
    assert (found["author"], found["others"], found["about"], found["cf"]["ghost"]) == (None, [], None, None)
    assert other.get("search?q=private").json["items"] == []
    assert other.post("books", {"name": "x", "author": author}).status_code == 422
    assert other.post("books", {"name": "x", "about": f"shop.author:{author}"}).status_code == 422


def test_only_a_reader_is_told_that_he_may_not_write(shop: Any) -> None:
    record = book(shop)
    with shop.database.transaction() as session:
        from crm_core.models import Grant, Role

        role = Role(code="guest", name="Guest")
        session.add(role)
        session.flush()
        session.add(Grant(role_id=role.id, entity="shop.book", action="read", level="all"))
    guest = shop.api(shop.add_user("guest@example.org", "Guest", "guest"))
    assert guest.get(f"books/{record}").status_code == 200
    assert guest.patch(f"books/{record}", {"pages": 1}).status_code == 403
    assert guest.delete(f"books/{record}").status_code == 403
    assert guest.post("books", {"name": "x"}).status_code == 403
    assert guest.get("authors").status_code == 403


def test_paths_and_methods_that_are_not_there(sqlite_shop: Any) -> None:
    api = sqlite_shop.api()
    record = book(sqlite_shop)
    for path in ("nothing", "books/0", "books/999999999999999999999", "books/x", "books/1/nothing", "", "/api/v1//x"):
        answer = api.get(path)
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json"), path
    wrong = api("PUT", f"books/{record}", {})
    assert wrong.status_code == 405
    assert set(wrong.headers["Allow"].split(", ")) == {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"}
    options = api("OPTIONS", f"books/{record}")
    assert (options.status_code, options.headers["Allow"]) == (204, wrong.headers["Allow"])
    assert "Access-Control-Allow-Origin" not in options.headers
    head = api("HEAD", f"books/{record}")
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", '"1"')


def test_a_list_costs_two_statements_whatever_its_length(shop: Any, api: Any) -> None:
    from sqlalchemy import event

    author = shop.make("shop.author", name="Frank")
    counts = []
    for _ in range(2):
        for _ in range(3):
            book(shop, author=author, others=[author], copies=[{"mark": "x"}, {"mark": "y"}], tags=["vip"])
        log: list[str] = []
        api.get("books")

        def note(conn: Any, cursor: Any, statement: str, *rest: Any, log: list[str] = log) -> None:
            if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
                log.append(statement)

        event.listen(shop.database.engine, "before_cursor_execute", note)
        assert api.get("books?count=0").status_code == 200
        event.remove(shop.database.engine, "before_cursor_execute", note)
        counts.append(len(log))
    assert counts[0] == counts[1] <= 3


def test_tags_made_in_the_very_request_are_in_its_answer(shop: Any, api: Any) -> None:
    made = api.post("books", {"name": "Dune", "tags": ["brand new", "other"]})
    assert (made.status_code, made.json["tags"]) == (201, ["brand new", "other"])
    changed = api.patch(f"books/{made.json['id']}", {"tags": ["other", "later"]})
    assert changed.json["tags"] == ["other", "later"]
    assert api.get(f"books/{made.json['id']}").json["tags"] == ["other", "later"]
