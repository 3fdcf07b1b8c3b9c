"""Importing a file from the command line: the same engine, in the foreground, with a line that shows how far it is."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_core.cli.base import actor, as_option, deployment, json_option, say, show, write_json
from crm_core.i18n import N_, gettext

if TYPE_CHECKING:
    from crm_core.context import Actor, Ctx
    from crm_core.deployment import Deployment
    from crm_core.import_report import Report

NO_LIMIT = 1 << 50
SHOWN = 20
FAILED = 3
"""Exit code when some rows were not written."""


class Foreground:
    """What the work of an import is given here: operations, and a line on standard error that shows how far it is."""

    def __init__(self, opened: Deployment, who: Actor, *, quiet: bool) -> None:
        """Keep who acts; ``quiet`` shows no line."""
        self._opened, self._who, self._quiet = opened, who, quiet
        self.stopped = False

    def operation(self, *, write: bool = True, quiet: bool = False) -> AbstractContextManager[Ctx]:
        """Run the block in one transaction."""
        return self._opened.operation(self._who, write=write, quiet=quiet)

    def progress(self, done: int | None = None, total: int | None = None, message: str | None = None) -> None:
        """Show how far it is."""
        if not self._quiet:
            share = f"{100 * done // total:3d} %  " if done is not None and total else ""
            click.echo(f"\r{share}{message or ''}  ", err=True, nl=False)

    def check_cancelled(self) -> None:
        """Stop between two chunks after Ctrl+C.

        Raises:
            Cancelled: it was pressed.
        """
        if self.stopped:
            from crm_core.jobs import Cancelled

            raise Cancelled()


@click.command("import")
@click.argument("entity", required=False)
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--map", "pairs", multiple=True, metavar="COLUMN=FIELD", help="Take a column for another field.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, save nothing.")
@click.option("--region", default="", metavar="CC", help="Home country of phone numbers, such as FR.")
@click.option("--lenient", is_flag=True, help="A bad value costs the value, not the row.")
@click.option("--match", default="", metavar="FIELD", help="The field a record is known by.")
@click.option(
    "--mode",
    default="both",
    show_default=True,
    type=click.Choice(["both", "update", "skip", "create"]),
    help="both creates and changes, update only changes, skip only creates, create looks for none.",
)
@click.option("--clear", is_flag=True, help="An empty cell empties the field of a known record.")
@click.option("--make/--no-make", default=None,
              help="Make missing entries of lists and linked records, or refuse the rows that name them.")  # fmt: skip
@click.option("--encoding", default="", metavar="NAME", help="Such as utf-8 or cp1252; recognised without.")
@click.option("--separator", default="", metavar="NAME",
              help="comma, semicolon, tab, bar, or the character between cells; recognised without.")  # fmt: skip
@click.option("--quote", default="", metavar="NAME", help="double, single, none, or the character around cells.")
@click.option("--joiner", default="space", show_default=True, metavar="NAME",
              help="Between texts of several columns that go to one field: space, comma, semicolon, dash, line, or the "
              "text.")  # fmt: skip
@click.option("--into", default="", metavar="KEY:CHOICE", help="Put the records into something besides.")
@click.option("--look", is_flag=True, help="Show how the file is read and where its columns go; import nothing.")
@click.option("--failed-file", type=click.Path(dir_okay=False, writable=True, path_type=Path),
              help="Write the rows that failed here, each with the reason, to mend and import again.")  # fmt: skip
@click.option("--resume", type=int, metavar="ID", help="Go on with an import that was interrupted.")
@click.option("--all", "archive_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
              help="Read all data from an archive of another system into this empty one.")  # fmt: skip
@as_option
@json_option
@click.pass_context
def import_command(
    ctx: click.Context,
    /,
    entity: str | None,
    file: Path | None,
    pairs: tuple[str, ...],
    dry_run: bool,
    region: str,
    lenient: bool,
    failed_file: Path | None,
    resume: int | None,
    archive_file: Path | None,
    email: str | None,
    as_json: bool,
    look: bool,
    **more: Any,
) -> None:
    """Read a file of records, such as contacts people.csv.

    Columns are recognised by their names. Each two thousand rows are saved together; Ctrl+C or a crash loses at most
    those under way, and --resume goes on. Exit code 3 means that some rows were not written.
    """
    from crm_core import import_preparing
    from crm_core.import_report import report

    if archive_file is not None:
        _read_all(deployment(ctx), archive_file, as_json)
        return
    if resume is None and (entity is None or file is None):
        raise click.UsageError("give ENTITY and FILE, or --resume ID, or --all FILE")
    opened = deployment(ctx)
    who = actor(opened, email)
    if resume is not None:
        number = _resumed(opened, who, resume)
    else:
        assert entity is not None and file is not None  # noqa: S101 - checked above
        options = {"region": region, "overrides": list(pairs), "lenient": lenient, "dry_run": dry_run, **more}
        number = _drafted(opened, who, entity, file, options, look=look)
    run = Foreground(opened, who, quiet=as_json or not sys.stderr.isatty())
    if look:
        _look(run, number, as_json)
        return
    with stoppable(run, gettext(N_("Stopped; go on with: crm import --resume %(id)s"), id=number)):
        try:
            import_preparing.work(run, number)
        finally:
            run.progress(message="\n")
            if not as_json:
                say(N_("Import %(id)s"), id=number)
    with opened.operation(who, write=False) as found:
        result = report(found, number)
        if failed_file is not None and result.counts["failed"]:
            _write_failed(found, result, failed_file)
        _tell(found, result, as_json)
    if result.counts["failed"]:
        ctx.exit(FAILED)


def _read_all(opened: Deployment, file: Path, as_json: bool) -> None:
    """Read an archive of all data into the empty system."""
    from crm_core import archive

    found = archive.read(opened.database, opened.config, opened.registry, file)
    if as_json:
        write_json({"tables": dict(found.tables), "files": found.files})
        return
    rows = sum(found.tables.values())
    say(N_("%(rows)s rows in %(tables)s tables and %(files)s files read"), rows=rows, tables=len(found.tables),
        files=found.files)  # fmt: skip


def _drafted(
    opened: Deployment, who: Actor, entity: str, file: Path, raw: Mapping[str, Any], *, look: bool
) -> int:  # fmt: skip
    from crm_core import imports
    from crm_core.import_options import options_of

    options = replace(options_of(raw, opened.config.phone_region), looking=look)
    with file.open("rb") as stream, opened.operation(who) as ctx:
        return imports.keep(ctx, entity, stream, file.name, options, max_bytes=NO_LIMIT).id


def _look(run: Foreground, number: int, as_json: bool) -> None:
    """Show the columns of a file, and forget it."""
    from crm_core import import_preparing, imports

    import_preparing.prepare(run, number)
    with run.operation() as ctx:
        row = imports.find(ctx, number)
        found, mapping = imports.preview(ctx, row), dict(row.mapping)
        header = list(row.header)
        imports.discard(ctx, row)
    columns = [
        {"column": name, "field": mapping.get(name) or "", "values": [r[n] for r in found.rows if n < len(r)]}
        for n, name in enumerate(header)
    ]
    if as_json:
        layout = {"encoding": found.encoding, "separator": found.separator, "quote": found.quote}
        write_json({**layout, "columns": columns})
        return
    if found.separator:
        mark = gettext(N_("Tab")) if found.separator == "\t" else found.separator
        say(N_("Read as %(encoding)s with “%(separator)s” between the cells"), encoding=found.encoding.upper(),
            separator=mark)  # fmt: skip
    words = [{**c, "field": _place(c["field"]), "values": " · ".join(c["values"])[:60]} for c in columns]
    show(False, ["column", "field", "values"], words)


def _place(found: Any) -> str:
    return found if isinstance(found, str) else ", ".join(found)


def _resumed(opened: Deployment, who: Actor, number: int) -> int:
    from crm_core import imports

    with opened.operation(who, write=False) as ctx:
        return imports.resumable(ctx, number).id


@contextmanager
def stoppable(run: Foreground, advice: str) -> Iterator[None]:
    """Let Ctrl+C stop the work between two chunks; what is saved stays, and ``advice`` says how it goes on."""
    from crm_core.jobs import Cancelled

    before = signal.signal(signal.SIGINT, lambda *_: setattr(run, "stopped", True))
    try:
        yield
    except Cancelled:
        raise click.ClickException(advice) from None
    finally:
        signal.signal(signal.SIGINT, before)


def _write_failed(ctx: Ctx, result: Report, path: Path) -> None:
    from crm_core.import_report import failed_rows

    with path.open("w", encoding="utf-8", newline="") as target:
        target.writelines(failed_rows(ctx, result.row))


def _tell(ctx: Ctx, result: Report, as_json: bool) -> None:
    from crm_core.import_report import COUNTS, problems

    found, _ = problems(ctx, result.row.id, limit=500 if as_json else SHOWN)
    rows = [{"line": p.line, "outcome": p.outcome, "field": p.field, "message": p.text} for p in found]
    if as_json:
        write_json(
            {"import": result.row.id, "state": result.state, "dry_run": result.dry_run, **result.counts,
             "mapping": result.row.mapping, "problems": rows}
        )  # fmt: skip
        return
    if result.dry_run:
        say(N_("Trial: nothing is saved"))
    for key, label in COUNTS.items():
        click.echo(f"{gettext(label)}: {result.counts[key]}")
    show(False, ["line", "outcome", "field", "message"], rows)
