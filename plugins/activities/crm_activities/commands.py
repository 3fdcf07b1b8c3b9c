"""``crm activities``: what is due, the calendar, who is free, a repetition; the rest is ``crm record … events``."""

from __future__ import annotations

import json

import click

from crm_activities import availability, calendar, notices, series, today
from crm_activities.fields import Rule
from crm_activities.names import EVENT
from crm_core.api import CliGroup, DateTime, cli_operation, records

_as = click.option("--as", "email", metavar="EMAIL", required=True, help="Act as this user.")
_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")
_from = click.option("--from", "start", required=True, help="From this day or moment on.")
_to = click.option("--to", "end", required=True, help="Until this day or moment, without it.")


@click.group()
def activities() -> None:
    """Tasks, follow-ups and events."""


@activities.command("today")
@_as
@_json
def due(email: str, as_json: bool) -> None:
    """Show what is overdue or due today."""
    with cli_operation(email, write=False) as ctx:
        items = today.queue(ctx)
    if as_json:
        click.echo(json.dumps([{"record": i.record, "title": i.title, "at": DateTime().dump(i.at)} for i in items]))
        return
    for item in items:
        click.echo(f"{item.when}  {item.kind}: {item.title}  ({item.record})")


@activities.command("do")
@click.argument("record")
@click.argument("verb", type=click.Choice(["done", "postpone", "reopen", "cancel"]))
@_as
def act(record: str, verb: str, email: str) -> None:
    """Do a line of the queue: RECORD is such as activities.task:5."""
    with cli_operation(email) as ctx:
        today.act(ctx, record, verb)


@activities.command("calendar")
@_from
@_to
@click.option("--person", "people", multiple=True, type=int, help="Only this user's; may be given several times.")
@_as
@_json
def show(start: str, end: str, people: tuple[int, ...], email: str, as_json: bool) -> None:
    """Show the events between two days."""
    with cli_operation(email, write=False) as ctx:
        first, last = calendar.between(ctx, start, end)
        found = calendar.feed(ctx, first, last, people=people)
    if as_json:
        click.echo(json.dumps(found))
        return
    for event in found:
        click.echo(f"{event['start']}  {event['title']}  {event['person']}")


@activities.command("free")
@_from
@_to
@click.option("--person", "people", multiple=True, type=int, help="A user's number.")
@click.option("--resource", "resources", multiple=True, type=int, help="A resource's number.")
@_as
@_json
def free(start: str, end: str, people: tuple[int, ...], resources: tuple[int, ...], email: str, as_json: bool) -> None:
    """Show when people and resources are taken."""
    with cli_operation(email, write=False) as ctx:
        first, last = calendar.between(ctx, start, end)
        found = availability.availability(ctx, people, resources, first, last)
    if as_json:
        rows = [{"kind": f.kind, "id": f.id, "name": f.name, "busy": availability.spans(f.busy)} for f in found]
        click.echo(json.dumps(rows))
        return
    for one in found:
        times = ", ".join(f"{s['starts_at']}/{s['ends_at']}" for s in availability.spans(one.busy))
        click.echo(f"{one.name}: {times or '-'}")


@activities.command("repeat")
@click.argument("event_id", metavar="ID", type=int)
@click.argument("rule")
@_as
def repeat(event_id: int, rule: str, email: str) -> None:
    """Repeat event ID by RULE, as in RFC 5545: FREQ=WEEKLY;BYDAY=MO;COUNT=5."""
    with cli_operation(email) as ctx:
        records.update(ctx, EVENT, event_id, {"recurrence": rule, "apply_to": "following"})
        sentence = Rule().show(Rule().parse(rule, ctx), ctx)
    click.echo(sentence)


@activities.command("delete")
@click.argument("event_id", metavar="ID", type=int)
@click.option("--scope", type=click.Choice(["this", "following", "all"]), default="this", help="What of its series.")
@_as
def delete(event_id: int, scope: str, email: str) -> None:
    """Delete event ID, with those after it or all of its series."""
    with cli_operation(email) as ctx:
        count = series.delete(ctx, records.get(ctx, EVENT, event_id), scope)
    click.echo(count)


@activities.command("notices")
@click.option("--read", "mark", is_flag=True, help="Mark them as read.")
@_as
@_json
def told(mark: bool, email: str, as_json: bool) -> None:
    """Show the notices that wait to be read."""
    with cli_operation(email, write=mark) as ctx:
        found = [{"id": n.id, "subject": n.subject} for n in notices.unread(ctx, 500)]
        if mark:
            notices.mark_read(ctx)
    click.echo(json.dumps(found) if as_json else "\n".join(str(n["subject"]) for n in found))


GROUP = CliGroup(command=lambda: activities)
