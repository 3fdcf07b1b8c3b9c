"""Comments: what was said with a customer and over which channel, kept for ever (CT-26, CT-27, CT-28, KN-26)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm_core import core_lists
from crm_core.db import KERNEL
from crm_core.errors import Forbidden, Invalid, NotFound, Problem, ValueProblem
from crm_core.fieldtypes import LongText
from crm_core.i18n import N_, gettext
from crm_core.models import Comment

if TYPE_CHECKING:
    from crm_core.context import Ctx

CHANNELS = core_lists.CHANNEL
"""The reference list of ways a person is reached."""
MAX_LENGTH = 65_000
MAX_PAGE = 500


@dataclass(frozen=True)
class CommentEntry:
    """A comment as its reader sees it; ``editable`` tells whether he may change or remove it."""

    id: int
    at: dt.datetime
    author: str
    author_id: int | None
    channel: str
    channel_label: str
    channel_icon: str
    body: str
    edited_at: dt.datetime | None
    editable: bool


def add(ctx: Ctx, entity: str, record_id: int, body: str, channel: str = "") -> CommentEntry:
    """Write a comment on a record; who may read the record may comment on it.

    Args:
        ctx: The operation.
        entity: Key or slug of the record's entity.
        record_id: The record.
        body: Plain text, at most 65,000 characters.
        channel: Code or label of an entry of ``core.channel``.

    Raises:
        NotFound: the record is not there for the actor, or its entity takes no comments.
        Invalid: the text is empty or too long, or the channel is unknown.
    """
    key = _visible(ctx, entity, record_id)
    text, code = _checked(ctx, body, channel)
    made = Comment(entity=key, record_id=record_id, author_id=ctx.actor.id, author=ctx.actor.name[:120],
                   at=ctx.now, channel=code, body=text)  # fmt: skip
    ctx.session.add(made)
    ctx.session.flush()
    return _entry(ctx, made)


def entries(
    ctx: Ctx, entity: str, record_id: int, before: dt.datetime | None = None, limit: int = 50
) -> list[CommentEntry]:
    """Return the comments of a record, whoever wrote them, the newest first; with ``before`` only older ones.

    Raises:
        NotFound: the record is not there for the actor, or its entity takes no comments.
    """
    return of_visible(ctx, _visible(ctx, entity, record_id), record_id, before, limit)


def of_visible(
    ctx: Ctx, entity: str, record_id: int, before: dt.datetime | None = None, limit: int = 50
) -> list[CommentEntry]:
    """Return what :func:`entries` returns, of a record that the caller has found visible already."""
    query = sa.select(Comment).where(Comment.entity == entity, Comment.record_id == record_id)
    if before is not None:
        query = query.where(Comment.at < before)
    query = query.order_by(Comment.at.desc(), Comment.id.desc()).limit(max(1, min(limit, MAX_PAGE)))
    return [_entry(ctx, found) for found in ctx.session.scalars(query, execution_options=KERNEL)]


def find(ctx: Ctx, text: str, entities: Sequence[str] = (), limit: int = 20) -> list[tuple[str, CommentEntry, int]]:
    """Return comments that hold every word of a text, the newest first, with the record each is about.

    Only those of records the actor may see. The words are looked for as they are written; capitals don't count in
    plain letters. There is no index: the newest are looked at first, and it ends when enough are found.

    Returns:
        Entity, comment and id of the record.
    """
    from crm_core.access import allowed, predicate

    words = text.split()[:12]
    visible = []
    for key, definition in ctx.registry.entities.items():
        if definition.comments and (not entities or key in entities) and allowed(ctx, key, "read"):
            other = aliased(definition.model)
            one = sa.select(sa.literal(1)).where(
                other.id == Comment.record_id, predicate(ctx, definition, "read", other)
            )
            visible.append((Comment.entity == key) & one.correlate(Comment).exists())
    if not words or not visible:
        return []
    said = [Comment.body.icontains(word, autoescape=True) for word in words]
    query = sa.select(Comment).where(*said, sa.or_(*visible)).order_by(Comment.id.desc()).limit(max(1, min(limit, 100)))
    rows = ctx.session.scalars(query, execution_options=KERNEL)
    return [(row.entity, _entry(ctx, row), row.record_id) for row in rows]


def count(ctx: Ctx, entity: str, record_id: int) -> int:
    """Return how many comments a visible record has.

    Raises:
        NotFound: the record is not there for the actor, or its entity takes no comments.
    """
    key = _visible(ctx, entity, record_id)
    query = sa.select(sa.func.count()).where(Comment.entity == key, Comment.record_id == record_id)
    return int(ctx.session.scalar(query, execution_options=KERNEL) or 0)


def get(ctx: Ctx, entity: str, record_id: int, comment_id: int) -> CommentEntry:
    """Return one comment of a visible record.

    Raises:
        NotFound: the record or the comment is not there for the actor.
    """
    return _entry(ctx, _load(ctx, entity, record_id, comment_id))


def edit(ctx: Ctx, entity: str, record_id: int, comment_id: int, body: str, channel: str | None = None) -> CommentEntry:
    """Change a comment of one's own; administrators may change any.

    Raises:
        NotFound: the record or the comment is not there for the actor.
        Forbidden: someone else wrote it.
        Invalid: the text is empty or too long, or the channel is unknown.
    """
    found = _own(ctx, entity, record_id, comment_id)
    text, code = _checked(ctx, body, found.channel if channel is None else channel)
    if (text, code) != (found.body, found.channel):
        found.body, found.channel, found.edited_at = text, code, ctx.now
        ctx.session.flush()
    return _entry(ctx, found)


def remove(ctx: Ctx, entity: str, record_id: int, comment_id: int) -> None:
    """Remove a comment of one's own; administrators may remove any.

    Raises:
        NotFound: the record or the comment is not there for the actor.
        Forbidden: someone else wrote it.
    """
    ctx.session.delete(_own(ctx, entity, record_id, comment_id))
    ctx.session.flush()


def _visible(ctx: Ctx, entity: str, record_id: int) -> str:
    from crm_core import records

    definition = ctx.registry.entity(entity)
    if not definition.comments:
        raise NotFound()
    records.get(ctx, definition.key, record_id)
    return definition.key


def _load(ctx: Ctx, entity: str, record_id: int, comment_id: int) -> Comment:
    key = _visible(ctx, entity, record_id)
    query = sa.select(Comment).where(Comment.id == comment_id, Comment.entity == key, Comment.record_id == record_id)
    found = ctx.session.scalar(query, execution_options=KERNEL)
    if found is None:
        raise NotFound()
    return found


def _own(ctx: Ctx, entity: str, record_id: int, comment_id: int) -> Comment:
    found = _load(ctx, entity, record_id, comment_id)
    if not _may_edit(ctx, found):
        raise Forbidden(N_("Only its author or an administrator may change a comment"))
    return found


def _may_edit(ctx: Ctx, found: Comment) -> bool:
    own = found.author_id is not None and found.author_id == ctx.actor.id
    writable = ctx.actor.scopes is None or "write" in ctx.actor.scopes
    return writable and (own or ctx.actor.is_admin)


def _checked(ctx: Ctx, body: str, channel: str) -> tuple[str, str]:
    problems: list[Problem] = []
    text: str | None = None
    try:
        text = LongText(MAX_LENGTH).parse(body, ctx)
    except ValueProblem as problem:
        problems.append(problem.at("body"))
    else:
        if not text:
            problems.append(Problem("body", "required", N_("Write something first")))
    entry = ctx.directory.find_entry(CHANNELS, channel) if channel else None
    if channel and entry is None:
        message = N_("%(value)s is not a channel of comments")
        problems.append(Problem("channel", "choice", message, {"value": channel[:60]}))
    if problems:
        raise Invalid(problems)
    return text or "", entry.code if entry else ""


def _entry(ctx: Ctx, found: Comment) -> CommentEntry:
    entry = ctx.directory.became(CHANNELS, found.channel) if found.channel else None
    author = ctx.directory.user(found.author_id)
    return CommentEntry(
        id=found.id,
        at=found.at,
        author=author.name if author else found.author or gettext(N_("Someone")),
        author_id=found.author_id,
        channel=entry.code if entry else found.channel,
        channel_label=entry.title() if entry else found.channel,
        channel_icon=entry.icon if entry else "",
        body=found.body,
        edited_at=found.edited_at,
        editable=_may_edit(ctx, found),
    )
