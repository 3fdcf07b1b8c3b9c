"""The notices of a person: taken over from whoever tells, listed, read, forgotten."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from crm_core.api import N_, Cond, Ctx, JobRun, ListQuery, NotFound, NoticeSink, UserEntry, access, jobs, records
from crm_core.api import Notice as News
from crm_notifications import channels, timing
from crm_notifications.settings import KEEP_DAYS
from crm_notifications.tables import Delivery, Notice

DELIVER = "notifications.deliver"
_PART = 500


@dataclass(frozen=True)
class Shown:
    """A notice as its reader sees it; without subject and address when he may not see the record any more."""

    id: int
    kind: str
    subject: str
    body: str
    record: str
    url: str
    created_at: dt.datetime
    read: bool


# ---------------------------------------------------------------- taken over


def take(ctx: Ctx, news: News) -> bool:
    """Keep a notice and what is to be sent of it; none of one's own doing, none in bulk work, none twice."""
    if ctx.quiet or ctx.undoing or (news.user_id and news.user_id == ctx.actor.id) or _known(ctx, news.key):
        return True
    user = ctx.directory.user(news.user_id) if news.user_id else None
    if news.user_id and (user is None or not user.active):
        return True
    wanted = channels.chosen(ctx, user.id, news.kind) if user else {channels.EMAIL}
    if not wanted:
        return True
    row = Notice(
        key=news.key, kind=news.kind, user_id=news.user_id, subject=news.subject, body=news.body, entity=news.entity,
        record_id=news.record_id, shown=channels.APP in wanted, created_at=ctx.now,
    )  # fmt: skip
    row.deliveries = list(_deliveries(ctx, user, news.email, wanted))
    ctx.session.add(row)
    if row.deliveries:
        jobs.enqueue(ctx, DELIVER, {}, unique_key=f"{DELIVER}:{ctx.operation_id}")
    return True


def _known(ctx: Ctx, key: str) -> bool:
    """Tell whether this news was told; what the operation itself told is not in the database yet."""
    if any(isinstance(new, Notice) and new.key == key for new in ctx.session.new):
        return True
    with ctx.session.no_autoflush:
        return ctx.session.scalar(sa.select(Notice.id).where(Notice.key == key)) is not None


def _deliveries(ctx: Ctx, user: UserEntry | None, address: str, wanted: Iterable[str]) -> Iterable[Delivery]:
    usable = channels.usable(ctx)
    if channels.EMAIL in wanted and usable[channels.EMAIL] and (user is not None or address):
        digest = channels.person(ctx, user.id).digest_at if user else ""
        due = timing.next_at(ctx.now, user.locale.zone, digest) if user and digest else ctx.now
        yield Delivery(
            channel=channels.EMAIL, user_id=user.id if user else 0, address="" if user else address, due_at=due,
            bundled=bool(digest), state="waiting", tries=0,
        )  # fmt: skip
    if user is not None and channels.SMS in wanted and usable[channels.SMS] and channels.person(ctx, user.id).phone:
        yield Delivery(channel=channels.SMS, user_id=user.id, due_at=ctx.now, state="waiting", tries=0)


# ---------------------------------------------------------------- listed and read


def summary(ctx: Ctx) -> tuple[int, int]:
    """Return how many of the person's notices are unread, and the newest of them: one indexed statement."""
    row = ctx.session.execute(sa.select(sa.func.count(), sa.func.max(Notice.id)).where(*_unread(ctx))).one()
    return int(row[0]), int(row[1] or 0)


def _mine(ctx: Ctx) -> tuple[sa.ColumnElement[bool], ...]:
    return Notice.user_id == (ctx.actor.id or 0), Notice.shown.is_(True)


def _unread(ctx: Ctx) -> tuple[sa.ColumnElement[bool], ...]:
    return *_mine(ctx), Notice.read_at.is_(None)


def listed(
    ctx: Ctx, limit: int = 50, before: int | None = None, *, unread: bool = False
) -> tuple[list[Shown], int | None]:
    """Return a page of the person's notices, the newest first, and where the next one begins."""
    query = sa.select(Notice).where(*(_unread(ctx) if unread else _mine(ctx)))
    if before is not None:
        query = query.where(Notice.id < before)
    rows = ctx.session.scalars(query.order_by(Notice.id.desc()).limit(limit + 1)).all()
    page = rows[:limit]
    seen = visible(ctx, page)
    return [_shown(ctx, row, row.id in seen) for row in page], page[-1].id if len(rows) > limit else None


def _shown(ctx: Ctx, row: Notice, may_see: bool) -> Shown:
    if not may_see:
        return Shown(row.id, row.kind, "", "", "", "", row.created_at, row.read_at is not None)
    return Shown(
        row.id, row.kind, row.subject, row.body, f"{row.entity}:{row.record_id}", address(ctx, row), row.created_at,
        row.read_at is not None,
    )  # fmt: skip


def address(ctx: Ctx, row: Notice) -> str:
    """Return where the page of the record is."""
    return f"/{ctx.registry.entity(row.entity).slug}/{row.record_id}"


def visible(ctx: Ctx, rows: Sequence[Notice]) -> set[int]:
    """Return those notices, by id, whose record the actor may see: one statement for each kind of record."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        wanted[row.entity].add(row.record_id)
    seen: set[tuple[str, int]] = set()
    for entity, numbers in wanted.items():
        if entity in ctx.registry.entities and access.allowed(ctx, entity, "read"):
            query = ListQuery(fields=(), filter=Cond("id", "in", tuple(numbers)), limit=len(numbers), count=False)
            seen |= {(entity, found.id) for found in records.list_(ctx, entity, query).items}
    return {row.id for row in rows if (row.entity, row.record_id) in seen}


def mark_read(ctx: Ctx, notice_id: int) -> None:
    """Mark one of the person's notices as read.

    Raises:
        NotFound: there is none.
    """
    row = ctx.session.scalar(sa.select(Notice).where(*_mine(ctx), Notice.id == notice_id))
    if row is None:
        raise NotFound(N_("There is no such notice"))
    row.read_at = row.read_at or ctx.now


def mark_all_read(ctx: Ctx, until: int | None = None) -> int:
    """Mark all of the person's notices as read, up to the one given; return how many."""
    query = sa.select(Notice).where(*_unread(ctx))
    if until is not None:
        query = query.where(Notice.id <= until)
    found = ctx.session.scalars(query).all()
    for row in found:
        row.read_at = ctx.now
    return len(found)


# ---------------------------------------------------------------- forgotten


def forget(run: JobRun) -> dict[str, int]:
    """Delete notices that are older than the setting says, a part in each transaction; what waits to be sent stays."""
    system, done = run.deployment.system_actor("notifications.forget"), 0
    while True:
        run.check_cancelled()
        with run.operation(actor=system) as ctx:
            limit = ctx.now - dt.timedelta(days=int(ctx.directory.setting(KEEP_DAYS)))
            waits = sa.select(Delivery.id).where(
                Delivery.notice_id == Notice.id, Delivery.state.in_(("waiting", "sending"))
            )
            old = sa.select(Notice.id).where(Notice.created_at < limit, ~waits.exists()).order_by(Notice.created_at)
            ids = ctx.session.scalars(old.limit(_PART)).all()
            ctx.session.execute(sa.delete(Notice).where(Notice.id.in_(ids)))
        done += len(ids)
        if len(ids) < _PART:
            return {"forgotten": done}


SINK = NoticeSink(key="notifications", label=N_("Notifications"), take=take)
