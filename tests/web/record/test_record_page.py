"""Record pages: what they show, to whom, and the verbs on them."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
import sqlalchemy as sa

from crm_core import comments, records
from crm_core.db import KERNEL
from crm_core.models import Change, User
from tests.web.record.gallery import ENTITY, Browser, Gallery, fields_of


def text_of(page: Any) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page.text)))


def groups_of(text: str) -> dict[str, str]:
    """Return the parts of a timeline by name."""
    return {m[1]: text_of_html(m[2]) for m in re.finditer(r'data-group="(\w+)"(.*?)</section>', text, re.S)}


def text_of_html(part: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", part)))


@pytest.fixture
def record(gallery: Gallery) -> int:
    return gallery.make(
        name="Maëlle Le Goff", status="new", rating=4, notes="Night owl", price="12.50", currency="EUR",
        mails=[{"address": "m@example.org", "primary": True}], secret="in the safe", **{"cf.score": 7},
    )  # fmt: skip


def test_a_record_reads_with_its_facts_status_and_parts(ada: Browser, record: int) -> None:
    page = ada.get(f"/artists/{record}")
    text = text_of(page)
    for wanted in (
        "Maëlle Le Goff",
        "Night owl",
        "m@example.org",
        "12.5 EUR",
        "Score",
        "From a slot",
        "Works",
        "History",
        "in the safe",
    ):
        assert wanted in text
    assert re.search(r'<li class="stage current" aria-current="step">.*?New', page.text, re.S)
    assert 'value="signed"' in page.text and "Plan a visit" in text
    assert "Nickname" in text and page.text.count("is-empty") > 5


def test_fields_for_other_roles_are_not_shown(gallery: Gallery, record: int) -> None:
    bea = gallery.browser(gallery.add_user("bea@example.org", "Bea"))
    for path in (f"/artists/{record}", f"/artists/{record}/card", f"/artists/{record}/tab/history"):
        assert "in the safe" not in bea.htmx(path).text


def test_a_reader_gets_no_buttons_that_would_be_refused(gallery: Gallery, record: int) -> None:
    bea = gallery.browser(gallery.add_user("bea@example.org", "Bea"))
    page = bea.get(f"/artists/{record}")
    assert page.status_code == 200
    assert "/edit" not in page.text and "/delete" not in page.text and 'name="field" value="status"' in page.text
    assert not re.search(r'<button name="value"', page.text)


def test_what_one_may_not_see_does_not_exist(gallery: Gallery) -> None:
    hidden = gallery.make(name="Private Person", visibility="private")
    with gallery.operation(gallery.directory.actor(gallery.admin)) as ctx:
        written = comments.add(ctx, ENTITY, hidden, "secret words", "phone")
    bea = gallery.browser(gallery.add_user("bea@example.org", "Bea"))
    base = f"/artists/{hidden}"
    paths = "|/card|/tabs|/tab/activity|/tab/history|/tab/works|/panel/near|/timeline|/history|/delete|/share|/edit"
    for path in [*paths.split("|"), "/actions/praise", f"/comments/{written.id}"]:
        for answer in (bea.get(base + path), bea.htmx(base + path)):
            assert answer.status_code in (302, 404), path
            assert "Private Person" not in answer.text and "secret words" not in answer.text
    for path in (
        "/comments",
        f"/comments/{written.id}",
        f"/comments/{written.id}/delete",
        "/set",
        "/delete",
        "/actions/praise",
        "/share",
    ):
        data = {"body": "x", "field": "status", "value": "new", "version": "1"}
        assert bea.post(base + path, data).status_code == 404, path
    assert gallery.read(hidden).title == "Private Person"


def test_the_card_shows_a_record_beside_another_page(ada: Browser, record: int) -> None:
    card = ada.htmx(f"/artists/{record}/card")
    assert card.status_code == 200 and 'data-title="Maëlle Le Goff"' in card.text and "<html" not in card.text


def test_tabs_load_by_themselves_and_count_later(ada: Browser, record: int) -> None:
    assert "Three works" in ada.htmx(f"/artists/{record}/tab/works").text
    assert "Three works" in ada.get(f"/artists/{record}?tab=works").text
    assert ada.get(f"/artists/{record}/tab/works").headers["Location"] == f"/artists/{record}?tab=works"
    page, tabs = ada.get(f"/artists/{record}"), ada.htmx(f"/artists/{record}/tabs?tab=works").text
    assert '<span class="n">3</span>' not in page.text and '<span class="n">3</span>' in tabs
    assert ada.htmx(f"/artists/{record}/tab/nothing").status_code == 404
    assert ada.get(f"/artists/{record}?tab=nothing").status_code == 404


def test_a_broken_part_names_its_plugin_to_administrators_only(gallery: Gallery, ada: Browser, record: int) -> None:
    bea = gallery.browser(gallery.add_user("bea@example.org", "Bea"))
    ours, theirs = ada.htmx(f"/artists/{record}/tab/broken"), bea.htmx(f"/artists/{record}/tab/broken")
    assert ours.status_code == theirs.status_code == 200
    assert (
        "The module gallery failed" in ours.text
        and "gallery failed" not in theirs.text
        and "can't be shown" in html.unescape(theirs.text)
    )


def test_a_part_that_says_no_is_told_so_and_is_no_failure(ada: Browser, record: int, caplog: Any) -> None:
    for part in ("tab/closed", "panel/locked"):
        found = ada.htmx(f"/artists/{record}/{part}")
        assert (found.status_code, text_of(found).strip()) == (200, "Only for the curator")
    tabs = ada.htmx(f"/artists/{record}/tabs").text
    assert ("Closed" in tabs, "Unseen" in tabs) == (True, False)
    assert ada.htmx(f"/artists/{record}/tab/unseen").status_code == 404
    assert "Only for the curator" in html.unescape(ada.get(f"/artists/{record}?tab=closed").text)
    ada.htmx(f"/artists/{record}/tab/broken")
    noted = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
    assert len(noted) == 1 and "tab broken" in noted[0]


def test_the_history_says_who_changed_what_in_words(gallery: Gallery, ada: Browser, record: int) -> None:
    with gallery.operation(gallery.directory.actor(gallery.admin)) as ctx:
        records.update(ctx, ENTITY, record, {"status": "talking", "born": "1984-12-31", "insured": True})
    text = text_of(ada.htmx(f"/artists/{record}/tab/history"))
    assert "Ada Admin changed" in text and re.search(r"Status before: New now: In talks", text)
    assert re.search(r"Born now: 31/12/1984", text) and "Ada Admin created" in text


def test_long_histories_come_in_pages(gallery: Gallery, ada: Browser, record: int) -> None:
    with gallery.operation(gallery.directory.actor(gallery.admin)) as ctx:
        for number in range(60):
            records.update(ctx, ENTITY, record, {"nickname": f"n{number}"})
    first = ada.htmx(f"/artists/{record}/tab/history").text
    more = re.search(r'hx-get="([^"]+history\?before=\d+)"', first)
    assert more and "n59" in first
    second = ada.htmx(more[1]).text
    assert first.count("event-change") + second.count("event-change") == 61 and "history?before=" not in second


# ---------------------------------------------------------------- activity


def test_kn_19_and_ct_69_the_activity_separates_upcoming_recent_and_past(
    gallery: Gallery, ada: Browser, record: int
) -> None:
    with gallery.operation(gallery.directory.actor(gallery.admin)) as ctx:
        comments.add(ctx, ENTITY, record, "Fresh words", "phone")
        records.update(ctx, ENTITY, record, {"status": "signed"})
    _backdate(gallery, record, days=40)
    with gallery.operation(gallery.directory.actor(gallery.admin)) as ctx:
        comments.add(ctx, ENTITY, record, "Just now", "email")
    groups = groups_of(ada.get(f"/artists/{record}").text)
    assert "Opening in Rennes" in groups["upcoming"]
    assert "Just now" in groups["recent"] and "Fresh words" not in groups["recent"]
    for old in ("Fresh words", "Show in Brest", "created", "Status"):
        assert old in groups["past"]


def _backdate(gallery: Gallery, record: int, days: int) -> None:
    from crm_core.models import Comment

    past = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    with gallery.database.transaction() as session:
        for model in (Change, Comment):
            session.execute(sa.update(model).where(model.record_id == record).values(at=past), execution_options=KERNEL)


def test_the_timeline_comes_in_pages_without_gaps(gallery: Gallery, ada: Browser, record: int) -> None:
    with gallery.operation(gallery.directory.actor(gallery.admin)) as ctx:
        for number in range(75):
            comments.add(ctx, ENTITY, record, f"words {number:03}")
    with gallery.database.transaction() as session:
        from crm_core.models import Comment

        start = dt.datetime.now(dt.UTC) - dt.timedelta(days=20)
        for comment in session.scalars(sa.select(Comment), execution_options=KERNEL):
            comment.at = start - dt.timedelta(hours=comment.id)
    address: str | None = f"/artists/{record}/timeline?only=comments"
    seen: list[str] = []
    for _ in range(9):
        if address is None:
            break
        page = ada.htmx(html.unescape(address)).text
        seen += re.findall(r"words \d{3}", page)
        found = re.search(r'hx-get="([^"]*before[^"]*)"', page)
        address = found[1] if found else None
    assert seen == [f"words {n:03}" for n in range(75)]
    for marker in ("x", "9999-12-31T23:59:59-23:59", "2026"):
        assert ada.htmx(f"/artists/{record}/timeline?before={marker}").status_code in (200, 400)


def test_ct_26_a_comment_is_written_with_the_channel(ada: Browser, record: int) -> None:
    answer = ada.post(f"/artists/{record}/comments", {"body": "Asked for\nthe <b>contract</b>", "channel": "phone"})
    assert answer.status_code == 303
    page = ada.get(f"/artists/{record}").text
    comment = re.search(r'id="comment-\d+".*?</li>', page, re.S)
    assert (
        comment and "Phone" in comment[0] and "&lt;b&gt;contract&lt;/b&gt;" in comment[0] and "Ada Admin" in comment[0]
    )


def test_ct_27_and_ct_28_everybodys_comments_newest_first(gallery: Gallery, ada: Browser, record: int) -> None:
    bea = gallery.add_user("bea@example.org", "Bea Second")
    for who, words in ((gallery.admin, "first"), (bea, "second"), (gallery.admin, "third")):
        with gallery.operation(gallery.directory.actor(who)) as ctx:
            comments.add(ctx, ENTITY, record, words)
    page = gallery.browser(bea).get(f"/artists/{record}?only=comments").text
    assert re.findall(r'class="comment-text">(\w+)<', page) == ["third", "second", "first"]
    assert ada.get(f"/artists/{record}/comments").headers["Location"].endswith("?only=comments")


def test_kn_26_comments_outlive_the_account_of_their_author(gallery: Gallery, ada: Browser, record: int) -> None:
    bea = gallery.add_user("bea@example.org", "Bea Second")
    with gallery.operation(gallery.directory.actor(bea)) as ctx:
        comments.add(ctx, ENTITY, record, "agreed on ten percent")
    with gallery.database.transaction() as session:
        session.execute(sa.update(User).where(User.id == bea).values(active=False), execution_options=KERNEL)
    gallery.refresh(force=True)
    text = text_of(ada.get(f"/artists/{record}"))
    assert "agreed on ten percent" in text and "Bea Second" in text


def test_a_comment_that_is_refused_stays_in_its_box(ada: Browser, record: int) -> None:
    answer = ada.post(f"/artists/{record}/comments", {"body": "", "channel": "pigeon"}, htmx=True)
    assert answer.status_code == 422 and answer.headers["X-Fragment"] == "1" and "Write something first" in answer.text
    assert "pigeon is not a channel" in answer.text
    long = ada.post(f"/artists/{record}/comments", {"body": "x" * 65_001})
    assert long.status_code == 422 and "65000" in long.text and "x" * 65_001 in long.text


def test_own_comments_are_changed_and_removed_in_place(gallery: Gallery, ada: Browser, record: int) -> None:
    bea_id = gallery.add_user("bea@example.org", "Bea Second")
    bea = gallery.browser(bea_id)
    with gallery.operation(gallery.directory.actor(gallery.admin)) as ctx:
        mine = comments.add(ctx, ENTITY, record, "one word", "phone")
    base = f"/artists/{record}/comments/{mine.id}"
    assert "<textarea" in ada.htmx(base + "?edit=1").text and "<textarea" not in bea.htmx(base + "?edit=1").text
    assert bea.post(base, {"body": "forged"}, htmx=True).status_code == 403
    assert bea.post(base + "/delete", htmx=True).status_code == 403
    changed = ada.post(base, {"body": "two words", "channel": "email"}, htmx=True)
    assert "two words" in changed.text and "edited" in changed.text and "E-mail" in changed.text
    assert ada.post(base, {"body": ""}, htmx=True).status_code == 422
    assert ada.post(base + "/delete", htmx=True).text == ""
    assert ada.htmx(base).status_code == 404
    with gallery.operation(gallery.directory.actor(bea_id)) as ctx:
        theirs = comments.add(ctx, ENTITY, record, "by bea")
    assert ada.post(f"/artists/{record}/comments/{theirs.id}/delete", htmx=True).status_code == 200


# ---------------------------------------------------------------- verbs


def test_the_status_changes_with_one_click(gallery: Gallery, ada: Browser, record: int) -> None:
    assert ada.post(f"/artists/{record}/set", {"field": "status", "value": "talking"}).status_code == 303
    assert gallery.read(record).values["status"] == "talking"
    answer = ada.post(f"/artists/{record}/set", {"field": "rating", "value": "2", "version": "2"}, htmx=True)
    assert answer.status_code == 200 and '"crm:changed"' in answer.headers["HX-Trigger"]
    assert ada.post(f"/artists/{record}/set", {"field": "rating", "value": "3", "version": "2"}).status_code == 412
    for field in ("created_at", "nothing", "mails", "", "id"):
        assert ada.post(f"/artists/{record}/set", {"field": field, "value": "1"}).status_code == 422
    assert ada.post(f"/artists/{record}/set", {"field": "status", "value": "unknown"}).status_code == 422
    assert gallery.read(record).values["rating"] == 2


def test_actions_run_at_once_or_ask_first(gallery: Gallery, ada: Browser, record: int) -> None:
    assert ada.post(f"/artists/{record}/actions/praise").headers["Location"] == f"/artists/{record}"
    assert gallery.read(record).values["rating"] == 5
    question = ada.htmx(f"/artists/{record}/actions/visit")
    assert "box-foot" in question.text and "<html" not in question.text
    assert "<html" in ada.get(f"/artists/{record}/actions/visit").text
    refused = ada.post(f"/artists/{record}/actions/visit", {"at[date]": "31/02/2026", "at[time]": "10:00"}, htmx=True)
    assert refused.status_code == 422 and refused.headers["X-Fragment"] == "1" and "31/02/2026" in refused.text
    done = ada.post(f"/artists/{record}/actions/visit", {"at[date]": "01/12/2026", "at[time]": "10:00"}, htmx=True)
    assert done.headers["HX-Redirect"] == f"/artists/{record}"
    assert gallery.read(record).values["visit"].isoformat() == "2026-12-01T10:00:00+00:00"
    assert "The visit is planned" in ada.get(f"/artists/{record}").text
    assert ada.get(f"/artists/{record}/actions/nothing").status_code == 404
    closed = gallery.make(name="Refuser")
    answer = ada.post(f"/artists/{closed}/actions/visit", {"at[date]": "01/12/2026", "at[time]": "10:00"}, htmx=True)
    assert answer.status_code == 409 and "The studio is closed" in answer.text


def test_deleting_asks_and_says_what_stands_in_the_way(gallery: Gallery, ada: Browser, record: int) -> None:
    assert "Delete Maëlle Le Goff?" in ada.htmx(f"/artists/{record}/delete").text
    assert ada.post(f"/artists/{record}/delete", {"version": "77"}, htmx=True).status_code == 412
    answer = ada.post(f"/artists/{record}/delete", {"version": "1"}, htmx=True)
    assert answer.headers["HX-Redirect"] == "/artists"
    assert ada.get(f"/artists/{record}").status_code == 404
    assert ada.post(f"/artists/{record}/delete", {"version": "1"}).status_code == 404


def test_a_record_is_shared_with_chosen_people(gallery: Gallery, ada: Browser) -> None:
    bea_id = gallery.add_user("bea@example.org", "Bea Second")
    record, bea = gallery.make(name="Private", visibility="private"), gallery.browser(bea_id)
    assert "Bea Second" in ada.htmx(f"/artists/{record}/share").text
    ada.post(f"/artists/{record}/share", {"readers": ["", f"user:{bea_id}", "user:999", "x"], "writers": ""})
    assert bea.get(f"/artists/{record}").status_code == 200 and bea.get(f"/artists/{record}/edit").status_code == 403
    assert re.search(rf'value="user:{bea_id}" checked', ada.htmx(f"/artists/{record}/share").text)
    ada.post(f"/artists/{record}/share", {"readers": "", "writers": ["", f"user:{bea_id}"]})
    assert bea.get(f"/artists/{record}/edit").status_code == 200
    ada.post(f"/artists/{record}/share", {"readers": "", "writers": ""})
    assert bea.get(f"/artists/{record}").status_code == 404


def test_a_record_page_needs_few_statements(gallery: Gallery, ada: Browser, record: int) -> None:
    ada.get(f"/artists/{record}")
    log: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.lstrip().startswith("SELECT") and "gallery_artist" in statement:
            log.append(statement)

    sa.event.listen(gallery.database.engine, "before_cursor_execute", note)
    ada.get(f"/artists/{record}")
    sa.event.remove(gallery.database.engine, "before_cursor_execute", note)
    assert len(log) <= 8


def test_strangers_are_asked_to_sign_in(plain_gallery: Gallery) -> None:
    record = plain_gallery.make(name="Ann")
    client = plain_gallery.app.test_client()
    for path in (f"/artists/{record}", "/artists/new", f"/artists/{record}/edit", "/artists/options", "/options/users"):
        assert client.get(path).status_code in (302, 401), path
    assert client.post(f"/artists/{record}/delete").status_code in (302, 401, 403)
    assert plain_gallery.read(record).title == "Ann"


def test_a_form_without_its_token_is_refused(plain_gallery: Gallery) -> None:
    browser = plain_gallery.browser()
    form = fields_of(browser.get("/artists/new").text) | {"name": "Ann"}
    form.pop("csrf_token", None)
    assert browser.client.post("/artists/new", data=form).status_code in (400, 403)
