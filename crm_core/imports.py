"""Imports of files: started, looked up and listed. The work is in ``import_work``, the answer in ``import_report``.

A plugin contributes an ``Importer``; everything else, on every face, is the kernel's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import access, files, import_files, import_work, jobs
from crm_core.contributed_faces import FileConverter
from crm_core.contributions import Importer
from crm_core.db import KERNEL
from crm_core.errors import Conflict, NotFound
from crm_core.i18n import N_
from crm_core.import_columns import Look, look
from crm_core.import_options import options_document, options_of
from crm_core.import_protocol import ImportOptions
from crm_core.import_work import ENTITY
from crm_core.models import Import, Job, StoredFile

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.registry import Registry

JOB, PREPARE = "core.import", "core.import_file"
DRAFT = "draft"
"""State of an import whose file is uploaded and whose columns are being looked at."""
PREPARING = "preparing"
"""State of an import whose file is made a table before its columns can be looked at."""
ASKED, CONVERTED = "asked", "done"
"""Whether the file of an import still has to be made a table, or was made one; nothing where it is one."""
TABLE: Mapping[str, Any] = {"encoding": "utf-8", "separator": "comma", "quote": "double"}
"""How the tables are written that are made of other files."""
_REMEMBERED = 200
"""Among so many imports the one with the same columns is looked for."""


def importer_of(registry: Registry, slug_or_entity: str) -> Importer:
    """Return the importer of an entity.

    Raises:
        NotFound: no active plugin reads files into it.
    """
    for found in registry.of(Importer):
        if slug_or_entity in (found.slug, found.entity):
            return found
    raise NotFound(N_("Nothing imports files into %(name)s"), params={"name": slug_or_entity[:60]})


def endings(registry: Registry, importer: Importer) -> tuple[str, ...]:
    """Return the endings of files an importer takes, those included that are made tables first."""
    others = (ending for item in registry.of(FileConverter) for ending in item.endings)
    return tuple(dict.fromkeys((*importer.formats, *others)))


def may_import(ctx: Ctx, slug_or_entity: str) -> bool:
    """Tell whether the actor may create records of an entity that has an importer."""
    found = any(slug_or_entity in (i.slug, i.entity) for i in ctx.registry.of(Importer))
    return found and access.may(ctx, importer_of(ctx.registry, slug_or_entity).entity, "create")


def keep(
    ctx: Ctx, slug: str, stream: IO[bytes], name: str, options: ImportOptions, *, max_bytes: int | None = None,
    remember: bool = False,
) -> Import:  # fmt: skip
    """Keep a file and look whether it can be read; nothing is started, so it is the caller's to go on.

    A file that is no table yet is only kept (``conversion``): :mod:`crm_core.import_preparing` reads it.
    ``remember`` takes the options of the actor's last import of a file with the same columns.

    Raises:
        NotFound: nothing imports into the entity.
        Forbidden: the actor may not create such records.
        TooLarge: more than ``max_bytes`` (the deployment's limit unless given).
        Invalid: the file or its columns can't be used.
    """
    importer = importer_of(ctx.registry, slug)
    access.require(ctx, importer.entity, "create")
    limit = max_bytes or ctx.config.max_upload
    with import_files.room(ctx) as folder:
        path = import_files.received(stream, folder, limit)
        converter = import_files.converter_of(ctx.registry, path, name)
        if converter is not None:
            import_files.check(converter, path)
            found = Look([], {}, replace(options, entity=importer.entity))
        else:
            found = looked(ctx, importer, path, options, remember=remember)
        with path.open("rb") as kept:
            stored = files.store(ctx, kept, name, max_bytes=limit)
    made = _made(ctx, importer, stored, found)
    if converter is not None:
        made.state, made.conversion = PREPARING, ASKED
    return made


def looked(ctx: Ctx, importer: Importer, path: Path, options: ImportOptions, *, remember: bool) -> Look:
    """Look at a table; ``remember`` takes what was chosen for the same columns before, how it is written apart."""
    found = look(ctx, importer, path, options)
    if not remember or (known := _remembered(ctx, importer, found.header)) is None:
        return found
    now = {name: getattr(options, name) for name in ("region", "encoding", "separator", "quote", "looking")}
    return look(ctx, importer, path, replace(known, **now))


def draft(
    ctx: Ctx, slug: str, stream: IO[bytes], name: str, options: ImportOptions, *, max_bytes: int | None = None,
    remember: bool = False,
) -> Import:  # fmt: skip
    """Keep a file whose columns are looked at before :func:`begin`; raises what :func:`keep` raises.

    A file that is no table is made one by a job first; until then the import is ``preparing``.
    """
    options = replace(options, looking=True)
    made = keep(ctx, slug, stream, name, options, max_bytes=max_bytes, remember=remember)
    if made.conversion == ASKED:
        made.job_id = jobs.enqueue(ctx, PREPARE, {"import_id": made.id, "remember": remember})
        ctx.session.flush()
    return made


def look_again(ctx: Ctx, import_id: int, options: ImportOptions) -> Import:
    """Look at the file of a draft with other options; columns that are called otherwise then go where they are guessed.

    Raises:
        NotFound: there is none, or it is another person's.
        Conflict: it was started already, or its file is not read yet.
        Invalid: the file can't be used with these options.
    """
    made = _drafted(ctx, import_id)
    importer = importer_of(ctx.registry, made.entity)
    options = replace(options, looking=True, **(TABLE if made.conversion else {}))
    path = path_of(ctx, made)
    header = look(ctx, importer, path, replace(options, overrides={})).header
    chosen = {name: place for name, place in options.overrides.items() if name in header}
    _take(made, look(ctx, importer, path, replace(options, overrides=chosen)))
    ctx.session.flush()
    return made


def begin(ctx: Ctx, import_id: int, options: ImportOptions | None = None) -> Import:
    """Start a drafted import as a job, with other options if given.

    Raises:
        NotFound: there is none, or it is another person's.
        Conflict: it was started already, or its file is not read yet.
        Invalid: the file can't be used with these options.
    """
    made = _drafted(ctx, import_id)
    options = options or options_of(made.options)
    options = replace(options, **(TABLE if made.conversion else {}))
    _take(made, look(ctx, importer_of(ctx.registry, made.entity), path_of(ctx, made), options))
    return _begun(ctx, made)


def _drafted(ctx: Ctx, import_id: int) -> Import:
    made = find(ctx, import_id)
    if made.state == PREPARING:
        raise Conflict(N_("The file of this import is still being read"))
    if made.state != DRAFT:
        raise Conflict(N_("This import was started already"))
    return made


def _take(made: Import, found: Look) -> None:
    made.header, made.mapping = found.header, found.mapping
    made.options = options_document(found.options)


def _begun(ctx: Ctx, made: Import) -> Import:
    made.state = "waiting"
    made.job_id = jobs.enqueue(ctx, JOB, {"import_id": made.id})
    ctx.session.flush()
    return made


def start(
    ctx: Ctx, slug: str, stream: IO[bytes], name: str, options: ImportOptions, *, max_bytes: int | None = None
) -> Import:
    """Keep a file and begin its import at once; raises what :func:`keep` raises."""
    return _begun(ctx, keep(ctx, slug, stream, name, options, max_bytes=max_bytes))


def converted(ctx: Ctx, made: Import, table: Path, *, remember: bool) -> None:
    """Take the table that was made of an import's file in place of it, and look at its columns.

    Raises:
        Invalid: the table or its columns can't be used.
    """
    importer, file = importer_of(ctx.registry, made.entity), _file(ctx, made)
    options = replace(options_of(made.options), looking=made.state == PREPARING, **TABLE)
    found = looked(ctx, importer, table, options, remember=remember)
    with table.open("rb") as stream:
        stored = files.store(ctx, stream, file.name, max_bytes=max(1, table.stat().st_size))
    files.let_go(ctx, ENTITY, made.id)
    files.attach(ctx, stored.id, ENTITY, made.id, "file")
    made.file_id, made.conversion = stored.id, CONVERTED
    _take(made, found)
    if made.state == PREPARING:
        made.state, made.job_id = DRAFT, None
    ctx.session.flush()


def again(ctx: Ctx, import_id: int, **changes: Any) -> Import:
    """Start a new import of the same file with other options: for real after a dry run.

    Raises:
        NotFound: no such import of the actor, or its file is gone.
        Invalid: the file can't be used with these options.
    """
    before = find(ctx, import_id)
    importer = importer_of(ctx.registry, before.entity)
    access.require(ctx, importer.entity, "create")
    file = _file(ctx, before)
    copy = StoredFile(
        name=file.name, content_type=file.content_type, size=file.size, digest=file.digest, created_at=ctx.now,
        created_by_id=ctx.actor.id,
    )  # fmt: skip
    ctx.session.add(copy)
    ctx.session.flush()
    found = look(ctx, importer, path_of(ctx, before), replace(options_of(before.options), **changes))
    made = _made(ctx, importer, copy, found)
    made.conversion = before.conversion
    return _begun(ctx, made)


@dataclass(frozen=True)
class Preview:
    """The first rows of a table, and how it is read; empty for cards, and as far as the importer tells."""

    rows: list[list[str]]
    encoding: str
    separator: str
    quote: str


def preview(ctx: Ctx, row: Import, count: int = 3) -> Preview:
    """Return how the file of an import looks as it is read now."""
    importer = importer_of(ctx.registry, row.entity)
    options = replace(options_of(row.options), looking=True, match="")
    source = import_work.open_source(importer, path_of(ctx, row), options)
    try:
        rows = [list(r.raw) for r in islice(iter(source), count) if not isinstance(r.raw, str)]
        return Preview(rows, *(getattr(source, name, "") for name in ("encoding", "delimiter", "quote")))
    finally:
        source.close()


def path_of(ctx: Ctx, row: Import) -> Path:
    """Return where the file of an import lies.

    Raises:
        NotFound: it is not kept any more.
    """
    return files.local(ctx, _file(ctx, row).digest)


def file_name(ctx: Ctx, row: Import) -> str:
    """Return what the uploaded file is called.

    Raises:
        NotFound: it is not kept any more.
    """
    return _file(ctx, row).name


def _file(ctx: Ctx, row: Import) -> StoredFile:
    file = ctx.session.get(StoredFile, row.file_id, execution_options=KERNEL)
    if file is None or not file.entity:
        raise NotFound(N_("The file of this import is not kept any more; upload it again"))
    return file


def _made(ctx: Ctx, importer: Importer, stored: StoredFile, found: Look) -> Import:
    made = Import(
        entity=importer.entity, file_id=stored.id, user_id=None if ctx.actor.system else ctx.actor.id,
        options=options_document(found.options), header=found.header, mapping=found.mapping,
        created_at=ctx.now, state=DRAFT,
    )  # fmt: skip
    ctx.session.add(made)
    ctx.session.flush()
    files.attach(ctx, stored.id, ENTITY, made.id, "file")
    return made


def _remembered(ctx: Ctx, importer: Importer, header: list[str]) -> ImportOptions | None:
    """Return the options of the actor's last import of a file with these columns."""
    statement = (
        sa.select(Import.header, Import.options)
        .where(Import.entity == importer.entity, Import.user_id == ctx.actor.id, Import.state != DRAFT)
        .order_by(Import.id.desc()).limit(_REMEMBERED)
    )  # fmt: skip
    rows = ctx.session.execute(statement, execution_options=KERNEL)
    found = next((options for columns, options in rows if columns == header and header), None)
    return replace(options_of(found), dry_run=False) if found is not None else None


def find(ctx: Ctx, import_id: int) -> Import:
    """Return an import of the actor; administrators see every one.

    Raises:
        NotFound: there is none, or it is another person's.
    """
    statement = sa.select(Import).where(Import.id == import_id)
    found = ctx.session.scalar(statement, execution_options={**KERNEL, "populate_existing": True})
    if found is None or not (ctx.actor.is_admin or (ctx.actor.id is not None and found.user_id == ctx.actor.id)):
        raise NotFound(N_("There is no such import"))
    return found


def discard(ctx: Ctx, row: Import) -> None:
    """Forget a draft and its file."""
    files.let_go(ctx, ENTITY, row.id)
    ctx.session.delete(row)
    ctx.session.flush()


def listing(ctx: Ctx, slug: str, limit: int = 20) -> list[tuple[Import, str, str]]:
    """Return the actor's imports into an entity, newest first, each with its state and the name of its file."""
    entity = importer_of(ctx.registry, slug).entity
    statement = (
        sa.select(Import, Job.state, StoredFile.name)
        .outerjoin(Job, Job.id == Import.job_id)
        .outerjoin(StoredFile, StoredFile.id == Import.file_id)
        .where(Import.entity == entity)
        .order_by(Import.id.desc())
        .limit(limit)
    )
    if not ctx.actor.is_admin:
        statement = statement.where(Import.user_id == ctx.actor.id)
    rows = ctx.session.execute(statement, execution_options=KERNEL)
    return [(row, state_of(row, job_state), name or "") for row, job_state, name in rows]


def state_of(row: Import, job_state: str | None) -> str:
    """Return the state of an import: its job's while that goes on, else how the work ended."""
    if job_state is None or (row.state in jobs.FINISHED and job_state not in jobs.ACTIVE):
        return row.state
    return job_state


def resumable(ctx: Ctx, import_id: int) -> Import:
    """Return an import that was interrupted and can go on in the foreground.

    Raises:
        NotFound: there is none, or it is another person's.
        Conflict: it has ended, or a job works on it.
    """
    found = find(ctx, import_id)
    job_state = ctx.session.scalar(sa.select(Job.state).where(Job.id == found.job_id), execution_options=KERNEL)
    if found.state in ("done", DRAFT):
        raise Conflict(N_("This import is done") if found.state == "done" else N_("This import was not started yet"))
    if job_state in jobs.ACTIVE:
        raise Conflict(N_("A job works on this import"))
    return found
