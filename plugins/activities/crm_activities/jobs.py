"""What is due is sent, every minute: each reminder once, whatever processes there are and whenever they die.

The row that waits and the notice that is told are changed in one transaction. A reminder that is late because nothing
ran is told as soon as something runs, and says so.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm_activities import notices
from crm_activities.names import CONTACT, EVENT, FOLLOW_UP, TASK, TEMPLATE
from crm_activities.news import REMINDERS
from crm_activities.settings import REMIND_OF_FOLLOW_UPS
from crm_activities.tables import Due
from crm_core.api import (
    N_,
    CrmError,
    Ctx,
    DateTime,
    JobDef,
    JobRun,
    Locale,
    NotFound,
    Notice,
    gettext,
    personal,
    records,
    use_language,
)
from crm_core.api import notices as news

REMIND = "activities.remind"
log = logging.getLogger("crm.activities")
LATE = dt.timedelta(minutes=10)
_PART = 50


@dataclass(frozen=True)
class Reader:
    """Who is told: a user, or somebody with an address; and how he reads."""

    user_id: int | None
    email: str
    locale: Locale


def remind(run: JobRun) -> dict[str, int]:
    """Tell everything that is due; return how many reminders were told."""
    system, told = run.deployment.system_actor(REMIND), 0
    while True:
        run.check_cancelled()
        with run.operation(actor=system) as ctx:
            claimed = claim(ctx)
            told += sum(tell(ctx, *row) for row in claimed)
        if len(claimed) < _PART:
            return {"told": told}
        run.progress(told)


def claim(ctx: Ctx) -> list[Any]:
    """Take reminders that are due; another process that looks at the same time gets others or none."""
    waiting = sa.select(Due.id).where(Due.sent_at.is_(None), Due.at <= ctx.now).order_by(Due.at, Due.id).limit(_PART)
    if not ctx.database.is_sqlite:
        waiting = waiting.with_for_update(skip_locked=True)
    statement = sa.update(Due).where(Due.id.in_(waiting)).values(sent_at=ctx.now)
    taken = statement.returning(Due.entity, Due.record_id, Due.line, Due.at, Due.id)
    return list(ctx.session.execute(taken, execution_options={"synchronize_session": False}).all())


def tell(ctx: Ctx, entity: str, record_id: int, line: int, at: dt.datetime, due_id: int) -> int:
    """Tell one reminder and return how many people were told; one that fails is noted and stops none of the others."""
    try:
        with ctx.session.begin_nested():
            return _tell(ctx, entity, record_id, line, at, due_id)
    except Exception as error:
        log.exception("the reminder of %s %s could not be told", entity, record_id)
        ctx.registry.hooks.incident("activities", f"reminder of {entity} {record_id}", error)
        return 0


def _tell(ctx: Ctx, entity: str, record_id: int, line: int, at: dt.datetime, due_id: int) -> int:
    try:
        record: Any = records.get(ctx, entity, record_id)
    except NotFound:
        return 0
    told = 0
    for reader in dict.fromkeys(_READERS[entity](ctx, record, line)):
        if reader.user_id is not None and not _may_see(ctx, reader.user_id, entity, record_id):
            continue
        with use_language(reader.locale.language):
            subject, body = _words(ctx, entity, record, line, reader)
            if ctx.now - at >= LATE:
                body = "\n\n".join([*filter(None, [body]), _late(ctx, at, reader)])
        who = reader.user_id if reader.user_id is not None else reader.email
        told += news.tell(ctx, Notice(
            key=f"due:{due_id}:{who}"[:120], kind=REMINDERS[entity].key, subject=subject[:400], body=body,
            entity=entity, record_id=record_id, user_id=reader.user_id, email=reader.email,
        ))  # fmt: skip
    return told


def _late(ctx: Ctx, at: dt.datetime, reader: Reader) -> str:
    when = DateTime().show(at, _as(ctx, reader))
    return gettext(N_("This reminder is late: it was due at %(when)s, when nothing could be sent."), when=when)


def _as(ctx: Ctx, reader: Reader) -> Any:
    from dataclasses import replace

    return replace(ctx, locale=reader.locale)


def _may_see(ctx: Ctx, user_id: int, entity: str, record_id: int) -> bool:
    """Tell whether a person may still see a record: whoever was taken off it is told nothing more."""
    try:
        records.read(ctx.as_actor(ctx.directory.actor(user_id, via="job")), entity, record_id, [])
    except CrmError:
        return False
    return True


def _user(ctx: Ctx, user_id: int | None) -> Iterator[Reader]:
    user = ctx.directory.user(user_id) if user_id else None
    if user is not None and user.active:
        yield Reader(user.id, user.email, user.locale)


def _of_task(ctx: Ctx, task: Any, line: int) -> Iterator[Reader]:
    if task.status == "open":
        yield from _user(ctx, task.assigned_to_id)


def _of_follow_up(ctx: Ctx, item: Any, line: int) -> Iterator[Reader]:
    """Yield the person who made it, who must have allowed it (AC-34)."""
    for reader in _user(ctx, item.owner_id):
        if not item.done and personal.value(ctx, REMIND_OF_FOLLOW_UPS, reader.user_id):
            yield reader


def _of_event(ctx: Ctx, event: Any, line: int) -> Iterator[Reader]:
    """Yield the responsible person, and for all every guest who has not declined (AC-73)."""
    values = records.read(ctx, EVENT, event.id, ["reminders", "guests"]).values
    lines = values["reminders"] or []
    if line >= len(lines):
        return
    yield from _user(ctx, event.assigned_to_id)
    if lines[line].get("audience") != "all":
        return
    for guest in values["guests"] or []:
        if guest.get("answer") == "no":
            continue
        if guest.get("user"):
            yield from _user(ctx, guest["user"])
        elif address := guest.get("email") or _address_of(ctx, guest.get("contact")):
            yield Reader(None, address, ctx.locale)


def _address_of(ctx: Ctx, contact_id: int | None) -> str:
    if not contact_id:
        return ""
    try:
        emails = records.read(ctx, CONTACT, contact_id, ["emails"]).values["emails"] or []
    except NotFound:
        return ""
    chosen = next((e for e in emails if e.get("primary")), emails[0] if emails else {})
    return str(chosen.get("address") or "")


_READERS = {TASK: _of_task, FOLLOW_UP: _of_follow_up, EVENT: _of_event}


def _words(ctx: Ctx, entity: str, record: Any, line: int, reader: Reader) -> tuple[str, str]:
    """Return subject and text of a reminder as its reader reads."""
    inside = _as(ctx, reader)
    if entity == TASK:
        due = DateTime().show(record.due_at, inside)
        return gettext(N_("Task: %(title)s, due %(when)s"), title=record.title, when=due), record.description or ""
    if entity == FOLLOW_UP:
        return gettext(N_("Follow-up: %(title)s"), title=record.title), record.note or ""
    return _from_template(inside, record, line)


def _from_template(ctx: Ctx, event: Any, line: int) -> tuple[str, str]:
    """Return what the reminder's template says of an event."""
    row = records.read(ctx, EVENT, event.id, ["reminders", "contact"])
    number = row.values["reminders"][line].get("template")
    said = {
        "subject": event.subject, "starts": DateTime().show(event.starts_at, ctx), "location": event.location or "",
        "contact": str(row.labels.get("contact") or ""),
    }  # fmt: skip
    try:
        template: Any = records.get(ctx, TEMPLATE, number or 0)
    except NotFound:
        return gettext(N_("%(subject)s, %(starts)s"), **said), ""
    texts = [template.subject, "\n\n".join(filter(None, (template.body, template.signature)))]
    for name, value in said.items():
        texts = [text.replace("{" + name + "}", value) for text in texts]
    return texts[0], texts[1]


def tidy(run: JobRun) -> None:
    """Forget at night what was told long ago."""
    with run.operation(actor=run.deployment.system_actor(REMIND)) as ctx:
        limit = ctx.now - dt.timedelta(days=90)
        ctx.session.execute(sa.delete(Due).where(Due.sent_at < limit))
        notices.clear(ctx)


JOBS = (
    JobDef(name=REMIND, label=N_("Send reminders that are due"), handler=remind, cron="* * * * *"),
    JobDef(name="activities.tidy", label=N_("Forget old notices"), handler=tidy, cron="20 3 * * *"),
    notices.JOB,
)
