"""What every request needs and few change: users, teams, roles, lists, tags, settings, currencies.

One frozen copy a process, replaced when the stamp ``directory`` in the database has moved.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from crm_core import models as m
from crm_core.context import EVERYONE, Actor, Locale, role_principal, team_principal, user_principal
from crm_core.contributions import GrantDef, SettingDef
from crm_core.db import KERNEL, CrmSession
from crm_core.errors import CrmError, NotSignedIn
from crm_core.filters import Node, parse
from crm_core.i18n import translate_mapping
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
    """A tag; ``former`` are folded names that it had before, or that were merged into it.

    ``merged_into`` is what a removed one became.
    """

    id: int
    name: str
    colour: str
    former: tuple[str, ...] = ()
    merged_into: int | None = None


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
    removed_tags: Mapping[int, TagEntry] = field(default_factory=dict)
    """Tags that were merged or deleted, by id."""
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

    def tag_ever(self, tag_id: int) -> TagEntry | None:
        """Return a tag by id, also one that was merged or deleted: history shows what it was called."""
        return self.tags_by_id.get(tag_id) or self.removed_tags.get(tag_id)

    def tag_today(self, tag_id: int) -> TagEntry | None:
        """Return what stands for the id of a tag today: the tag, or the one it was merged into."""
        removed = self.removed_tags.get(tag_id)
        return self.tags_by_id.get(removed.merged_into or 0 if removed is not None else tag_id)

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
