"""Saving, renaming, sharing and deleting views of a list, and choosing the one that is shown first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask

from crm_core import access
from crm_core.contributions import EntityDef
from crm_core.errors import CrmError
from crm_core.i18n import N_, gettext
from crm_core.web import listing, preferences, views
from crm_core.web.listing import State
from crm_core.web.request import current, is_fragment, notify

if TYPE_CHECKING:
    from crm_core.context import Ctx

Answer = flask.typing.ResponseReturnValue
ID = "<int(max=9007199254740991):view_id>"


def install(app: flask.Flask) -> None:
    """Add the routes."""
    base = "/<entity:definition>/views"
    app.add_url_rule(f"{base}/new", "view.new", new)
    app.add_url_rule(f"{base}/new", "view.save", save, methods=["POST"])
    app.add_url_rule(f"{base}/default", "view.default", make_default, methods=["POST"])
    app.add_url_rule(f"{base}/{ID}", "view.edit", edit)
    app.add_url_rule(f"{base}/{ID}", "view.change", change, methods=["POST"])
    app.add_url_rule(f"{base}/{ID}/keep", "view.keep", keep, methods=["POST"])


def _state(ctx: Ctx, definition: EntityDef) -> State:
    access.require(ctx, definition.key, "read")
    return listing.read_state(ctx, definition, flask.request.args, views.views_of(ctx, definition))


def _dialog(definition: EntityDef, error: CrmError | None = None, **values: object) -> Answer:
    layout = "ui/dialog.html" if is_fragment() else "ui/question.html"
    page = flask.render_template("list/view.html", layout=layout, definition=definition, error=error, **values)
    if error is None:
        return page
    response = flask.make_response(page, error.status)
    response.headers["X-Fragment"] = "1"
    return response


def _go(url: str) -> Answer:
    if is_fragment():
        return flask.Response(headers={"HX-Redirect": url})
    return flask.redirect(url, 303)


def new(definition: EntityDef) -> Answer:
    """Ask for the name of a new view."""
    _state(current(), definition)
    return _dialog(definition, view=None, name="", action=flask.request.full_path)


def save(definition: EntityDef) -> Answer:
    """Save what the list shows as a view."""
    ctx, form = current(), flask.request.form
    state = _state(ctx, definition)
    spec = views.spec_of(state.node, state.sort, state.columns, state.look, state.group)
    try:
        number = views.save(ctx, definition.key, form.get("name", ""), spec, shared=form.get("shared") == "1")
    except CrmError as error:
        return _dialog(definition, error, view=None, name=form.get("name", ""), action=flask.request.full_path)
    notify(gettext(N_("The view “%(name)s” is saved"), name=form.get("name", "").strip()))
    return _go(f"{state.path}?view={number}")


def edit(definition: EntityDef, view_id: int) -> Answer:
    """Show a view's name and who sees it."""
    row = views.own_view(current(), view_id)
    return _dialog(definition, view=row, name=row.name, action=flask.request.path)


def change(definition: EntityDef, view_id: int) -> Answer:
    """Rename or share a view, or delete it."""
    ctx, form = current(), flask.request.form
    row = views.own_view(ctx, view_id)
    if form.get("do") == "delete":
        views.delete(ctx, view_id)
        notify(gettext(N_("The view “%(name)s” is deleted"), name=row.name))
        return _go(f"/{definition.slug}?view={views.ALL}")
    try:
        views.change(ctx, view_id, name=form.get("name", ""), shared=form.get("shared") == "1")
    except CrmError as error:
        return _dialog(definition, error, view=row, name=form.get("name", ""), action=flask.request.path)
    return _go(f"/{definition.slug}?view={view_id}")


def keep(definition: EntityDef, view_id: int) -> Answer:
    """Save what the list shows now into its view."""
    ctx = current()
    state = _state(ctx, definition)
    spec = views.spec_of(state.node, state.sort, state.columns, state.look, state.group)
    views.change(ctx, view_id, spec=spec)
    notify(gettext(N_("The view “%(name)s” is saved"), name=state.view.label))
    return flask.redirect(f"{state.path}?view={view_id}", 303)


def make_default(definition: EntityDef) -> Answer:
    """Show a view first from now on."""
    ctx = current()
    state = _state(ctx, definition)
    key = flask.request.form.get("view", views.ALL)
    chosen = next((v for v in state.views if v.key == key), state.views[0])
    preferences.keep(ctx, "default_view", definition.key, value=None if chosen.key == views.ALL else chosen.key)
    notify(gettext(N_("“%(name)s” is shown first from now on"), name=chosen.label))
    return flask.redirect(state.url(), 303)
