"""Periodic jobs: one row a tick, whichever process is first to write it."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crm_core.contributions import JobDef
from crm_core.db import CrmSession
from crm_core.jobs import outbox
from crm_core.models import Job

if TYPE_CHECKING:
    from crm_core.registry import Registry

log = logging.getLogger("crm.jobs")

GRACE = dt.timedelta(minutes=10)
"""A tick this late is still run; an older one only to catch up on a job that ran before (the machine was off)."""


def last_tick(cron: str, now: dt.datetime) -> dt.datetime:
    """Return the latest instant at or before ``now`` that five cron fields (UTC) name.

    Raises:
        ValueError: not five cron fields.
    """
    from croniter import croniter  # type: ignore[import-untyped]

    found: dt.datetime = croniter(cron, now + dt.timedelta(microseconds=1)).get_prev(dt.datetime)
    return found


def enqueue_due(session: CrmSession, registry: Registry, now: dt.datetime) -> None:
    """Write the jobs whose tick has come and that nobody has written yet."""
    for definition in registry.jobs.values():
        if not definition.cron:
            continue
        try:
            due = last_tick(definition.cron, now)
        except ValueError:
            log.error("job %s of %s: %r is not a cron line", definition.name, definition.plugin, definition.cron)
            continue
        _enqueue(session, definition, due, now)


def _enqueue(session: CrmSession, definition: JobDef, due: dt.datetime, now: dt.datetime) -> None:
    key = f"{definition.name}@{due:%Y-%m-%dT%H:%MZ}"
    before = session.scalar(
        sa.select(Job.unique_key)
        .where(Job.unique_key.startswith(f"{definition.name}@", autoescape=True))
        .order_by(Job.id.desc())
        .limit(1)
    )
    if before != key and (before is not None or now - due <= GRACE):
        outbox.insert(session, definition, {}, None, due, key)
