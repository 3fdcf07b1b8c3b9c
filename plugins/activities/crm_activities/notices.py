"""How people are told as long as no other module delivers: a list of notices on the home page, and a mail.

A module of its own for notices contributes a ``NoticeSink`` that is no fallback; this one is then silent.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import sqlalchemy as sa

from crm_activities.tables import Notice as Row
from crm_core.api import N_, CrmError, Ctx, JobDef, JobRun, Notice, NoticeSink, access, jobs, mail, records

log = logging.getLogger("crm.activities")
DELIVER = "activities.deliver"
_PART = 50


def take(ctx: Ctx, notice: Notice) -> bool:
    """Keep a notice for the person's list, and let a job send its mail; one that is there already is not told again."""
    if ctx.session.scalar(sa.select(Row.id).where(Row.key == notice.key)) is not None:
        return True
    user = ctx.directory.user(notice.user_id) if notice.user_id else None
    address = user.email if user is not None and user.active else notice.email
    wanted = bool(address) and bool(ctx.config.smtp_url)
    ctx.session.add(Row(
        key=notice.key, user_id=notice.user_id, email=address, subject=notice.subject, body=notice.body,
        entity=notice.entity, record_id=notice.record_id, created_at=ctx.now, mail="waiting" if wanted else "none",
    ))  # fmt: skip
    if wanted:
        jobs.enqueue(ctx, DELIVER, {}, unique_key=f"{DELIVER}:{ctx.operation_id}")
    return True


def unread(ctx: Ctx, limit: int = 20) -> list[Row]:
    """Return the person's own notices that wait to be read, the newest first; of records that are still to be seen."""
    wanted = sa.select(Row).where(Row.user_id == ctx.actor.id, Row.read_at.is_(None))
    found = ctx.session.scalars(wanted.order_by(Row.id.desc()).limit(limit)).all()
    return [row for row in found if _visible(ctx, row)]


def _visible(ctx: Ctx, row: Row) -> bool:
    if row.entity not in ctx.registry.entities or not access.allowed(ctx, row.entity, "read"):
        return False
    try:
        records.get(ctx, row.entity, row.record_id)
    except CrmError:
        return False
    return True


def mark_read(ctx: Ctx, notice_id: int | None = None) -> int:
    """Mark one of the person's notices as read, or all of them; return how many."""
    wanted = sa.select(Row).where(Row.user_id == ctx.actor.id, Row.read_at.is_(None))
    if notice_id is not None:
        wanted = wanted.where(Row.id == notice_id)
    found = ctx.session.scalars(wanted).all()
    for row in found:
        row.read_at = ctx.now
    return len(found)


def deliver(run: JobRun) -> dict[str, int]:
    """Send the mails that wait, each marked first: what a killed process was sending is not sent twice."""
    done = {"sent": 0, "failed": 0}
    system = run.deployment.system_actor(DELIVER)
    while True:
        run.check_cancelled()
        with run.operation(actor=system) as ctx:
            claimed = _claim(ctx)
        if not claimed:
            return done
        for row_id, address, subject, text in claimed:
            state = _send(run.deployment.config, address, subject, text)
            done[state] += 1
            with run.operation(actor=system) as ctx:
                ctx.session.execute(sa.update(Row).where(Row.id == row_id).values(mail=state))
        run.progress(sum(done.values()))


def _claim(ctx: Ctx) -> list[tuple[int, str, str, str]]:
    """Mark some waiting mails as being sent; no other process gets them."""
    waiting = sa.select(Row.id).where(Row.mail == "waiting").order_by(Row.id).limit(_PART)
    if not ctx.database.is_sqlite:
        waiting = waiting.with_for_update(skip_locked=True)
    statement = sa.update(Row).where(Row.id.in_(waiting)).values(mail="sending")
    found = ctx.session.execute(statement.returning(Row.id, Row.email, Row.subject, Row.body)).all()
    return [(row[0], row[1], row[2], row[3]) for row in found]


def _send(config: Any, address: str, subject: str, text: str) -> str:
    try:
        mail.send(config, address, subject, text)
    except CrmError as error:
        log.warning("the mail of a notice could not be sent: %s", error.hint or error.text())
        return "failed"
    return "sent"


def clear(ctx: Ctx, days: int = 90) -> None:
    """Forget notices that were told long ago."""
    limit = ctx.now - dt.timedelta(days=days)
    ctx.session.execute(sa.delete(Row).where(Row.created_at < limit, Row.mail != "waiting"))


SINK = NoticeSink(key="activities", label=N_("Notices of activities"), take=take, fallback=True)
JOB = JobDef(name=DELIVER, label=N_("Send notices by mail"), handler=deliver)
