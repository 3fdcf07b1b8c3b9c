"""``crm plugin``: see plugins, turn them on and off."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from crm_core.cli.base import (
    configuration,
    confirm,
    deployment,
    json_option,
    plugin_commands,
    say,
    show,
    table,
    write_json,
    yes_option,
)
from crm_core.errors import NotFound
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.lifecycle import PluginStatus
    from crm_core.registry import Registry


@click.group()
def plugin() -> None:
    """See plugins, turn them on and off."""


def _row(status: PluginStatus) -> dict[str, Any]:
    return {
        "name": status.name,
        "state": status.state.value,
        "version": status.version,
        "title": status.title,
        "reason": status.reason.text(),
        "next": status.next_step.text(),
    }


@plugin.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List every plugin that is installed or wanted, with its state and why it is in it."""
    rows = [_row(s) for s in deployment(ctx).statuses.values()]
    show(as_json, ("name", "state", "version", "title"), rows, N_("No plugin is installed"))
    for row in () if as_json else rows:
        if row["reason"]:
            click.echo(f"{row['name']}: {row['reason']}\n  -> {row['next']}")


@plugin.command()
@click.argument("name")
@json_option
@click.pass_context
def info(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show one plugin: its state, what it needs, what it contributes, what waits for others."""
    opened = deployment(ctx)
    status = opened.statuses.get(name)
    if status is None:
        raise NotFound(N_("There is no plugin %(name)s"), params={"name": name})
    found = _row(status) | _declared(status) | _contributed(opened.registry, name) | {"detail": status.detail}
    if as_json:
        write_json(found)
        return
    table(("", ""), [(k, _words(v)) for k, v in found.items() if v and k != "detail"], widest=10_000)
    if status.detail:
        click.echo(status.detail)


def _declared(status: PluginStatus) -> dict[str, Any]:
    manifest = status.manifest
    if manifest is None:
        return {}
    return {
        "summary": manifest.summary,
        "core": str(manifest.core),
        "requires": [str(r) for r in manifest.requires],
        "after": list(manifest.after),
        "default": "on" if manifest.on else "off",
        "package": manifest.distribution,
        "folder": str(manifest.folder),
    }


def _contributed(registry: Registry, name: str) -> dict[str, Any]:
    from crm_core.contributions import Contribution

    active = Counter(type(c).__name__ for c in registry.of(Contribution) if c.plugin == name)
    waiting = [f"{type(c).__name__} {getattr(c, 'entity', '')}" for c in registry.dormant if c.plugin == name]
    return {"contributes": dict(active), "waiting": waiting}


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{n} {k}" for k, n in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@plugin.command()
@click.argument("name")
@yes_option
@click.pass_context
def enable(ctx: click.Context, name: str, yes: bool) -> None:
    """Turn a plugin on, with everything it requires.

    It is checked first, then its tables are made and its reference lists filled. Running servers follow
    within a second.
    """
    from crm_core import switching

    opened = deployment(ctx)
    plan = switching.plan_enable(opened.database, name)
    if len(plan) > 1:
        confirm(yes, N_("This turns on %(names)s. Go on?"), names=", ".join(plan))
    done = switching.enable(opened.database, configuration(ctx), name)
    for one in done:
        say(N_("%(name)s is on"), name=one)
    if not done:
        say(N_("%(name)s was on already"), name=name)


@plugin.command()
@click.argument("name")
@yes_option
@click.pass_context
def disable(ctx: click.Context, name: str, yes: bool) -> None:
    """Turn a plugin off. Its pages, fields and jobs go; every row and value stays and comes back with it."""
    from crm_core import switching

    opened = deployment(ctx)
    confirm(yes, N_("This turns %(name)s off for everyone; its data stay. Go on?"), name=name)
    switching.disable(opened.database, configuration(ctx), name)
    say(N_("%(name)s is off"), name=name)


@plugin.command()
@json_option
@click.pass_context
def commands(ctx: click.Context, as_json: bool) -> None:
    """List the commands that active plugins add to this program."""
    found = plugin_commands(ctx.find_root())
    rows = [{"command": name, "help": c.get_short_help_str(90)} for name, c in sorted(found.items())]
    show(as_json, ("command", "help"), rows, N_("No active plugin adds a command"))
