"""``crm undo``: take back a change, a bulk action, an import or an undoing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from crm_core.cli.base import actor, as_option, confirm, deployment, json_option, operation, say, warn, write_json
from crm_core.i18n import N_, gettext

if TYPE_CHECKING:
    from crm_core.undo import Preview, Step

LEFT = 3
"""Exit code when something could not be undone."""
SHOWN = 50


@click.command()
@click.argument("change", required=False, type=click.IntRange(1))
@click.option("--batch", type=click.IntRange(1), metavar="ID", help="Undo everything of a bulk action or an import.")
@click.option("--resume", type=click.IntRange(1), metavar="ID", help="Go on with an undoing that was interrupted.")
@click.option("--list", "listed", is_flag=True, help="List the batches that can be undone, the newest first.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
@as_option
@json_option
@click.pass_context
def undo(
    ctx: click.Context,
    change: int | None,
    batch: int | None,
    resume: int | None,
    listed: bool,
    dry_run: bool,
    yes: bool,
    email: str | None,
    as_json: bool,
) -> None:
    """Undo a CHANGE (its number is in crm history), or all of a batch.

    What can't be undone, because something newer stands in its way, is listed with the reason; the rest is undone.
    Exit code 3 means that something stayed.
    """
    if sum((change is not None, batch is not None, resume is not None, listed)) != 1:
        raise click.UsageError("give CHANGE, --batch ID, --resume ID or --list")
    if listed:
        _list(ctx, email, as_json)
    elif change is not None:
        _change(ctx, change, email, dry_run, as_json)
    elif batch is not None:
        _look(ctx, batch, email, dry_run, yes, as_json)
        if not dry_run:
            _run(ctx, _drafted(ctx, batch, email), email, as_json)
    elif resume is not None:
        _run(ctx, resume, email, as_json)


def _list(ctx: click.Context, email: str | None, as_json: bool) -> None:
    from crm_core import batches
    from crm_core.cli.base import show

    with operation(ctx, email, write=False) as found:
        rows = [
            {"id": b.id, "kind": b.kind, "entity": b.entity, "label": b.label, "actor": b.actor, "at": b.at,
             "size": b.size, "undoes": b.undoes_id, "state": b.state}
            for b in batches.recent(found, everyone=True)
        ]  # fmt: skip
    headers = ("id", "kind", "entity", "label", "actor", "at", "size", "undoes", "state")
    show(as_json, headers, rows, N_("There are no batches of changes"))


def _change(ctx: click.Context, change: int, email: str | None, dry_run: bool, as_json: bool) -> None:
    from crm_core import undo as undoing
    from crm_core.rest.undo import step_document

    with operation(ctx, email, write=not dry_run) as found:
        step = undoing.look_at_change(found, change) if dry_run else undoing.undo_change(found, change)
        if as_json:
            write_json({**step_document(step), "dry_run": dry_run})
        else:
            _tell(found, step)
    if step.problems:
        ctx.exit(LEFT)


def _tell(found: Any, step: Step) -> None:
    from crm_core.undo import reasons

    what = {"create": N_("is deleted"), "delete": N_("comes back"), "update": N_("goes back")}
    if step.possible:
        say(N_("%(entity)s %(id)s %(title)s %(what)s"), entity=step.net.entity, id=step.net.record_id, title=step.title,
            what=gettext(what[step.effect]))  # fmt: skip
    for c in step.changes:
        click.echo(f"    {c.label}: {c.old or gettext(N_('nothing'))} -> {c.new or gettext(N_('nothing'))}")
    for text in reasons(found, step.net.entity, step.problems):
        warn(N_("stays: %(reason)s"), reason=text)


def _look(ctx: click.Context, batch: int, email: str | None, dry_run: bool, yes: bool, as_json: bool) -> None:
    from crm_core import undo as undoing
    from crm_core.rest.undo import preview_document

    with operation(ctx, email, write=False) as found:
        preview = undoing.look(found, batch)
        if as_json:
            if dry_run:
                write_json(preview_document(preview))
            return
        _summary(found, preview)
    if not dry_run:
        confirm(yes, N_("Undo it?"))


def _summary(found: Any, preview: Preview) -> None:
    from crm_core.undo import reasons

    say(N_("%(undone)s of %(total)s records go back; changed since: %(changed)s, gone: %(gone)s"),
        undone=preview.undone, total=preview.total, changed=preview.changed, gone=preview.gone)  # fmt: skip
    for step in preview.left[:SHOWN]:
        texts = "; ".join(reasons(found, step.net.entity, step.problems))
        warn(N_("%(entity)s %(id)s %(title)s stays: %(reason)s"), entity=step.net.entity,
             id="" if step.hidden else step.net.record_id, title=step.title, reason=texts)  # fmt: skip


def _drafted(ctx: click.Context, batch: int, email: str | None) -> int:
    from crm_core import undo as undoing

    with operation(ctx, email) as found:
        return undoing.draft(found, batch).id


def _run(ctx: click.Context, number: int, email: str | None, as_json: bool) -> None:
    """Do an undoing in the foreground; Ctrl+C stops between two chunks."""
    from crm_core import undo as undoing
    from crm_core.cli.imports import Foreground, stoppable

    opened = deployment(ctx)
    run = Foreground(opened, actor(opened, email), quiet=as_json or not sys.stderr.isatty())
    with stoppable(run, gettext(N_("Stopped; go on with: crm undo --resume %(id)s"), id=number)):
        try:
            outcome = undoing.work(run, number)
        finally:
            run.progress(message="\n")
    if as_json:
        write_json({"batch": number, **outcome})
    else:
        say(N_("%(undone)s records undone, %(left)s left as they are (batch %(id)s)"), **outcome, id=number)
    if outcome["left"]:
        ctx.exit(LEFT)
