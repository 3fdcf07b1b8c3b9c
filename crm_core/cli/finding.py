"""``crm search``: what the box of every page and REST's ``/search`` find."""

from __future__ import annotations

from typing import Any

import click

from crm_core.cli.base import as_option, json_option, operation, say, table, warn, write_json
from crm_core.errors import BadRequest
from crm_core.i18n import N_


@click.command()
@click.argument("text", required=False, default="")
@click.option("--entity", "entities", multiple=True, help="Only this kind of record; may be given several times.")
@click.option("--limit", default=8, show_default=True, type=click.IntRange(1, 50), help="How many of each kind.")
@click.option("--after", default="", help="Where the page before ended; with one kind only.")
@click.option("--recent", is_flag=True, help="Show what was looked at last instead; with --as.")
@as_option
@json_option
@click.pass_context
def search(ctx: click.Context, /, text: str, recent: bool, email: str | None, as_json: bool, **options: Any) -> None:
    """Find records that hold every word of TEXT, and where there are none those that are nearest to it."""
    from crm_core.rest import finding

    if not text.strip() and not recent:
        raise BadRequest(N_("Write what to search for, or --recent"), field="text")
    with operation(ctx, email, write=False) as found:
        if recent:
            answer: dict[str, Any] = {"items": finding.last(found), "nearest": [], "words": [], "next": None}
        else:
            answer = finding.answer(found, text, options["entities"], options["limit"], options["after"])
    if as_json:
        write_json(answer)
        return
    if answer["items"]:
        _show(answer["items"])
    elif not recent:
        say(N_("Nothing found for “%(text)s”"), text=text)
    if answer["nearest"]:
        say(N_("Nearest to what you typed: %(words)s"), words=" ".join(answer["words"]))
        _show(answer["nearest"])
    if answer["next"]:
        warn(N_("More: --after %(cursor)s"), cursor=answer["next"])


def _show(hits: list[dict[str, Any]]) -> None:
    table(("entity", "id", "title", "subtitle"), [[h[k] for k in ("entity", "id", "title", "subtitle")] for h in hits])
