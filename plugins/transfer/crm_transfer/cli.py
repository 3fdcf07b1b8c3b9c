"""``crm export``: a list as a file, from the command line."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from crm_core.api import N_, CliGroup, archive, cli_operation, gettext
from crm_transfer import exporting


@click.command("export")
@click.argument("entity", required=False)
@click.option("--all", "everything", type=click.Path(dir_okay=False, writable=True, path_type=Path), metavar="FILE",
              help="Write all data to a zip that crm import --all reads into an empty system.")  # fmt: skip
@click.option("--filter", "expression", default="", help='Such as: name startswith "Ker" and not email is null.')
@click.option("-q", "words", default="", help="Words to search for.")
@click.option("--sort", default="", help="Such as: -updated_at,name.")
@click.option("--fields", default="", help="Such as: name,city,cf.score; every field without it.")
@click.option("--format", "form", default="csv", show_default=True, help="csv, xlsx, jsonl, or vcard for contacts.")
@click.option("--headings", type=click.Choice(["names", "labels"]), default="names", show_default=True,
              help="Names that an import understands, or words for people.")  # fmt: skip
@click.option("--separator", type=click.Choice(list(exporting.SEPARATORS)), default="comma", show_default=True,
              help="What stands between the cells of a CSV table.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True, path_type=Path),
              help="The file to write; standard output without it.")  # fmt: skip
@click.option("--as", "email", metavar="EMAIL", help="Act as this user instead of the system.")
def export(entity: str | None, everything: Path | None, output: Path | None, email: str | None, **options: Any) -> None:
    """Write a list to a file, such as: crm export contacts --filter 'city = "Paris"' -o paris.csv.

    Everything that fits is written, however much; a file is there when it is complete, or not at all.
    """
    if everything is not None:
        with cli_operation(email, write=False) as ctx, _complete(everything) as target:
            found = archive.write(ctx, target)
        click.echo(f"{sum(found.tables.values())} → {everything}", err=True)
        for module, tables in found.left_out.items():
            words = gettext(N_("Not in it, because the module is off: %(module)s (%(rows)s rows)"), module=module,
                            rows=sum(tables.values()))  # fmt: skip
            click.echo(words, err=True)
        return
    if entity is None:
        raise click.UsageError("give ENTITY, or --all FILE")
    raw = {
        "format": options["form"], "filter": options["expression"], "q": options["words"], "sort": options["sort"],
        "fields": options["fields"], "headings": options["headings"], "separator": options["separator"],
    }  # fmt: skip
    with cli_operation(email, write=False) as ctx:
        wish = exporting.wish_of(ctx, entity, raw)
        if output is None:
            exporting.write(ctx, wish, sys.stdout.buffer)
            return
        with _complete(output) as target:
            rows = exporting.write(ctx, wish, target, _teller())
        click.echo(f"{rows} → {output}", err=True)


@contextmanager
def _complete(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that takes its place once it is complete; what was there before stays until then."""
    with tempfile.NamedTemporaryFile(dir=path.absolute().parent, prefix=f".{path.name}.", delete=False) as target:
        try:
            yield target
            target.close()
            os.replace(target.name, path)
        except BaseException:
            os.unlink(target.name)
            raise


def _teller() -> exporting.Told | None:
    if not sys.stderr.isatty():
        return None
    return lambda rows: click.echo(f"\r{rows}", nl=False, err=True)


COMMANDS = (CliGroup(command=lambda: export),)
