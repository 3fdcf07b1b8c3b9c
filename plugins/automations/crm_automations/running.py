"""One run: the job that does an automation's steps with its owner's rights, and writes down what became of it.

The steps are one transaction; it also keeps what happens after it, so that a job that is killed and started again
neither repeats the steps nor forgets the log, the notices and the calls.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from crm_automations import chain, lists, steps
from crm_automations.models import NOTICE, RUN
from crm_automations.triggers import JOB, find
from crm_core.api import (
    N_,
    Actor,
    Cond,
    CrmError,
    Ctx,
    JobDef,
    JobRun,
    ListQuery,
    Row,
    Unavailable,
    ValueProblem,
    and_,
    gettext,
    jobs,
    mail,
    parse_filter,
    records,
)

WEBHOOK_JOB = "automations.webhook"


def work(run: JobRun) -> Mapping[str, Any] | None:
    """Do the run of a job."""
    if "outcome" not in run.state:
        with run.operation(write=False) as ctx:
            try:
                automation = find(ctx, run.args["automation"])
            except CrmError:
                return None
        run.state["name"] = automation.title
        _decide(run, automation)
    if run.state["outcome"] and not run.state.get("logged"):
        for told in _log(run):
            _send_mail(run, told)
    return {"outcome": run.state["outcome"]}


def _decide(run: JobRun, automation: Row) -> None:
    """Do the steps, or say why not."""
    if reason := run.args["stopped"]:
        text = N_("It ran on this record already") if reason == "repeat" else N_("Too many automations in a row")
        run.state.update(outcome="stopped", detail=gettext(text))
        return
    try:
        with chain.within(run.args["chain"]), run.operation(actor=_actor(run, automation), quiet=_quiet(run)) as ctx:
            run.state.update(_perform(ctx, automation, run.args))
    except Unavailable:
        raise
    except (CrmError, ValueProblem) as error:
        run.state.update(outcome="failed", detail=said(error), after=[])
    except Exception as error:
        # Somebody's code is broken: trying again would not mend it, and the log must know.
        run.state.update(outcome="failed", detail=f"{type(error).__name__}: {error}"[:1000], after=[])
        run.deployment.registry.hooks.incident("automations", f"run of {automation.title}"[:120], error)


def _quiet(run: JobRun) -> bool:
    return bool(run.args["quiet"])


def _actor(run: JobRun, automation: Row) -> Actor:
    """Return the automation as someone who acts: with its owner's rights, by its own name.

    Raises:
        NotSignedIn: the owner may not sign in any more.
    """
    owner = run.deployment.directory.actor(automation.values["owner"] or 0, via="automation")
    return dataclasses.replace(owner, name=gettext(N_("Automation: %(name)s"), name=automation.title))


def _perform(ctx: Ctx, automation: Row, args: Mapping[str, Any]) -> dict[str, Any]:
    if not holds(ctx, automation, args["entity"], args["record"]):
        asked = args["event"] == lists.BUTTON
        return {"outcome": "skipped" if asked else "", "detail": "", "after": []}
    found = steps.Work(ctx, automation, args["entity"], args["record"])
    for step in automation.values["steps"]:
        steps.perform(found, step)
    return {"outcome": "done", "detail": "\n".join(found.lines), "after": found.after}


def condition(automation: Row) -> Any:
    """Return the filter of an automation."""
    text = automation.values["condition"]
    return parse_filter(text) if text else None


def holds(ctx: Ctx, automation: Row, entity: str, record_id: int) -> bool:
    """Tell whether the filter lets a record pass; one that the owner may not see never does."""
    own, node = Cond("id", "=", record_id), condition(automation)
    query = ListQuery(filter=own if node is None else and_(own, node), limit=1, count=False)
    return bool(records.list_(ctx, entity, query).items)


def said(error: CrmError | ValueProblem) -> str:
    """Return an error with all its problems."""
    if isinstance(error, ValueProblem):
        return error.at(None).text()
    parts = [f"{p.field}: {p.text()}" if p.field else p.text() for p in error.problems()]
    return "\n".join(dict.fromkeys([error.text(), *parts]))


# ---------------------------------------------------------------- what follows the steps


def _log(run: JobRun) -> list[Mapping[str, Any]]:
    """Write the run down, leave notices and ask for calls, in one transaction of the system; return the notices."""
    args, state = run.args, run.state
    told = []
    with run.operation() as ctx:
        values = {
            "name": state["name"], "automation": args["automation"], "event": args["event"],
            "record": f"{args['entity']}:{args['record']}", "outcome": state["outcome"], "detail": state["detail"],
            "caused_by": args["by"][:120],
        }  # fmt: skip
        made = records.create(ctx, RUN, values)
        for item in state.get("after", ()):
            if item["do"] == lists.WEBHOOK:
                _call(ctx, run, made.id, item)
            elif not args["quiet"]:
                _notice(ctx, run, item)
                told.append(item)
        state["logged"] = True
    return told


def _call(ctx: Ctx, run: JobRun, run_id: int, item: Mapping[str, Any]) -> None:
    """Ask for a call; its body is made now, so that every try sends the same."""
    body = {
        "id": f"{run.job_id}-{run_id}", "event": run.args["event"], "at": ctx.now.isoformat(), "record": item["record"],
        "automation": {"id": run.args["automation"], "name": run.state["name"]},
    }  # fmt: skip
    text = json.dumps(body, default=str, ensure_ascii=False)
    args = {"run": run_id, "automation": run.args["automation"], "url": item["url"], "id": body["id"], "body": text}
    jobs.enqueue(ctx, WEBHOOK_JOB, args)


def _notice(ctx: Ctx, run: JobRun, item: Mapping[str, Any]) -> None:
    record = f"{run.args['entity']}:{run.args['record']}"
    owner = {"owner": item["user"], "visibility": "private"}
    records.create(ctx, NOTICE, {"name": item["text"], "record": record, "source": run.state["name"], **owner})


def _send_mail(run: JobRun, item: Mapping[str, Any]) -> None:
    """Send what was told by mail too, where the deployment can."""
    with run.operation(write=False) as ctx:
        person = ctx.directory.user(item["user"])
        if person is None or not person.active or mail.missing(ctx.config):
            return
        slug = ctx.registry.entity(run.args["entity"]).slug
        text = f"{item['text']}\n\n{ctx.config.base_url.rstrip('/')}/{slug}/{run.args['record']}\n"
        mail.post(ctx.database, ctx.config, person.email, item["text"][:120], text, name=person.name)


RUN_JOB = JobDef(name=JOB, label=N_("Automation"), handler=work)
