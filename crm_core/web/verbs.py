"""Verbs on one record: one field with one click, delete, and the actions of plugins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flask

from crm_core import records
from crm_core.contributions import ActionDef, EntityDef
from crm_core.errors import CrmError, Invalid, NotFound, Problem
from crm_core.fieldtypes import Lines
from crm_core.i18n import N_, gettext
from crm_core.web import forms, saving
from crm_core.web.choosers import link_titles, may_extend
from crm_core.web.questions import dialog, fragment, go, local
from crm_core.web.records_read import ID
from crm_core.web.request import current, is_fragment, notify

blueprint = flask.Blueprint("record_verbs", __name__)
Answer = flask.typing.ResponseReturnValue


@blueprint.post(f"/<entity:definition>/{ID}/set")
def set_field(definition: EntityDef, record_id: int) -> Answer:
    """Change one field with one click (CT-47); ``field``, ``value`` and, if it matters, ``version`` are posted."""
    ctx, form = current(), flask.request.form
    key = form.get("field", "")
    found = forms.form_fields(ctx, definition.key).get(key)
    if found is None or isinstance(found.type, Lines):
        raise Invalid([Problem(key[:60] or "field", "unknown", N_("This field can't be set"))])
    value: Any = form.getlist("value") if found.type.multiple else form.get("value", "")
    version = form.get("version", type=int)
    saving.store(ctx, definition, record_id, {key: value}, version)
    if not is_fragment():
        return flask.redirect(local(form.get("next")) or f"/{definition.slug}/{record_id}", 303)
    row = records.read(ctx, definition.key, record_id, [key])
    response = flask.make_response(flask.render_template("record/value.html", field=found, row=row))
    event = {"entity": definition.key, "id": record_id, "field": key, "version": row.version}
    response.headers["HX-Trigger"] = flask.json.dumps({"crm:changed": event})
    return response


# ---------------------------------------------------------------- delete


@blueprint.get(f"/<entity:definition>/{ID}/delete")
def confirm_delete(definition: EntityDef, record_id: int) -> str:
    """Ask before a record is deleted."""
    row = records.read(current(), definition.key, record_id, [])
    return dialog("record/delete.html", definition, row)


@blueprint.post(f"/<entity:definition>/{ID}/delete")
def delete(definition: EntityDef, record_id: int) -> Answer:
    """Delete a record."""
    ctx = current()
    row = records.read(ctx, definition.key, record_id, [])
    try:
        records.delete(ctx, definition.key, record_id, version=flask.request.form.get("version", type=int))
    except CrmError as error:
        if isinstance(error, NotFound):
            raise
        page = dialog("record/delete.html", definition, row, error=error)
        return fragment(page, error.status)
    notify(gettext(N_("%(title)s was deleted"), title=row.title))
    return go(local(flask.request.form.get("next")) or f"/{definition.slug}")


# ---------------------------------------------------------------- actions


def _action(definition: EntityDef, name: str, record_id: int) -> ActionDef:
    record = records.get(current(), definition.key, record_id)
    for found in records.available_actions(current(), definition.key, record):
        if found.name == name:
            return found
    raise NotFound


@blueprint.get(f"/<entity:definition>/{ID}/actions/<name>")
def ask_action(definition: EntityDef, record_id: int, name: str) -> str:
    """Show the form of an action, or ask whether it shall be done."""
    return _action_page(definition, _action(definition, name, record_id), record_id)


@blueprint.post(f"/<entity:definition>/{ID}/actions/<name>")
def act(definition: EntityDef, record_id: int, name: str) -> Answer:
    """Do an action; it may answer ``{"url": …}`` to go elsewhere and ``{"message": …}`` to say something."""
    ctx = current()
    action = _action(definition, name, record_id)
    fields = {f.key: f for f in action.form}
    posted = saving.read(ctx, fields, flask.request.form, flask.request.files)
    try:
        if posted.problems:
            raise Invalid(posted.problems)
        with ctx.session.begin_nested():
            result = records.act(ctx, definition.key, record_id, name, posted.raw, version=posted.version)
    except CrmError as error:
        if isinstance(error, NotFound):
            raise
        return fragment(_action_page(definition, action, record_id, posted.raw, error), error.status)
    answer = result if isinstance(result, Mapping) else {}
    message = answer.get("message") or gettext(N_("%(action)s: done"), action=gettext(action.label))
    notify(str(message))
    return go(local(str(answer.get("url") or "")) or f"/{definition.slug}/{record_id}")


def _action_page(
    definition: EntityDef,
    action: ActionDef,
    record_id: int,
    raw: Mapping[str, Any] | None = None,
    error: CrmError | None = None,
) -> str:
    ctx = current()
    row = records.read(ctx, definition.key, record_id, [])
    fields = {f.key: f for f in action.form}
    start = forms.raw_defaults(ctx, {k: f.default_value(ctx) for k, f in fields.items()}, fields)
    url = f"/{definition.slug}/{record_id}/actions/{action.name}"
    problems = error.problems() if error is not None else ()

    def titles(entity: str, ids: Sequence[int]) -> Mapping[int, str]:
        return link_titles(ctx, entity, ids)

    form = forms.build(
        ctx,
        definition,
        {**start, **(raw or {})},
        titles,
        action=url,
        record_id=record_id,
        version=row.version,
        problems=problems,
        only=fields,
    )
    return dialog(
        "record/action.html",
        definition,
        row,
        action=action,
        form=form,
        error=error,
        extendable=any(may_extend(ctx, getattr(f.type, "list", "")) for f in action.form),
    )
