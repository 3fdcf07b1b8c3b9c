"""The verbs: set an automation off by a button, try one out, read a notice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_automations.fields import AUTOMATION, ButtonChoice, watchable
from crm_automations.lists import BUTTON
from crm_automations.models import NOTICE
from crm_automations.trial import SHOWN, trial
from crm_automations.triggers import automations, start
from crm_core.api import N_, ActionDef, Ctx, FieldDef, Integer, Invalid, Problem, Row, gettext, records


def buttons(ctx: Ctx, entity: str) -> list[Row]:
    """Return the automations that wait for a button on records of an entity."""
    key = ("automations", "buttons", entity)
    if key not in ctx.cache:
        ctx.cache[key] = automations(ctx, trigger=BUTTON, watched=entity) if entity in watchable(ctx) else []
    found: list[Row] = ctx.cache[key]
    return found


def entity_of(ctx: Ctx, record: Any) -> str:
    """Return the kind of a record."""
    definition = ctx.registry.entity_of(type(record))
    return definition.key if definition is not None else ""


def automate(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Set an automation off for a record.

    Raises:
        Invalid: it waits for other kinds of record.
    """
    entity = entity_of(ctx, record)
    found = next((row for row in buttons(ctx, entity) if str(row.id) == data["automation"]), None)
    if found is None:
        raise Invalid([Problem("automation", "unknown", N_("This automation is not meant for this kind of record"))])
    start(ctx, found.id, entity, record.id, BUTTON)
    return {"message": gettext(N_("%(name)s has been started"), name=found.title)}


def dry_run(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Say what an automation would do now."""
    found = trial(ctx, record.id, data["limit"] or SHOWN)
    message = gettext(N_("Would match: %(n)s; nothing was changed"), n=found["matching"])
    return {**found, "message": message, "url": f"/automations/{record.id}?tab=dry_run"}


def read(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Put a notice aside."""
    found: Any = records.update(ctx, NOTICE, record.id, {"done": True})
    return {"version": found.version, "message": gettext(N_("Marked as read")), "url": "/notices"}


ACTIONS = (
    ActionDef(
        entity="*",
        name="automate",
        label=N_("Run an automation"),
        handler=automate,
        icon="robot",
        form=(FieldDef(entity="", key="automation", type=ButtonChoice(), label=N_("Automation"), required=True),),
        available=lambda ctx, record: bool(buttons(ctx, entity_of(ctx, record))),
    ),
    ActionDef(
        entity=AUTOMATION,
        name="dry_run",
        label=N_("Dry run"),
        handler=dry_run,
        needs="read",
        icon="eye",
        bulk=False,
        form=(FieldDef(entity="", key="limit", type=Integer(1, 100), label=N_("Records to show"), default=SHOWN),),
    ),
    ActionDef(
        entity=NOTICE,
        name="read",
        label=N_("Mark as read"),
        handler=read,
        icon="check-lg",
        primary=True,
        available=lambda ctx, record: not record.done,
    ),
)
