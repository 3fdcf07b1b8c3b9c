"""Comments as plugins and REST use them."""

from __future__ import annotations

import datetime as dt

import pytest

from crm_core import comments, timeline
from crm_core.errors import Forbidden, Invalid, NotFound
from tests.web.record.gallery import ENTITY, Gallery


def test_ct_26_the_channel_is_an_entry_of_the_reference_list(gallery: Gallery) -> None:
    record = gallery.make(name="Ann")
    with gallery.operation(gallery.directory.actor(gallery.admin)) as ctx:
        made = comments.add(ctx, ENTITY, record, "  words \r\n more ", "Phone")
        assert (made.body, made.channel, made.author, made.editable) == ("words \n more", "phone", "Ada Admin", True)
        assert made.channel_label.startswith("Phone") and made.at == ctx.now
        assert comments.add(ctx, ENTITY, record, "x" * 65_000).channel == ""
        assert comments.count(ctx, ENTITY, record) == 2
        for body, channel in (("", ""), (" \n ", "phone"), ("x" * 65_001, ""), ("x", "pigeon")):
            with pytest.raises(Invalid):
                comments.add(ctx, ENTITY, record, body, channel)


def test_ct_28_comments_come_newest_first_and_in_pages(gallery: Gallery) -> None:
    record = gallery.make(name="Ann")
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for number in range(5):
        with gallery.operation(gallery.directory.actor(gallery.admin), now=start + dt.timedelta(days=number)) as ctx:
            comments.add(ctx, ENTITY, record, f"words {number}")
    with gallery.operation(gallery.directory.actor(gallery.admin), write=False) as ctx:
        first = comments.entries(ctx, ENTITY, record, limit=3)
        rest = comments.entries(ctx, ENTITY, record, before=first[-1].at, limit=3)
    assert [c.body for c in first + rest] == [f"words {n}" for n in (4, 3, 2, 1, 0)]


def test_comments_follow_the_permissions_of_their_record(gallery: Gallery) -> None:
    bea = gallery.add_user("bea@example.org", "Bea")
    record, other = gallery.make(name="Ann", visibility="private"), gallery.make(name="Bob", visibility="read")
    with gallery.operation(gallery.directory.actor(gallery.admin)) as ctx:
        written = comments.add(ctx, ENTITY, record, "secret")
    with gallery.operation(gallery.directory.actor(bea)) as ctx:
        for call in (
            lambda: comments.entries(ctx, ENTITY, record), lambda: comments.add(ctx, ENTITY, record, "x"),
            lambda: comments.get(ctx, ENTITY, record, written.id), lambda: comments.count(ctx, ENTITY, record),
            lambda: comments.edit(ctx, ENTITY, record, written.id, "x"),
            lambda: comments.remove(ctx, ENTITY, record, written.id),
            lambda: comments.get(ctx, ENTITY, other, written.id), lambda: comments.entries(ctx, "no.such", 1),
        ):  # fmt: skip
            with pytest.raises(NotFound):
                call()
        assert comments.add(ctx, ENTITY, other, "a reader may comment").editable


def test_a_comment_belongs_to_its_author_and_to_administrators(gallery: Gallery) -> None:
    bea, record = gallery.add_user("bea@example.org", "Bea"), gallery.make(name="Ann")
    carl = gallery.add_user("carl@example.org", "Carl")
    with gallery.operation(gallery.directory.actor(bea)) as ctx:
        made = comments.add(ctx, ENTITY, record, "mine", "phone")
        assert comments.edit(ctx, ENTITY, record, made.id, "mine").edited_at is None
        changed = comments.edit(ctx, ENTITY, record, made.id, "still mine")
        assert (changed.body, changed.channel) == ("still mine", "phone") and changed.edited_at == ctx.now
    with gallery.operation(gallery.directory.actor(carl)) as ctx:
        assert not comments.get(ctx, ENTITY, record, made.id).editable
        for call in (
            lambda: comments.edit(ctx, ENTITY, record, made.id, "x"),
            lambda: comments.remove(ctx, ENTITY, record, made.id),
        ):
            with pytest.raises(Forbidden):
                call()
    with gallery.operation(gallery.directory.actor(gallery.admin)) as ctx:
        comments.remove(ctx, ENTITY, record, made.id)
        assert comments.entries(ctx, ENTITY, record) == []


def test_a_comment_changes_nothing_on_its_record(gallery: Gallery) -> None:
    record = gallery.make(name="Ann")
    before = gallery.read(record)
    with gallery.operation(gallery.directory.actor(gallery.admin)) as ctx:
        comments.add(ctx, ENTITY, record, "words")
    after = gallery.read(record)
    assert (after.version, after.values) == (before.version, before.values)


def test_the_timeline_joins_history_comments_and_sources(gallery: Gallery) -> None:
    record = gallery.make(name="Ann")
    with gallery.operation(gallery.directory.actor(gallery.admin)) as ctx:
        comments.add(ctx, ENTITY, record, "words", "email")
    with gallery.operation(gallery.directory.actor(gallery.admin), write=False) as ctx:
        from crm_core import records

        found = timeline.timeline(ctx, ENTITY, records.get(ctx, ENTITY, record))
        only = timeline.timeline(ctx, ENTITY, records.get(ctx, ENTITY, record), only="changes")
    assert [e.kind for e in found] == ["show", "comment", "change", "show"]
    assert [e.kind for e in only] == ["change"]
