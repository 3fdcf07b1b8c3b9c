"""Pages of its own: the list of follow-ups by period, one line of a queue done, notices seen."""

from __future__ import annotations

from collections.abc import Mapping

import flask

from crm_activities import notices, today
from crm_activities.names import FOLLOW_UP
from crm_core.api import (
    N_,
    BadRequest,
    BlueprintDef,
    Cond,
    ListQuery,
    access,
    and_,
    operation,
    parse_filter,
    records,
    render,
    signed_in,
)

Answer = flask.typing.ResponseReturnValue
ID = "<int(max=9007199254740991):number>"
PERIODS: Mapping[str, str] = {
    "today": N_("Today"), "overdue": N_("Overdue"), "tomorrow": N_("Tomorrow"), "week": N_("This week"),
    "next_week": N_("Next week"), "month": N_("This month"), "next_month": N_("Next month"),
    "quarter": N_("This quarter"), "year": N_("This year"), "all": N_("All"),
}  # fmt: skip
FILTERS: Mapping[str, str] = {
    "today": "due_on = today", "overdue": "due_on < today", "tomorrow": "due_on = tomorrow",
    "week": "due_on = this_week", "next_week": "due_on = next_week", "month": "due_on = this_month",
    "next_month": "due_on = next_month", "quarter": "due_on = this_quarter", "year": "due_on = this_year",
}  # fmt: skip
SHOWN = 500


def blueprint() -> flask.Blueprint:
    """Return the pages; a new blueprint each time, because the application is made anew."""
    pages = flask.Blueprint("activities", __name__, template_folder="templates")
    pages.add_url_rule("/follow-ups", "follow_ups", follow_ups)
    pages.add_url_rule(f"/follow-ups/{ID}/delete", "drop", drop, methods=["POST"])
    pages.add_url_rule("/queue", "queue", queue, methods=["POST"])
    pages.add_url_rule(f"/notices/{ID}/read", "seen", seen, methods=["POST"])
    return pages


@signed_in
def follow_ups() -> str:
    """Show the follow-ups of a period with their contacts (AC-29 to AC-32)."""
    ctx, args = operation(), flask.request.args
    access.require(ctx, FOLLOW_UP, "read")
    period, whose = args.get("period", "today"), args.get("whose", "mine")
    if period not in PERIODS:
        raise BadRequest(N_("There is no such period"), field="period")
    wanted = [Cond("done", "=", False)]
    found = and_(
        *wanted, parse_filter(FILTERS[period]) if period in FILTERS else None,
        today.of_my_contacts() if whose != "all" else None,
    )  # fmt: skip
    fields = ("due_on", "contact", "done", "remind_at")
    page = records.list_(ctx, FOLLOW_UP, ListQuery(
        fields=fields, filter=found, sort=(("due_on", False),), limit=SHOWN, count=False, editable=True,
    ))  # fmt: skip
    return render(
        "activities/period.html", rows=page.items, more=page.next, periods=PERIODS, period=period, whose=whose,
        fields=ctx.registry.fields(FOLLOW_UP), here=f"/activities/follow-ups?period={period}&whose={whose}",
    )  # fmt: skip


@signed_in
def drop(number: int) -> Answer:
    """Delete a follow-up (AC-23)."""
    records.delete(operation(), FOLLOW_UP, number)
    return flask.redirect(_next(), 303)


@signed_in
def queue() -> Answer:
    """Do one line of a queue."""
    form = flask.request.form
    today.act(operation(), form.get("record", ""), form.get("do", ""))
    return flask.redirect(_next(), 303)


@signed_in
def seen(number: int) -> Answer:
    """Mark a notice as read."""
    notices.mark_read(operation(), number)
    return flask.redirect("/", 303)


def _next() -> str:
    """Return where to go on: a path of this site, the home page for anything else."""
    path = flask.request.form.get("next", "/")
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


PAGES = BlueprintDef(blueprint=blueprint)
