"""What pages show of automations: dry run, runs, buttons on records, and the bell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crm_automations.fields import AUTOMATION
from crm_automations.models import NOTICE, RUN
from crm_automations.operations import buttons, entity_of
from crm_automations.trial import trial
from crm_core.api import N_, Cond, CrmError, Ctx, Fragment, ListQuery, Tab, access, and_, records, render

RUNS = 50


def dry_run(ctx: Ctx, record: Any) -> str:
    """Return what the automation would do now, or why it can't."""
    try:
        return render("automations/trial.html", trial=trial(ctx, record.id), error=None)
    except CrmError as error:
        return render("automations/trial.html", trial=None, error=error)


def _query(record: Any, limit: int) -> ListQuery:
    fields = ("created_at", "record", "event", "outcome", "detail", "caused_by")
    return ListQuery(fields=fields, filter=Cond("automation", "=", record.id), sort=(("id", True),), limit=limit)


def runs(ctx: Ctx, record: Any) -> str:
    """Return the newest runs."""
    page = records.list_(ctx, RUN, _query(record, RUNS))
    fields = ctx.registry.fields(RUN)
    return render("automations/runs.html", rows=page.items, fields=fields, more=page.next is not None, id=record.id)


def run_count(ctx: Ctx, record: Any) -> int:
    """Return how many runs there were."""
    return records.list_(ctx, RUN, _query(record, 1)).total or 0


TABS = (
    Tab(entity=AUTOMATION, key="dry_run", label=N_("Dry run"), render=dry_run, weight=10),
    Tab(entity=AUTOMATION, key="runs", label=N_("Runs"), render=runs, count=run_count, weight=20),
)


def fragments(ctx: Ctx, slot: str, subject: Any) -> Iterator[Fragment]:
    """Yield the buttons of a record, and the bell where there is something to read."""
    if slot == "record.actions":
        entity = entity_of(ctx, subject)
        found = buttons(ctx, entity) if entity else []
        if found and access.may(ctx, entity, "update", subject):
            url = f"/{ctx.registry.entity(entity).slug}/{subject.id}/actions/automate"
            yield Fragment(render("automations/buttons.html", rows=found, url=url))
    elif slot == "shell.topbar" and access.may(ctx, NOTICE, "read"):
        mine = and_(Cond("owner", "=", ctx.actor.id or 0), Cond("done", "!=", True))
        if count := records.count(ctx, NOTICE, ListQuery(filter=mine))[0]:
            yield Fragment(render("automations/bell.html", count=count), weight=20)
