"""Modules as documents: what the command line, REST and the settings page say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access.modules import audience_of
from crm_core.context import team_principal, user_principal
from crm_core.db import KERNEL, CrmSession
from crm_core.directory import Directory
from crm_core.i18n import gettext
from crm_core.models import Incident
from crm_core.plugin_plan import Part, parts_of, waiting_of
from crm_core.plugin_states import RUNNING, PluginStatus

if TYPE_CHECKING:
    from crm_core.deployment import Deployment
    from crm_core.switching import Addition
    from crm_core.uninstalling import Removal

INCIDENTS = 20


def summary(status: PluginStatus) -> dict[str, Any]:
    """Return a module's line in a list."""
    return {
        "name": status.name,
        "state": status.state.value,
        "version": status.version,
        "title": status.title,
        "summary": gettext(status.manifest.summary) if status.manifest and status.manifest.summary else "",
        "reason": status.reason.text(),
        "next": status.next_step.text(),
    }


def document(deployment: Deployment, session: CrmSession, status: PluginStatus) -> dict[str, Any]:
    """Return all there is to say of one module."""
    registry, name = deployment.registry, status.name
    running = status.state in RUNNING
    return {
        **summary(status),
        **_declared(status),
        "adds": parts_document(parts_of(registry, name)) if running else [],
        "waiting": waiting_of(registry, name) if running else [],
        "audience": audience_document(deployment.directory, name),
        "incidents": [incident_document(i) for i in incidents(session, name)],
        "hooks": _hooks(deployment, name),
        "detail": status.detail,
    }


def _declared(status: PluginStatus) -> dict[str, Any]:
    found = status.manifest
    return {
        "wanted": status.wanted,
        "core": str(found.core) if found else "",
        "requires": [str(r) for r in found.requires] if found else [],
        "after": list(found.after) if found else [],
        "default": "on" if found and found.on else "off",
        "package": found.distribution if found else "",
        "place": str(found.file or found.folder) if found else "",
    }


def _hooks(deployment: Deployment, name: str) -> list[dict[str, Any]]:
    """Return how a module's hooks did in this process since the last build."""
    timings = deployment.registry.hooks.timings
    return [
        {"hook": hook, "calls": t.calls, "failures": t.failures, "longest_ms": round(t.longest * 1000, 1)}
        for (plugin, hook), t in sorted(timings.items())
        if plugin == name
    ]


def parts_document(parts: list[Part] | tuple[Part, ...]) -> list[dict[str, Any]]:
    """Return what a module adds, by kind."""
    return [{"kind": p.kind, "label": p.label, "names": list(p.names)} for p in parts]


def addition_document(found: Addition) -> dict[str, Any]:
    """Return one module of a plan."""
    status = found.status
    return {
        "name": status.name,
        "title": status.title,
        "version": status.version,
        "adds": parts_document(found.parts),
        "waiting": list(found.waiting),
    }


def removal_document(found: Removal) -> dict[str, Any]:
    """Return what would be gone for good."""
    return {
        "possible": found.possible,
        "needed_by": list(found.needed_by),
        "referring": [{"table": table, "to": other} for table, other in found.referring.items()],
        "holdings": [
            {"kind": h.kind, "label": gettext(h.label), "name": h.name, "count": h.count} for h in found.holdings
        ],
    }


def incidents(session: CrmSession, plugin: str, limit: int = INCIDENTS) -> list[Incident]:
    """Return the newest incidents of a module."""
    query = sa.select(Incident).where(Incident.plugin == plugin).order_by(Incident.id.desc()).limit(limit)
    return list(session.scalars(query, execution_options=KERNEL))


def incident_document(found: Incident) -> dict[str, Any]:
    """Return one incident."""
    return {"at": found.at.isoformat(), "where": found.where, "message": found.message, "detail": found.detail}


def audience_document(directory: Directory, plugin: str) -> dict[str, list[int]]:
    """Return the users and teams a module is limited to; both empty: everyone."""
    named = set(audience_of(directory, plugin))
    return {
        "users": [u for u in directory.users_by_id if user_principal(u) in named],
        "teams": [t for t in directory.teams_by_id if team_principal(t) in named],
    }
