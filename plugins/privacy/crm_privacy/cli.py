"""``crm privacy``: archives, plans, erasures and rules from the command line."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import click

from crm_core.api import CliGroup, access, cli_operation, records
from crm_privacy import archiving, erasures, retention
from crm_privacy.models import ARCHIVE

_as = click.option("--as", "email", metavar="EMAIL", help="Act as this user instead of the system.")
_how = click.option("--how", type=click.Choice(["anonymise", "delete"]), default="anonymise", show_default=True)
_entity, _id = click.argument("entity"), click.argument("record_id", metavar="ID", type=int)


def _say(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


@click.group()
def privacy() -> None:
    """Personal data: archives, erasure, retention."""


@privacy.command()
@_entity
@_id
@click.argument("target", metavar="FILE", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@_as
def archive(entity: str, record_id: int, target: Path, email: str | None) -> None:
    """Write all that the CRM holds of a person to FILE (zip), such as: crm privacy archive contacts 5 person.zip."""
    with cli_operation(email, write=False) as ctx:
        access.require(ctx, ARCHIVE, "create")
        definition, number = erasures.named(ctx, f"{entity}:{record_id}", "entity")
        records.get(ctx, definition.key, number)
        folder = target.absolute().parent
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{target.name}.", delete=False) as made:
            try:
                count = archiving.write(ctx, definition.key, number, made)
                made.close()
                os.chmod(made.name, 0o600)
                os.replace(made.name, target)
            except BaseException:
                os.unlink(made.name)
                raise
        click.echo(f"{count} → {target}", err=True)


@privacy.command()
@_entity
@_id
@_how
@_as
def plan(entity: str, record_id: int, how: str, email: str | None) -> None:
    """Say as JSON what an erasure would do."""
    with cli_operation(email, write=False) as ctx:
        _say(erasures.told(ctx, erasures.plan_of(ctx, f"{entity}:{record_id}", how)))


@privacy.command()
@_entity
@_id
@_how
@click.option("--keep-comments", is_flag=True, help="Mask in comments instead of deleting them.")
@click.option("--keep-mentions", is_flag=True, help="Leave texts of other records as they are.")
@click.option("--yes", is_flag=True, help="Don't ask. It can't be undone.")
@_as
def erase(
    entity: str, record_id: int, how: str, keep_comments: bool, keep_mentions: bool, yes: bool, email: str | None
) -> None:
    """Erase the personal data of a record for good."""
    if not yes:
        click.confirm("It can't be undone. Go on?", abort=True)
    with cli_operation(email) as ctx:
        options = {"with_comments": not keep_comments, "with_mentions": not keep_mentions}
        made = erasures.erase(ctx, f"{entity}:{record_id}", how, {}, options)
        names = ("fields", "records", "comments", "history", "files", "mentions")
        _say({"id": made.id, **{name: getattr(made, name) for name in names}})


@privacy.command()
@click.argument("rule_id", metavar="RULE", type=int)
@_as
def trial(rule_id: int, email: str | None) -> None:
    """Say as JSON what a retention rule would do now."""
    with cli_operation(email, write=False) as ctx:
        _say(retention.trial(ctx, rule_id))


GROUP = CliGroup(command=lambda: privacy)
