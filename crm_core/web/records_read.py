"""Reading a record: its page, card, tabs, panels, timeline, and the comments written there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import flask
from markupsafe import Markup

from crm_core import comments, events, history, records, timeline
from crm_core.comments import CHANNELS, CommentEntry
from crm_core.context import Ctx
from crm_core.contributions import EntityDef, Panel
from crm_core.errors import BadRequest, Forbidden, Invalid, NotFound
from crm_core.fieldtypes import Date, DateTime
from crm_core.filters import Relative
from crm_core.filters.words import relative_words
from crm_core.i18n import N_, gettext
from crm_core.timeline import Activity
from crm_core.web import merging, recent, recordview
from crm_core.web.questions import fragment
from crm_core.web.request import current, is_fragment, notify
from crm_core.web.shell import ago

blueprint = flask.Blueprint("record", __name__)
ID = "<int(max=9007199254740991):record_id>"
PAGE = 30
HISTORY_PAGE = 50
FILTERS = ("all", "comments", "changes")


@blueprint.context_processor
def _globals() -> dict[str, Any]:
    return {"when": when}


def when(at: Any) -> str:
    """Return a moment of the past or the future as people say it; beyond a week the day and the hour."""
    ctx, instant = current(), timeline.instant(at)
    ahead = int((instant - ctx.now).total_seconds())
    if not isinstance(at, dt.datetime):
        return Date().show(at, ctx)
    if ahead <= 0:
        return ago(instant)
    if ahead < 24 * 3600:
        unit, size = ("h", 3600) if ahead >= 3600 else ("min", 60)
        return relative_words(Relative("now", max(1, ahead // size), unit), gettext)
    return DateTime().show(instant, ctx)


@blueprint.get(f"/<entity:definition>/{ID}")
def page(definition: EntityDef, record_id: int) -> flask.typing.ResponseReturnValue:
    """Show a record's page with one of its tabs; the page of one that was merged is that of what it became."""
    ctx = current()
    try:
        found = recordview.view(ctx, definition.key, record_id)
    except NotFound:
        if (onward := merging.follow(definition, record_id)) is None:
            raise
        return onward
    recent.looked_at(definition.key, record_id)
    events.viewed(ctx, definition.key, record_id)
    tab = flask.request.args.get("tab", "activity")
    return flask.render_template(
        "record/page.html", view=found, tab=tab, body=_tab_body(found.definition, found.record, tab)
    )


@blueprint.get(f"/<entity:definition>/{ID}/card")
def card(definition: EntityDef, record_id: int) -> str:
    """Show a record in the side panel, without leaving the page one is on (KN-05)."""
    found = recordview.view(current(), definition.key, record_id)
    events.viewed(current(), definition.key, record_id)
    return flask.render_template("record/card.html", view=found)


@blueprint.get(f"/<entity:definition>/{ID}/tabs")
def tabs(definition: EntityDef, record_id: int) -> str:
    """Answer the row of tabs with their counts, which the page does not wait for."""
    ctx = current()
    record = records.get(ctx, definition.key, record_id)
    found = list(recordview.tabs(ctx, definition, record, counted=True))
    selected = flask.request.args.get("tab", "activity")
    return flask.render_template("record/tabs.html", tabs=found, tab=selected, url=f"/{definition.slug}/{record_id}")


@blueprint.get(f"/<entity:definition>/{ID}/tab/<key>")
def tab_body(definition: EntityDef, record_id: int, key: str) -> flask.typing.ResponseReturnValue:
    """Answer the contents of one tab."""
    if not is_fragment():
        return flask.redirect(f"/{definition.slug}/{record_id}?tab={key}")
    record = records.get(current(), definition.key, record_id)
    return str(_tab_body(definition, record, key))


def _tab_body(definition: EntityDef, record: Any, key: str) -> Markup:
    ctx = current()
    if key == "activity":
        return Markup(_activity_html(definition, record))  # noqa: S704 - rendered by a template
    if key == "history":
        return Markup(_history_html(definition, record.id, None))  # noqa: S704 - rendered by a template
    found = next((t for t in recordview.plugin_tabs(ctx, definition, record) if t.key == key), None)
    if found is None:
        raise NotFound
    render = found.render
    html = _drawn(ctx, found.plugin, f"tab {key}", lambda: str(render(ctx, record)))
    return Markup(html)  # noqa: S704 - by contract a tab returns safe HTML


def _drawn(ctx: Ctx, plugin: str, where: str, render: Callable[[], str]) -> str:
    """Return a part of a page that a plugin draws, or what tells that it failed or says no."""

    def refused(error: Forbidden) -> str:
        return flask.render_template("record/refused.html", error=error)

    html = recordview.guarded(ctx, plugin, where, render, None, refused)
    return flask.render_template("record/failed.html", plugin=plugin) if html is None else html


@blueprint.get(f"/<entity:definition>/{ID}/panel/<key>")
def panel(definition: EntityDef, record_id: int, key: str) -> str:
    """Answer one box beside the record."""
    ctx = current()
    record = records.get(ctx, definition.key, record_id)
    found = next((p for p in ctx.registry.of(Panel) if p.entity == definition.key and p.key == key), None)
    if found is None:
        raise NotFound
    render, plugin = found.render, found.plugin
    return _drawn(ctx, plugin, f"panel {key}", lambda: str(render(ctx, record)))


# ---------------------------------------------------------------- timeline and history


@blueprint.get(f"/<entity:definition>/{ID}/timeline")
def more_activity(definition: EntityDef, record_id: int) -> str:
    """Answer the next page of the timeline."""
    record = records.get(current(), definition.key, record_id)
    args = flask.request.args
    if "before" not in args:
        return _activity_html(definition, record)
    found = _activity(definition, record, _moment(args["before"]))
    return flask.render_template(
        "record/timeline_more.html", **_timeline_values(definition, record, found), after=args.get("after", "")
    )


def _moment(text: str) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
        found = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
        return found.astimezone(dt.UTC)
    except (ValueError, OverflowError) as exc:
        raise BadRequest(N_("This page marker can't be read"), field="before") from exc


def _only() -> str:
    wanted = flask.request.values.get("only", "all")
    return wanted if wanted in FILTERS else "all"


def _activity(definition: EntityDef, record: Any, before: dt.datetime | None) -> Activity:
    return timeline.activity(current(), definition.key, record, before, PAGE, only=_only())


def _timeline_values(definition: EntityDef, record: Any, found: Activity) -> dict[str, Any]:
    return {
        "activity": found,
        "url": f"/{definition.slug}/{record.id}",
        "only": _only(),
        "definition": definition,
    }


def _activity_html(
    definition: EntityDef, record: Any, typed: tuple[str, str] = ("", ""), error: Invalid | None = None
) -> str:
    ctx = current()
    found = _activity(definition, record, None)
    return flask.render_template(
        "record/activity.html",
        **_timeline_values(definition, record, found),
        channels=[e for e in ctx.directory.entries(CHANNELS) if e.active],
        body=typed[0],
        channel=typed[1],
        error=error,
        writable=definition.comments and (ctx.actor.scopes is None or "write" in ctx.actor.scopes),
    )


@blueprint.get(f"/<entity:definition>/{ID}/history")
def more_history(definition: EntityDef, record_id: int) -> str:
    """Answer the next page of the history."""
    before = flask.request.args.get("before", type=int)
    if before is not None and not 0 < before < 2**63:
        raise BadRequest(N_("This page marker can't be read"), field="before")
    return _history_html(definition, record_id, before)


def _history_html(definition: EntityDef, record_id: int, before: int | None) -> str:
    found = history.entries(current(), definition.key, record_id, before, HISTORY_PAGE + 1)
    more = found[HISTORY_PAGE - 1].id if len(found) > HISTORY_PAGE else None
    return flask.render_template(
        "record/history.html",
        entries=found[:HISTORY_PAGE],
        more=more,
        first=before is None,
        url=f"/{definition.slug}/{record_id}",
    )


# ---------------------------------------------------------------- comments


@blueprint.get(f"/<entity:definition>/{ID}/comments")
def all_comments(definition: EntityDef, record_id: int) -> flask.typing.ResponseReturnValue:
    """Show all comments of a record, whoever wrote them (CT-27)."""
    return flask.redirect(f"/{definition.slug}/{record_id}?only=comments")


@blueprint.post(f"/<entity:definition>/{ID}/comments")
def add_comment(definition: EntityDef, record_id: int) -> flask.typing.ResponseReturnValue:
    """Write a comment (CT-26)."""
    ctx, form = current(), flask.request.form
    body, channel = form.get("body", ""), form.get("channel", "")
    try:
        comments.add(ctx, definition.key, record_id, body, channel)
    except Invalid as error:
        return _refused_comment(definition, record_id, (body, channel), error)
    if is_fragment():
        return _activity_html(definition, records.get(ctx, definition.key, record_id))
    return flask.redirect(f"/{definition.slug}/{record_id}", 303)


def _refused_comment(definition: EntityDef, record_id: int, typed: tuple[str, str], error: Invalid) -> flask.Response:
    if is_fragment():
        record = records.get(current(), definition.key, record_id)
        return fragment(_activity_html(definition, record, typed, error), 422)
    found = recordview.view(current(), definition.key, record_id)
    body = Markup(_activity_html(definition, found.record, typed, error))  # noqa: S704 - rendered by a template
    return flask.make_response(flask.render_template("record/page.html", view=found, tab="activity", body=body), 422)


COMMENT = f"/<entity:definition>/{ID}/comments/<int(max=9007199254740991):comment_id>"


@blueprint.get(COMMENT)
def one_comment(definition: EntityDef, record_id: int, comment_id: int) -> str:
    """Answer one comment, to read it or to change it."""
    entry = comments.get(current(), definition.key, record_id, comment_id)
    return _comment_html(definition, record_id, entry, edit=bool(flask.request.args.get("edit")))


@blueprint.post(COMMENT)
def edit_comment(definition: EntityDef, record_id: int, comment_id: int) -> flask.typing.ResponseReturnValue:
    """Change a comment of one's own."""
    form = flask.request.form
    body, channel = form.get("body", ""), form.get("channel")
    try:
        entry = comments.edit(current(), definition.key, record_id, comment_id, body, channel)
    except Invalid as error:
        entry = comments.get(current(), definition.key, record_id, comment_id)
        html = _comment_html(definition, record_id, entry, edit=True, error=error, typed=body)
        return fragment(html, 422)
    if not is_fragment():
        return flask.redirect(f"/{definition.slug}/{record_id}", 303)
    return _comment_html(definition, record_id, entry)


@blueprint.post(f"{COMMENT}/delete")
def remove_comment(definition: EntityDef, record_id: int, comment_id: int) -> flask.typing.ResponseReturnValue:
    """Remove a comment of one's own."""
    comments.remove(current(), definition.key, record_id, comment_id)
    notify(gettext(N_("The comment was removed")))
    if is_fragment():
        return ""
    return flask.redirect(f"/{definition.slug}/{record_id}", 303)


def _comment_html(
    definition: EntityDef,
    record_id: int,
    entry: CommentEntry,
    *,
    edit: bool = False,
    error: Invalid | None = None,
    typed: str | None = None,
) -> str:
    return flask.render_template(
        "record/comment.html",
        entry=entry,
        edit=edit and entry.editable,
        error=error,
        body=entry.body if typed is None else typed,
        channels=[e for e in current().directory.entries(CHANNELS) if e.active or e.code == entry.channel],
        url=f"/{definition.slug}/{record_id}",
    )
