"""``crm notifications``: one's notices, and what one chooses."""

from __future__ import annotations

import json
from typing import Any

import click

from crm_core.api import CliGroup, cli_operation
from crm_notifications import channels, notices, preferences

_as = click.option("--as", "email", metavar="EMAIL", required=True, help="Act as this user.")
_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


@click.group()
def notifications() -> None:
    """What people are told, and how."""


@notifications.command("list")
@click.option("--unread", is_flag=True, help="Only those that wait to be read.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many.")
@_as
@_json
def listing(unread: bool, limit: int, email: str, as_json: bool) -> None:
    """List notices, the newest first."""
    with cli_operation(email, write=False) as ctx:
        found = [
            {"id": n.id, "subject": n.subject, "record": n.record, "read": n.read}
            for n in notices.listed(ctx, limit, unread=unread)[0]
        ]
    click.echo(json.dumps(found) if as_json else "\n".join(f"{n['id']}  {n['subject']}  {n['record']}" for n in found))


@notifications.command("read")
@click.argument("notice_id", metavar="[ID]", type=int, required=False)
@_as
def read(notice_id: int | None, email: str) -> None:
    """Mark notice ID as read, or all of them."""
    with cli_operation(email) as ctx:
        if notice_id is None:
            click.echo(notices.mark_all_read(ctx))
        else:
            notices.mark_read(ctx, notice_id)


@notifications.command("preferences")
@_as
@_json
def chosen(email: str, as_json: bool) -> None:
    """Show what a person is told, and how."""
    with cli_operation(email, write=False) as ctx:
        found = preferences.shown(ctx)
    if as_json:
        click.echo(json.dumps(found))
        return
    for kind in found["kinds"]:
        click.echo(f"{kind['key']}: {' '.join(c for c, on in kind['channels'].items() if on) or '-'}")
    for key in (*preferences.TIMES, "phone"):
        click.echo(f"{key}: {found[key] or '-'}")


@notifications.command("choose")
@click.option("--kind", "kinds", multiple=True, metavar="KIND=CHANNELS", help="Such as activities.task=app,email.")
@click.option("--digest-at", help="Send mails once a day, at HH:MM; empty: at once.")
@click.option("--quiet-from", help="Send nothing from HH:MM on.")
@click.option("--quiet-to", help="Send again from HH:MM on.")
@click.option("--phone", help="The number for SMS.")
@_as
def choose(kinds: tuple[str, ...], email: str, **given: Any) -> None:
    """Choose what a person is told, and how; the rest stays."""
    ticks = {}
    for item in kinds:
        key, _, names = item.partition("=")
        wanted = set(filter(None, names.replace(" ", "").split(",")))
        ticks[key] = {c: c in wanted for c in (*channels.LABELS, *wanted)}
    with cli_operation(email) as ctx:
        preferences.update(ctx, {"kinds": ticks, **{k: v for k, v in given.items() if v is not None}})


GROUP = CliGroup(command=lambda: notifications)
