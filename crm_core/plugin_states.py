"""What a plugin can be doing, why, and what to do next, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from crm_core.i18n import N_, gettext
from crm_core.manifest import Manifest


class State(StrEnum):
    """What a plugin is doing."""

    AVAILABLE = "available"
    PENDING = "pending"
    ACTIVE = "active"
    QUARANTINED = "quarantined"
    DISABLED = "disabled"
    MISSING = "missing"
    BROKEN = "broken"
    INCOMPATIBLE = "incompatible"
    BLOCKED = "blocked"


RUNNING = frozenset({State.ACTIVE, State.QUARANTINED})
"""States in which what a plugin contributes is there."""

WORDS: Mapping[State, str] = {
    State.AVAILABLE: N_("Not in use"),
    State.PENDING: N_("Unfinished"),
    State.ACTIVE: N_("On"),
    State.QUARANTINED: N_("On, partly held back"),
    State.DISABLED: N_("Off"),
    State.MISSING: N_("Not installed"),
    State.BROKEN: N_("Broken"),
    State.INCOMPATIBLE: N_("Doesn't fit"),
    State.BLOCKED: N_("Waiting"),
}
"""What people read for a state."""


@dataclass(frozen=True)
class Sentence:
    """A message id with its parameters, translated when it is shown."""

    message: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """Return the sentence in the current language."""
        return gettext(self.message, **self.params) if self.message else ""


NOTHING = Sentence("")


@dataclass(frozen=True)
class PluginStatus:
    """A plugin's state, why it is in it, and what to do next."""

    name: str
    state: State
    wanted: bool = False
    manifest: Manifest | None = None
    reason: Sentence = NOTHING
    next_step: Sentence = NOTHING
    detail: str = ""
    """Traceback, for administrators and ``crm plugin info``."""
    stored: bool = False
    """Whether the database holds something of it: it was turned on before."""

    @property
    def title(self) -> str:
        """Return the plugin's title, its name while the manifest can't be read."""
        return gettext(self.marked_title)

    @property
    def marked_title(self) -> str:
        """Return the plugin's title, to be translated when it is shown."""
        return self.manifest.title if self.manifest else self.name

    @property
    def version(self) -> str:
        """Return the installed version."""
        return self.manifest.version if self.manifest else ""

    @property
    def words(self) -> str:
        """Return the state in words."""
        return gettext(WORDS[self.state])
