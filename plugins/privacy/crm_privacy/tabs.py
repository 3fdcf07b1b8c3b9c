"""The tab of a contact: what it consents to, the log, archives, and the way to the erasure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crm_contacts.api import CONTACT

from crm_core.api import N_, Cond, Ctx, Fragment, ListQuery, PersonalData, Tab, access, records, render
from crm_privacy import consents
from crm_privacy.lists import CHANNEL
from crm_privacy.models import ARCHIVE, ERASURE


def privacy(ctx: Ctx, record: Any) -> str:
    """Return what is known of a contact's consent."""
    log = consents.log(ctx, record.id)
    held = consents.present(log)
    may_archive = access.may(ctx, ARCHIVE, "create")
    return render(
        "privacy/tab.html", log=log, id=record.id, may_edit=access.may(ctx, CONTACT, "update", record),
        channels=[(entry, held.get(entry.code)) for entry in ctx.directory.entries(CHANNEL)],
        entry=lambda code: ctx.directory.entry(CHANNEL, code), person=ctx.directory.user,
        archives=_archives(ctx, record.id) if may_archive else (), may_archive=may_archive,
        may_erase=access.may(ctx, ERASURE, "create") and access.may(ctx, CONTACT, "delete", record),
    )  # fmt: skip


def _archives(ctx: Ctx, number: int) -> list[Any]:
    fields = ("name", "state", "file", "job", "created_at")
    where = Cond("record", "=", f"{CONTACT}:{number}")
    query = ListQuery(fields=fields, filter=where, sort=(("created_at", True),), limit=20, count=False)
    return list(records.list_(ctx, ARCHIVE, query).items)


def fragments(ctx: Ctx, slot: str, subject: Any) -> Iterator[Fragment]:
    """Yield the way from a rule to what it would do, and from a deleted record to the erasing of what is left of it."""
    if slot == "record.actions" and getattr(subject, "__tablename__", "") == "privacy_rule":
        yield Fragment(render("privacy/try.html", id=subject.id), weight=10)
    elif slot == "deletions.record" and _is_about_people(ctx, subject.entity) and access.may(ctx, ERASURE, "create"):
        yield Fragment(render("privacy/gone.html", slug=ctx.registry.entity(subject.entity).slug, line=subject))


def _is_about_people(ctx: Ctx, entity: str) -> bool:
    return any(about.entity == entity for about in ctx.registry.of(PersonalData))


TABS = (Tab(entity=CONTACT, key="privacy", label=N_("Personal data"), render=privacy, weight=80),)
