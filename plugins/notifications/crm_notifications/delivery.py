"""Sending what waits, by mail and SMS: claimed first, so that no two processes send the same.

A claim is committed before anything is sent. What a killed process had claimed may be sent or not; nobody can tell, so
it is not sent a second time but marked as failed.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import field as member
from typing import Any

import sqlalchemy as sa

from crm_core.api import N_, CrmError, Ctx, JobRun, UserEntry, gettext, mail, use_language
from crm_notifications import channels, letters, notices, sms, timing
from crm_notifications.api import SmsFailed, SmsRefused
from crm_notifications.settings import PER_HOUR
from crm_notifications.tables import Delivery, Person

log = logging.getLogger("crm.notifications")
HOUR, LOST = dt.timedelta(hours=1), dt.timedelta(minutes=15)
PAUSES = tuple(dt.timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360))
"""How long to wait after each try that failed; after the last it is given up."""
_PART = 50
_SILENT = {"synchronize_session": False}


class Undelivered(Exception):
    """A message was given up; its text is the reason."""


@dataclass
class Message:
    """One mail or SMS, with the deliveries it stands for."""

    ids: list[int]
    channel: str
    to: str
    subject: str
    text: str
    name: str = ""
    send: Callable[[str, str], None] | None = None
    now: dt.datetime = member(default_factory=lambda: dt.datetime.now(dt.UTC))


def deliver(run: JobRun) -> dict[str, int]:
    """Send everything that is due; return how many messages were sent, put off and given up."""
    done = {"sent": 0, "later": 0, "failed": 0}
    system = run.deployment.system_actor(notices.DELIVER)
    with run.operation(actor=system) as ctx:
        _give_lost_up(ctx)
    last = -1
    while True:
        run.check_cancelled()
        with run.operation(actor=system, write=False) as ctx:
            users = _waiting(ctx, last)
        if not users:
            return done
        for user_id in users:
            for channel in (channels.EMAIL, channels.SMS):
                with run.operation(actor=system) as ctx:
                    claimed = claim(ctx, user_id, channel)
                for message in claimed:
                    done[_send(run, system, message)] += 1
        last = users[-1]


def _waiting(ctx: Ctx, after: int) -> Sequence[int]:
    """Return who has something due, in order; 0 for addresses that are no user's."""
    due = sa.select(Delivery.user_id).where(
        Delivery.state == "waiting", Delivery.due_at <= ctx.now, Delivery.user_id > after
    )
    return ctx.session.scalars(due.distinct().order_by(Delivery.user_id).limit(_PART)).all()


def _give_lost_up(ctx: Ctx) -> None:
    lost = sa.update(Delivery).where(Delivery.state == "sending", Delivery.tried_at < ctx.now - LOST)
    ctx.session.execute(lost.values(state="failed", error="interrupted while it was sent"), execution_options=_SILENT)


# ---------------------------------------------------------------- claiming


def claim(ctx: Ctx, user_id: int, channel: str) -> list[Message]:
    """Return what may be sent to a person now, marked as being sent; the rest waits for its moment."""
    if not ctx.database.is_sqlite:
        # Two processes that count what a person was sent this hour must not do so at the same time.
        ctx.session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK, user_id)))
    query = sa.select(Delivery).where(
        Delivery.user_id == user_id, Delivery.channel == channel, Delivery.state == "waiting",
        Delivery.due_at <= ctx.now,
    )  # fmt: skip
    rows = list(ctx.session.scalars(query.order_by(Delivery.id).limit(500)).all())
    if not rows:
        return []
    if user_id == 0:
        return [m for row in rows for m in _claimed(ctx, None, channel, [[row]])]
    user = ctx.directory.user(user_id)
    if user is None or not user.active:
        return _dropped(rows)
    inside = ctx.as_actor(ctx.directory.actor(user_id, via="job"))
    rows = _still_wanted(inside, rows)
    person = ctx.session.get(Person, user_id)
    if rows and person and (end := timing.quiet_until(ctx.now, user.locale.zone, person.quiet_from, person.quiet_to)):
        return _put_off(rows, end)
    return _claimed(ctx, user, channel, _groups(ctx, user_id, channel, rows))


_LOCK = 0x4E54
"""The number of the advisory lock of deliveries; the second number is the person's."""


def _dropped(rows: Sequence[Delivery]) -> list[Message]:
    for row in rows:
        row.state = "dropped"
    return []


def _put_off(rows: Sequence[Delivery], until: dt.datetime) -> list[Message]:
    for row in rows:
        row.due_at = until
    return []


def _still_wanted(inside: Ctx, rows: Sequence[Delivery]) -> list[Delivery]:
    """Drop what is about records the person may not see any more."""
    seen = notices.visible(inside, [row.notice for row in rows])
    _dropped([row for row in rows if row.notice_id not in seen])
    return [row for row in rows if row.notice_id in seen]


def _groups(ctx: Ctx, user_id: int, channel: str, rows: Sequence[Delivery]) -> list[list[Delivery]]:
    """Return which go out now and together: as many messages as the hour has left, and one for all the rest."""
    together = [row for row in rows if row.bundled]
    groups = ([together] if together else []) + [[row] for row in rows if not row.bundled]
    recent = sa.select(Delivery.batch, sa.func.max(Delivery.tried_at)).where(
        Delivery.user_id == user_id, Delivery.channel == channel, Delivery.tried_at > ctx.now - HOUR,
        Delivery.state.in_(("sent", "sending")),
    ).group_by(Delivery.batch)  # fmt: skip
    sent: list[dt.datetime] = [row[1] for row in ctx.session.execute(recent) if row[1]]
    room = max(0, int(ctx.directory.setting(PER_HOUR)) - len(sent))
    for group in groups[room:]:
        for row in group:
            row.bundled, row.due_at = True, (min(sent) if sent else ctx.now) + HOUR
    return groups[:room]


def _claimed(
    ctx: Ctx, user: UserEntry | None, channel: str, groups: Sequence[Sequence[Delivery]]
) -> list[Message]:  # fmt: skip
    send, phone = None, ""
    if channel == channels.SMS and user is not None:
        found, person = sms.gateway(ctx), ctx.session.get(Person, user.id)
        phone = person.phone if person is not None else ""
        if found is None or not phone:
            return [m for group in groups for m in _dropped(group)]
        send = found.sender(ctx)
    made = []
    for group in groups:
        for row in group:
            row.state, row.tried_at, row.batch = "sending", ctx.now, f"{group[0].id}:{group[0].tries}"
            row.tries += 1
        with use_language(user.locale.language if user else ctx.locale.language):
            subject, text = letters.letter(ctx, [row.notice for row in group], channel)
        to = phone or (user.email if user else group[0].address)
        ids = [row.id for row in group]
        made.append(Message(ids, channel, to, subject, text, user.name if user else "", send, ctx.now))
    return made


# ---------------------------------------------------------------- sending


def _send(run: JobRun, system: Any, message: Message) -> str:
    """Send one message and write down what became of it."""
    try:
        if message.send is not None:
            message.send(message.to, message.text)
        else:
            mail.send(run.deployment.config, message.to, message.subject, message.text, name=message.name)
    except (CrmError, SmsFailed) as error:
        return _failed(run, system, message, getattr(error, "hint", "") or str(error), again=True)
    except SmsRefused as error:
        return _failed(run, system, message, str(error), again=False)
    with run.operation(actor=system) as ctx:
        _mark(ctx, message, state="sent", error="")
    return "sent"


def _mark(ctx: Ctx, message: Message, **values: Any) -> None:
    change = sa.update(Delivery).where(Delivery.id.in_(message.ids), Delivery.state == "sending")
    ctx.session.execute(change.values(**values), execution_options=_SILENT)


def _failed(run: JobRun, system: Any, message: Message, reason: str, *, again: bool) -> str:
    log.warning("a message by %s was not sent: %s", message.channel, reason)
    with run.operation(actor=system) as ctx:
        tries = ctx.session.scalar(sa.select(sa.func.max(Delivery.tries)).where(Delivery.id.in_(message.ids))) or 1
        if again and tries <= len(PAUSES):
            _mark(ctx, message, state="waiting", due_at=message.now + PAUSES[tries - 1], error=reason[:500])
            return "later"
        _mark(ctx, message, state="failed", error=reason[:500])
        said = gettext(N_("By %(channel)s: %(reason)s"), channel=message.channel, reason=reason)
        ctx.registry.hooks.incident("notifications", "delivery", Undelivered(said))
    return "failed"
