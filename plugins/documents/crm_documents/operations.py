"""The verbs: add a document or a version, go back to a version, take a document out of the trash or away for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import IO, Any

from crm_core.api import (
    N_,
    ActionDef,
    Cond,
    Conflict,
    Ctx,
    FieldDef,
    Forbidden,
    Integer,
    Invalid,
    ListQuery,
    NotFound,
    Problem,
    access,
    and_,
    files,
    gettext,
    jobs,
    records,
)
from crm_documents.kinds import claimed_type, kind_of
from crm_documents.limits import check_name, check_room, largest
from crm_documents.rules import DOCUMENT, VERSION, facts, versions_of, with_trash

READ_JOB = "documents.read"


@dataclass(frozen=True)
class Upload:
    """A file as it arrives: its bytes, how many there are, its name, and the type the sender claims."""

    stream: IO[bytes]
    name: str
    declared: str = ""

    @property
    def size(self) -> int:
        """Return how many bytes there are; the stream is at its beginning afterwards."""
        size = self.stream.seek(0, 2)
        self.stream.seek(0)
        return size


def add(ctx: Ctx, record: str, upload: Upload, description: str = "") -> Any:
    """Put a file on a record as a new document.

    Args:
        ctx: The operation.
        record: ``entity:id``; who may change it may put files there.
        upload: The file.
        description: What it is, for people.

    Raises:
        NotFound: the record is not there for the actor.
        Forbidden: the actor may read the record but not change it.
        Invalid: the file is empty, was refused, or there is no room for it.
        TooLarge: it is larger than what is accepted.
        WrongType: it is of a kind that is not accepted, or something else than its name says.
    """
    reference = _checked_record(ctx, record)
    stored = _keep(ctx, upload)
    with facts(ctx, {"number": 0}):
        values = {"name": stored.name, "record": reference, "description": description or None}
        document = records.create(ctx, DOCUMENT, values)
    _append(ctx, document, stored)
    return document


def add_version(ctx: Ctx, document_id: int, upload: Upload, note: str = "") -> Any:
    """Give a document a new file; the ones before stay. Raises what :func:`add` raises."""
    document = _changeable(ctx, document_id)
    _append(ctx, document, _keep(ctx, upload), note)
    return document


def restore_version(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Make an old version the newest again, as a version of its own.

    Raises:
        Invalid: there is no version of that number.
        Conflict: it is the newest.
    """
    row = version(ctx, record.id, data["number"])
    if row.values["number"] == record.number:
        raise Conflict(N_("This is the newest version already"))
    note = gettext(N_("Version %(number)s again"), number=row.values["number"])
    _append(ctx, record, files.copy(ctx, row.values["file"]), note)
    return {"message": note, "number": record.number}


def version(ctx: Ctx, document_id: int, number: int) -> Any:
    """Return a version of a document.

    Raises:
        Invalid: there is none of that number.
    """
    wanted = Cond("document", "=", document_id), Cond("number", "=", number)
    query = ListQuery(fields=("number", "file", "name"), filter=and_(*wanted), limit=1)
    found = records.list_(ctx, VERSION, query).items
    if not found:
        raise Invalid([Problem("number", "unknown", N_("There is no version %(number)s"), {"number": number})])
    return found[0]


def take_back(ctx: Ctx, document_id: int) -> Any:
    """Take a document out of the trash.

    Raises:
        NotFound: it is not there for the actor.
        Forbidden: the actor may not change the record it belongs to.
    """
    inside = with_trash(ctx)
    _in_trash(inside, document_id)
    with facts(inside, {"trashed_at": None}):
        return records.update(inside, DOCUMENT, document_id, {})


def purge(ctx: Ctx, document_id: int) -> None:
    """Remove a document of the trash for good, with the bytes of all its versions.

    Raises:
        NotFound: it is not in the trash, or not there for the actor.
        Forbidden: the actor may not delete it.
    """
    inside = with_trash(ctx)
    document = _in_trash(inside, document_id)
    if not access.may(inside, DOCUMENT, "delete", document):
        raise Forbidden
    remove(inside, document_id)


def remove(inside: Ctx, document_id: int) -> None:
    """Remove a document and the bytes of all its versions, in an operation in which the trash exists."""
    for number in versions_of(inside, document_id):
        files.let_go(inside, VERSION, number)
    records.delete(inside, DOCUMENT, document_id)


def _in_trash(inside: Ctx, document_id: int) -> Any:
    found: Any = records.get(inside, DOCUMENT, document_id)
    if found.trashed_at is None:
        raise NotFound(N_("This document is not in the trash"))
    return found


def _checked_record(ctx: Ctx, record: str) -> str:
    entity, _, number = record.partition(":")
    definition = ctx.registry.entities.get(ctx.registry.slugs.get(entity, entity))
    if definition is None or not (number.isascii() and number.isdigit() and len(number) < 16):
        message = N_("Name the record as kind and number, such as contacts:5")
        raise Invalid([Problem("record", "unknown", message)])
    found = records.get(ctx, definition.key, int(number))
    if not access.may(ctx, definition.key, "update", found):
        raise Forbidden(N_("You may read this record but not put files there"))
    return f"{definition.key}:{found.id}"


def _changeable(ctx: Ctx, document_id: int) -> Any:
    found: Any = records.get(ctx, DOCUMENT, document_id)
    if not access.may(ctx, DOCUMENT, "update", found):
        raise Forbidden(N_("You may read this record but not put files there"))
    return found


def _keep(ctx: Ctx, upload: Upload) -> Any:
    """Take over a file within all limits; nothing of one that is refused stays behind."""
    check_name(ctx, upload.name)
    check_room(ctx, upload.size)
    declared = claimed_type(files.clean_name(upload.name), upload.declared)
    return files.store(ctx, upload.stream, upload.name, declared, max_bytes=largest(ctx))


def _append(ctx: Ctx, document: Any, stored: Any, note: str = "") -> None:
    number = max(document.number or 0, *_numbers(ctx, document.id), 0) + 1
    about = {"content_type": stored.content_type, "size": stored.size, "number": number}
    owned = {**about, "document": document.id, "name": stored.name, "file": stored.id}
    with facts(ctx, owned):
        records.create(ctx, VERSION, {"note": note or None})
    current = {"kind": kind_of(stored.content_type), "file_id": stored.id, "text_state": "waiting", "text_note": None,
               "pages": None}  # fmt: skip
    with facts(ctx, {**about, **current, "text": None}):
        records.update(ctx, DOCUMENT, document.id, {})
    # The job is the system's: reading a file is no business of the person who uploaded it.
    jobs.enqueue(ctx.as_actor(replace(ctx.actor, id=None, system=True)), READ_JOB, {"document": document.id})


def _numbers(ctx: Ctx, document_id: int) -> list[int]:
    """Return the number of the newest version, if there is one."""
    newest = Cond("document", "=", document_id), (("number", True),)
    query = ListQuery(fields=("number",), filter=newest[0], sort=newest[1], limit=1, count=False)
    return [row.values["number"] or 0 for row in records.list_(ctx, VERSION, query).items]


ACTIONS = (
    ActionDef(
        entity=DOCUMENT,
        name="restore_version",
        label=N_("Go back to a version"),
        handler=restore_version,
        icon="clock-history",
        bulk=False,
        form=(FieldDef(entity="", key="number", type=Integer(1, 1_000_000), label=N_("Version"), required=True),),
        available=lambda ctx, record: (record.number or 0) > 1,
    ),
)
