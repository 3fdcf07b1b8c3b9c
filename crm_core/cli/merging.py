"""``crm merge`` and ``crm duplicates``: records become one, and those that look the same are found."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from crm_core.cli.base import actor, as_option, confirm, deployment, json_option, operation, say, warn, write_json
from crm_core.errors import Conflict
from crm_core.i18n import N_, gettext

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.duplicates import Found
    from crm_core.merging import Plan

LEFT = 3
"""Exit code when some groups could not be merged."""


@click.command()
@click.argument("entity")
@click.argument("survivor", type=click.IntRange(1))
@click.argument("others", nargs=-1, required=True, type=click.IntRange(1))
@click.option("--choose", "chosen", multiple=True, metavar="FIELD=ID|all", help="Whose value a field takes.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
@as_option
@json_option
@click.pass_context
def merge(
    ctx: click.Context,
    entity: str,
    survivor: int,
    others: tuple[int, ...],
    chosen: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    email: str | None,
    as_json: bool,
) -> None:
    """Make records one: SURVIVOR stays, the OTHERS become part of it, with all that links to them.

    The survivor's values go first, empty ones are filled from the others, several values and lines are united. The
    whole can be undone: crm undo --batch.
    """
    from crm_core import merging
    from crm_core.rest.merging import done_document, plan_document

    choices = dict(map(_choice, chosen))
    with operation(ctx, email, write=False) as found:
        plan = merging.look(found, entity, survivor, others, choices)
        if dry_run and as_json:
            write_json(plan_document(found, plan))
            return
        if not as_json:
            _tell(plan)
    if dry_run:
        return
    if plan.problems:
        first = plan.problems[0]
        raise Conflict(first.message, params=first.params, plugin=first.plugin)
    confirm(yes, N_("Merge these %(count)s records?"), count=len(plan.ids))
    with operation(ctx, email) as found:
        done = merging.merge(found, entity, survivor, others, choices)
    if as_json:
        write_json(done_document(done))
    else:
        say(N_("Merged; undo it with: crm undo --batch %(id)s"), id=done.batch_id)


def _choice(text: str) -> tuple[str, int | str]:
    key, equals, value = text.partition("=")
    if not equals or not (value == "all" or (value.isascii() and value.isdigit())):
        raise click.UsageError(f"{text!r} is not of the form FIELD=ID or FIELD=all")
    return key, value if value == "all" else int(value)


def _tell(plan: Plan) -> None:
    for row in plan.rows:
        mark = N_("stays") if row.id == plan.ids[0] else N_("becomes part of it")
        click.echo(f"{row.id}  {row.title}  ({gettext(mark)})")
    for side in plan.sides:
        if side.differs:
            whose = gettext(N_("all of them")) if side.chosen == "all" else f"#{side.chosen}"
            click.echo(f"    {side.field.title()}: {whose}")
    for entity, field, count in plan.links:
        click.echo(f"    {entity} {field.key}: {count}")
    for problem in plan.problems:
        warn(N_("stands in the way: %(reason)s"), reason=problem.text())


@click.command()
@click.argument("entity")
@click.option("--on", "on", multiple=True, metavar="FIELDS",
              help="Fields that must all fit: name,zip or name:fuzzy. Give it again for alternatives.")  # fmt: skip
@click.option("--filter", "expression", default="", help="Only records that pass this filter.")
@click.option("-q", "words", default="", help="Only records that hold these words.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000), help="Groups to show.")
@click.option("--merge", "join", is_flag=True, help="Merge the groups shown, each into the record that says most.")
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
@as_option
@json_option
@click.pass_context
def duplicates(
    ctx: click.Context, /, entity: str, email: str | None, as_json: bool, join: bool, yes: bool, **options: Any
) -> None:
    """Find records that look the same, by chosen fields or by the usual ones.

    Case, accents, legal forms, writings of phone numbers and tags of mail addresses make no difference unless a field
    is compared exactly (code:exact). Groups of equal names alone are never merged here. Exit code 3 means that some
    groups could not be merged.
    """
    from crm_core import duplicates as finding
    from crm_core.filters import parse

    opened = deployment(ctx)
    node = parse(options["expression"]) if options["expression"] else None
    with operation(ctx, email) as found:
        number = finding.draft(found, entity, options["on"], node, options["words"]).id
    _work(ctx, email, as_json, lambda run: finding.work(run, number), N_("Stopped; nothing was written down"))
    with opened.operation(actor(opened, email), write=False) as found:
        page = finding.page(found, number, limit=options["limit"])
        _show(found, page, as_json and not join)
        if join and not finding.may_join(found, page.scan):
            raise Conflict(N_("An equal or similar name alone is no proof: look at each group and merge it there"))
    if join and page.groups:
        confirm(yes, N_("Merge these %(count)s groups?"), count=len(page.groups))
        numbers = [group.number for group in page.groups]
        text = N_("Stopped; what was merged stays merged")
        result = _work(ctx, email, as_json, lambda run: finding.merge_groups(run, number, numbers), text)
        _joined(ctx, result, as_json)


def _work(ctx: click.Context, email: str | None, quiet: bool, work: Any, advice: str) -> dict[str, Any]:
    """Do long work in the foreground; Ctrl+C stops between two steps."""
    from crm_core.cli.imports import Foreground, stoppable

    opened = deployment(ctx)
    run = Foreground(opened, actor(opened, email), quiet=quiet or not sys.stderr.isatty())
    with stoppable(run, gettext(advice)):
        try:
            result: dict[str, Any] = work(run)
        finally:
            run.progress(message="\n")
    return result


def _show(found: Ctx, page: Found, as_json: bool) -> None:
    from crm_core.rest.duplicates import scan_document

    if as_json:
        groups = [{"group": g.number, "size": g.size, "ids": g.ids, "differing": sorted(g.differing)}
                  for g in page.groups]  # fmt: skip
        write_json({"scan": scan_document(found, page.scan), "groups": groups})
        return
    for group in page.groups:
        click.echo(f"{group.number}:")
        for row in group.rows:
            parts = (f"{f.title()}: {f.type.show(row.values[f.key], found)}" for f in page.fields
                     if f.key in group.differing and row.values.get(f.key))  # fmt: skip
            click.echo(f"    {row.id}  {row.title}  {'; '.join(parts)}".rstrip())
        if group.size > len(group.rows):
            say(N_("    and %(count)s more"), count=group.size - len(group.rows))
    say(N_("Groups: %(groups)s, records compared: %(records)s"), groups=page.scan.groups, records=page.scan.records)


def _joined(ctx: click.Context, result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        write_json(result)
    else:
        say(N_("%(merged)s groups merged, %(left)s left; undo it with: crm undo --batch %(batch)s"), **result)
        for reason, count in result["reasons"].items():
            warn(N_("%(count)s stay: %(reason)s"), count=count, reason=reason)
    if result["left"]:
        ctx.exit(LEFT)
