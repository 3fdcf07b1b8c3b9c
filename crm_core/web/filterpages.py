"""The filter builder beside a list: its panel, single rows as one builds, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask

from crm_core import access
from crm_core.contributions import EntityDef
from crm_core.errors import FilterError
from crm_core.web import filterform, listing
from crm_core.web.filterform import Group, Row
from crm_core.web.listing import State
from crm_core.web.request import current, is_fragment
from crm_core.web.views import views_of

if TYPE_CHECKING:
    from crm_core.context import Ctx


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule("/<entity:definition>/filter", "filter", panel)
    app.add_url_rule("/<entity:definition>/filter/row", "filter.row", row)
    app.add_url_rule("/<entity:definition>/filter/group", "filter.group", group)
    app.add_url_rule("/<entity:definition>/filter/apply", "filter.apply", apply)


def _state(ctx: Ctx, definition: EntityDef) -> State:
    access.require(ctx, definition.key, "read")
    args = flask.request.args.copy()
    for key in list(args):
        if key[:1] in "cg" and ("." in key) or key == "mode":
            args.poplist(key)
    return listing.read_state(ctx, definition, args, views_of(ctx, definition))


def panel(definition: EntityDef) -> flask.typing.ResponseReturnValue:
    """Show the builder, or the filter as text."""
    ctx = current()
    state = _state(ctx, definition)
    as_text = flask.request.args.get("mode") == "text" or state.error is not None
    groups = None if as_text else filterform.from_node(ctx, definition, state.node)
    if groups == [Group(0)]:
        groups = [Group(0, rows=[filterform.complete(ctx, definition, Row(0, 0, _first(ctx, definition)))])]
    return _render(state, groups, too_complex=groups is None and not as_text)


def _first(ctx: Ctx, definition: EntityDef) -> str:
    """Return the field a new row starts with."""
    known = [path for _, options in filterform.choices(ctx, definition) for path, _ in options]
    return next((k for k in (*ctx.registry.view(definition.key).quick, definition.title) if k in known), known[0])


def _render(
    state: State, groups: list[Group] | None, *, too_complex: bool = False, error: FilterError | None = None
) -> str:
    rows = [r.number for g in groups or () for r in g.rows]
    return flask.render_template(
        "filter/panel.html" if is_fragment() else "filter/page.html",
        state=state,
        groups=groups,
        too_complex=too_complex,
        error=error or state.error,
        choices=filterform.choices(current(), state.definition),
        highest=max(rows, default=0),
        query=flask.request.query_string.decode("utf-8", "replace"),
    )


def row(definition: EntityDef) -> str:
    """Return one row anew: a further one, or one whose field or operator was changed."""
    ctx, args = current(), flask.request.args
    access.require(ctx, definition.key, "read")
    found = [r for g in filterform.read_rows(args) for r in g.rows]
    one = found[0] if found else Row(args.get("g", 0, int), args.get("n", 0, int), _first(ctx, definition))
    if args.get("fresh"):
        one = Row(one.group, one.number, one.path)
    filterform.complete(ctx, definition, one)
    return flask.render_template(
        "filter/one_row.html", row=one, definition=definition, choices=filterform.choices(ctx, definition)
    )


def group(definition: EntityDef) -> str:
    """Return a further group with one row."""
    ctx, args = current(), flask.request.args
    access.require(ctx, definition.key, "read")
    number, first = args.get("g", 1, int), Row(args.get("g", 1, int), args.get("n", 0, int), _first(ctx, definition))
    made = Group(number, "or", [filterform.complete(ctx, definition, first)])
    return flask.render_template(
        "filter/one_group.html", group=made, definition=definition, choices=filterform.choices(ctx, definition)
    )


def apply(definition: EntityDef) -> flask.typing.ResponseReturnValue:
    """Lead to the list with the filter built, or show the builder again with what is wrong."""
    ctx = current()
    state = _state(ctx, definition)
    groups = filterform.read_rows(flask.request.args)
    try:
        node = filterform.to_node(ctx, definition, groups)
    except FilterError as error:
        for one in (r for g in groups for r in g.rows):
            filterform.complete(ctx, definition, one)
        response = flask.make_response(_render(state, groups, error=error), 422)
        response.headers.update({"X-Fragment": "1", "HX-Retarget": "#builder", "HX-Reswap": "innerHTML"})
        response.headers["HX-Reselect"] = "#filter-panel"
        return response
    return flask.redirect(state.url(node=node), 303)
