"""The dry run: which records an automation would take now, and what it would do to them. Nothing is written."""

from __future__ import annotations

from typing import Any

from crm_automations import lists, values
from crm_automations.fields import AUTOMATION
from crm_automations.running import condition
from crm_automations.steps import Step
from crm_core.api import N_, Cond, CrmError, Ctx, ListQuery, Row, ValueProblem, and_, gettext, records

SHOWN = 20


def trial(ctx: Ctx, automation_id: int, limit: int = SHOWN) -> dict[str, Any]:
    """Return how many records would match, and for the first of them what each step would do.

    It reads with the rights of the automation's owner, as a run does.

    Raises:
        CrmError: the automation can't run: its owner may not sign in, or its filter does not fit any more.
    """
    automation = records.read(ctx, AUTOMATION, automation_id)
    entity = automation.values["watched"]
    definition = ctx.registry.entity(entity)
    owner = ctx.as_actor(ctx.directory.actor(automation.values["owner"] or 0))
    parts = [part for part in (condition(automation), _waiting(automation)) if part is not None]
    query = ListQuery(filter=and_(*parts) if parts else None, limit=limit, sort=(("id", True),))
    page = records.list_(owner, entity, query)
    items = []
    for found in page.items:
        row = records.read(owner, entity, found.id)
        changes = [_told(owner, entity, row, step) for step in automation.values["steps"]]
        items.append({"id": row.id, "title": row.title, "url": f"/{definition.slug}/{row.id}", "changes": changes})
    return {"matching": page.total, "exact": page.exact, "items": items}


def _waiting(automation: Row) -> Cond | None:
    """Return what the field of the trigger must hold, as far as a record tells by itself."""
    found = automation.values
    if found["trigger"] == lists.DATE:
        return Cond(found["field"], "is not null")
    if found["trigger"] == lists.CHANGED and found["to_value"]:
        return Cond(found["field"], "=", found["to_value"])
    return None


def _told(ctx: Ctx, entity: str, row: Row, step: Step) -> dict[str, str]:
    """Return what a step would do: its kind, what it is about, the value before and after, and what would refuse it."""
    label = lists.KINDS[step["kind"]]
    told = {"step": gettext(label), "about": step["target"] or "", "old": "", "new": "",
            "problem": ""}  # fmt: skip
    try:
        told.update(_before_and_after(ctx, entity, row, step))
    except CrmError as error:
        told["problem"] = error.text()
    except ValueProblem as problem:
        told["problem"] = problem.at(None).text()
    return told


def _before_and_after(ctx: Ctx, entity: str, row: Row, step: Step) -> dict[str, str]:
    text = values.filled(ctx, entity, row, step["value"])
    person = ctx.directory.user(step["user"])
    match step["kind"]:
        case lists.SET:
            found = ctx.registry.field(entity, step["target"])
            value = found.type.parse(values.raw(ctx, found.type, text), ctx)
            old = values.filled(ctx, entity, row, f"{{{found.key}}}")
            return {"about": found.title(), "old": old, "new": found.type.show(value, ctx)}
        case lists.ASSIGN:
            old = ctx.registry.field(entity, "owner").type.show(row.values.get("owner"), ctx)
            return {"about": gettext(N_("Owner")), "old": old, "new": person.name if person else ""}
        case lists.CREATE:
            target = ctx.registry.entity(step["target"])
            given = values.values_of(ctx, target.key, entity, row, step["value"])
            return {"about": gettext(target.label), "new": ", ".join(f"{k}: {v}" for k, v in given.items())}
        case lists.NOTIFY:
            return {"about": person.name if person else "", "new": text}
        case lists.ACTION:
            label = next((a.label for a in ctx.registry.actions(entity) if a.name == step["target"]), step["target"])
            return {"about": gettext(label), "new": text}
    return {"new": step["value"] or ""}
