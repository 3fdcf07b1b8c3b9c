"""Writing a record: new, edit, save, conflict, delete, one field with one click, and actions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import flask

from crm_core import access, duplicates, records
from crm_core.contributions import EntityDef, FieldDef
from crm_core.errors import CrmError, Forbidden, Invalid, NotFound, Problem, Stale
from crm_core.i18n import N_, gettext
from crm_core.records.values import add_defaults
from crm_core.web import chosen, conflicts, forms, recordview, saving
from crm_core.web.choosers import link_titles
from crm_core.web.controls import control
from crm_core.web.forms import Form, Trouble
from crm_core.web.questions import local
from crm_core.web.records_read import ID
from crm_core.web.request import current, notify

blueprint = flask.Blueprint("record_form", __name__)
Answer = flask.typing.ResponseReturnValue


def titles(entity: str, ids: Sequence[int]) -> Mapping[int, str]:
    """Return the titles of visible records."""
    return link_titles(current(), entity, ids)


# ---------------------------------------------------------------- new


@blueprint.get("/<entity:definition>/new")
def new(definition: EntityDef) -> str:
    """Show an empty form, filled with defaults and what the address presets (CT-63)."""
    ctx = current()
    access.require(ctx, definition.key, "create")
    fields = forms.form_fields(ctx, definition.key)
    start: dict[str, Any] = {}
    add_defaults(ctx, definition, start)
    raw = forms.raw_defaults(ctx, start, fields)
    raw.update(forms.presets(ctx, flask.request.args, fields))
    return _page(definition, forms.build(ctx, definition, raw, titles, action=_here()))


@blueprint.post("/<entity:definition>/new")
def create(definition: EntityDef) -> Answer:
    """Save a new record."""
    ctx = current()
    access.require(ctx, definition.key, "create")
    return _save(definition, None)


# ---------------------------------------------------------------- edit


@blueprint.get(f"/<entity:definition>/{ID}/edit")
def edit(definition: EntityDef, record_id: int) -> str:
    """Show a record's form."""
    ctx = current()
    row = _editable_row(definition, record_id)
    raw = forms.raw_defaults(ctx, row.values, forms.form_fields(ctx, definition.key))
    form = forms.build(ctx, definition, raw, titles, action=_here(), record_id=record_id, version=row.version)
    return _page(definition, form, row.title)


@blueprint.post(f"/<entity:definition>/{ID}/edit")
def update(definition: EntityDef, record_id: int) -> Answer:
    """Save a record."""
    return _save(definition, record_id)


def _editable_row(definition: EntityDef, record_id: int) -> records.Row:
    ctx = current()
    row = records.read(ctx, definition.key, record_id, recordview.needed(ctx, definition))
    if not row.editable:
        raise Forbidden(N_("You may read this record but not change it"))
    return row


def _save(definition: EntityDef, record_id: int | None) -> Answer:
    ctx, request = current(), flask.request
    fields = forms.form_fields(ctx, definition.key)
    posted = saving.read(ctx, fields, request.form, request.files)
    if request.form.get("_restore") or request.form.get("_edit"):
        return _again(definition, record_id, posted, (), 200)
    values = saving.values_to_save(posted, fields, new=record_id is None)
    try:
        if posted.problems:
            raise Invalid([*posted.problems, *_other_problems(definition, record_id, values, posted)])
        if warned := _unconfirmed(definition, record_id, values, posted):
            return _again(definition, record_id, posted, (), 422, warned)
        record = saving.store(ctx, definition, record_id, values, posted.version or 0)
    except Invalid as error:
        return _again(definition, record_id, posted, error.problems(), 422)
    except Stale as error:
        return _conflict(definition, record_id or 0, posted, error.version or 0)
    except NotFound:
        raise
    except CrmError as error:
        problem = Problem(None, error.code, error.message, error.params, error.plugin)
        return _again(definition, record_id, posted, (problem,), error.status)
    return _saved(definition, record, record_id, posted, fields)


def _other_problems(
    definition: EntityDef, record_id: int | None, values: Mapping[str, Any], posted: saving.Posted
) -> list[Problem]:
    """Return what is wrong beside refused uploads, so that everything is told at once."""
    savepoint = current().session.begin_nested()
    try:
        saving.store(current(), definition, record_id, values, posted.version)
    except Invalid as error:
        return list(error.problems())
    except CrmError:
        return []
    finally:
        if savepoint.is_active:
            savepoint.rollback()
        current().queue.clear()
    return []


def _unconfirmed(
    definition: EntityDef, record_id: int | None, values: Mapping[str, Any], posted: saving.Posted
) -> list[Problem]:
    """Return the warnings that nobody has said "Save anyway" to (CT-61)."""
    found = duplicates.warnings(current(), definition.key, values, record_id)
    return found if found and posted.confirmed != saving.confirmation(found) else []


def _saved(
    definition: EntityDef,
    record: Any,
    record_id: int | None,
    posted: saving.Posted,
    fields: Mapping[str, FieldDef],
) -> Answer:
    url = f"/{definition.slug}/{record.id}"
    label = gettext(definition.label)
    text = N_("%(label)s created") if record_id is None else N_("%(label)s saved")
    if posted.then == "new":
        notify(gettext(text, label=label), url=url, label=gettext(N_("Open")))
        query = {**flask.request.args.to_dict(), **forms.kept_for_next(posted.raw, fields)}
        return flask.redirect(f"/{definition.slug}/new{'?' if query else ''}{urlencode(query)}#saved", 303)
    notify(gettext(text, label=label))
    return flask.redirect(f"{local(flask.request.args.get('next')) or url}#saved", 303)


def _again(
    definition: EntityDef,
    record_id: int | None,
    posted: saving.Posted,
    problems: Iterable[Problem],
    status: int,
    warned: Sequence[Problem] = (),
) -> flask.Response:
    """Return the form once more with everything that was typed."""
    ctx = current()
    title = ""
    stored: dict[str, Any] = {}
    if record_id is not None:
        row = _editable_row(definition, record_id)
        title = row.title
        stored = forms.raw_defaults(ctx, row.values, forms.form_fields(ctx, definition.key))
    raw = {**stored, **posted.base, **posted.raw}
    found = list(problems)
    form = forms.build(
        ctx, definition, raw, titles, action=_here(), base=posted.base or raw, record_id=record_id,
        version=posted.version, problems=[*posted.problems, *(p for p in found if p not in posted.problems)],
    )  # fmt: skip
    form.warnings = _warned(definition, warned)
    confirm = saving.confirmation(warned) if warned else ""
    page = _page(definition, form, title, typed=True, confirm=confirm)
    return flask.make_response(page, status)


def _conflict(definition: EntityDef, record_id: int, posted: saving.Posted, version: int) -> Answer:
    """Show what both people did; where they did the same there is nothing to choose and it is saved (KN-06)."""
    ctx = current()
    fields = forms.form_fields(ctx, definition.key)
    row = _editable_row(definition, record_id)
    theirs = forms.raw_defaults(ctx, row.values, fields)
    found = conflicts.differences(ctx, fields, posted.raw, theirs, posted.base, titles)
    if not found:
        return _saved(definition, records.get(ctx, definition.key, record_id), record_id, posted, fields)
    base = {key: theirs[key] for key in posted.raw}
    page = flask.render_template(
        "form/conflict.html",
        definition=definition,
        title=row.title,
        url=f"/{definition.slug}/{record_id}",
        action=_here(),
        differences=found,
        inputs=list(conflicts.as_inputs(posted.raw)),
        base=flask.json.dumps(base),
        version=row.version,
        changed_by=ctx.directory.user(row.values.get("updated_by")),
        changed_at=row.values.get("updated_at"),
    )
    return flask.make_response(page, 412)


def _here() -> str:
    return flask.request.full_path.rstrip("?")


def _page(definition: EntityDef, form: Form, title: str = "", *, typed: bool = False, confirm: str = "") -> str:
    ctx = current()
    own = f"/{definition.slug}/{form.record_id}" if form.record_id else f"/{definition.slug}"
    return flask.render_template(
        "form/page.html",
        form=form,
        definition=definition,
        title=title,
        cancel=local(flask.request.args.get("next")) or own,
        typed=typed,
        confirm=confirm,
        may_create=access.may(ctx, definition.key, "create"),
        extendable=any(c.extend for c in _all_controls(form)),
    )


def _all_controls(form: Form) -> Iterable[Any]:
    for one in form.controls():
        yield one
        for row in one.rows:
            for cell in row.cells:
                yield from (cell, *cell.parts)


@blueprint.post("/<entity:definition>/pickers")
def pickers(definition: EntityDef) -> str:
    """Answer what can be chosen of a text in a line, after something beside it was changed in the form."""
    ctx, form = current(), flask.request.form
    if not access.may(ctx, definition.key, "update"):
        access.require(ctx, definition.key, "create")
    fields = forms.form_fields(ctx, definition.key)
    cell = chosen.cell_called(fields, form, form.get("_of", ""))
    text = cell.line[cell.part.key]
    made = control(ctx, cell.part, text, titles, name=cell.name, beside=(cell.record, cell.line))
    return flask.render_template("form/cell.html", control=made)


def _warned(definition: EntityDef, problems: Iterable[Problem]) -> list[Trouble]:
    """Return warnings with links to the records they are about."""
    found = []
    for problem in problems:
        number, title = problem.params.get("id"), str(problem.params.get("title", ""))
        url = f"/{definition.slug}/{number}" if number else ""
        found.append(Trouble(problem.text(), url=url, label=title or f"#{number}"))
    return found


@blueprint.post("/<entity:definition>/warnings")
def warnings(definition: EntityDef) -> str:
    """Answer what should be asked about before saving what was typed so far (CT-61)."""
    ctx = current()
    fields = forms.form_fields(ctx, definition.key)
    posted = saving.read(ctx, fields, flask.request.form, flask.request.files)
    record_id = flask.request.form.get("_record", type=int)
    values = saving.values_to_save(posted, fields, new=record_id is None)
    found = duplicates.warnings(ctx, definition.key, values, record_id)
    return flask.render_template("form/warnings.html", warnings=_warned(definition, found))
