"""``crm plugin new``: the beginning of a plugin, which runs before anything in it is changed."""

from __future__ import annotations

from pathlib import Path

import click

from crm_core.cli.base import configuration, say
from crm_core.errors import Invalid, Problem
from crm_core.i18n import N_


@click.command()
@click.argument("name")
@click.option("--single-file", is_flag=True, help="One file in the deployment's folder of plugins: a field, no tables.")
@click.option(
    "--entity", "entities", multiple=True,
    help="A kind of record it has, may be given several times; with --single-file the entity that gets the field.",
)  # fmt: skip
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Where to write it.")
@click.pass_context
def new(ctx: click.Context, name: str, single_file: bool, entities: tuple[str, ...], folder: Path | None) -> None:
    """Write a new plugin NAME that works as it is, with tests that pass.

    A project is written into the present folder, or --folder; a single file into the folder plugins of CRM_HOME.
    """
    from crm_core import scaffold

    if not single_file:
        project = scaffold.write_project(folder or Path.cwd(), name, entities)
        say(N_("Written: %(file)s"), file=project)
        say(N_("Next: pip install -e %(file)s && crm plugin enable %(name)s"), file=project, name=name)
        return
    if len(entities) > 1:
        raise Invalid([Problem("entity", "too_many", N_("A plugin of a single file adds its field to one entity"))])
    path = scaffold.write_file(folder or configuration(ctx).plugins, name, *entities)
    say(N_("Written: %(file)s"), file=path)
    say(N_("Next: crm plugin enable %(name)s"), name=name)
