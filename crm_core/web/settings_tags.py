"""Tags as administrators keep them in order: found, renamed, coloured, merged, deleted (KN-16, KN-17, KN-18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask

from crm_core import stored_filters, tag_merging, tags
from crm_core.errors import Conflict, CrmError, NotFound
from crm_core.i18n import N_, gettext
from crm_core.text import fold
from crm_core.web.palette import COLOURS
from crm_core.web.request import admin, current, notify
from crm_core.web.settings_lists import ID, Answer, done, layout

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.directory import TagEntry

PAGE = 100
URL = "/settings/tags"


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule(URL, "tags", all_tags)
    app.add_url_rule(URL, "tags.add", add_tag, methods=["POST"])
    app.add_url_rule(f"{URL}/merge", "tags.ask_merge", ask_merge)
    app.add_url_rule(f"{URL}/merge", "tags.merge", merge_tags, methods=["POST"])
    app.add_url_rule(f"{URL}/{ID}", "tags.one", one_tag)
    app.add_url_rule(f"{URL}/{ID}", "tags.change", change_tag, methods=["POST"])


@admin
def all_tags() -> str:
    """Show the tags whose name holds what is looked for, a page at a time, with how many records carry each."""
    ctx, text, number = current(), flask.request.args.get("q", ""), flask.request.args.get("page", 1, int)
    found = [t for t in ctx.directory.tags() if fold(text) in fold(t.name)]
    last = max(1, -(-len(found) // PAGE))
    number = min(max(1, number), last)
    shown = found[(number - 1) * PAGE : number * PAGE]
    return flask.render_template(
        "settings/tags.html",
        tags=shown,
        total=len(found),
        page=number,
        last=last,
        q=text,
        every=bool(ctx.directory.tags_by_id),
        counts=tags.counts(ctx, [t.id for t in shown]),
        colours=COLOURS,
    )


@admin
def add_tag() -> Answer:
    """Make a tag."""
    form, ctx = flask.request.form, current()
    try:
        with ctx.session.begin_nested():
            made = tags.create(ctx, form.get("name", ""), form.get("colour", ""))
    except CrmError as error:
        return done(URL, error)
    return done(URL, None, gettext(N_("There is a tag “%(name)s” now"), name=made.name))


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
    plan = tags.plan(ctx, [number])
    named = stored_filters.in_words(plan.named)
    return flask.render_template(
        "settings/tag.html", layout=layout(), tag=found, plan=plan, named=named, colours=COLOURS
    )  # fmt: skip


@admin
def change_tag(number: int) -> Answer:
    """Rename, recolour or delete a tag; every record follows (KN-18). A name another tag has leads to merging."""
    ctx, form = current(), flask.request.form
    found = _tag(ctx, number)
    try:
        with ctx.session.begin_nested():
            if form.get("do") == "delete":
                gone = tag_merging.delete(ctx, number)
                text = gettext(N_("The tag “%(name)s” is deleted"), name=found.name)
            else:
                gone = None
                tags.update(ctx, number, name=form.get("name", ""), colour=form.get("colour", ""))
                text = gettext(N_("The tag “%(name)s” is saved"), name=form.get("name", ""))
    except CrmError as error:
        other = ctx.directory.tag_by_name(form.get("name", "")) if isinstance(error, Conflict) else None
        return done(f"{URL}/merge?ids={number}&target={other.id}" if other is not None else URL, error)
    return _undoable(text, gone)


def _undoable(text: str, gone: tag_merging.Done | None) -> Answer:
    """Say what was done, with the way back where tags went."""
    if gone is None or gone.batch_id is None:
        return done(URL, None, text)
    notify(text, url=f"/profile/changes/batch/{gone.batch_id}", label=gettext(N_("Undo…")))
    return flask.redirect(URL, 303)


@admin
def ask_merge() -> str:
    """Show what merging tags would change: the ticked ones, into one by number or by name."""
    ctx, args = current(), flask.request.args
    ids = [number for number in _numbers(args.getlist("ids")) if ctx.directory.tag(number) is not None]
    name = args.get("into", "").strip()
    target = ctx.directory.tag_by_name(name) if name else ctx.directory.tag(args.get("target", 0, int))
    sources = [_tag(ctx, number) for number in dict.fromkeys(ids) if target is None or number != target.id]
    plan = tags.plan(ctx, [t.id for t in sources]) if sources and target is not None else None
    named = stored_filters.in_words(plan.named) if plan is not None else ()
    return flask.render_template(
        "settings/tags_merge.html", sources=sources, target=target, plan=plan, named=named, name=name
    )  # fmt: skip


def _numbers(texts: list[str]) -> list[int]:
    return [int(v) for v in texts if v.isascii() and v.isdigit() and len(v) < 16]


@admin
def merge_tags() -> Answer:
    """Give the records of some tags another tag, and remove those."""
    ctx, form = current(), flask.request.form
    target = _tag(ctx, form.get("target", 0, int))
    try:
        with ctx.session.begin_nested():
            gone = tag_merging.merge(ctx, _numbers(form.getlist("ids")), target.id)
    except CrmError as error:
        return done(URL, error)
    return _undoable(gettext(N_("Merged into “%(name)s”"), name=target.name), gone)
