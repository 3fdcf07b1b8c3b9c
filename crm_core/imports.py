"""Imports of files: started, looked up and listed. The work is in ``import_work``, the answer in ``import_report``.

A plugin contributes an ``Importer``; everything else, on every face, is the kernel's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import access, files, import_work, jobs
from crm_core.contributed_faces import FileConverter
from crm_core.contributions import FieldDef, Importer
from crm_core.db import KERNEL
from crm_core.errors import Conflict, Invalid, NotFound, Problem
from crm_core.fieldtypes import Address, Lines
from crm_core.fieldtypes.parts import ADDRESS_PARTS
from crm_core.i18n import N_, gettext
from crm_core.import_files import arrived
from crm_core.import_protocol import MODES, ImportOptions
from crm_core.import_work import ENTITY
from crm_core.models import Import, Job, StoredFile

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.registry import Registry

JOB = "core.import"
DRAFT = "draft"
"""State of an import whose file is uploaded and whose columns are being looked at."""
_GUESSED_BY = 200
"""So many rows are looked at when the columns are guessed."""
_REMEMBERED = 200
"""Among so many imports the one with the same columns is looked for."""
_OFFERED_LINES = 3
_REGION = re.compile(r"[A-Z]{2}")


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


def options_of(raw: Mapping[str, Any], region: str = "FR") -> ImportOptions:
    """Return the options of an import from raw input: ``region lenient dry_run overrides``.

    ``overrides`` is a mapping of column to field, or lines (or a list) of ``Column=field``.

    Raises:
        Invalid: an unknown region, or a line without ``=``.
    """
    chosen = str(raw.get("region") or region).strip().upper()
    problems = []
    if not _REGION.fullmatch(chosen):
        problems.append(Problem("region", "region", N_("A region is a country code of two letters, such as FR")))
    given = raw.get("overrides") or {}
    if isinstance(given, str):
        given = given.splitlines()
    if not isinstance(given, Mapping):
        lines = [str(line).strip() for line in given if str(line).strip()]
        problems += [
            Problem("overrides", "overrides", N_("%(line)s is not of the form Column=field"), {"line": line[:80]})
            for line in lines
            if "=" not in line
        ]
        given = {c.strip(): f.strip() for c, _, f in (line.rpartition("=") for line in lines)}
    mode = str(raw.get("mode") or "both")
    if mode not in MODES:
        known = {"value": mode[:60], "known": ", ".join(MODES)}
        problems.append(Problem("mode", "choice", N_("%(value)s is not one of: %(known)s"), known))
    if problems:
        raise Invalid(problems)
    overrides = {str(k): str(v) for k, v in given.items()}
    return ImportOptions(
        region=chosen, overrides=overrides, mode=mode, match=str(raw.get("match") or ""),
        lenient=_yes(raw.get("lenient")), dry_run=_yes(raw.get("dry_run")), clear=_yes(raw.get("clear")),
        make=_yes(raw.get("make")),
    )  # fmt: skip


def _yes(raw: Any) -> bool:
    return raw is True or str(raw).strip().lower() in ("1", "true", "yes", "on")


def draft(
    ctx: Ctx, slug: str, stream: IO[bytes], name: str, options: ImportOptions, *, max_bytes: int | None = None,
    remember: bool = False,
) -> Import:  # fmt: skip
    """Keep a file and look whether it can be read; nothing is imported before :func:`begin` (or the caller's work).

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
    with arrived(ctx, stream, name, limit) as path:
        found = _look(ctx, importer, path, options)
        if remember and (known := _remembered(ctx, importer, found.header)) is not None:
            found = _look(ctx, importer, path, replace(known, region=options.region))
        with path.open("rb") as kept:
            stored = files.store(ctx, kept, name, max_bytes=max(limit, path.stat().st_size))
    return _made(ctx, importer, stored, found)


def begin(ctx: Ctx, import_id: int, options: ImportOptions | None = None) -> Import:
    """Start a drafted import as a job, with other options if given.

    Raises:
        NotFound: there is none, or it is another person's.
        Conflict: it was started already.
        Invalid: the file can't be used with these options.
    """
    made = find(ctx, import_id)
    if made.state != DRAFT:
        raise Conflict(N_("This import was started already"))
    if options is not None:
        importer = importer_of(ctx.registry, made.entity)
        found = _look(ctx, importer, path_of(ctx, made), options)
        made.header, made.mapping = found.header, found.mapping
        made.options = import_work.options_document(found.options)
    made.state = "waiting"
    made.job_id = jobs.enqueue(ctx, JOB, {"import_id": made.id})
    ctx.session.flush()
    return made


def start(
    ctx: Ctx, slug: str, stream: IO[bytes], name: str, options: ImportOptions, *, max_bytes: int | None = None
) -> Import:
    """Draft an import and begin it at once; raises what :func:`draft` raises."""
    return begin(ctx, draft(ctx, slug, stream, name, options, max_bytes=max_bytes).id)


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
    found = _look(ctx, importer, path_of(ctx, before), replace(options_of(before.options), **changes))
    return begin(ctx, _made(ctx, importer, copy, found).id)


def sample(ctx: Ctx, row: Import, count: int = 3) -> list[list[str]]:
    """Return the cells of the first rows of a table; none for cards."""
    importer = importer_of(ctx.registry, row.entity)
    source = import_work.open_source(importer, path_of(ctx, row), options_of(row.options))
    try:
        return [list(r.raw) for r in islice(iter(source), count) if not isinstance(r.raw, str)]
    finally:
        source.close()


def read_as(ctx: Ctx, row: Import) -> tuple[str, str]:
    """Return the encoding and the separator a table is read with, as far as its importer tells."""
    importer = importer_of(ctx.registry, row.entity)
    source = import_work.open_source(importer, path_of(ctx, row), options_of(row.options))
    try:
        return getattr(source, "encoding", ""), getattr(source, "delimiter", "")
    finally:
        source.close()


def path_of(ctx: Ctx, row: Import) -> Path:
    """Return where the file of an import lies.

    Raises:
        NotFound: it is not kept any more.
    """
    return files.local(ctx, _file(ctx, row).digest)


def _file(ctx: Ctx, row: Import) -> StoredFile:
    file = ctx.session.get(StoredFile, row.file_id, execution_options=KERNEL)
    if file is None or not file.entity:
        raise NotFound(N_("The file of this import is not kept any more; upload it again"))
    return file


@dataclass(frozen=True)
class _Look:
    """What a file was taken for: its columns, the field of each, and the options it is read with."""

    header: list[str]
    mapping: dict[str, Any]
    options: ImportOptions


def _made(ctx: Ctx, importer: Importer, stored: StoredFile, found: _Look) -> Import:
    made = Import(
        entity=importer.entity, file_id=stored.id, user_id=None if ctx.actor.system else ctx.actor.id,
        options=import_work.options_document(found.options), header=found.header, mapping=found.mapping,
        created_at=ctx.now, state=DRAFT,
    )  # fmt: skip
    ctx.session.add(made)
    ctx.session.flush()
    files.attach(ctx, stored.id, ENTITY, made.id, "file")
    return made


def _look(ctx: Ctx, importer: Importer, path: Path, options: ImportOptions) -> _Look:
    """Open a file to see whether it can be read, and what its columns are for."""
    options = replace(options, entity=importer.entity)
    _check_match(ctx, importer, options)
    source = import_work.open_source(importer, path, options)
    try:
        header, mapping = list(source.header), dict(source.mapping)
        if importer.guess is None:
            return _Look(header, mapping, options)
        rows = [list(row.raw) for row in islice(iter(source), _GUESSED_BY) if not isinstance(row.raw, str)]
    finally:
        source.close()
    unknown = [name for name in options.overrides if name not in header]
    if unknown:
        params = {"value": unknown[0][:80], "known": ", ".join(header)[:300]}
        message = N_("There is no column %(value)s in the file, only: %(known)s")
        raise Invalid([Problem("overrides", "unknown_column", message, params)])
    mapping = {**importer.guess(ctx, importer.entity, header, rows), **options.overrides}
    _check_places(ctx, importer, mapping)
    return _Look(header, mapping, replace(options, overrides=mapping))


def _check_places(ctx: Ctx, importer: Importer, mapping: Mapping[str, str]) -> None:
    """Refuse a place that is no field, and one that two columns go to."""
    fields = ctx.registry.fields(importer.entity)
    columns: dict[str, str] = {}
    for column, place in mapping.items():
        if not place:
            continue
        roots = [place.rsplit(".", n)[0] for n in range(3)]
        if place != "id" and not any(root in fields for root in roots):
            raise _misplaced("unknown_field", N_("There is no field %(value)s"), column, place)
        if place in columns:
            message = N_("%(value)s gets both the column %(first)s and the column %(column)s")
            raise _misplaced("twice", message, column, place, first=columns[place][:80])
        columns[place] = column


def _misplaced(code: str, message: str, column: str, place: str, **params: str) -> Invalid:
    return Invalid([Problem("overrides", code, message, {"value": place[:80], "column": column[:80], **params})])


def _check_match(ctx: Ctx, importer: Importer, options: ImportOptions) -> None:
    known = [key for key, _ in importer.matches(ctx, importer.entity)] if importer.matches is not None else []
    if options.match and options.match not in known:
        params = {"value": options.match[:60], "known": ", ".join(known)}
        raise Invalid([Problem("match", "choice", N_("%(value)s is not one of: %(known)s"), params)])


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


def targets(ctx: Ctx, importer: Importer) -> list[tuple[str, str]]:
    """Return the places a column may go, with their labels: what the importer says, else what the actor may set."""
    if importer.fields is not None:
        return list(importer.fields(ctx))
    definition = ctx.registry.entity(importer.entity)
    known = [key for key, _ in importer.matches(ctx, definition.key)] if importer.matches is not None else []
    found = [("id", gettext(N_("Id in this CRM")))] if "id" in known else []
    editable = access.editable(ctx, definition.key)
    for key, field in ctx.registry.fields(definition.key).items():
        if key in editable or key in known:
            found += parts_of(field)
    if importer.guess is None:
        found += [(short, short) for short in definition.short if short not in ctx.registry.fields(definition.key)]
    return found


def parts_of(field: FieldDef) -> list[tuple[str, str]]:
    """Return the places of a field that a column may go to: the field, or the parts of its address or lines."""
    if isinstance(field.type, Address):
        return [(f"{field.key}.{part}", f"{field.title()} – {part}") for part in ADDRESS_PARTS]
    if not isinstance(field.type, Lines):
        return [(field.key, field.title())]
    return [
        (f"{field.key}.{number}.{part.key}", f"{field.title()} {number} – {part.title()}")
        for number in range(1, _OFFERED_LINES + 1)
        for part in field.type.line.asked
    ]


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
    if found.state == "done":
        raise Conflict(N_("This import is done"))
    if job_state in jobs.ACTIVE:
        raise Conflict(N_("A job works on this import"))
    return found
