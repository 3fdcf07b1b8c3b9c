"""The calendar page: month, week, day, agenda, timeline; its events as data, and what dragging changes."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import flask

from crm_activities import availability, calendar
from crm_activities.names import EVENT
from crm_activities.tones import today
from crm_core.api import (
    N_,
    BadRequest,
    BlueprintDef,
    CrmError,
    Ctx,
    DateTime,
    Stale,
    access,
    gettext,
    listed,
    operation,
    records,
    render,
    signed_in,
)

Answer = flask.typing.ResponseReturnValue
LOOKS: Mapping[str, str] = {
    "month": N_("Month"), "week": N_("Week"), "day": N_("Day"), "agenda": N_("Agenda"), "timeline": N_("Timeline"),
}  # fmt: skip
_KEPT = ("filter", "q", "view", "whose")


@dataclass(frozen=True)
class Range:
    """What a page of the calendar covers: from a day up to, but without, another; and the pages beside it."""

    look: str
    day: dt.date
    start: dt.date
    end: dt.date
    before: dt.date
    after: dt.date


def range_of(look: str, day: dt.date) -> Range:
    """Return what a look shows around a day; weeks begin on Monday (ISO 8601)."""
    if look in ("month", "agenda"):
        first = day.replace(day=1)
        after = (first + dt.timedelta(days=32)).replace(day=1)
        return Range(look, day, first, after, (first - dt.timedelta(days=1)).replace(day=1), after)
    if look == "day":
        one = dt.timedelta(days=1)
        return Range(look, day, day, day + one, day - one, day + one)
    monday, week = day - dt.timedelta(days=day.weekday()), dt.timedelta(days=7)
    return Range(look, day, monday, monday + week, day - week, day + week)


def blueprint() -> flask.Blueprint:
    """Return the pages; a new blueprint each time, because the application is made anew."""
    pages = flask.Blueprint("activities_calendar", __name__, template_folder="templates")
    pages.add_url_rule("/calendar", "page", page)
    pages.add_url_rule("/calendar/feed", "feed", feed)
    pages.add_url_rule("/calendar/move", "move", move, methods=["POST"])
    return pages


@signed_in
def page() -> str:
    """Show the calendar; without scripts, and on phones, the same events as a list."""
    ctx, args = operation(), flask.request.args
    access.require(ctx, EVENT, "read")
    look = args.get("look", "month")
    if look not in LOOKS:
        raise BadRequest(N_("There is no such look"), field="look")
    shown = range_of(look, _day(ctx, args.get("day", "")))
    kept = {k: args[k] for k in _KEPT if args.get(k)}
    found = _events(ctx, args, shown.start.isoformat(), shown.end.isoformat())
    users = [u for u in ctx.directory.users() if u.active][: availability.MOST]
    whose = _whose(ctx, args)
    return render(
        "activities/calendar.html", shown=shown, looks=LOOKS, days=_by_day(ctx, found), users=users, whose=whose,
        kept=kept,
        chosen="look" in args, title=_title(ctx, shown), today=today(ctx),
        url=lambda **more: "/events/calendar?" + urlencode({**kept, "look": look, **more}),
        feed="/events/calendar/feed?" + urlencode(kept),
        resources=json.dumps([{"id": u.id, "title": u.name} for u in users if not whose or u.id in whose]),
        new=access.may(ctx, EVENT, "create"), filtered=kept.get("filter", ""),
    )  # fmt: skip


def _title(ctx: Ctx, shown: Range) -> str:
    from babel.dates import format_date

    language = ctx.locale.language
    if shown.look in ("month", "agenda"):
        return str(format_date(shown.start, "LLLL yyyy", locale=language)).capitalize()
    first = str(format_date(shown.start, "long", locale=language))
    if shown.look == "day":
        return first
    return f"{first} – {format_date(shown.end - dt.timedelta(days=1), 'long', locale=language)}"


def _day(ctx: Ctx, text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text) if text else today(ctx)
    except ValueError as error:
        raise BadRequest(N_("%(name)s: give a day, such as 2026-12-31"), field="day", params={"name": "day"}) from error


def _whose(ctx: Ctx, args: Mapping[str, str]) -> list[int]:
    """Return whose events are asked for: everybody's (nothing), one's own, or one person's."""
    text = args.get("whose", "")
    if text == "me":
        return [ctx.actor.id] if ctx.actor.id is not None else []
    return [int(text)] if text.isascii() and text.isdigit() and len(text) < 16 else []


def _events(ctx: Ctx, args: Any, start: str, end: str) -> list[dict[str, Any]]:
    first, last = calendar.between(ctx, start, end)
    asked = listed(ctx, EVENT, args) if any(args.get(k) for k in ("filter", "view", "q")) else None
    return calendar.feed(
        ctx, first, last, node=asked.filter if asked else None, q=asked.q if asked else "", people=_whose(ctx, args)
    )


def _by_day(ctx: Ctx, found: list[dict[str, Any]]) -> list[tuple[dt.date, list[dict[str, Any]]]]:
    """Return the events by the day they begin on where the person is, with their clock."""
    for event in found:
        local = dt.datetime.fromisoformat(event["start"]).astimezone(ctx.locale.zone)
        event["day"], event["clock"] = local.date(), "" if event["all_day"] else f"{local:%H:%M}"
    return [(day, list(events)) for day, events in itertools.groupby(found, key=lambda e: e["day"])]


@signed_in
def feed() -> Answer:
    """Answer the events of a time as the calendar takes them: moments on the person's wall."""
    ctx, args = operation(), flask.request.args
    access.require(ctx, EVENT, "read")
    month = range_of("month", today(ctx))
    start, end = args.get("from") or month.start.isoformat(), args.get("to") or month.end.isoformat()
    found = _events(ctx, args, start, end)
    return {"items": [_drawn(ctx, number, event) for number, event in enumerate(found)]}


def _drawn(ctx: Ctx, number: int, event: dict[str, Any]) -> dict[str, Any]:
    start, end = (_wall(ctx, event[key]) for key in ("start", "end"))
    whole = event["all_day"]
    return {
        "id": event.get("id", f"busy-{number}"), "title": event["title"], "start": start[:10] if whole else start,
        "end": end[:10] if whole else end, "allDay": whole, "backgroundColor": event["colour"],
        "resourceIds": [event["assigned_to"]] if event["assigned_to"] else [],
        "editable": event["editable"], "startEditable": event["editable"], "durationEditable": event["editable"],
        "extendedProps": {
            "record": event.get("id"), "version": event.get("version"), "url": event.get("url", ""),
            "place": event.get("location") or "",
        },
    }  # fmt: skip


def _wall(ctx: Ctx, moment: str) -> str:
    return f"{dt.datetime.fromisoformat(moment).astimezone(ctx.locale.zone):%Y-%m-%dT%H:%M:%S}"


@signed_in
def move() -> Answer:
    """Move or stretch an event, and say who or what is then taken twice (AC-39)."""
    ctx, form = operation(), flask.request.form
    number, version = form.get("id", type=int) or 0, form.get("version", type=int)
    values = {k: form[k] for k in ("starts_at", "ends_at", "all_day", "apply_to") if form.get(k)}
    try:
        with ctx.session.begin_nested():
            event: Any = records.update(ctx, EVENT, number, values, version=version)
    except CrmError as error:
        said = " ".join(dict.fromkeys(p.text() for p in error.problems())) or error.text()
        if isinstance(error, Stale):
            said = gettext(N_("Somebody else has changed it meanwhile; load the page again"))
        return {"message": said}, error.status
    taken = availability.conflicts(ctx, event)
    when = DateTime().show(event.starts_at, ctx)
    message = gettext(N_("%(title)s: %(when)s"), title=event.subject, when=when)
    if taken:
        names = ", ".join(one.name for one in taken)
        message = gettext(N_("%(what)s. Taken twice: %(names)s"), what=message, names=names)
    return {"version": event.version, "message": message, "conflict": bool(taken)}


PAGES = BlueprintDef(blueprint=blueprint, at="events")
