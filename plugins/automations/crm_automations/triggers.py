"""What sets automations off: writes and buttons. Nothing runs here; a job does, once the write is committed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from crm_automations import chain
from crm_automations.fields import AUTOMATION, watchable
from crm_automations.lists import CHANGED, CREATED
from crm_automations.settings import MAX_DEPTH
from crm_core.api import Change, Cond, Ctx, ListQuery, NotFound, Row, ValueProblem, and_, jobs, records

JOB = "automations.run"
DEFINITION = ("name", "watched", "trigger", "field", "to_value", "offset", "unit", "condition", "steps", "owner",
              "active", "checked_until")  # fmt: skip


def automations(ctx: Ctx, **wanted: Any) -> list[Row]:
    """Return the active automations with these values, whoever asks."""
    conditions = [Cond(key, "in" if isinstance(v, tuple) else "=", v) for key, v in wanted.items()]
    query = ListQuery(fields=DEFINITION, filter=and_(Cond("active", "=", True), *conditions), sort=(("id", False),),
                      limit=500)  # fmt: skip
    return records.facts(ctx, AUTOMATION, query)


def after_write(ctx: Ctx, change: Change) -> None:
    """Set off the automations that wait for this write."""
    if change.verb == "delete" or change.entity not in watchable(ctx):
        return
    key = ("automations", change.entity)
    if key not in ctx.cache:
        ctx.cache[key] = automations(ctx, watched=change.entity, trigger=(CREATED, CHANGED))
    for row in ctx.cache[key]:
        if _fires(ctx, row.values, change):
            start(ctx, row.id, change.entity, change.record.id, row.values["trigger"])


def _fires(ctx: Ctx, automation: Mapping[str, Any], change: Change) -> bool:
    if automation["trigger"] == CREATED:
        return change.verb == "create"
    key = automation["field"]
    if change.verb != "update" or key not in ctx.registry.fields(change.entity) or not change.changed(key):
        return False
    return not automation["to_value"] or _became(ctx, change, key, automation["to_value"])


def _became(ctx: Ctx, change: Change, key: str, text: str) -> bool:
    """Tell whether a field got a value; of several values, whether it is among the new ones."""
    kind = ctx.registry.field(change.entity, key).type
    try:
        wanted = kind.parse(text, ctx)
    except ValueProblem:
        return False
    if kind.multiple:
        return bool((set(change.get(key) or ()) - set(change.old.get(key) or ())) & set(wanted))
    return bool(change.get(key) == wanted)


def start(ctx: Ctx, automation_id: int, entity: str, record_id: int, event: str) -> None:
    """Ask for a run once the operation is committed; one that would go in circles is only written down."""
    links = chain.current()
    link = (automation_id, f"{entity}:{record_id}")
    stopped = "repeat" if link in links else "depth" if len(links) >= ctx.directory.setting(MAX_DEPTH) else ""
    args = {
        "automation": automation_id, "entity": entity, "record": record_id, "event": event, "quiet": ctx.quiet,
        "chain": [*links, link], "by": ctx.actor.name, "stopped": stopped,
    }  # fmt: skip
    # The job is the system's: it takes the owner's rights itself, and is no business of the person who wrote.
    jobs.enqueue(ctx.as_actor(dataclasses.replace(ctx.actor, id=None, system=True)), JOB, args)


def find(ctx: Ctx, automation_id: int) -> Row:
    """Return an active automation.

    Raises:
        NotFound: it is gone or switched off.
    """
    found = automations(ctx, id=automation_id)
    if not found:
        raise NotFound
    return found[0]
