"""What every hook and handler is given: who acts, when, in which language, on which registry and session."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from crm_core.config import Config
    from crm_core.db import CrmSession, Database
    from crm_core.directory import Directory
    from crm_core.registry import Registry

EVERYONE = 0
"""The principal every user is."""


def user_principal(user_id: int) -> int:
    """Return the principal of a user; principals share one space of integers."""
    return user_id * 4 + 1


def team_principal(team_id: int) -> int:
    """Return the principal of a team."""
    return team_id * 4 + 2


def role_principal(role_id: int) -> int:
    """Return the principal of a role."""
    return role_id * 4 + 3


def principal_of(principal: int) -> tuple[str, int]:
    """Return ``"user"``, ``"team"`` or ``"role"`` and the id of a principal."""
    return {1: "user", 2: "team", 3: "role"}.get(principal % 4, ""), principal // 4


@dataclass(frozen=True)
class Locale:
    """How a person reads and writes: language, time zone, order of day and month, home region of phones."""

    language: str = "en"
    timezone: str = "UTC"
    date_format: str = "dd/mm/yyyy"
    region: str = "FR"

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True)
class Actor:
    """Who acts. ``moderator`` reads and edits private records too (AD-06); ``system`` may do everything."""

    id: int | None
    name: str
    principals: tuple[int, ...] = (EVERYONE,)
    roles: tuple[str, ...] = ()
    teams: tuple[int, ...] = ()
    moderator: bool = False
    system: bool = False
    scopes: frozenset[str] | None = None
    locale: Locale = Locale()
    via: str = "web"
    viewer: Actor | None = None
    """The administrator who looks as this user; what he may not see himself stays out of sight."""

    @property
    def is_admin(self) -> bool:
        """Tell whether settings are open to the actor."""
        return self.system or self.moderator


@dataclass(frozen=True)
class Ctx:
    """One operation: immutable, passed from the door to every hook and handler."""

    actor: Actor
    session: CrmSession
    registry: Registry
    directory: Directory
    config: Config
    database: Database
    now: dt.datetime
    operation_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    locale: Locale = Locale()
    queue: list[Any] = field(default_factory=list, compare=False)
    cache: dict[Any, Any] = field(default_factory=dict, compare=False)
    quiet: bool = False
    """True in bulk imports: no notifications to people."""
    batch_id: int | None = None
    """The batch that what is written belongs to; in the history it can be found, and undone, as one."""
    undoing: Mapping[tuple[str, int], int] = field(default_factory=dict)
    """The records that go back (entity, id), each with the id of the change that is undone."""
    modes: frozenset[str] = frozenset()
    """What modules are told of this operation, as ``documents.trash``; it holds for whoever looks on, too."""

    def as_actor(self, actor: Actor) -> Ctx:
        """Return the same operation for another actor (its own cache)."""
        return replace(self, actor=actor, locale=actor.locale, cache={})

    def in_mode(self, mode: str) -> Ctx:
        """Return the same operation in a mode that a module's hooks know (its own cache)."""
        return replace(self, modes=self.modes | {mode}, cache={})
