"""Looking after a deployment: ``doctor``, ``backup``, ``restore``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_core.cli.base import configuration, confirm, json_option, say, write_json, yes_option
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.db import Database

_MARKS = {"ok": "ok     ", "warning": "warning", "error": "ERROR  "}


@contextmanager
def _database(ctx: click.Context) -> Iterator[Database]:
    """Open the database without a registry: these commands must work when the deployment does not."""
    from crm_core.db import Database

    database = Database(configuration(ctx).url)
    try:
        yield database
    finally:
        database.dispose()


@click.command()
@click.option("--repair", is_flag=True, help="Mend search indexes first.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, repair: bool, as_json: bool) -> None:
    """Check the deployment and say what to do; exit code 1 when something is wrong.

    Looks at the database, tables, plugins, search, clocks, files, key and mail.
    """
    from crm_core import doctor as checks

    with _database(ctx) as database:
        for table in checks.repair(database) if repair else ():
            say(N_("Search index of %(table)s rebuilt"), table=table)
        found = checks.examine(database, configuration(ctx))
    if as_json:
        write_json([vars(c) for c in found])
    for check in () if as_json else found:
        click.echo(f"{_MARKS[check.level]}  {check.name}: {check.text}")
        if check.next_step:
            click.echo(f"         -> {check.next_step}")
    if any(c.level == "error" for c in found):
        ctx.exit(1)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_context
def backup(ctx: click.Context, file: Path) -> None:
    """Write database, files and secret key to one archive (FILE, a .tar.gz). The CRM may go on working.

    Whoever has the archive has everything: keep it where only administrators reach it. crm.toml and the
    environment are not in it.
    """
    from crm_core import backup as archives

    with _database(ctx) as database:
        made = archives.backup(database, configuration(ctx), file)
    say(
        N_("%(file)s: %(size)s bytes, %(files)s stored files, database by %(kind)s"),
        file=file, size=file.stat().st_size, files=made.files, kind=made.database,
    )  # fmt: skip


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite a database that is not empty.")
@yes_option
@click.pass_context
def restore(ctx: click.Context, file: Path, force: bool, yes: bool) -> None:
    """Read an archive of crm backup into this deployment, then bring its tables up to date.

    End the web and worker processes first.
    """
    from crm_core import backup as archives
    from crm_core import switching

    config = configuration(ctx)
    if force:
        confirm(yes, N_("This replaces everything in %(home)s. Go on?"), home=config.home)
    with _database(ctx) as database:
        archive = archives.restore(database, config, file, force=force)
        say(N_("Restored the state of %(at)s"), at=archive.created_at)
        for line in switching.initialise(database, config):
            say(N_("migrated %(what)s"), what=line)
