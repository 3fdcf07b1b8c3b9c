"""``crm documents``: files in and out; everything else is ``crm record … documents``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import click

from crm_core.api import CliGroup, cli_operation, files, records
from crm_documents import operations
from crm_documents.operations import Upload
from crm_documents.rules import DOCUMENT
from crm_documents.trash import trashed

_as = click.option("--as", "email", metavar="EMAIL", help="Act as this user instead of the system.")
_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")
_id = click.argument("document_id", metavar="ID", type=int)
_file = click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))


def _say(document: Any, as_json: bool) -> None:
    values = {"id": document.id, "name": document.name, "number": document.number, "size": document.size}
    click.echo(json.dumps(values) if as_json else f"documents/{document.id}  {document.name}  ({document.number})")


@click.group()
def documents() -> None:
    """Files on records."""


@documents.command()
@click.argument("record")
@_file
@click.option("--description", default="", help="What it is.")
@_as
@_json
def add(record: str, path: Path, description: str, email: str | None, as_json: bool) -> None:
    """Put the file PATH on RECORD, such as contacts:5."""
    with path.open("rb") as stream, cli_operation(email) as ctx:
        _say(operations.add(ctx, record, Upload(stream, path.name), description), as_json)


@documents.command()
@_id
@_file
@click.option("--note", default="", help="What is new.")
@_as
@_json
def version(document_id: int, path: Path, note: str, email: str | None, as_json: bool) -> None:
    """Give document ID the file PATH as its newest version."""
    with path.open("rb") as stream, cli_operation(email) as ctx:
        _say(operations.add_version(ctx, document_id, Upload(stream, path.name), note), as_json)


@documents.command()
@_id
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--number", type=int, help="Of this version; the newest otherwise.")
@_as
def save(document_id: int, target: Path, number: int | None, email: str | None) -> None:
    """Write the file of document ID to TARGET."""
    with cli_operation(email, write=False) as ctx:
        document: Any = records.get(ctx, DOCUMENT, document_id)
        found = operations.version(ctx, document_id, number or document.number or 0)
        with files.open_(ctx, found.values["file"]).open() as source, target.open("xb") as out:
            shutil.copyfileobj(source, out)


@documents.command()
@_as
@_json
def trash(email: str | None, as_json: bool) -> None:
    """List what was deleted and is not gone yet."""
    with cli_operation(email, write=False) as ctx:
        rows = [{"id": r.id, "name": r.title, "record": r.values["record"]} for r in trashed(ctx, 500).items]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['id']}  {row['name']}  {row['record']}")


@documents.command()
@_id
@_as
@_json
def restore(document_id: int, email: str | None, as_json: bool) -> None:
    """Take document ID out of the trash."""
    with cli_operation(email) as ctx:
        _say(operations.take_back(ctx, document_id), as_json)


@documents.command()
@_id
@_as
def purge(document_id: int, email: str | None) -> None:
    """Remove document ID, which is in the trash, for good."""
    with cli_operation(email) as ctx:
        operations.purge(ctx, document_id)


GROUP = CliGroup(command=lambda: documents)
