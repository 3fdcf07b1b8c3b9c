"""What modules did wrong without stopping the work: equal incidents together, seen by someone, cleared.

Equal are incidents of one module at one place with one message; the same failure is written down at most once a
minute and process, and kept for 90 days.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm_core.context import Ctx
from crm_core.db import KERNEL, CrmSession
from crm_core.errors import NotFound
from crm_core.i18n import N_
from crm_core.models import Incident

LIMIT = 100


@dataclass(frozen=True)
class Trouble:
    """Equal incidents: ``id`` and ``detail`` are those of the newest, ``new`` says how many nobody has seen."""

    id: int
    plugin: str
    where: str
    message: str
    detail: str
    count: int
    new: int
    first: dt.datetime
    last: dt.datetime

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        times = {"first": self.first.isoformat(), "last": self.last.isoformat()}
        return {**{k: v for k, v in vars(self).items() if k not in times}, **times}


def troubles(session: CrmSession, plugin: str = "", limit: int = LIMIT) -> list[Trouble]:
    """Return what went wrong, of all modules or one, the latest first."""
    alike = sa.select(
        sa.func.max(Incident.id).label("id"),
        sa.func.count().label("count"),
        sa.func.sum(sa.case((Incident.seen_at.is_(None), 1), else_=0)).label("new"),
        sa.func.min(Incident.at, type_=Incident.at.type).label("first"),
        sa.func.max(Incident.at, type_=Incident.at.type).label("last"),
    ).group_by(Incident.plugin, Incident.where, Incident.message)
    if plugin:
        alike = alike.where(Incident.plugin == plugin)
    some = alike.order_by(sa.desc("id")).limit(limit).subquery()
    shown = (Incident.plugin, Incident.where, Incident.message, Incident.detail)
    query = sa.select(some, *shown).join(Incident, Incident.id == some.c.id).order_by(some.c.id.desc())
    return [Trouble(**row) for row in session.execute(query, execution_options=KERNEL).mappings()]


def plugins(session: CrmSession) -> list[str]:
    """Return the names of the modules that have incidents."""
    query = sa.select(Incident.plugin).distinct().order_by(Incident.plugin)
    return list(session.scalars(query, execution_options=KERNEL))


def mark_seen(ctx: Ctx, plugin: str = "", incident_id: int | None = None) -> int:
    """Mark incidents as seen: those equal to one, of one module, or all; returns how many were new.

    Raises:
        NotFound: there is no such incident.
    """
    query = sa.update(Incident).where(Incident.seen_at.is_(None), *_chosen(ctx, plugin, incident_id))
    return _done(ctx, query.values(seen_at=ctx.now))


def clear(ctx: Ctx, plugin: str = "", incident_id: int | None = None) -> int:
    """Remove incidents: those equal to one, of one module, or all; returns how many.

    Raises:
        NotFound: there is no such incident.
    """
    return _done(ctx, sa.delete(Incident).where(*_chosen(ctx, plugin, incident_id)))


def _done(ctx: Ctx, statement: Any) -> int:
    options = {**KERNEL, "synchronize_session": False}
    done: Any = ctx.session.execute(statement, execution_options=options)
    return int(done.rowcount)


def _chosen(ctx: Ctx, plugin: str, incident_id: int | None) -> list[Any]:
    """Return the conditions of what is meant; incidents that came after the one shown are not."""
    found = [Incident.plugin == plugin] if plugin else []
    if incident_id is None:
        return found
    query = sa.select(Incident.plugin, Incident.where, Incident.message).where(Incident.id == incident_id)
    one = ctx.session.execute(query, execution_options=KERNEL).one_or_none()
    if one is None:
        raise NotFound(N_("There is no such incident; it may have been cleared"))
    alike = (Incident.plugin == one.plugin, Incident.where == one.where, Incident.message == one.message)
    return [*found, *alike, Incident.id <= incident_id]
