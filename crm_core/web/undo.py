"""Undoing in pages: one change after a question, a batch after a look at what stays, and the list of recent batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import flask

from crm_core import batches, history, jobs, records, tag_merging, undo
from crm_core.errors import CrmError, NotFound
from crm_core.i18n import N_, gettext
from crm_core.models import Batch
from crm_core.records.actions import attempt
from crm_core.web.bulk import DO, TITLES
from crm_core.web.questions import fragment, go
from crm_core.web.request import current, is_fragment, notify

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.undo import Step

Answer = flask.typing.ResponseReturnValue
BASE = "/profile/changes"
CHANGE = "<int(max=9007199254740991):change_id>"
BATCH = "<int(max=9007199254740991):batch_id>"
PAGE, SHOWN = 30, 100
STATES: Mapping[str, str] = {
    "open": N_("In progress"), "done": N_("Done"), "stopped": N_("Stopped"),
}  # fmt: skip
DONE: Mapping[str, str] = {
    "update": N_("The change is undone"), "create": N_("The record is deleted"),
    "delete": N_("The record is back"),
}  # fmt: skip


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule(BASE, "undo.recent", recent)
    app.add_url_rule(f"{BASE}/{CHANGE}/undo", "undo.ask", ask)
    app.add_url_rule(f"{BASE}/{CHANGE}/undo", "undo.run", run, methods=["POST"])
    app.add_url_rule(f"{BASE}/batch/{BATCH}", "undo.batch", batch)
    app.add_url_rule(f"{BASE}/batch/{BATCH}/progress", "undo.progress", progress)
    app.add_url_rule(f"{BASE}/batch/{BATCH}/undo", "undo.batch_run", run_batch, methods=["POST"])


# ---------------------------------------------------------------- one change


def ask(change_id: int) -> str:
    """Ask whether a change shall be undone, and show what goes back to what."""
    return _question(change_id, undo.look_at_change(current(), change_id))


def _question(change_id: int, step: Step, error: CrmError | None = None) -> str:
    ctx = current()
    return flask.render_template(
        "undo/change.html",
        layout="ui/dialog.html" if is_fragment() else "ui/question.html",
        url=f"{BASE}/{change_id}/undo",
        step=step,
        reasons=undo.reasons(ctx, step.net.entity, step.problems),
        back=_page_of(ctx, step),
        error=error,
    )


def _page_of(ctx: Ctx, step: Step) -> str:
    """Return where one goes from a change: the record where it is there, else the list of changes."""
    definition = ctx.registry.entity(step.net.entity)
    try:
        records.get(ctx, definition.key, step.net.record_id)
    except NotFound:
        return BASE
    return f"/{definition.slug}/{step.net.record_id}"


def run(change_id: int) -> Answer:
    """Undo a change."""
    ctx = current()
    try:
        with attempt(ctx):
            step = undo.undo_change(ctx, change_id)
    except NotFound:
        raise
    except CrmError as error:
        return fragment(_question(change_id, undo.look_at_change(ctx, change_id), error), error.status)
    notify(gettext(DONE[step.effect]))
    return go(_page_of(ctx, step))


# ---------------------------------------------------------------- batches


def recent() -> str:
    """Show the batches one made lately, and the records one deleted; administrators may see everybody's."""
    ctx, args = current(), flask.request.args
    everyone = args.get("everyone") == "1" and ctx.actor.is_admin
    found = batches.recent(ctx, everyone=everyone, before=_number("before"), limit=PAGE)
    deleted = history.deletions(ctx, everyone=everyone, before=_number("deleted"), limit=PAGE)
    return flask.render_template(
        "undo/recent.html",
        batches=[_shown(ctx, b) for b in found],
        more=found[-1].id if len(found) == PAGE else None,
        deleted=deleted,
        more_deleted=deleted[-1].id if len(deleted) == PAGE else None,
        label=lambda entity: gettext(ctx.registry.entity(entity).label),
        everyone=everyone,
        undone=batches.undoings(ctx, [b.id for b in found]),
    )


def _number(name: str) -> int | None:
    text = flask.request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 17 else None


def _shown(ctx: Ctx, found: Batch) -> dict[str, Any]:
    """Return a batch for a page; how many records others' batches hold is told once one looks at those one may see."""
    return {
        "row": found,
        "kind": gettext(batches.KINDS[found.kind]),
        "what": _what(ctx, found),
        "entity": _whose(ctx, found.entity),
        "size": found.size if found.actor_id == ctx.actor.id else None,
    }


def _whose(ctx: Ctx, key: str) -> str:
    """Return what a batch is about: a kind of record, or for merged entries their list."""
    definition = ctx.registry.entities.get(key)
    if definition is not None:
        return gettext(definition.plural)
    if key == tag_merging.ENTITY:
        return gettext(N_("Tags"))
    found = ctx.registry.lists.get(key)
    return gettext(found.label) if found is not None else key


def _what(ctx: Ctx, found: Batch) -> str:
    """Return what was done: the title of the action, or the name of the imported file."""
    if found.label in TITLES:
        return gettext(TITLES[found.label])
    if found.kind != batches.BULK or found.entity not in ctx.registry.entities:
        return found.label
    actions = {a.name: a.label for a in ctx.registry.actions(found.entity)}
    return gettext(actions.get(found.label.removeprefix(DO), found.label))


def batch(batch_id: int) -> str:
    """Show a batch: what its undoing would do, or for an undoing what came of it."""
    return flask.render_template("undo/batch.html", **_one(batch_id))


def progress(batch_id: int) -> str:
    """Show how far an undoing is: the part of its page that asks again while it goes on."""
    return flask.render_template("undo/outcome.html", **_one(batch_id))


def _one(batch_id: int, error: CrmError | None = None) -> dict[str, Any]:
    ctx = current()
    found = batches.find(ctx, batch_id)
    going_on = undo.active(ctx, found)
    state = "open" if going_on else "done" if found.state == "done" else "stopped"
    values: dict[str, Any] = {
        "batch": _shown(ctx, found), "going_on": going_on, "error": error, "states": STATES, "state": state,
        "preview": None, "outcome": found.outcome, "share": None, "base": BASE, "url_of": lambda e, i: _url(ctx, e, i),
        "undone_by": batches.undoings(ctx, [found.id]).get(found.id),
        "reasons_of": lambda step: undo.reasons(ctx, step.net.entity, step.problems), "most": SHOWN,
    }  # fmt: skip
    if going_on and found.job_id:
        job = jobs.find(ctx, found.job_id)
        values["share"] = min(1.0, job.done / job.total) if job.total else None
    elif not going_on:
        values["preview"] = undo.look(ctx, found.id)
    return values


def _url(ctx: Ctx, entity: str, record_id: int) -> str:
    definition = ctx.registry.entities.get(entity)
    return f"/{definition.slug}/{record_id}" if definition is not None else ""


def run_batch(batch_id: int) -> Answer:
    """Undo a batch as far as nothing newer stands in the way."""
    ctx = current()
    try:
        with attempt(ctx):
            made = undo.start(ctx, batch_id)
    except NotFound:
        raise
    except CrmError as error:
        return flask.make_response(flask.render_template("undo/batch.html", **_one(batch_id, error)), error.status)
    notify(gettext(N_("It is being undone") if made.job_id else N_("It is undone as far as possible")))
    return flask.redirect(f"{BASE}/batch/{made.id}", 303)
