"""Stored files: on disk by their digest, in the database with the record whose access they follow."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import time
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import history, images, sniff
from crm_core.db import KERNEL
from crm_core.errors import Conflict, CrmError, Invalid, NotFound, Problem, TooLarge, WrongType
from crm_core.fieldtypes import File, Image
from crm_core.i18n import N_, gettext
from crm_core.models import StoredFile

if TYPE_CHECKING:
    from tempfile import _TemporaryFileWrapper

    from crm_core.change import Change
    from crm_core.context import Ctx

    Arriving = _TemporaryFileWrapper[bytes]

_CHUNK = 64 * 1024
_NAME_LENGTH = 150
_UNITS = (N_("%(n)s kB"), N_("%(n)s MB"), N_("%(n)s GB"))
GRACE = 24 * 3600
"""Seconds an unattached file is kept: time enough to fill in the form it was uploaded for."""


@dataclass(frozen=True)
class OpenedFile:
    """A file the actor may read: its row and where its bytes lie."""

    file: StoredFile
    path: Path


def size_text(size: int) -> str:
    """Return a size as people write it: ``512 bytes``, ``1 MB`` (1,048,576 bytes), ``2.5 GB``."""
    if size < 1024:
        return gettext(N_("%(n)s bytes"), n=size)
    power = min((size.bit_length() - 1) // 10, len(_UNITS))
    value = f"{size / 1024**power:.1f}".removesuffix(".0")
    return gettext(_UNITS[power - 1], n=value)


def clean_name(name: str) -> str:
    """Return a file name without folders, control characters and direction marks, at most 150 characters long."""
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    base = "".join(c for c in base if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")).strip(" .")
    stem, dot, ending = base.rpartition(".")
    if dot and len(ending) <= 10:
        return f"{stem[: _NAME_LENGTH - len(ending) - 1]}.{ending}"
    return base[:_NAME_LENGTH] or "file"


def blob(folder: Path, digest: str) -> Path:
    """Return where the bytes with this SHA-256 digest lie."""
    return folder / digest[:2] / digest[2:4] / digest


def store(
    ctx: Ctx,
    stream: IO[bytes],
    name: str,
    declared_type: str = "",
    *,
    max_bytes: int,
    types: tuple[str, ...] = (),
    box: tuple[int, int] | None = None,
) -> StoredFile:
    """Keep a file and return its row; it belongs to nothing until it is attached.

    Args:
        ctx: the operation; its actor is the uploader.
        stream: the bytes; read to the limit and never further.
        name: the file name of the sender.
        declared_type: the content type the sender claims, if any.
        max_bytes: the limit in bytes; a file of exactly this size is accepted (CT-09).
        types: content types accepted; empty means any.
        box: for pictures, the width and height they must fit into (CT-10).

    Raises:
        TooLarge: more bytes than the limit; the message names it.
        WrongType: a type that is not accepted, or other content than claimed.
        Invalid: the file is empty.
    """
    folder = ctx.config.files
    name = clean_name(name)
    with _arriving(folder) as arriving:
        head, digest, size = _receive(stream, arriving, max_bytes)
        kind = sniff.content_type(head, name, declared_type)
        if types and kind not in types:
            raise _not_accepted(kind, types)
        if box is not None:
            picture, kind = images.fit(Path(arriving.name), box)
            digest, size = _replace(arriving, picture)
        _place(folder, arriving, digest)
    row = StoredFile(
        name=name, content_type=kind, size=size, digest=digest, box=_box_text(box), created_at=ctx.now,
        created_by_id=ctx.actor.id,
    )  # fmt: skip
    ctx.session.add(row)
    ctx.session.flush()
    return row


def attach(ctx: Ctx, file_id: int, entity: str, record_id: int, field: str) -> StoredFile:
    """Tie an uploaded file to a field of a record. The caller has checked that the actor may edit the record.

    Raises:
        NotFound: no such file, or another person's upload.
        Conflict: it already belongs to something else.
    """
    row = _row(ctx, file_id)
    if (row.entity, row.record_id, row.field) == (entity, record_id, field):
        return row
    if row.entity:
        raise Conflict(N_("The file already belongs to another record"), field=field)
    if not _is_uploader(ctx, row):
        raise NotFound(N_("There is no such file"), field=field)
    row.entity, row.record_id, row.field = entity, record_id, field
    ctx.session.flush()
    return row


def detach_all(ctx: Ctx, entity: str, ids: Collection[int]) -> None:
    """Untie every file of records that go away: nobody is sent them, and they are kept while undoing may want them."""
    _untie(ctx, StoredFile.entity == entity, StoredFile.record_id.in_(ids))


def let_go(ctx: Ctx, entity: str, record_id: int) -> None:
    """Untie every file of something that never comes back; a job removes them."""
    _untie(ctx, StoredFile.entity == entity, StoredFile.record_id == record_id, record_id=None)


def attachable(ctx: Ctx, ids: Collection[int]) -> set[int]:
    """Return which files are still kept, free, and the actor's to attach; no statement where none is asked for."""
    if not ids:
        return set()
    rows = ctx.session.scalars(sa.select(StoredFile).where(StoredFile.id.in_(ids)), execution_options=KERNEL)
    return {row.id for row in rows if not row.entity and _is_uploader(ctx, row)}


def follow(ctx: Ctx, changes: Sequence[Change]) -> dict[int, list[Problem]]:
    """Attach the files that changes name to their records, and untie those they replace.

    Returns:
        What is wrong, by record: a file that is not there for the actor, belongs elsewhere, or is not what the field
        accepts.
    """
    moved = [(c, key, kind) for c in changes for key, kind in _file_fields(ctx, c.entity) if c.changed(key)]
    if not moved:
        return {}
    named = [c.values[key] for c, key, _ in moved if c.values[key] is not None]
    loaded = ctx.session.scalars(sa.select(StoredFile).where(StoredFile.id.in_(named)), execution_options=KERNEL).all()
    wrong: dict[int, list[Problem]] = {}
    replaced = []
    for change, key, kind in moved:
        try:
            if (new := change.values[key]) is not None:
                row = attach(ctx, new, change.entity, change.record.id, key)
                _check(kind, row)
                _fit(ctx, kind, row)
        except CrmError as exc:
            wrong.setdefault(change.record.id, []).append(Problem(key, exc.code, exc.message, exc.params))
        else:
            replaced.append(change.old.get(key))
    if kept := [number for number in replaced if number is not None]:
        _untie(ctx, StoredFile.id.in_(kept))
    del loaded  # until here, so that the session found each file without asking for it
    return wrong


def _file_fields(ctx: Ctx, entity: str) -> list[tuple[str, File]]:
    return [(key, f.type) for key, f in ctx.registry.fields(entity).items() if isinstance(f.type, File)]


def _check(kind: File, row: StoredFile) -> None:
    """Refuse a file that was uploaded for something with wider limits."""
    if row.size > kind.max_bytes:
        raise _too_large(kind.max_bytes)
    if kind.types and row.content_type not in kind.types:
        raise _not_accepted(row.content_type, kind.types)


def _fit(ctx: Ctx, kind: File, row: StoredFile) -> None:
    """Make a picture fit that was uploaded without saying what for (CT-10)."""
    if not isinstance(kind, Image) or row.box == _box_text(kind.box):
        return
    folder = ctx.config.files
    picture, content_type = images.fit(blob(folder, row.digest), kind.box)
    with _arriving(folder) as arriving:
        row.digest, row.size = _replace(arriving, picture)
        _place(folder, arriving, row.digest)
    row.content_type, row.box = content_type, _box_text(kind.box)
    ctx.session.flush()


def _box_text(box: tuple[int, int] | None) -> str:
    return f"{box[0]}x{box[1]}" if box else ""


def _untie(ctx: Ctx, *where: sa.ColumnElement[bool], **more: Any) -> None:
    # The record's number stays, which tells what was taken away from what was just uploaded.
    values = {"entity": "", "field": "", "created_at": ctx.now, **more}
    statement = sa.update(StoredFile).where(*where).values(values)
    ctx.session.execute(statement, execution_options={**KERNEL, "synchronize_session": "fetch"})


def open_(ctx: Ctx, file_id: int) -> OpenedFile:
    """Return a file the actor may read: his own upload while it is unattached, else as the record and the field allow.

    Raises:
        NotFound: no such file for this actor, or its bytes are gone.
    """
    from crm_core import access, records

    row = _row(ctx, file_id)
    if row.entity in ctx.registry.entities and row.record_id:
        records.get(ctx, row.entity, row.record_id)
        if row.field and row.field not in access.readable(ctx, row.entity):
            raise NotFound()
    elif (row.record_id and not row.entity) or not _is_uploader(ctx, row):
        raise NotFound()
    path = blob(ctx.config.files, row.digest)
    if not path.is_file():
        raise NotFound(N_("The file is missing from the store"), hint=f"file {row.id}: {path} does not exist")
    return OpenedFile(row, path)


def thumbnail(ctx: Ctx, file_id: int, side: int) -> tuple[Path, str]:
    """Return a small version of a picture, made at most once, and its content type.

    Raises:
        NotFound: no such file for this actor.
        WrongType: the file is not a picture.
    """
    opened = open_(ctx, file_id)
    if opened.file.content_type not in images.TYPES:
        raise WrongType(N_("The file is not a picture"))
    folder = ctx.config.files / "thumbnails" / opened.file.digest[:2]
    for kind, ending in (("image/jpeg", "jpg"), ("image/png", "png"), ("image/webp", "webp")):
        if (path := folder / f"{opened.file.digest}-{side}.{ending}").is_file():
            return path, kind
    content, kind = images.fit(opened.path, (side, side))
    path = folder / f"{opened.file.digest}-{side}.{'jpg' if kind == 'image/jpeg' else kind.partition('/')[2]}"
    with _arriving(ctx.config.files) as arriving:
        _replace(arriving, content)
        folder.mkdir(parents=True, exist_ok=True)
        os.replace(arriving.name, path)
    return path, kind


def remove_orphans(ctx: Ctx, *, older_than: float = GRACE) -> tuple[int, int]:
    """Remove what was uploaded for nothing once it is older than so many seconds, and bytes nothing refers to.

    What was taken from a record is kept as long as the change that took it can be undone.

    Returns:
        How many rows and how many files were removed.
    """
    limit = time.time() - older_than
    unused = StoredFile.record_id.is_(None) & (StoredFile.created_at < ctx.now.fromtimestamp(limit, ctx.now.tzinfo))
    if (since := history.undoable_since(ctx)) is not None:
        unused |= StoredFile.record_id.is_not(None) & (StoredFile.created_at < since)
    statement = sa.delete(StoredFile).where(StoredFile.entity == "", unused)
    rows = ctx.session.execute(statement, execution_options=KERNEL).rowcount  # type: ignore[attr-defined]
    folder = ctx.config.files
    removed = 0
    for path in list(folder.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")) + list((folder / "incoming").glob("*")):
        with _lock(folder, fcntl.LOCK_EX):
            removed += _remove_blob(ctx, path, limit)
    return rows, removed


def _remove_blob(ctx: Ctx, path: Path, limit: float) -> int:
    try:
        if path.stat().st_mtime >= limit:
            return 0
    except FileNotFoundError:
        return 0
    used = sa.select(StoredFile.id).where(StoredFile.digest == path.name).limit(1)
    if ctx.session.scalar(used, execution_options=KERNEL) is not None:
        return 0
    path.unlink(missing_ok=True)
    for small in (path.parents[2] / "thumbnails" / path.name[:2]).glob(f"{path.name}-*"):
        small.unlink(missing_ok=True)
    return 1


def _too_large(limit: int) -> TooLarge:
    message = N_("The file is larger than %(limit)s, the most that is accepted here")
    return TooLarge(message, params={"limit": size_text(limit)})


def _not_accepted(kind: str, types: tuple[str, ...]) -> WrongType:
    message = N_("Files of type %(type)s are not accepted here, only: %(accepted)s")
    return WrongType(message, params={"type": kind, "accepted": ", ".join(types)})


def _row(ctx: Ctx, file_id: int) -> StoredFile:
    row = ctx.session.get(StoredFile, file_id, execution_options=KERNEL)
    if row is None:
        raise NotFound(N_("There is no such file"))
    return row


def _is_uploader(ctx: Ctx, row: StoredFile) -> bool:
    return ctx.actor.is_admin or (row.created_by_id is not None and row.created_by_id == ctx.actor.id)


@contextmanager
def _arriving(folder: Path) -> Iterator[Arriving]:
    """Yield a new file in the store's own folder, so that it can be renamed into place; removed on any error."""
    incoming = folder / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=incoming, delete=False) as stream:
        try:
            yield stream
        finally:
            Path(stream.name).unlink(missing_ok=True)


def _receive(stream: IO[bytes], target: Arriving, max_bytes: int) -> tuple[bytes, str, int]:
    """Copy a stream; return its first bytes, digest and size."""
    digest, size, head = hashlib.sha256(), 0, b""
    while chunk := stream.read(min(_CHUNK, max_bytes - size + 1)):
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
        if len(head) < sniff.HEAD:
            head += chunk[: sniff.HEAD - len(head)]
        digest.update(chunk)
        target.write(chunk)
    if not size:
        raise Invalid([Problem("file", "empty", N_("The file is empty"))])
    target.flush()
    return head, digest.hexdigest(), size


def _replace(target: Arriving, content: bytes) -> tuple[str, int]:
    target.seek(0)
    target.truncate()
    target.write(content)
    target.flush()
    return hashlib.sha256(content).hexdigest(), len(content)


def _place(folder: Path, arriving: Arriving, digest: str) -> None:
    """Move a complete file to where its digest belongs. Equal content is kept once, and counts as new again."""
    os.fsync(arriving.fileno())
    path = blob(folder, digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder, fcntl.LOCK_SH):
        os.replace(arriving.name, path)
        os.utime(path)


@contextmanager
def _lock(folder: Path, kind: int) -> Iterator[None]:
    """Keep the removal of unused bytes and the arrival of equal ones apart, across processes."""
    with (folder / ".lock").open("a") as handle:
        fcntl.flock(handle, kind)
        yield
