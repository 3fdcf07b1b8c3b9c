"""Field types that only automations need: choices that depend on what is active."""

from __future__ import annotations

from typing import Any

from crm_automations.lists import BUTTON
from crm_core.api import Choice, Cond, Ctx, EntityDef, ListQuery, and_, gettext, records

AUTOMATION = "automations.automation"
OWN = "automations."


def watchable(ctx: Ctx) -> dict[str, EntityDef]:
    """Return the entities an automation may watch: all but its own and those of administrators."""
    found = ctx.registry.entities.items()
    return {k: e for k, e in found if not k.startswith(OWN) and "read" not in e.admin_actions}


class EntityChoice(Choice):
    """A kind of record that is active."""

    custom = False

    def entries(self, ctx: Ctx, *, all: bool = False) -> list[tuple[str, str]]:  # noqa: A002
        """Return key and name of each kind of record."""
        return sorted(((k, gettext(e.plural)) for k, e in watchable(ctx).items()), key=lambda item: item[1])

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the name; the key while its module is off."""
        found = ctx.registry.entities.get(value)
        return gettext(found.plural) if found is not None else str(value or "")


class ButtonChoice(Choice):
    """An active automation that waits for a button."""

    custom = False

    def entries(self, ctx: Ctx, *, all: bool = False) -> list[tuple[str, str]]:  # noqa: A002
        """Return number and name of each."""
        waiting = and_(Cond("active", "=", True), Cond("trigger", "=", BUTTON))
        rows = records.facts(ctx, AUTOMATION, ListQuery(fields=("name",), filter=waiting, limit=500))
        return [(str(row.id), row.title) for row in rows]
