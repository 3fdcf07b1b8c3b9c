"""Pages of its own: the list of notices, the bell that asks again and again, and what one chooses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flask

from crm_core.api import (
    N_,
    BadRequest,
    BlueprintDef,
    Ctx,
    Invalid,
    current_language,
    operation,
    render,
    signed_in,
)
from crm_notifications import channels, notices, preferences

Answer = flask.typing.ResponseReturnValue
ID = "<int(max=9007199254740991):number>"
_MOST_ID = 2**53 - 1
SHOWN = 50


def blueprint() -> flask.Blueprint:
    """Return the pages; a new blueprint each time, because the application is made anew."""
    pages = flask.Blueprint("notifications", __name__, template_folder="templates")
    pages.add_url_rule("", "listing", listing)
    pages.add_url_rule("/bell", "bell", bell)
    pages.add_url_rule(f"/{ID}/read", "read", read, methods=["POST"])
    pages.add_url_rule("/read", "read_all", read_all, methods=["POST"])
    pages.add_url_rule("/preferences", "chosen", chosen)
    pages.add_url_rule("/preferences", "choose", choose, methods=["POST"])
    return pages


@signed_in
def listing() -> str:
    """Show the person's notices, the newest first."""
    ctx, args = operation(), flask.request.args
    unread = args.get("unread") == "1"
    rows, older = notices.listed(ctx, SHOWN, _number(args.get("before"), "before"), unread=unread)
    count, newest = notices.summary(ctx)
    labels = {row.kind: preferences.kind_label(ctx, row.kind) for row in rows}
    return render(
        "notifications/list.html", rows=rows, older=older, unread=unread, count=count, newest=newest, labels=labels
    )  # fmt: skip


def _number(text: str | None, name: str) -> int | None:
    """Read the number of a notice.

    Raises:
        BadRequest: it is none.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise BadRequest(N_("%(name)s: give the number of a notice"), field=name, params={"name": name})
    return min(int(text), _MOST_ID)


@signed_in
def bell() -> Answer:
    """Answer the bell of the header, or 304 while nothing has changed: one indexed statement."""
    count, newest = notices.summary(operation())
    tag = f"{count}-{newest}-{current_language()}"
    if tag in flask.request.if_none_match:
        response = flask.make_response("", 304)
    else:
        response = flask.make_response(render("notifications/bell.html", count=count))
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@signed_in
def read(number: int) -> Answer:
    """Mark a notice as read."""
    notices.mark_read(operation(), number)
    return flask.redirect("/notifications", 303)


@signed_in
def read_all() -> Answer:
    """Mark all notices as read, but not those that came after the page was made."""
    notices.mark_all_read(operation(), _number(flask.request.form.get("until"), "until"))
    return flask.redirect("/notifications", 303)


@signed_in
def chosen() -> str:
    """Show what one may choose."""
    return _page(operation(), {})


@signed_in
def choose() -> Answer:
    """Keep what was chosen; what is wrong stands at its field, and what was typed stays."""
    ctx, form = operation(), flask.request.form
    ticked = set(form.getlist("tick"))
    usable = channels.usable(ctx)
    given: dict[str, Any] = {key: form.get(key, "") for key in (*preferences.TIMES, "phone") if key in form}
    given["kinds"] = {
        kind.key: {c: f"{kind.key} {c}" in ticked for c, on in usable.items() if on} for kind in channels.kinds(ctx)
    }
    try:
        preferences.update(ctx, given)
    except Invalid as error:
        return _page(ctx, given, error), 422
    return flask.redirect("/notifications/preferences?saved=1", 303)


def _page(ctx: Ctx, typed: Mapping[str, Any], error: Invalid | None = None) -> str:
    found = preferences.shown(ctx)
    for kind in found["kinds"]:
        kind["channels"] |= typed.get("kinds", {}).get(kind["key"], {})
    found |= {key: value for key, value in typed.items() if key != "kinds"}
    wrong = {p.field: p.text() for p in error.problems()} if error else {}
    return render(
        "notifications/preferences.html", found=found, labels=channels.LABELS, wrong=wrong, error=error,
        saved=flask.request.args.get("saved") == "1" and error is None,
    )  # fmt: skip


PAGES = BlueprintDef(blueprint=blueprint)
