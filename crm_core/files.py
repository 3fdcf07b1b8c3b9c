"""Stored files: on disk by their digest, in the database with the record whose access they follow."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import arrivals, history, images, sniff
from crm_core.arrivals import clean_name as clean_name
from crm_core.arrivals import size_text as size_text
from crm_core.contributed_services import Previewer
from crm_core.db import KERNEL
from crm_core.errors import Conflict, CrmError, NotFound, Problem, WrongType
from crm_core.fieldtypes import File, Image
from crm_core.filestore import FileStore, arriving, store_of
from crm_core.i18n import N_
from crm_core.models import StoredFile

if TYPE_CHECKING:
    from crm_core.change import Change
    from crm_core.context import Ctx

GRACE = 24 * 3600
"""Seconds an unattached file is kept: time enough to fill in the form it was uploaded for."""


@dataclass(frozen=True)
class OpenedFile:
    """A file the actor may read: its row, and its bytes as a stream or as a file of this machine."""

    file: StoredFile
    store: FileStore

    @property
    def path(self) -> Path:
        """Return where the bytes lie; a copy is fetched where they lie elsewhere."""
        try:
            return self.store.local(self.file.digest)
        except FileNotFoundError as exc:
            raise _missing(self.file, exc) from exc

    def open(self) -> IO[bytes]:
        """Return the bytes as a stream that can be sought in."""
        try:
            return self.store.open(self.file.digest)
        except FileNotFoundError as exc:
            raise _missing(self.file, exc) from exc


def local(ctx: Ctx, digest: str) -> Path:
    """Return where a program finds the bytes with this SHA-256 digest.

    Raises:
        NotFound: they are gone.
    """
    try:
        return store_of(ctx.config).local(digest)
    except FileNotFoundError as exc:
        raise NotFound(N_("The file is missing from the store"), hint=str(exc)) from exc


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
        Invalid: the file is empty, or a module that looks into files refuses it.
        Unavailable: a module that looks into files can't do so now; nothing passes unseen.
    """
    name = arrivals.clean_name(name)
    with arriving(ctx.config.files) as target:
        head, digest, size = arrivals.receive(stream, target, max_bytes)
        kind = sniff.content_type(head, name, declared_type)
        if types and kind not in types:
            raise _not_accepted(kind, types)
        arrivals.scan(ctx, Path(target.name), name, kind)
        if box is not None:
            picture, kind = images.fit(Path(target.name), box)
            digest, size = arrivals.replace(target, picture)
        arrivals.place(ctx, target, digest)
    row = StoredFile(
        name=name, content_type=kind, size=size, digest=digest, box=_box_text(box), created_at=ctx.now,
        created_by_id=ctx.actor.id,
    )  # fmt: skip
    ctx.session.add(row)
    ctx.session.flush()
    return row


def copy(ctx: Ctx, file_id: int) -> StoredFile:
    """Return a new row for the bytes of a file the actor may read; it belongs to nothing until it is attached.

    Raises:
        NotFound: no such file for this actor.
    """
    file = open_(ctx, file_id).file
    row = StoredFile(
        name=file.name, content_type=file.content_type, size=file.size, digest=file.digest, box=file.box,
        created_at=ctx.now, created_by_id=ctx.actor.id,
    )  # fmt: skip
    with arrivals.locked(ctx, alone=False):
        store_of(ctx.config).touch(file.digest)
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
        raise arrivals.too_large(kind.max_bytes)
    if kind.types and row.content_type not in kind.types:
        raise _not_accepted(row.content_type, kind.types)


def _fit(ctx: Ctx, kind: File, row: StoredFile) -> None:
    """Make a picture fit that was uploaded without saying what for (CT-10)."""
    if not isinstance(kind, Image) or row.box == _box_text(kind.box):
        return
    picture, content_type = images.fit(local(ctx, row.digest), kind.box)
    with arriving(ctx.config.files) as target:
        row.digest, row.size = arrivals.replace(target, picture)
        arrivals.place(ctx, target, row.digest)
    row.content_type, row.box = content_type, _box_text(kind.box)
    ctx.session.flush()


def _box_text(box: tuple[int, int] | None) -> str:
    return f"{box[0]}x{box[1]}" if box else ""


def _untie(ctx: Ctx, *where: sa.ColumnElement[bool], **more: Any) -> None:
    # The record's number stays, which tells what was taken away from what was just uploaded.
    values = {"entity": "", "field": "", "created_at": ctx.now, **more}
    statement = sa.update(StoredFile).where(*where).values(values)
    ctx.session.execute(statement, execution_options={**KERNEL, "synchronize_session": "fetch"})


def usage(ctx: Ctx, uploader: int | None = None) -> int:
    """Return how many bytes are kept for records, in all or of what one person uploaded; equal content counts again."""
    total = sa.select(sa.func.coalesce(sa.func.sum(StoredFile.size), 0)).where(StoredFile.entity != "")
    if uploader is not None:
        total = total.where(StoredFile.created_by_id == uploader)
    return int(ctx.session.scalar(total, execution_options=KERNEL) or 0)


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
    elif _is_tied_elsewhere(row) or not _is_uploader(ctx, row):
        raise NotFound()
    return OpenedFile(row, store_of(ctx.config))


def _is_tied_elsewhere(row: StoredFile) -> bool:
    """Tell whether a file was taken from its record, or its record's module is off."""
    return bool(row.record_id) and not row.entity.startswith("core.")


def _missing(row: StoredFile, error: Exception) -> NotFound:
    return NotFound(N_("The file is missing from the store"), hint=f"file {row.id}: {error} does not exist")


def thumbnail(ctx: Ctx, file_id: int, side: int, page: int = 1) -> tuple[Path, str]:
    """Return a small version of a picture, or of what a module draws (:class:`Previewer`), and its content type.

    It is made at most once. ``page`` is one of a file that has several.

    Raises:
        NotFound: no such file for this actor, or no such page.
        WrongType: nothing can be shown of the file.
        TooLarge: it is too large to be looked into.
    """
    opened = open_(ctx, file_id)
    draw = _drawer(ctx, opened.file.content_type, page)
    folder = ctx.config.files / "thumbnails" / opened.file.digest[:2]
    name = f"{opened.file.digest}-{side}" if page == 1 else f"{opened.file.digest}-{side}-{page}"
    for kind, ending in (("image/jpeg", "jpg"), ("image/png", "png"), ("image/webp", "webp")):
        if (path := folder / f"{name}.{ending}").is_file():
            return path, kind
    content, kind = draw(opened.path, side)
    path = folder / f"{name}.{'jpg' if kind == 'image/jpeg' else kind.partition('/')[2]}"
    with arriving(ctx.config.files) as target:
        arrivals.replace(target, content)
        folder.mkdir(parents=True, exist_ok=True)
        os.replace(target.name, path)
    return path, kind


def small_picture(content: bytes, side: int) -> tuple[bytes, str]:
    """Return a picture made to fit into a square, written anew, and its content type; nothing is kept.

    Raises:
        WrongType: it is no picture.
        TooLarge: it has too many pixels.
    """
    return images.fit(io.BytesIO(content), (side, side))


def _drawer(ctx: Ctx, content_type: str, page: int) -> Callable[[Path, int], tuple[bytes, str]]:
    """Return what makes a small picture of a page of files of a type."""
    if content_type in images.TYPES and page == 1:
        return lambda path, side: images.fit(path, (side, side))
    for previewer in ctx.registry.of(Previewer):
        if content_type in previewer.types:
            if page == 1:
                return previewer.draw
            if (one := previewer.draw_page) is not None:
                return lambda path, side: one(path, side, page)
    if page != 1:
        raise NotFound(N_("There is no such page"))
    raise WrongType(N_("The file is not a picture"))


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
    store = store_of(ctx.config)
    removed = store.leftovers(limit)
    for digest in list(store.digests()):
        if store.modified(digest) < limit:
            with arrivals.locked(ctx, alone=True):
                removed += _remove_blob(ctx, store, digest, limit)
    return rows, removed


def _remove_blob(ctx: Ctx, store: FileStore, digest: str, limit: float) -> int:
    if store.modified(digest) >= limit:
        return 0
    used = sa.select(StoredFile.id).where(StoredFile.digest == digest).limit(1)
    if ctx.session.scalar(used, execution_options=KERNEL) is not None:
        return 0
    store.remove(digest)
    forget_thumbnails(ctx, digest)
    return 1


def forget_thumbnails(ctx: Ctx, digest: str) -> None:
    """Remove the small pictures made of some bytes."""
    for small in (ctx.config.files / "thumbnails" / digest[:2]).glob(f"{digest}-*"):
        small.unlink(missing_ok=True)


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
