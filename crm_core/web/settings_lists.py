"""Reference lists and tags as administrators change them (KN-18, KN-22, KN-23, CT-04, CT-23, CT-46)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import flask

from crm_core import lists, tags
from crm_core.contributions import FieldDef, ListDef
from crm_core.directory import ListEntryView, TagEntry
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
    app.add_url_rule("/settings/tags", "tags", all_tags)
    app.add_url_rule("/settings/tags", "tags.add", add_tag, methods=["POST"])
    app.add_url_rule("/settings/tags/merge", "tags.merge", merge_tags, methods=["POST"])
    app.add_url_rule(f"/settings/tags/{ID}", "tags.one", one_tag)
    app.add_url_rule(f"/settings/tags/{ID}", "tags.change", change_tag, methods=["POST"])


def _done(url: str, error: CrmError | None, text: str = "") -> Answer:
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
    )


@admin
def add(key: str) -> Answer:
    """Add an entry at the end."""
    ctx, label = current(), flask.request.form.get("label", "")
    colour = flask.request.form.get("colour", "")
    try:
        with ctx.session.begin_nested():
            lists.add_entry(ctx, key, label, **({"colour": colour} if colour else {}))
    except CrmError as error:
        if isinstance(error, NotFound):
            raise
        return _done(f"/settings/lists/{key}", error)
    return _done(f"/settings/lists/{key}", None, gettext(N_("“%(name)s” is in the list"), name=label.strip()))


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
    if found is None or found.list != key:
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
        layout=_layout(),
        definition=definition,
        entry=found,
        languages=LANGUAGES,
        colours=COLOURS,
        marks=MARKS,
        used=sum(used.values()),
        extra=_controls(ctx, definition.extra, found.values),
        others=[e for e in ctx.directory.entries(key) if e.id != number],
    )


def _layout() -> str:
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
        return _done(f"/settings/lists/{key}", error)
    return _done(f"/settings/lists/{key}#entry-{number}", None, text)


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


# ---------------------------------------------------------------- tags


@admin
def all_tags() -> str:
    """Show every tag with how many records carry it."""
    ctx = current()
    found = ctx.directory.tags()
    return flask.render_template("settings/tags.html", tags=found, counts=tags.counts(ctx), colours=COLOURS)


@admin
def add_tag() -> Answer:
    """Make a tag."""
    form, ctx = flask.request.form, current()
    try:
        with ctx.session.begin_nested():
            made = tags.create(ctx, form.get("name", ""), form.get("colour", ""))
    except CrmError as error:
        return _done("/settings/tags", error)
    return _done("/settings/tags", None, gettext(N_("There is a tag “%(name)s” now"), name=made.name))


def _tag(ctx: Ctx, number: int) -> TagEntry:
    found = ctx.directory.tag(number)
    if found is None:
        raise NotFound(N_("There is no such tag"))
    return found


@admin
def one_tag(number: int) -> str:
    """Show the form of a tag."""
    ctx = current()
    found = _tag(ctx, number)
    used = sum(tags.usage(ctx, number).values())
    others = [t for t in ctx.directory.tags() if t.id != number]
    return flask.render_template(
        "settings/tag.html", layout=_layout(), tag=found, used=used, colours=COLOURS, others=others
    )


@admin
def change_tag(number: int) -> Answer:
    """Rename, recolour or delete a tag; every record follows (KN-18)."""
    ctx, form = current(), flask.request.form
    found = _tag(ctx, number)
    try:
        with ctx.session.begin_nested():
            if form.get("do") == "delete":
                tags.delete(ctx, number)
                text = gettext(N_("The tag “%(name)s” is deleted"), name=found.name)
            else:
                tags.update(ctx, number, name=form.get("name", ""), colour=form.get("colour", ""))
                text = gettext(N_("The tag “%(name)s” is saved"), name=form.get("name", ""))
    except CrmError as error:
        return _done("/settings/tags", error)
    return _done("/settings/tags", None, text)


@admin
def merge_tags() -> Answer:
    """Give the records of some tags another tag, and remove those."""
    ctx, form = current(), flask.request.form
    sources = [int(v) for v in form.getlist("ids") if v.isascii() and v.isdigit()]
    target = _tag(ctx, form.get("target", 0, int))
    try:
        with ctx.session.begin_nested():
            tags.merge(ctx, sources, target.id)
    except CrmError as error:
        return _done("/settings/tags", error)
    return _done("/settings/tags", None, gettext(N_("Merged into “%(name)s”"), name=target.name))
