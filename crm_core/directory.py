"""What every request needs and few change: users, teams, roles, lists, tags, settings, currencies.

One frozen copy a process, replaced when the stamp ``directory`` in the database has moved.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from crm_core import models as m
from crm_core.context import EVERYONE, Actor, Locale, role_principal, team_principal, user_principal
from crm_core.contributions import GrantDef, RoleDef, SettingDef
from crm_core.db import KERNEL, CrmSession
from crm_core.errors import CrmError, NotSignedIn
from crm_core.filters import Node, from_json, parse
from crm_core.i18n import translate_mapping
from crm_core.registry import Registry
from crm_core.text import fold

log = logging.getLogger("crm.directory")
SEALED = "sealed"
"""The member of a stored value that holds an encrypted one."""
Unseal = Callable[[str, str], str | None]
"""Returns the JSON of a sealed setting from its key and the sealed text; ``None`` when it can't be read."""


@dataclass(frozen=True)
class UserEntry:
    """A user as others see him; a person's name, never a mail address, stands for him in pages."""

    id: int
    name: str
    email: str
    active: bool
    locale: Locale
    teams: tuple[int, ...] = ()
    roles: tuple[int, ...] = ()


@dataclass(frozen=True)
class TeamEntry:
    """A team and its members."""

    id: int
    name: str
    active: bool
    members: tuple[int, ...] = ()


@dataclass(frozen=True)
class GrantEntry:
    """One grant with its filter as a tree."""

    entity: str
    action: str
    level: str
    where: Node | None


@dataclass(frozen=True)
class RoleEntry:
    """A role and what it may do."""

    id: int
    code: str
    name: str
    moderator: bool
    grants: tuple[GrantEntry, ...]


@dataclass(frozen=True)
class ListEntryView:
    """An entry of a reference list; ``merged_into`` is the code of the one it became: no list has it any more."""

    id: int
    list: str
    code: str
    label: Mapping[str, str]
    colour: str
    icon: str
    order: int
    active: bool
    role: str
    parent: str
    values: Mapping[str, Any]
    merged_into: str = ""

    def title(self) -> str:
        """Return the label in the current language."""
        return translate_mapping(self.label)


@dataclass(frozen=True)
class TagEntry:
    """A tag; ``former`` are folded names that it had before, or that were merged into it."""

    id: int
    name: str
    colour: str
    former: tuple[str, ...] = ()


@dataclass(frozen=True)
class Directory:
    """The frozen copy; see the module."""

    stamp: int
    users_by_id: Mapping[int, UserEntry]
    teams_by_id: Mapping[int, TeamEntry]
    roles_by_id: Mapping[int, RoleEntry]
    lists: Mapping[str, tuple[ListEntryView, ...]]
    tags_by_id: Mapping[int, TagEntry]
    stored_settings: Mapping[str, Any]
    setting_defs: Mapping[str, SettingDef]
    rates: Mapping[str, tuple[tuple[Any, Any], ...]]
    suggested: Mapping[str, tuple[GrantDef, ...]] = field(default_factory=dict)
    merged: Mapping[str, tuple[ListEntryView, ...]] = field(default_factory=dict)
    """Entries that became others, by list."""
    masks: Mapping[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    """Roles that may read, and that may edit, a module's field where an administrator decided; by entity and key."""
    statements: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """Statements of lists that were put together for this directory; see ``records.prepared``."""

    def user(self, user_id: int | None) -> UserEntry | None:
        """Return a user by id."""
        return self.users_by_id.get(user_id) if user_id else None

    def users(self, *, active: bool = True) -> list[UserEntry]:
        """Return users by name; only those who may sign in unless told otherwise."""
        return sorted((u for u in self.users_by_id.values() if u.active or not active), key=lambda u: fold(u.name))

    @cached_property
    def _emails(self) -> dict[str, UserEntry]:
        return {u.email.lower(): u for u in self.users_by_id.values()}

    def user_by_email(self, email: str) -> UserEntry | None:
        """Return a user by e-mail address, case ignored."""
        return self._emails.get(email.strip().lower())

    def team(self, team_id: int | None) -> TeamEntry | None:
        """Return a team by id."""
        return self.teams_by_id.get(team_id) if team_id else None

    def team_by_name(self, name: str) -> TeamEntry | None:
        """Return a team by name, case and accents ignored."""
        key = fold(name)
        return next((t for t in self.teams_by_id.values() if fold(t.name) == key), None)

    def teams(self, *, active: bool = True) -> list[TeamEntry]:
        """Return teams by name."""
        return sorted((t for t in self.teams_by_id.values() if t.active or not active), key=lambda t: fold(t.name))

    def roles(self) -> list[RoleEntry]:
        """Return roles by id."""
        return sorted(self.roles_by_id.values(), key=lambda r: r.id)

    def entries(self, list_key: str) -> tuple[ListEntryView, ...]:
        """Return the entries of a list in its order, deactivated ones too, merged ones not."""
        return self.lists.get(list_key, ())

    @cached_property
    def _entries(self) -> dict[tuple[str, str], ListEntryView]:
        return {(e.list, e.code): e for e in self._entries_by_id.values()}

    @cached_property
    def _entries_by_id(self) -> dict[int, ListEntryView]:
        return {e.id: e for entries in (*self.lists.values(), *self.merged.values()) for e in entries}

    def entry(self, list_key: str, code: str) -> ListEntryView | None:
        """Return an entry by code, also one that was merged: history shows what it was called."""
        return self._entries.get((list_key, code))

    def became(self, list_key: str, code: str) -> ListEntryView | None:
        """Return what stands for a code today: the entry, or the one it was merged into."""
        found = self.entry(list_key, code)
        return self.entry(list_key, found.merged_into) if found is not None and found.merged_into else found

    def entry_by_id(self, entry_id: int) -> ListEntryView | None:
        """Return an entry by id, also one that was merged."""
        return self._entries_by_id.get(entry_id)

    def find_entry(self, list_key: str, text: str) -> ListEntryView | None:
        """Return an entry by code, or by its label in any language (case and accents ignored).

        The code and the labels of a merged entry, where no other has them, mean the entry it became.
        """
        found = self.entry(list_key, text)
        if found is not None and not found.merged_into:
            return found
        key = fold(text)
        for entry in (*self.entries(list_key), *self.merged.get(list_key, ())):
            if key == fold(entry.code) or any(fold(label) == key for label in entry.label.values()):
                return self.became(list_key, entry.code)
        return None

    def entry_with_role(self, list_key: str, role: str) -> ListEntryView | None:
        """Return the active entry that carries a mark such as ``default``."""
        return next((e for e in self.entries(list_key) if e.role == role and e.active), None)

    def tag(self, tag_id: int) -> TagEntry | None:
        """Return a tag by id."""
        return self.tags_by_id.get(tag_id)

    @cached_property
    def _tags(self) -> dict[str, TagEntry]:
        return {fold(t.name): t for t in self.tags_by_id.values()}

    def tag_by_name(self, name: str) -> TagEntry | None:
        """Return a tag by name, case and accents ignored."""
        return self._tags.get(fold(name))

    @cached_property
    def _former(self) -> dict[str, TagEntry]:
        return {name: t for t in self.tags_by_id.values() for name in t.former}

    def tag_called(self, name: str) -> TagEntry | None:
        """Return the tag that has a name, else the one that had it before it was renamed or merged (KN-18)."""
        return self.tag_by_name(name) or self._former.get(fold(name))

    def tags(self) -> list[TagEntry]:
        """Return tags by name."""
        return sorted(self.tags_by_id.values(), key=lambda t: fold(t.name))

    def setting(self, key: str) -> Any:
        """Return a setting's value, its default while nobody changed it.

        Raises:
            CrmError: no active plugin declares it.
        """
        definition = self.setting_defs.get(key)
        if definition is None:
            raise CrmError("Unknown setting %(key)s", params={"key": key})
        if key in self.stored_settings:
            return definition.type.load(self.stored_settings[key])
        return definition.default

    @property
    def default_currency(self) -> str:
        """Return the currency totals are computed in (AD-08)."""
        return str(self.setting("core.default_currency"))

    @property
    def currencies(self) -> tuple[str, ...]:
        """Return the default currency and those with a rate."""
        return tuple(dict.fromkeys([self.default_currency, *sorted(self.rates)]))

    def actor(self, user_id: int, *, via: str = "web", scopes: frozenset[str] | None = None) -> Actor:
        """Return the actor a user is, with principals, teams and roles.

        Raises:
            NotSignedIn: there is no such user, or he is deactivated.
        """
        user = self.user(user_id)
        if user is None or not user.active:
            raise NotSignedIn()
        roles = [self.roles_by_id[r] for r in user.roles if r in self.roles_by_id]
        principals = (
            EVERYONE,
            user_principal(user.id),
            *(team_principal(t) for t in user.teams),
            *(role_principal(r.id) for r in roles),
        )
        return Actor(
            id=user.id, name=user.name, principals=tuple(sorted(principals)), roles=tuple(r.code for r in roles),
            teams=user.teams, moderator=any(r.moderator for r in roles), scopes=scopes, locale=user.locale, via=via,
        )  # fmt: skip

    def grants(self, actor: Actor, entity: str, action: str) -> list[GrantEntry]:
        """Return the grants of an actor's roles for an action on an entity; an entity's own replace ``*``."""
        held = [role for role in self.roles_by_id.values() if role.code in actor.roles]
        return [g for role in held for g in self.grants_of_role(role, entity) if g.action in (action, "*")]

    def grants_of_role(self, role: RoleEntry, entity: str) -> list[GrantEntry]:
        """Return the grants that hold for a role on an entity: its own, else what a plugin suggests, else ``*``."""
        own = [g for g in role.grants if g.entity == entity]
        return own or self.suggested_for(role.code, entity) or [g for g in role.grants if g.entity == "*"]

    def suggested_for(self, role: str, entity: str) -> list[GrantEntry]:
        """Return the grants plugins suggest for a role on an entity."""
        return [
            GrantEntry(g.entity, action, g.level, parse(g.where) if g.where else None)
            for g in self.suggested.get(role, ())
            if g.entity == entity
            for action in g.actions
        ]


def stamps(session: CrmSession) -> dict[str, int]:
    """Return the counters of cached things by name."""
    rows = session.execute(sa.select(m.Stamp.name, m.Stamp.value), execution_options=KERNEL)
    return {name: value for name, value in rows}


def touch(session: CrmSession, name: str = "directory") -> None:
    """Raise a counter, so that every process reads anew what it covers (within a second)."""
    done = session.execute(
        sa.update(m.Stamp).where(m.Stamp.name == name).values(value=m.Stamp.value + 1), execution_options=KERNEL
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        session.execute(sa.insert(m.Stamp).values(name=name, value=1), execution_options=KERNEL)
    session.info["touched"] = True


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
        tags_by_id={t.id: TagEntry(t.id, t.name, t.colour, tuple(t.former)) for t in _rows(session, m.Tag)},
        stored_settings=dict(_settings(_rows(session, m.SettingRow), unseal)),
        setting_defs=registry.settings,
        rates={k: tuple(v) for k, v in rates.items()},
        suggested={k: tuple(v) for k, v in suggested.items()},
        masks={
            (f.entity, f.field): (tuple(f.read_roles), tuple(f.edit_roles)) for f in _rows(session, m.FieldAccess)
        },
    )  # fmt: skip
