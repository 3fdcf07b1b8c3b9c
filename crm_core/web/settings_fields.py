"""Settings → Own fields: what administrators add to each kind of record (KN-12 to KN-15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import flask

from crm_core import custom_indexes, customfields, field_admin, jobs
from crm_core.contributions import EntityDef, FieldDef
from crm_core.customfields import FIELD_INDEXES, FIELD_PURGE, NAMESPACE
from crm_core.errors import Conflict, CrmError, Invalid
from crm_core.fieldtypes import CUSTOM_TYPES, Choice, FieldType
from crm_core.i18n import LANGUAGES, N_, gettext
from crm_core.models import CustomField
from crm_core.web import fieldform, forms
from crm_core.web.account_forms import FormState
from crm_core.web.request import admin, current, notify

if TYPE_CHECKING:
    from crm_core.context import Ctx

Answer = flask.typing.ResponseReturnValue
HOME = "/settings/fields"
OWN = "own"
"""Stands for the module's own fields among the ids of an order."""


@dataclass(frozen=True)
class Item:
    """An entry of a section: a field of the administrators, or the module's own fields together."""

    row: CustomField | None
    fields: tuple[FieldDef, ...]


def install(app: flask.Flask) -> None:
    """Add the routes."""
    one = f"{HOME}/<entity:definition>"
    field = f"{one}/<int(max=9007199254740991):field_id>"
    for rule, view, method in (
        (HOME, index, "GET"),
        (one, entity, "GET"),
        (f"{one}/indexes", indexes, "GET"),
        (f"{one}/order", order, "POST"),
        (f"{one}/new", new, "GET"),
        (f"{one}/new", create, "POST"),
        (field, edit, "GET"),
        (field, change, "POST"),
        (f"{field}/retire", retire, "POST"),
        (f"{field}/restore", restore, "POST"),
        (f"{field}/purge", ask_purge, "GET"),
        (f"{field}/purge", purge, "POST"),
    ):
        app.add_url_rule(rule, f"fields.{view.__name__}", admin(view), methods=[method])


def _url(definition: EntityDef) -> str:
    return f"{HOME}/{definition.slug}"


def index() -> str:
    """Show every kind of record, with how many fields were added to it."""
    ctx = current()
    counts = field_admin.counts(ctx)
    found = sorted(ctx.registry.entities.values(), key=lambda e: (-counts.get(e.key, 0), gettext(e.plural)))
    return flask.render_template("settings/fields.html", entities=found, counts=counts)


def entity(definition: EntityDef) -> str:
    """Show the fields of a kind of record in the order of its form."""
    ctx = current()
    rows = field_admin.every(ctx, definition.key)
    return flask.render_template(
        "settings/fields_entity.html",
        definition=definition,
        url=_url(definition),
        sections=_sections(ctx, definition, rows),
        titles=fieldform.sections(ctx, definition),
        types=fieldform.type_names(),
        retired=[row for row in rows if row.retired_at is not None],
        **_progress(ctx, definition),
    )


def _sections(ctx: Ctx, definition: EntityDef, rows: list[CustomField]) -> list[tuple[str, str, list[Item]]]:
    """Return (key, title, items) of the sections of the form; the module's own fields stand together."""
    mine = {f"{NAMESPACE}.{row.key}": row for row in rows if row.retired_at is None}
    found = []
    for key, title, fields in forms.sectioned(ctx, definition.key, forms.form_fields(ctx, definition.key).values()):
        own = tuple(f for f in fields if f.key not in mine)
        items: list[Item] = []
        for field in fields:
            if field.key in mine:
                items.append(Item(mine[field.key], (field,)))
            elif own and not any(item.row is None for item in items):
                items.append(Item(None, own))
        found.append((key, title, items))
    return found


def _progress(ctx: Ctx, definition: EntityDef) -> dict[str, Any]:
    states = custom_indexes.states(ctx, definition.key)
    job = field_admin.job_of(ctx, FIELD_INDEXES)
    purging = field_admin.job_of(ctx, FIELD_PURGE)
    return {
        "states": states,
        "building": [(ctx.registry.field(definition.key, k), s) for k, s in states.items() if not s.ready],
        "job": job,
        "purging": purging,
        "active": any(found is not None and found.state in jobs.ACTIVE for found in (job, purging)),
        "job_states": jobs.STATES,
    }


def indexes(definition: EntityDef) -> str:
    """Answer how far the indexes are: the part of the page that asks again while one is built."""
    part = _progress(current(), definition)
    return flask.render_template("settings/fields_progress.html", url=_url(definition), **part)


def order(definition: EntityDef) -> Answer:
    """Put the fields of a section in the order of a drag or of the keyboard."""
    section = flask.request.args.get("section") or flask.request.form.get("section", "")
    ids = flask.request.form.getlist("ids")
    place = ids.index(OWN) if OWN in ids else 0
    before, after = (
        [int(i) for i in part if i.isascii() and i.isdigit() and len(i) < 17] for part in (ids[:place], ids[place:])
    )
    field_admin.arrange(current(), definition.key, section, before, after)
    if flask.request.headers.get("X-Requested-With"):
        return "", 204
    return flask.redirect(_url(definition), 303)


# ---------------------------------------------------------------- a new field


def new(definition: EntityDef) -> str:
    """Ask for the type of a new field, then for all else."""
    kind = CUSTOM_TYPES.get(flask.request.args.get("type", ""))
    if kind is None:
        return flask.render_template(
            "settings/field_type.html", definition=definition, url=_url(definition), types=fieldform.type_names()
        )
    start = {"filterable": "1", "section": next(iter(fieldform.sections(current(), definition)))}
    return _page(definition, kind, None, FormState(start))


def create(definition: EntityDef) -> Answer:
    """Make a field."""
    ctx, form = current(), flask.request.form
    kind = CUSTOM_TYPES.get(form.get("type", ""))
    if kind is None:
        return flask.redirect(f"{_url(definition)}/new", 303)
    asked = fieldform.settings_of(ctx, definition, kind)
    try:
        with ctx.session.begin_nested():
            options = fieldform.options(form, kind, asked)
            own = issubclass(kind, Choice) and "list" not in options
            made = None if issubclass(kind, Choice) else customfields.type_of(kind.name, options)
            row = field_admin.define(
                ctx, definition.key, key=form.get("key", "").strip(), type=kind.name, options=options,
                choices=fieldform.choices(form) if own else None, **fieldform.properties(form, made),
            )  # fmt: skip
    except Invalid as error:
        return _page(definition, kind, None, fieldform.typed(form, error)), 422
    notify(gettext(N_("The field “%(name)s” is there; forms, lists and filters have it now"), name=_name(row)))
    return flask.redirect(_url(definition), 303)


def _name(row: CustomField) -> str:
    return customfields.field_of(row).title()


# ---------------------------------------------------------------- one field


def edit(definition: EntityDef, field_id: int) -> str:
    """Show the form of a field."""
    row = field_admin.find(current(), definition, field_id)
    return _page(definition, CUSTOM_TYPES[row.type], row, FormState(fieldform.stored(row)))


def change(definition: EntityDef, field_id: int) -> Answer:
    """Change a field; key and type stay as they are."""
    ctx, form = current(), flask.request.form
    row = field_admin.find(ctx, definition, field_id)
    kind = customfields.type_of(row.type, row.options)
    try:
        with ctx.session.begin_nested():
            field_admin.change(ctx, row, **fieldform.properties(form, kind))
    except Invalid as error:
        return _page(definition, type(kind), row, fieldform.typed(form, error)), 422
    notify(gettext(N_("The field “%(name)s” is saved"), name=_name(row)))
    return flask.redirect(_url(definition), 303)


def _page(definition: EntityDef, kind: type[FieldType], row: CustomField | None, form: FormState) -> str:
    ctx = current()
    made = customfields.type_of(row.type, row.options) if row is not None else _sample(kind)
    posted = flask.request.form if form.error is not None else None
    return flask.render_template(
        "settings/field.html",
        definition=definition,
        url=_url(definition),
        row=row,
        kind=kind,
        form=form,
        asked=fieldform.settings_of(ctx, definition, kind) if row is None else [],
        languages=LANGUAGES,
        sections=fieldform.sections(ctx, definition),
        roles=ctx.directory.roles(),
        default=made and fieldform.default_control(ctx, made, row.default if row is not None else None, posted),
        choices_of=fieldform.own_list(row) if row is not None else "",
    )


def _sample(kind: type[FieldType]) -> FieldType | None:
    """Return a type whose options are not chosen yet; without one there is no default to type."""
    if issubclass(kind, Choice):
        return None
    try:
        return kind()
    except TypeError:
        return None


def retire(definition: EntityDef, field_id: int) -> Answer:
    """Take a field out of use."""
    ctx = current()
    row = field_admin.find(ctx, definition, field_id)
    try:
        field_admin.retire(ctx, row)
        text = gettext(N_("“%(name)s” is out of use; its values stay and come back with it"), name=_name(row))
        notify(text)
    except Conflict as error:
        notify(error.text(), "error")
    return flask.redirect(_url(definition), 303)


def restore(definition: EntityDef, field_id: int) -> Answer:
    """Bring a retired field back."""
    ctx = current()
    row = field_admin.restore(ctx, field_admin.find(ctx, definition, field_id))
    notify(gettext(N_("“%(name)s” is back, with the values it had"), name=_name(row)))
    return flask.redirect(_url(definition), 303)


def ask_purge(definition: EntityDef, field_id: int) -> str:
    """Show what would go with a field, before anything goes."""
    ctx = current()
    row = field_admin.find(ctx, definition, field_id)
    return flask.render_template(
        "settings/field_purge.html", definition=definition, url=_url(definition), row=row, name=_name(row),
        found=field_admin.holdings(ctx, row), retired=row.retired_at is not None,
    )  # fmt: skip


def purge(definition: EntityDef, field_id: int) -> Answer:
    """Remove a retired field with its values."""
    ctx = current()
    try:
        job = field_admin.purge(ctx, field_admin.find(ctx, definition, field_id))
    except CrmError as error:
        if error.status != 409:
            raise
        notify(error.text(), "error")
        return flask.redirect(_url(definition), 303)
    return flask.redirect(f"/jobs/{job}", 303)
