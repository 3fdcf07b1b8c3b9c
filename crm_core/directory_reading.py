"""Reading the directory from the database, whole: about a dozen statements, whatever the number of records."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from crm_core import models as m
from crm_core.context import Locale
from crm_core.contributions import GrantDef, RoleDef
from crm_core.db import KERNEL, CrmSession
from crm_core.directory import (
    SEALED,
    Directory,
    GrantEntry,
    ListEntryView,
    RoleEntry,
    TagEntry,
    TeamEntry,
    Unseal,
    UserEntry,
    stamps,
)
from crm_core.filters import from_json
from crm_core.registry import Registry

log = logging.getLogger("crm.directory")


def _rows(session: CrmSession, model: Any, *order: Any) -> Iterable[Any]:
    return session.execute(sa.select(*model.__table__.columns).order_by(*order), execution_options=KERNEL).all()


def _pairs(rows: Iterable[Any], key: str, value: str) -> dict[int, tuple[int, ...]]:
    found: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        found[getattr(row, key)].append(getattr(row, value))
    return {k: tuple(sorted(v)) for k, v in found.items()}


def _lists(session: CrmSession) -> tuple[dict[str, tuple[ListEntryView, ...]], dict[str, tuple[ListEntryView, ...]]]:
    """Return the entries of lists, and those that were merged."""
    live: dict[str, list[ListEntryView]] = defaultdict(list)
    merged: dict[str, list[ListEntryView]] = defaultdict(list)
    for r in _rows(session, m.ListEntry, m.ListEntry.list, m.ListEntry.order, m.ListEntry.id):
        (merged if r.merged_into else live)[r.list].append(
            ListEntryView(r.id, r.list, r.code, r.label, r.colour, r.icon, r.order, r.active, r.role, r.parent,
                          r.values, r.merged_into)
        )  # fmt: skip
    return {k: tuple(v) for k, v in live.items()}, {k: tuple(v) for k, v in merged.items()}


def _tags(session: CrmSession) -> tuple[dict[int, TagEntry], dict[int, TagEntry]]:
    """Return the tags, and those that were merged or deleted."""
    live: dict[int, TagEntry] = {}
    removed: dict[int, TagEntry] = {}
    for t in _rows(session, m.Tag):
        entry = TagEntry(t.id, t.name, t.colour, tuple(t.former), t.merged_into)
        (live if t.removed_at is None else removed)[t.id] = entry
    return live, removed


def _settings(rows: Iterable[Any], unseal: Unseal | None) -> Iterator[tuple[str, Any]]:
    for row in rows:
        if not isinstance(row.value, dict) or SEALED not in row.value:
            yield row.key, row.value
            continue
        text = unseal(row.key, row.value[SEALED]) if unseal is not None else None
        if text is None:
            log.warning("the secret setting %s can't be read with this key; set it again", row.key)
        else:
            yield row.key, json.loads(text)


def load_directory(
    session: CrmSession, registry: Registry, region: str = "FR", *, unseal: Unseal | None = None
) -> Directory:
    """Read the whole directory; about ten statements, whatever the number of records.

    Secret settings are read with ``unseal``; without it, or with another key, they count as not set.
    """
    stamp = stamps(session).get("directory", 0)
    teams_of = _pairs(rows := list(_rows(session, m.TeamMember)), "user_id", "team_id")
    members = _pairs(rows, "team_id", "user_id")
    roles_of = _pairs(_rows(session, m.UserRole), "user_id", "role_id")
    grants: dict[int, list[GrantEntry]] = defaultdict(list)
    for g in _rows(session, m.Grant, m.Grant.id):
        grants[g.role_id].append(GrantEntry(g.entity, g.action, g.level, from_json(g.where) if g.where else None))
    suggested: dict[str, list[GrantDef]] = defaultdict(list)
    for role in registry.of(RoleDef):
        suggested[role.role] += role.grants
    rates: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
    for rate in _rows(session, m.CurrencyRate, m.CurrencyRate.day):
        rates[rate.currency].append((rate.day, rate.rate))
    lists, merged = _lists(session)
    tags, removed = _tags(session)
    users = session.execute(
        sa.select(m.User.id, m.User.name, m.User.email, m.User.active, m.User.language, m.User.timezone,
                  m.User.date_format), execution_options=KERNEL,
    )  # fmt: skip
    return Directory(
        stamp=stamp,
        users_by_id={
            u.id: UserEntry(u.id, u.name, u.email, u.active, Locale(u.language, u.timezone, u.date_format, region),
                            teams_of.get(u.id, ()), roles_of.get(u.id, ()))
            for u in users
        },
        teams_by_id={
            t.id: TeamEntry(t.id, t.name, t.active, members.get(t.id, ())) for t in _rows(session, m.Team)
        },
        roles_by_id={
            r.id: RoleEntry(r.id, r.code, r.name, r.moderator, tuple(grants[r.id])) for r in _rows(session, m.Role)
        },
        lists=lists,
        merged=merged,
        tags_by_id=tags,
        removed_tags=removed,
        stored_settings=dict(_settings(_rows(session, m.SettingRow), unseal)),
        setting_defs=registry.settings,
        rates={k: tuple(v) for k, v in rates.items()},
        suggested={k: tuple(v) for k, v in suggested.items()},
        masks={
            (f.entity, f.field): (tuple(f.read_roles), tuple(f.edit_roles)) for f in _rows(session, m.FieldAccess)
        },
    )  # fmt: skip
