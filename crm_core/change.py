"""One write on its way into the database, as hooks see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from crm_core.errors import Problem

if TYPE_CHECKING:
    from crm_core.contributions import EntityDef

Verb = Literal["create", "update", "delete"]


@dataclass
class Change:
    """What is about to happen to one record.

    ``old`` holds the values before (empty for a new record), ``values`` what is being set; both by field key.
    ``defaulted`` are those of ``values`` that are defaults: they may link to records the actor can't see.
    """

    definition: EntityDef
    verb: Verb
    record: Any
    values: dict[str, Any]
    old: Mapping[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    defaulted: Mapping[str, Any] = field(default_factory=dict)

    @property
    def entity(self) -> str:
        """Return the key of the entity."""
        return self.definition.key

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value a field will have."""
        return self.values[key] if key in self.values else self.old.get(key, default)

    def by_default(self, key: str) -> bool:
        """Tell whether a field gets its default, and neither the actor nor a plugin chose the value."""
        return key in self.defaulted and self.defaulted[key] == self.values.get(key)

    def changed(self, key: str) -> bool:
        """Tell whether the field gets another value than it has."""
        return key in self.values and self.values[key] != self.old.get(key)

    def set(self, key: str, value: Any) -> None:
        """Set a value derived from others."""
        self.values[key] = value
