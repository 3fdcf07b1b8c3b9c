"""Merging records side by side: which one stays, and whose value each field takes (CT-42, CT-60)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import flask

from crm_core import access, merging, records
from crm_core.contributions import EntityDef, FieldDef
from crm_core.errors import CrmError, Invalid, NotFound, Problem
from crm_core.fieldtypes import Link
from crm_core.i18n import N_, gettext
from crm_core.records.actions import attempt
from crm_core.web.choosers import link_titles
from crm_core.web.controls import control
from crm_core.web.questions import dialog, go, local
from crm_core.web.request import current, notify

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.merging import Plan, Side

Answer = flask.typing.ResponseReturnValue
ID = "<int(max=9007199254740991):record_id>"


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule("/<entity:definition>/merge", "merge", page)
    app.add_url_rule("/<entity:definition>/merge", "merge.run", run, methods=["POST"])
    app.add_url_rule(f"/<entity:definition>/{ID}/merge", "merge.choose", choose)


def choose(definition: EntityDef, record_id: int) -> str:
    """Ask which record a record is merged with."""
    ctx = current()
    row = records.read(ctx, definition.key, record_id, [])
    access.require(ctx, definition.key, "update")
    field = FieldDef(
        entity=definition.key, key="with", type=Link(definition.key), label=N_("Merge with"), required=True
    )
    asked = control(ctx, field, "", lambda entity, ids: link_titles(ctx, entity, ids))
    return dialog("merging/choose.html", definition, row, control=asked)


def to_page(definition: EntityDef, ids: Sequence[int]) -> flask.Response:
    """Lead from the ticked records of a list to their merging.

    Raises:
        Invalid: fewer than two, or too many.
    """
    if not 2 <= len(ids) <= merging.MAX_RECORDS:
        message = N_("Tick from 2 to %(limit)s records to merge them")
        raise Invalid([Problem("ids", "count", message, {"limit": merging.MAX_RECORDS})])
    return go(f"/{definition.slug}/merge?{urlencode({'ids': ','.join(map(str, ids))})}")


def _ids() -> list[int]:
    values = flask.request.values
    texts = ",".join([*values.getlist("ids"), *values.getlist("with")]).split(",")
    found = [int(t) for t in texts if t.isascii() and t.isdigit() and len(t) < 17]
    ids = list(dict.fromkeys(found))
    stays = values.get("survivor", "")
    first = int(stays) if stays.isascii() and stays.isdigit() and len(stays) < 17 else None
    return [first, *(i for i in ids if i != first)] if first in ids else ids


def page(definition: EntityDef) -> Answer:
    """Show records side by side, with the choices."""
    return _page(definition, _ids())


def _page(definition: EntityDef, ids: Sequence[int], error: CrmError | None = None) -> Answer:
    ctx = current()
    if not ids:
        raise NotFound
    plan = merging.look(ctx, definition.key, ids[0], ids[1:])
    picks = _posted(plan) if error is not None else {}
    html = flask.render_template(
        "merging/page.html",
        definition=definition,
        plan=plan,
        error=error,
        sides=[s for s in plan.sides if s.differs and s.may_choose],
        same=[s for s in plan.sides if not s.differs and _has_value(plan, s)],
        kept_names=", ".join(_left_alone(plan)),
        pick=lambda side: picks.get(side.field.key, side.chosen),
        links=[(gettext(ctx.registry.entity(e).plural), f.title(), n) for e, f, n in plan.links],
        plugin=_plugin,
        back=local(flask.request.values.get("next")) or f"/{definition.slug}/{ids[0]}",
        next=local(flask.request.values.get("next")),
    )
    return html if error is None else flask.make_response(html, error.status)


def _left_alone(plan: Plan) -> list[str]:
    """Return the labels of the fields that differ and that the actor may not set; derived ones are nobody's to set."""
    return [s.field.title() for s in plan.sides if s.differs and not s.may_choose and s.settable]


def _has_value(plan: Plan, side: Side) -> bool:
    return plan.rows[0].values.get(side.field.key) not in (None, "", [], False)


def _plugin(problem: Problem) -> str:
    from crm_core.web.request import module_title

    return module_title(problem.plugin) if problem.plugin and current().actor.is_admin else ""


def _posted(plan: Plan) -> dict[str, int | str]:
    """Return the choices of the form: those of fields that may be chosen."""
    found: dict[str, int | str] = {}
    for side in plan.sides:
        text = flask.request.form.get(f"pick[{side.field.key}]", "")
        if side.may_choose and text:
            found[side.field.key] = int(text) if text.isascii() and text.isdigit() and len(text) < 17 else text
    return found


def run(definition: EntityDef) -> Answer:
    """Merge the records."""
    ctx, ids, form = current(), _ids(), flask.request.form
    if not ids:
        raise NotFound
    if form.get("look"):
        return _page(definition, ids)
    versions = {i: v for i in ids if (v := form.get(f"version[{i}]", type=int))}
    try:
        with attempt(ctx):
            choices = _posted(merging.look(ctx, definition.key, ids[0], ids[1:]))
            done = merging.merge(ctx, definition.key, ids[0], ids[1:], choices, versions=versions)
    except NotFound:
        raise
    except CrmError as error:
        return _page(definition, ids, error)
    _tell(ctx, len(done.merged), done.batch_id)
    return flask.redirect(local(form.get("next")) or f"/{definition.slug}/{done.survivor}", 303)


def _tell(ctx: Ctx, count: int, batch_id: int | None) -> None:
    text = N_("The records are one now") if count == 1 else N_("%(count)s records became part of it")
    url = f"/profile/changes/batch/{batch_id}"
    notify(gettext(text, count=count), url=url, label=gettext(N_("Undo")))


def follow(definition: EntityDef, record_id: int) -> flask.Response | None:
    """Return the way to what a merged record became; ``None`` for one that never was merged, or out of sight.

    Not for ever (301): an undo brings the record back under its id.
    """
    survivor = merging.survivor_of(current(), definition.key, record_id)
    if survivor is None:
        return None
    notify(gettext(N_("The record you asked for became part of this one")), "info")
    response = flask.make_response(flask.redirect(f"/{definition.slug}/{survivor}", 302))
    response.headers["Cache-Control"] = "no-store"
    return response
