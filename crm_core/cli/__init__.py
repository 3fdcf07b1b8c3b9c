"""The ``crm`` program. Commands are loaded when they are called, so that ``crm --help`` answers at once."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any

import click

from crm_core import __version__

_BUILT_IN: Mapping[str, tuple[str, str]] = {
    "init": ("crm_core.cli.running:init", "Set up the database, or bring it up to date; safe to repeat."),
    "demo": ("crm_core.cli.running:demo", "Add demonstration data; safe to repeat."),
    "run": ("crm_core.cli.running:run", "Serve the CRM."),
    "worker": ("crm_core.cli.running:worker", "Run background jobs in a process of their own."),
    "migrate": ("crm_core.cli.running:migrate", "Bring the tables of the kernel and the plugins up to date."),
    "doctor": ("crm_core.cli.upkeep:doctor", "Check the deployment and say what to do."),
    "backup": ("crm_core.cli.upkeep:backup", "Write database and files to one archive."),
    "restore": ("crm_core.cli.upkeep:restore", "Read an archive back."),
    "plugin": ("crm_core.cli.plugins:plugin", "See plugins, turn them on and off."),
    "user": ("crm_core.cli.accounts:user_group", "Users: create, change, deactivate."),
    "role": ("crm_core.cli.roles:role", "Roles: what they may do, which fields they see."),
    "token": ("crm_core.cli.accounts:token_group", "API tokens of users."),
    "record": ("crm_core.cli.records:record", "Records: list, show, create, update, delete, act, share."),
    "import": ("crm_core.cli.imports:import_command", "Read a file of records."),
    "merge": ("crm_core.cli.merging:merge", "Make several records one."),
    "duplicates": ("crm_core.cli.merging:duplicates", "Find records that look the same, and merge them."),
    "connections": ("crm_core.cli.connections:connections", "What a record is connected with."),
    "comment": ("crm_core.cli.records:comment", "Comments on records."),
    "history": ("crm_core.cli.records:history", "Who changed what in a record."),
    "undo": ("crm_core.cli.undo:undo", "Undo a change, a bulk action or an import."),
    "field": ("crm_core.cli.fields:field", "Custom fields: list, add, change, order, retire, bring back, remove."),
    "lists": ("crm_core.cli.lists:lists", "Reference lists: entries, labels, order."),
    "tags": ("crm_core.cli.lists:tags", "Tags: list, add, rename, merge, delete."),
    "settings": ("crm_core.cli.settings:settings", "Settings of the kernel and the plugins."),
    "currency": ("crm_core.cli.settings:currency", "Default currency and rates."),
    "search": ("crm_core.cli.finding:search", "Search all kinds of records."),
    "jobs": ("crm_core.cli.insight:jobs", "Background jobs: list, cancel, retry."),
    "explain": ("crm_core.cli.insight:explain", "Say why someone may or may not do something."),
    "hooks": ("crm_core.cli.insight:hooks", "Show which plugins answer which hooks."),
    "routes": ("crm_core.cli.insight:routes", "Show the addresses of the application."),
    "dev": ("crm_core.cli.dev:dev", "For authors of plugins."),
}


class CrmProgram(click.Group):
    """The kernel's commands, then those of active plugins; errors of the CRM are one line and exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the kernel's commands, in the order they are met in a deployment's life."""
        return list(_BUILT_IN)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a command of the kernel, or ask the active plugins for it."""
        if name in _BUILT_IN:
            module, _, attribute = _BUILT_IN[name][0].partition(":")
            found: click.Command = getattr(importlib.import_module(module), attribute)
            return found
        from crm_core.cli.base import plugin_commands, told

        with told():
            return plugin_commands(ctx).get(name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their short help, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _BUILT_IN.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what the CRM refuses is said in a line."""
        from crm_core.cli.base import told

        with told():
            return super().invoke(ctx)


@click.command(
    cls=CrmProgram,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Active plugins add commands of their own: crm plugin commands",
)
@click.version_option(__version__, prog_name="crm")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """A CRM made of plugins. CRM_HOME names the folder of database, files and crm.toml (./instance)."""


def main() -> None:
    """Run the program with the arguments of this process."""
    try:
        cli(prog_name="crm")
    except BrokenPipeError:
        # The reader of a pipe (head) has gone; writing the rest at exit would fail once more.
        sys.stdout = None
        sys.exit(1)
