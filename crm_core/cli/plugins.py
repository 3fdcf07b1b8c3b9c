"""``crm plugin``: see plugins, turn them on and off, remove them, check them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_core.cli.base import (
    configuration,
    confirm,
    deployment,
    json_option,
    operation,
    plugin_commands,
    say,
    show,
    table,
    write_json,
    yes_option,
)
from crm_core.cli.new_plugin import new
from crm_core.errors import NotFound
from crm_core.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm_core.plugin_states import PluginStatus
    from crm_core.uninstalling import Removal


@click.group()
def plugin() -> None:
    """See plugins, turn them on and off, remove them, check them, begin a new one."""


plugin.add_command(new)


def _status(ctx: click.Context, name: str) -> PluginStatus:
    found = deployment(ctx).statuses.get(name)
    if found is None:
        raise NotFound(N_("There is no plugin %(name)s"), params={"name": name})
    return found


def _title(ctx: click.Context, name: str) -> str:
    found = deployment(ctx).statuses.get(name)
    return found.title if found is not None else name


@plugin.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List every plugin that is installed or wanted, with its state and why it is in it."""
    from crm_core.plugin_report import summary

    rows = [summary(s) for s in deployment(ctx).statuses.values()]
    show(as_json, ("name", "state", "version", "title"), rows, N_("No plugin is installed"))
    for row in () if as_json else rows:
        if row["reason"]:
            click.echo(f"{row['name']}: {row['reason']}\n  -> {row['next']}")


@plugin.command()
@click.argument("name")
@json_option
@click.pass_context
def info(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show one plugin: its state, what it needs, what it adds, what waits for others, what went wrong."""
    from crm_core.plugin_report import document

    opened, status = deployment(ctx), _status(ctx, name)
    with opened.database.transaction(write=False) as session:
        found = document(opened, session, status)
    if as_json:
        write_json(found)
        return
    plain = {k: _words(v) for k, v in found.items() if k not in ("adds", "incidents", "hooks", "audience", "detail")}
    table(("", ""), [(k, v) for k, v in plain.items() if v], widest=10_000)
    _show_parts(found["adds"])
    for one in found["incidents"]:
        click.echo(f"{one['at']} {one['where']}: {one['message']}")
    if found["detail"]:
        click.echo(found["detail"])


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _show_parts(parts: Iterable[dict[str, Any]], indent: str = "") -> None:
    for part in parts:
        click.echo(f"{indent}{part['label']}: {', '.join(part['names'])}")


@plugin.command()
@click.argument("name")
@yes_option
@json_option
@click.pass_context
def enable(ctx: click.Context, name: str, yes: bool, as_json: bool) -> None:
    """Turn a plugin on, with everything it requires; what that adds is shown first.

    It is checked first, then its tables are made and its reference lists filled. Running servers follow
    within two seconds.
    """
    from crm_core import switching
    from crm_core.plugin_report import addition_document

    config, database = configuration(ctx), deployment(ctx).database
    plan = [addition_document(a) for a in switching.preview(database, config, name)]
    if plan and not as_json:
        for one in plan:
            say(N_("%(title)s (%(name)s) adds:"), title=one["title"], name=one["name"])
            _show_parts(one["adds"], "  ")
            for text in one["waiting"]:
                click.echo(f"  {text}")
    if plan:
        confirm(yes, N_("This turns on %(names)s. Go on?"), names=", ".join(one["title"] for one in plan))
    done = switching.enable(database, config, name)
    if as_json:
        write_json({"enabled": done, "plan": plan})
        return
    for one_done in done:
        say(N_("%(name)s is on"), name=_title(ctx, one_done))
    if not done:
        say(N_("%(name)s was on already"), name=_title(ctx, name))


@plugin.command()
@click.argument("name")
@yes_option
@json_option
@click.pass_context
def disable(ctx: click.Context, name: str, yes: bool, as_json: bool) -> None:
    """Turn a plugin off. Its pages, fields and jobs go; every row and value stays and comes back with it."""
    from crm_core import switching
    from crm_core.plugin_plan import parts_of
    from crm_core.plugin_report import parts_document

    opened, config = deployment(ctx), configuration(ctx)
    switching.refuse_needed(opened.database, config, name)
    gone = parts_document(parts_of(opened.registry, name)) if name in opened.registry.plugins else []
    if gone and not as_json:
        say(N_("What disappears:"))
        _show_parts(gone, "  ")
    confirm(yes, N_("This turns %(name)s off for everyone; its data stay. Go on?"), name=_title(ctx, name))
    changed = switching.disable(opened.database, config, name)
    if as_json:
        write_json({"disabled": [name] if changed else [], "disappears": gone})
        return
    say(N_("%(name)s is off") if changed else N_("%(name)s was off already"), name=_title(ctx, name))


@plugin.command()
@click.argument("name")
@click.pass_context
def release(ctx: click.Context, name: str) -> None:
    """Let the optional hooks of a plugin be called again that was held back after failures."""
    from crm_core import switching

    switching.release(deployment(ctx).database, configuration(ctx), name)
    say(N_("%(name)s is released"), name=_title(ctx, name))


@plugin.command()
@click.argument("name", default="")
@click.option("--seen", is_flag=True, help="Mark them as seen.")
@click.option("--clear", is_flag=True, help="Remove them.")
@json_option
@click.pass_context
def incidents(ctx: click.Context, name: str, seen: bool, clear: bool, as_json: bool) -> None:
    """List what went wrong in modules, or in one, equal incidents together, the latest first."""
    from crm_core import incidents as service

    with operation(ctx, write=seen or clear) as op:
        rows = [one.document() for one in service.troubles(op.session, name)]
        for work in (service.mark_seen,) if seen else (service.clear,) if clear else ():
            work(op, name)
    show(as_json, ("plugin", "where", "message", "count", "new", "last"), rows, N_("No incidents"))


_export_option = click.option(
    "--export", type=click.Path(dir_okay=False, path_type=Path), help="Write its data to this zip first."
)
_format_option = click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl")
_dry_option = click.option("--dry-run", is_flag=True, help="Only say what would be gone.")


def _remove(ctx: click.Context, name: str, verb: str, export: Path | None, form: Any, dry: bool, yes: bool) -> None:
    from crm_core import uninstalling

    config, database = configuration(ctx), deployment(ctx).database
    _show_removal(ctx, uninstalling.plan(database, config, name))
    title = _title(ctx, name)
    if export:
        say(N_("Written: %(file)s"), file=uninstalling.export(database, config, name, export, form))
    if dry:
        return
    confirm(yes, N_("This removes %(name)s and all of the above for good. Go on?"), name=title)
    work = uninstalling.uninstall if verb == "uninstall" else uninstalling.forget
    work(database, config, name)
    say(N_("%(name)s and its data are removed"), name=title)


def _show_removal(ctx: click.Context, found: Removal) -> None:
    for one in found.holdings:
        click.echo(f"{one.count:>8}  {gettext(one.label)} {one.name}".rstrip())
    if not found.holdings:
        say(N_("Nothing is stored."))
    for other in found.needed_by:
        say(N_("%(name)s needs it; turn that off first"), name=_title(ctx, other))
    for place, other in found.referring.items():
        message = N_("%(table)s refers to %(other)s; uninstall the module it belongs to first")
        say(message, table=place, other=other)


@plugin.command()
@click.argument("name")
@_export_option
@_format_option
@_dry_option
@json_option
@yes_option
@click.pass_context
def uninstall(
    ctx: click.Context, name: str, export: Path | None, form: str, dry_run: bool, as_json: bool, yes: bool
) -> None:
    """Remove a plugin's tables, values, lists and options for good; what would be gone is counted first.

    The history stays. --json writes what would be gone and changes nothing unless --yes is given.
    """
    if as_json:
        _as_json(ctx, name, "uninstall", export, form, dry=dry_run or not yes)
    else:
        _remove(ctx, name, "uninstall", export, form, dry_run, yes)


@plugin.command()
@click.argument("name")
@_export_option
@_format_option
@_dry_option
@json_option
@yes_option
@click.pass_context
def forget(
    ctx: click.Context, name: str, export: Path | None, form: str, dry_run: bool, as_json: bool, yes: bool
) -> None:
    """Remove what a plugin has stored whose package is gone; what would be gone is counted first."""
    if as_json:
        _as_json(ctx, name, "forget", export, form, dry=dry_run or not yes)
    else:
        _remove(ctx, name, "forget", export, form, dry_run, yes)


def _as_json(ctx: click.Context, name: str, verb: str, export: Path | None, form: Any, *, dry: bool) -> None:
    from crm_core import uninstalling
    from crm_core.plugin_report import removal_document

    config, database = configuration(ctx), deployment(ctx).database
    found = removal_document(uninstalling.plan(database, config, name))
    if export:
        found["export"] = str(uninstalling.export(database, config, name, export, form))
    if not dry:
        work = uninstalling.uninstall if verb == "uninstall" else uninstalling.forget
        work(database, config, name)
    write_json({**found, "removed": not dry})


@plugin.command()
@click.argument("name", required=False)
@json_option
@click.pass_context
def check(ctx: click.Context, name: str | None, as_json: bool) -> None:
    """Try a plugin out, or all of them: manifest, import, contributions, revisions up and down, tables.

    Nothing of the deployment is changed; revisions are run in a scratch database. Exit code 1 when something is wrong.
    """
    from crm_core import plugin_check

    found = plugin_check.check(configuration(ctx), name)
    rows = [{"name": n, "problem": p} for n, problems in found.items() for p in problems]
    show(as_json, ("name", "problem"), rows)
    if not as_json:
        for fine in (n for n, problems in found.items() if not problems):
            say(N_("%(name)s is fine"), name=fine)
    if rows:
        ctx.exit(1)


@plugin.command()
@json_option
@click.pass_context
def commands(ctx: click.Context, as_json: bool) -> None:
    """List the commands that active plugins add to this program."""
    found = plugin_commands(ctx.find_root())
    rows = [{"command": name, "help": c.get_short_help_str(90)} for name, c in sorted(found.items())]
    show(as_json, ("command", "help"), rows, N_("No active plugin adds a command"))
