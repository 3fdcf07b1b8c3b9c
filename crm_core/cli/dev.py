"""``crm dev``: for authors of plugins."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from crm_core.cli.base import configuration
from crm_core.errors import NotFound
from crm_core.i18n import N_


@click.group()
def dev() -> None:
    """For authors of plugins."""


@dev.command()
@click.argument("name", metavar="PLUGIN")
@click.argument("message")
@click.option("--replace", is_flag=True, help="Write the newest revision anew instead of adding one.")
@click.option("--empty", is_flag=True, help="Write a revision without changes, to be filled in by hand.")
@click.pass_context
def revision(ctx: click.Context, name: str, message: str, replace: bool, empty: bool) -> None:
    """Write a revision file from the difference between a plugin's models and its revisions.

    PLUGIN may be core, an installed package, or one of the deployment's folder of plugins. No database is needed: the
    revisions so far are run in a scratch one.
    """
    from crm_core.revision_writer import write_revision

    folder, requires = _places(name, configuration(ctx).plugins)
    click.echo(write_revision(name, folder, message, requires=requires, replace=replace, empty=empty))


def _places(name: str, own: Path) -> tuple[Path, list[tuple[str, Path]]]:
    """Import a plugin's models and return its folder of revisions and those of what it needs, in order."""
    from crm_core.discovery import import_plugin, installed
    from crm_core.manifest import in_order
    from crm_core.migrations import KERNEL_FOLDER, KERNEL_NAME

    importlib.import_module("crm_core.models")
    if name == KERNEL_NAME:
        return KERNEL_FOLDER, []
    manifests = {f.name: f.manifest for f in installed(own) if f.manifest}
    if name not in manifests:
        raise NotFound(N_("The plugin %(name)s is not installed"), params={"name": name})
    needed, waiting = set[str](), [name]
    while waiting:
        one = waiting.pop()
        if one not in needed and one in manifests:
            needed.add(one)
            waiting += [r.name for r in manifests[one].requires]
    ordered, _ = in_order(manifests[n] for n in needed)
    for manifest in ordered:
        import_plugin(manifest)
    before = [(m.name, m.migrations) for m in ordered if m.name != name]
    return manifests[name].migrations, [(KERNEL_NAME, KERNEL_FOLDER), *before]
