"""Reference lists as administrators change them (KN-21, KN-22, KN-23, CT-04, CT-23, CT-46)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import flask

from crm_core import list_merging, lists, stored_filters
from crm_core.contributions import FieldDef, ListDef
from crm_core.directory import ListEntryView
from crm_core.errors import CrmError, NotFound
from crm_core.i18n import LANGUAGES, N_, gettext
from crm_core.web.choosers import link_titles
from crm_core.web.controls import control
from crm_core.web.palette import COLOURS, MARKS
from crm_core.web.rawvalues import read_posted, to_raw
from crm_core.web.request import admin, current, is_fragment, notify
from crm_core.web.widgets import Control

if TYPE_CHECKING:
    from crm_core.context import Ctx

Answer = flask.typing.ResponseReturnValue
ID = "<int(max=9007199254740991):number>"


@dataclass(frozen=True)
class ListCard:
    """A reference list on the index."""

    definition: ListDef
    title: str
    entries: int
    active: int


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule("/settings/lists", "lists", index)
    app.add_url_rule("/settings/lists/<key>", "lists.one", one)
    app.add_url_rule("/settings/lists/<key>", "lists.add", add, methods=["POST"])
    app.add_url_rule("/settings/lists/<key>/order", "lists.order", order, methods=["POST"])
    app.add_url_rule(f"/settings/lists/<key>/{ID}", "lists.entry", entry)
    app.add_url_rule(f"/settings/lists/<key>/{ID}", "lists.change", change, methods=["POST"])
    app.add_url_rule(f"/settings/lists/<key>/{ID}/merge", "lists.merge", ask_merge)
    app.add_url_rule(f"/settings/lists/<key>/{ID}/merge", "lists.merge.run", merge, methods=["POST"])


def done(url: str, error: CrmError | None, text: str = "") -> Answer:
    """Lead back to the page with what was done or what stands in the way."""
    if error is not None:
        notify("; ".join(p.text() for p in error.problems()) or error.text(), "error")
    elif text:
        notify(text)
    return flask.redirect(url, 303)


# ---------------------------------------------------------------- reference lists


@admin
def index() -> str:
    """Show every reference list, by module."""
    ctx = current()
    groups: dict[str, list[ListCard]] = {}
    for definition in ctx.registry.lists.values():
        found = ctx.directory.entries(definition.key)
        plugin = ctx.registry.plugins.get(definition.plugin)
        heading = gettext(plugin.title) if plugin is not None else gettext(N_("General"))
        card = ListCard(definition, gettext(definition.label), len(found), sum(e.active for e in found))
        groups.setdefault(heading, []).append(card)
    return flask.render_template("settings/lists.html", groups=groups)


@admin
def one(key: str) -> str:
    """Show one list with its entries."""
    ctx = current()
    definition = lists.definition_of(ctx, key)
    return flask.render_template(
        "settings/list.html",
        definition=definition,
        entries=ctx.directory.entries(key),
        roles=dict(definition.roles),
        colours=COLOURS,
        extra=_controls(ctx, _required(definition), {}),
    )


def _required(definition: ListDef) -> tuple[FieldDef, ...]:
    return tuple(f for f in definition.extra if f.required)


@admin
def add(key: str) -> Answer:
    """Add an entry at the end."""
    ctx, label = current(), flask.request.form.get("label", "")
    colour = flask.request.form.get("colour", "")
    try:
        with ctx.session.begin_nested():
            values = read_posted(_required(lists.definition_of(ctx, key)), flask.request.form)
            lists.add_entry(ctx, key, label, **values, **({"colour": colour} if colour else {}))
    except CrmError as error:
        if isinstance(error, NotFound):
            raise
        return done(f"/settings/lists/{key}", error)
    return done(f"/settings/lists/{key}", None, gettext(N_("“%(name)s” is in the list"), name=label.strip()))


@admin
def order(key: str) -> Answer:
    """Put the entries in the order of a drag or of the keyboard (KN-23)."""
    ids = [int(v) for v in flask.request.form.getlist("ids") if v.isascii() and v.isdigit()]
    lists.reorder(current(), key, ids)
    if flask.request.headers.get("X-Requested-With"):
        return "", 204
    return flask.redirect(f"/settings/lists/{key}", 303)


def _entry(ctx: Ctx, key: str, number: int) -> tuple[ListDef, ListEntryView]:
    definition, found = lists.definition_of(ctx, key), ctx.directory.entry_by_id(number)
    if found is None or found.list != key or found.merged_into:
        raise NotFound(N_("There is no such entry"))
    return definition, found


@admin
def entry(key: str, number: int) -> str:
    """Show the form of an entry."""
    ctx = current()
    definition, found = _entry(ctx, key, number)
    used = lists.usage(ctx, found)
    return flask.render_template(
        "settings/entry.html",
        layout=layout(),
        definition=definition,
        entry=found,
        languages=LANGUAGES,
        colours=COLOURS,
        marks=MARKS,
        used=sum(used.values()),
        extra=_controls(ctx, definition.extra, found.values),
        others=[e for e in ctx.directory.entries(key) if e.id != number],
    )


def layout() -> str:
    """Return what a form stands in: a dialog, or a page of its own."""
    return "ui/dialog.html" if is_fragment() else "ui/question.html"


def _controls(ctx: Ctx, extra: tuple[FieldDef, ...], values: Mapping[str, Any]) -> list[Control]:
    """Return the controls of the values a list declares beside the label."""
    return [
        control(ctx, f, to_raw(f.type, f.type.load(values.get(f.key)), ctx), lambda e, i: link_titles(ctx, e, i))
        for f in extra
    ]


@admin
def change(key: str, number: int) -> Answer:
    """Change, deactivate, activate or remove an entry."""
    ctx, form = current(), flask.request.form
    definition, found = _entry(ctx, key, number)
    do, text = form.get("do", "save"), gettext(N_("“%(name)s” is saved"), name=found.title())
    try:
        with ctx.session.begin_nested():
            if do == "remove":
                lists.remove_entry(ctx, number)
                text = gettext(N_("“%(name)s” is removed"), name=found.title())
            elif do in ("off", "on"):
                lists.update_entry(ctx, number, active=do == "on")
            else:
                lists.update_entry(ctx, number, **_posted(definition))
    except CrmError as error:
        return done(f"/settings/lists/{key}", error)
    return done(f"/settings/lists/{key}#entry-{number}", None, text)


def _posted(definition: ListDef) -> dict[str, Any]:
    """Return the changes a form asks for."""
    form = flask.request.form
    found: dict[str, Any] = {
        "label": {code: form.get(f"label.{code}", "") for code in LANGUAGES if f"label.{code}" in form}
    }
    for name in ("colour", "icon", "role", "parent"):
        if name in form:
            found[name] = form[name]
    return {**found, **read_posted(definition.extra, form)}


# ---------------------------------------------------------------- merging


@admin
def ask_merge(key: str, number: int) -> Answer:
    """Ask which entry this one becomes, and show what that changes."""
    into = flask.request.args.get("into", "")
    return _merge_page(key, number, int(into) if into.isascii() and into.isdigit() and len(into) < 16 else None)


def _merge_page(key: str, number: int, into: int | None) -> Answer:
    ctx, plan, problem = current(), None, None
    definition, found = _entry(ctx, key, number)
    try:
        plan = list_merging.plan(ctx, number, into) if into is not None else None
    except CrmError as error:
        problem = error
    page = flask.render_template(
        "settings/entry_merge.html",
        definition=definition,
        entry=found,
        others=[e for e in ctx.directory.entries(key) if e.id != number],
        into=into,
        plan=plan,
        named=stored_filters.in_words(plan.named) if plan is not None else (),
        problem=problem,
        kinds={k: gettext(e.plural) for k, e in ctx.registry.entities.items()},
    )
    return page, problem.status if problem is not None else 200


@admin
def merge(key: str, number: int) -> Answer:
    """Make the entry another."""
    ctx, target = current(), flask.request.form.get("into", 0, int)
    _entry(ctx, key, number)
    try:
        with ctx.session.begin_nested():
            found = list_merging.merge(ctx, number, target)
    except CrmError as error:
        return done(f"/settings/lists/{key}/{number}/merge?into={target}", error)
    text = gettext(N_("“%(old)s” became “%(new)s” in %(n)s records"), old=found.source.title(),
                   new=found.target.title(), n=found.records)  # fmt: skip
    notify(text, url=f"/profile/changes/batch/{found.batch_id}", label=gettext(N_("Undo…")))
    return flask.redirect(f"/settings/lists/{key}#entry-{target}", 303)
