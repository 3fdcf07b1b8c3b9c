"""List pages: rows, cards, columns, and values changed in the row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import flask
from markupsafe import Markup

from crm_core import access, records
from crm_core.contributions import ActionDef, EntityDef, FieldDef
from crm_core.directory import ListEntryView
from crm_core.errors import BadRequest, FilterError, Invalid, Problem, Stale
from crm_core.fieldtypes import Boolean, Choice, Image, User
from crm_core.i18n import N_, gettext
from crm_core.records import Page, Row
from crm_core.web import listing, preferences, quick
from crm_core.web.assets import coloured_icon, has_icon
from crm_core.web.filterwords import parts_in_words
from crm_core.web.htmlparts import dot
from crm_core.web.listing import Column, State
from crm_core.web.request import current, is_fragment, notify
from crm_core.web.views import views_of

if TYPE_CHECKING:
    from crm_core.context import Ctx

ID = "<int(max=9007199254740991):record_id>"
STRIP_LIMIT = 6
"""Statuses up to this number are buttons side by side, one click each (CT-47); more are a menu."""


@dataclass(frozen=True)
class Status:
    """The status one sets in the row: its field and the entries to choose from."""

    field: FieldDef
    entries: Sequence[ListEntryView]

    @property
    def strip(self) -> bool:
        """Tell whether the entries stand side by side."""
        return len(self.entries) <= STRIP_LIMIT

    @cached_property
    def _buttons(self) -> list[tuple[str, Markup, Markup]]:
        start = Markup('<button type="button" class="status-step" data-value="{}" aria-pressed="')
        end = Markup('" title="{}">{}</button>')
        return [
            (e.code, start.format(e.code),
             end.format(e.title(), coloured_icon(e.icon, e.colour) if has_icon(e.icon) else dot(e.colour)))
            for e in self.entries
        ]  # fmt: skip

    def buttons(self, value: str | None) -> Markup:
        """Return the entries side by side, the one with ``value`` pressed."""
        parts = [(head, "true" if code == value else "false", tail) for code, head, tail in self._buttons]
        return Markup("".join(text for part in parts for text in part))  # noqa: S704 - made of escaped parts


@dataclass(frozen=True)
class Sheet:
    """What the templates of a list need beside the rows."""

    state: State
    columns: list[Column]
    actions: list[ActionDef]
    status: Status | None
    picture: str
    may_delete: bool
    may_update: bool

    @property
    def column_keys(self) -> str:
        """Return the columns as one text."""
        return ",".join(self.state.columns)


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule("/<entity:definition>", "list", page)
    app.add_url_rule(f"/<entity:definition>/{ID}/row", "list.set", set_value, methods=["POST"])
    app.add_url_rule("/<entity:definition>/columns", "list.columns", choose_columns)
    app.add_url_rule("/<entity:definition>/columns", "list.keep_columns", keep_columns, methods=["POST"])
    app.add_url_rule("/<entity:definition>/look", "list.look", keep_look, methods=["POST"])


def page(definition: EntityDef) -> str:
    """Show the list."""
    ctx = current()
    access.require(ctx, definition.key, "read")
    state = listing.read_state(ctx, definition, flask.request.args, views_of(ctx, definition))
    state, found = _fetch(ctx, state)
    return flask.render_template(
        "list/page.html",
        sheet=sheet(ctx, state),
        state=state,
        page=found,
        groups=groups(ctx, state, found),
        parts=parts_in_words(ctx, state),
        quick=quick.filters(ctx, state),
        may_create=definition.creatable and access.allowed(ctx, definition.key, "create"),
        group_fields=group_fields(ctx, state),
        query=flask.request.query_string.decode("utf-8", "replace"),
    )


def group_fields(ctx: Ctx, state: State) -> list[FieldDef]:
    """Return the fields rows can be grouped by: those with few values, that the list can be sorted by."""
    known = listing.available(ctx, state.definition)
    wanted = [k for k in (state.shown.group_by, state.shown.status, *known) if k in known]
    kinds = (Choice, User, Boolean)
    found = [known[k] for k in dict.fromkeys(wanted) if isinstance(known[k].type, kinds) and known[k].sortable]
    return [f for f in found if f.key in (state.shown.group_by, *state.columns, *state.shown.quick)]


def _fetch(ctx: Ctx, state: State) -> tuple[State, Page | None]:
    """Return the page of rows; with an unreadable filter, sort or column the state says so and there is none."""
    from dataclasses import replace

    if state.error is not None:
        return state, None

    def read(asked: State) -> Page:
        return records.list_(ctx, asked.definition.key, asked.query(listing.fetched(ctx, asked)))

    try:
        return listing.tolerant(state, read)
    except FilterError as error:
        return replace(state, error=error, text=listing.text_of(state.node)), None
    except BadRequest as error:
        if error.field != "after":
            raise
        return _fetch(ctx, replace(state, after=None, before=None))


def sheet(ctx: Ctx, state: State) -> Sheet:
    """Return what every row needs."""
    entity = state.definition.key
    fields = ctx.registry.fields(entity)
    picture = next((k for k, f in fields.items() if isinstance(f.type, Image)), "")
    return Sheet(
        state=state,
        columns=listing.make_columns(ctx, state),
        actions=records.available_actions(ctx, entity),
        status=_status(ctx, state),
        picture=picture if picture in access.readable(ctx, entity) else "",
        may_delete=access.allowed(ctx, entity, "delete"),
        may_update=access.allowed(ctx, entity, "update"),
    )


def _status(ctx: Ctx, state: State) -> Status | None:
    key = state.shown.status
    found = ctx.registry.fields(state.definition.key).get(key)
    if found is None or key not in access.editable(ctx, state.definition.key) or not isinstance(found.type, Choice):
        return None
    entries = [e for e in ctx.directory.entries(found.type.list) if e.active] if found.type.list else []
    return Status(found, entries) if entries else None


def groups(ctx: Ctx, state: State, found: Page | None) -> list[tuple[Any, list[Row]]]:
    """Return the rows under the value they are grouped by; one group without a value where nothing groups."""
    if found is None:
        return []
    if not state.group:
        return [(None, found.items)]
    result: list[tuple[Any, list[Row]]] = []
    for row in found.items:
        value = row.values.get(state.group)
        if not result or result[-1][0] != value:
            result.append((value, []))
        result[-1][1].append(row)
    return result


# ---------------------------------------------------------------- one row


def set_value(definition: EntityDef, record_id: int) -> flask.typing.ResponseReturnValue:
    """Set one field with one click and return the row anew (CT-47)."""
    ctx, form = current(), flask.request.form
    key = form.get("field", "")
    found = ctx.registry.fields(definition.key).get(key)
    if found is None or key not in access.editable(ctx, definition.key) or not isinstance(found.type, Choice):
        raise Invalid([Problem(key[:60] or "field", "unknown", N_("This field can't be set here"))])
    try:
        with ctx.session.begin_nested():
            records.update(ctx, definition.key, record_id, {key: form.get("value", "")},
                           version=form.get("version", type=int))  # fmt: skip
    except Stale:
        notify(gettext(N_("Somebody changed this record meanwhile; here it is as it is now")), "warning")
    if not is_fragment():
        return flask.redirect(f"/{definition.slug}", 303)
    return row_html(ctx, definition, record_id, form.get("columns", ""), form.get("look", ""))


def row_html(ctx: Ctx, definition: EntityDef, record_id: int, columns: str, look: str = "") -> str:
    """Return one row of the list, or one card."""
    from werkzeug.datastructures import MultiDict

    args = MultiDict({"view": "all", "columns": columns, "look": look if look in listing.LOOKS else "list"})
    state = listing.read_state(ctx, definition, args, [listing.everything()])
    row = records.read(ctx, definition.key, record_id, listing.fetched(ctx, state))
    template = "list/card.html" if state.look == "cards" else "list/row.html"
    return flask.render_template(template, sheet=sheet(ctx, state), state=state, row=row)


# ---------------------------------------------------------------- columns and look


def choose_columns(definition: EntityDef) -> str:
    """Show the dialog that chooses columns."""
    ctx = current()
    access.require(ctx, definition.key, "read")
    state = listing.read_state(ctx, definition, flask.request.args, views_of(ctx, definition))
    known = listing.available(ctx, definition)
    return flask.render_template(
        "list/columns.html",
        state=state,
        shown=[known[key] for key in state.columns],
        others=sorted((f for k, f in known.items() if k not in state.columns), key=lambda f: f.title().lower()),
        back=flask.request.query_string.decode("utf-8", "replace"),
    )


def keep_columns(definition: EntityDef) -> flask.typing.ResponseReturnValue:
    """Keep the columns a person chose: in his view, else among his preferences."""
    ctx, form = current(), flask.request.form
    state = listing.read_state(ctx, definition, flask.request.args, views_of(ctx, definition))
    known = listing.available(ctx, definition)
    wanted = [key for key in dict.fromkeys(form.getlist("columns")) if key in known][: listing.MAX_COLUMNS]
    chosen = wanted if form.get("do") != "reset" and wanted else None
    preferences.keep_now("columns", listing.columns_key(definition, state.view), value=chosen)
    return flask.redirect(state.url(), 303)


def keep_look(definition: EntityDef) -> flask.typing.ResponseReturnValue:
    """Remember whether a person sees rows or cards (KN-08); filter and order stay."""
    ctx, look = current(), flask.request.form.get("look", "")
    if look in listing.LOOKS:
        preferences.keep_now("look", definition.key, value=look)
    state = listing.read_state(ctx, definition, flask.request.args, views_of(ctx, definition))
    return flask.redirect(state.url(look=look), 303)
