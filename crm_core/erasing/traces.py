"""The traces of a person: the history of what was his, logs, and mentions in the texts of other records."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import history
from crm_core.db import KERNEL, Base
from crm_core.entities import Line, Record
from crm_core.erasing.words import Words
from crm_core.fieldtypes import File
from crm_core.models import (
    Batch,
    Change,
    Comment,
    DuplicateScan,
    IdempotencyKey,
    Import,
    ImportProblem,
    Incident,
    Job,
    Merged,
    SavedView,
    StoredFile,
)

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.erasing.subject import Subject

_SILENT: Mapping[str, Any] = {**KERNEL, "synchronize_session": False}
LOGS = (Change, Batch, DuplicateScan, Import, ImportProblem, Incident, Job)
"""The kernel's tables that tell of what happened; what stands there is masked whatever was chosen."""
TEXTS = (Comment, SavedView, StoredFile)
"""The kernel's tables with what people wrote."""
_LEFT = frozenset(
    {"id", "entity", "record_id", "digest", "key", "operation", "unique_key", "state", "kind", "via", "actor", "author"}
)
"""Columns that hold no words, and the names of the CRM's own people."""


# ---------------------------------------------------------------- the history of what was the person's


def lines_of(ctx: Ctx, person: Subject) -> list[Change]:
    """Return the history of all that is a person's, of what was deleted before and named him too."""
    found: dict[int, Change] = {}
    for entity, ids in (*person.every, *_deleted_before(ctx, person).items()):
        query = sa.select(Change).where(Change.entity == entity, Change.record_id.in_(ids))
        found.update({row.id: row for row in ctx.session.scalars(query, execution_options=KERNEL)})
    return list(found.values())


def _deleted_before(ctx: Ctx, person: Subject) -> dict[str, list[int]]:
    """Return the ids of records that followed the person's and are gone; the history knows whom they followed."""
    own, number = person.definition.key, person.record.id
    found: dict[str, list[int]] = {}
    for definition in ctx.registry.entities.values():
        if not definition.follows:
            continue
        text = sa.cast(Change.diff, sa.Text)
        named = sa.or_(text.contains(f"[{number},"), text.contains(f'["{own}:{number}"'))
        query = sa.select(Change).where(Change.entity == definition.key, Change.action == "delete", named)
        for row in ctx.session.scalars(query, execution_options=KERNEL):
            links = [(row.diff or {}).get(key, [None])[0] for key in definition.follows]
            fields = [ctx.registry.field(definition.key, key).type for key in definition.follows]
            if any(_leads_to(kind, link, own, number) for kind, link in zip(fields, links, strict=True)):
                found.setdefault(definition.key, []).append(row.record_id)
    return found


def _leads_to(kind: Any, link: Any, entity: str, number: int) -> bool:
    return bool(link == f"{entity}:{number}" or (getattr(kind, "target", "") == entity and link == number))


def files_of(ctx: Ctx, person: Subject, rows: Sequence[Change]) -> set[int]:
    """Return the stored files of what is a person's, and those the history says were."""
    found: set[int] = set()
    for entity, ids in person.every:
        query = sa.select(StoredFile.id).where(StoredFile.entity == entity, StoredFile.record_id.in_(ids))
        found.update(ctx.session.scalars(query, execution_options=KERNEL))
    for row in rows:
        fields = ctx.registry.fields(row.entity) if row.entity in ctx.registry.entities else {}
        for key, pair in (row.diff or {}).items():
            if key in fields and isinstance(fields[key].type, File):
                found.update(n for n in pair if isinstance(n, int))
        found.update(n for n, _ in (row.kept or {}).get("files", ()))
    return found


def remove_files(ctx: Ctx, ids: Collection[int]) -> list[str]:
    """Delete the rows of stored files; return the digests of their bytes, to be removed after the commit."""
    if not ids:
        return []
    digests = ctx.session.scalars(sa.select(StoredFile.digest).where(StoredFile.id.in_(ids)), execution_options=KERNEL)
    found = sorted(set(digests))
    ctx.session.execute(sa.delete(StoredFile).where(StoredFile.id.in_(ids)), execution_options=_SILENT)
    return found


def scrub_history(ctx: Ctx, rows: Sequence[Change], titles: Mapping[tuple[str, int], str]) -> None:
    """Take values, titles and remarks out of lines of history; who did what when stays, and nothing can be undone."""
    for row in rows:
        event = (row.kept or {}).get("event")
        row.kept = {history.ERASED: True, **({"event": event} if event else {})}
        row.diff, row.note = None, ""
        row.title = titles.get((row.entity, row.record_id), "")
    ctx.session.flush()


def forget_merges(ctx: Ctx, person: Subject) -> None:
    """Take out what the undoing of a merge would need."""
    mine = (Merged.entity == person.definition.key) & (Merged.survivor_id == person.record.id)
    ctx.session.execute(sa.update(Merged).where(mine).values(moved=[]), execution_options=_SILENT)


# ---------------------------------------------------------------- where no link leads


def mask_logs(ctx: Ctx, person: Subject, words: Words) -> int:
    """Mask what a person is known by in the kernel's logs; return how many rows were changed.

    Whole rows of a file that was read, and kept answers, hold more of him than that: they go.
    """
    gone = [_answers(person, words)]
    if words.values:
        gone.append(sa.delete(ImportProblem).where(words.inside(ImportProblem.raw)))
    changed = 0
    for statement in gone:
        changed += int(ctx.session.execute(statement, execution_options=_SILENT).rowcount)  # type: ignore[attr-defined]
    tables: list[Any] = list(_logs(ctx))
    return changed + sum(_mask(ctx, table, words) for table in tables)


def _answers(person: Subject, words: Words) -> Any:
    """Return the statement that forgets kept answers to requests about the person."""
    entity, number = person.definition.key, person.record.id
    body = IdempotencyKey.body
    about = body.contains(f'"entity":"{entity}"') & body.contains(f'"id":{number},')
    return sa.delete(IdempotencyKey).where(sa.or_(about, words.inside(body)) if words.values else about)


def _logs(ctx: Ctx) -> Iterator[Any]:
    """Yield the kernel's logs, and those of active modules: plain tables that say ``__log__ = True``."""
    yield from (model.__table__ for model in LOGS)
    packages = {str(p.module.__name__).partition(".")[0] for p in ctx.registry.plugins.values()}
    for mapper in Base.registry.mappers:
        model = mapper.class_
        if getattr(model, "__log__", False) and model.__module__.partition(".")[0] in packages:
            yield model.__table__


def mask_mentions(ctx: Ctx, words: Words) -> dict[str, int]:
    """Mask it in what people wrote elsewhere, too; return how many rows of each table were changed."""
    found = {table.name: _mask(ctx, table, words) for table in _written(ctx)}
    return {name: count for name, count in found.items() if count}


def count_mentions(ctx: Ctx, words: Words) -> dict[str, int]:
    """Return in how many rows of each table people wrote it, elsewhere than in what is the person's."""
    found = {}
    for table in _written(ctx):
        if columns := [c for c in _columns(table) if c.name != "search_text" and not c.name.endswith("_key")]:
            query = sa.select(sa.func.count()).select_from(table).where(sa.or_(*(words.inside(c) for c in columns)))
            found[table.name] = int(ctx.session.scalar(query, execution_options=KERNEL) or 0)
    return {name: count for name, count in found.items() if count}


def _written(ctx: Ctx) -> Iterator[Any]:
    """Yield the tables with what people wrote: of records of active modules, their lines, and the kernel's."""
    yield from (model.__table__ for model in TEXTS)
    active = {definition.model.__tablename__ for definition in ctx.registry.entities.values()}
    for mapper in Base.registry.mappers:
        model = mapper.class_
        owner = {Record: "__tablename__", Line: "__parent__"}
        if any(issubclass(model, base) and getattr(model, name, "") in active for base, name in owner.items()):
            yield model.__table__


def _columns(table: Any) -> list[Any]:
    return [c for c in table.columns
            if c.name not in _LEFT and not c.primary_key and isinstance(c.type, sa.String | sa.JSON)]  # fmt: skip


def _mask(ctx: Ctx, table: Any, words: Words) -> int:
    """Mask the values in the rows of a table that hold one of them."""
    columns = _columns(table)
    if not words.values or not columns:
        return 0
    keys = list(table.primary_key.columns)
    query = sa.select(*keys, *columns).where(sa.or_(*(words.inside(c) for c in columns)))
    changed = 0
    for row in ctx.session.execute(query, execution_options=KERNEL).all():
        old = {c.name: row._mapping[c] for c in columns}
        new = {name: words.masked(value) for name, value in old.items()}
        if different := {name: value for name, value in new.items() if value != old[name]}:
            where = sa.and_(*(key == row._mapping[key] for key in keys))
            ctx.session.execute(sa.update(table).where(where).values(different), execution_options=_SILENT)
            changed += 1
    return changed
