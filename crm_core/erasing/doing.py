"""The erasing itself, in the operation's transaction: the record, its parts, files, comments, history, mentions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import arrivals, files, history
from crm_core.access import require
from crm_core.change import Change
from crm_core.columns import storage_key
from crm_core.db import KERNEL
from crm_core.erasing import traces
from crm_core.erasing.gone import find_any, is_gone
from crm_core.erasing.planning import How, Plan, plan
from crm_core.erasing.subject import unlimited
from crm_core.erasing.words import words_of
from crm_core.errors import Conflict
from crm_core.filestore import store_of
from crm_core.models import Comment, Share, StoredFile
from crm_core.records import many
from crm_core.records.reading import find_stored, title_of, values_of

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import EntityDef, FieldDef

_SILENT: Mapping[str, Any] = {**KERNEL, "synchronize_session": False}


@dataclass(frozen=True)
class Outcome:
    """What was done, in numbers alone. ``digests`` name the bytes to remove once this is committed."""

    how: How
    fields: int = 0
    records: int = 0
    comments: int = 0
    history: int = 0
    files: int = 0
    mentions: int = 0
    digests: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return the numbers by name."""
        names = ("fields", "records", "comments", "history", "files", "mentions")
        return {name: getattr(self, name) for name in names}


def erase(ctx: Ctx, entity: str, record_id: int, how: How, *, comments: bool = True, mentions: bool = True) -> Outcome:
    """Erase the personal data of a record for good: nothing of it can be undone.

    Of a record that was deleted before, what the history holds goes, and what followed it.

    Args:
        ctx: the operation; its actor must be allowed to delete records of the kind, and this one.
        entity: key or slug.
        record_id: the record.
        how: ``anonymise`` leaves an empty record that others still link to, ``delete`` leaves none.
        comments: whether comments go as well; if not, what the person is known by is masked in them.
        mentions: whether it is masked in the texts of other records; in the CRM's logs it always is.

    Raises:
        NotFound: the record is not there for the actor.
        Forbidden: the actor may not delete it.
        Conflict: a rule keeps it, or a module is off that holds data of the person.
    """
    definition = ctx.registry.entity(entity)
    require(ctx, definition.key, "delete")
    record = find_any(ctx, definition, record_id, lock=True)
    planned = plan(ctx, definition.key, record, how)
    if planned.problems:
        first = planned.problems[0]
        raise Conflict(first.message, params=first.params, field=first.field)
    with unlimited(ctx) as inside:
        return _erase(inside, planned, comments, mentions)


def _erase(ctx: Ctx, planned: Plan, comments: bool, mentions: bool) -> Outcome:
    person, record = planned.subject, planned.subject.record
    entity, number = person.definition.key, record.id
    known = traces.lines_of(ctx, person)
    words = words_of(ctx, person, [row.diff for row in known if row.diff and row.entity == entity])
    held = {(k.entity, k.id) for k in planned.kept}
    numbers = traces.files_of(ctx, person, known)
    removed = _remove_parts(ctx, person.parts, held)
    spoken = _remove_comments(ctx, entity, number) if comments or planned.how == "delete" else 0
    if planned.how == "anonymise":
        title = _empty(ctx, planned)
    else:
        _delete(ctx, person.definition, [] if is_gone(record) else [number])
        title = ""
    ctx.session.flush()
    rows = [row for row in traces.lines_of(ctx, person) if (row.entity, row.record_id) not in held - {(entity, number)}]
    rows = list({row.id: row for row in (*known, *rows)}.values())
    kept_files = _files_kept(ctx, held, numbers, planned)
    digests = traces.remove_files(ctx, numbers - kept_files)
    traces.scrub_history(ctx, rows, {(entity, number): title})
    traces.forget_merges(ctx, person)
    masked = traces.mask_logs(ctx, person, words)
    if mentions:
        masked += sum(traces.mask_mentions(ctx, words).values())
    history.note(ctx, entity, number, title, "erase")
    removed += planned.how == "delete" and not is_gone(record)
    return Outcome(planned.how, len(planned.emptied), removed, spoken, len(rows), len(numbers - kept_files), masked,
                   digests)  # fmt: skip


def _files_kept(ctx: Ctx, held: Collection[tuple[str, int]], numbers: set[int], planned: Plan) -> set[int]:
    """Return the files of records, or fields, that a rule keeps."""
    own = (planned.subject.definition.key, planned.subject.record.id)
    fields = {key for k in planned.kept if (k.entity, k.id) == own for key in k.fields}
    query = sa.select(StoredFile).where(StoredFile.id.in_(numbers))
    return {
        row.id for row in ctx.session.scalars(query, execution_options=KERNEL)
        if ((row.entity, row.record_id) in held and (row.entity, row.record_id) != own)
        or ((row.entity, row.record_id) == own and row.field in fields)
    }  # fmt: skip


def _remove_parts(ctx: Ctx, parts: Mapping[str, list[int]], held: Collection[tuple[str, int]]) -> int:
    """Delete what follows the person's record, what follows others first."""
    count = 0
    for entity in reversed(list(parts)):
        ids = [number for number in dict.fromkeys(parts[entity]) if (entity, number) not in held]
        count += _delete(ctx, ctx.registry.entity(entity), ids)
    return count


def _delete(ctx: Ctx, definition: EntityDef, ids: list[int]) -> int:
    found = find_stored(ctx, definition, ids)
    if found:
        many.delete(ctx, [Change(definition, "delete", r, {}, values_of(ctx, definition, r)) for r in found.values()])
    return len(found)


def _remove_comments(ctx: Ctx, entity: str, number: int) -> int:
    gone = sa.delete(Comment).where(Comment.entity == entity, Comment.record_id == number)
    return int(ctx.session.execute(gone, execution_options=_SILENT).rowcount)  # type: ignore[attr-defined]


def _empty(ctx: Ctx, planned: Plan) -> str:
    """Empty the record; return what it is called now."""
    person, record = planned.subject, planned.subject.record
    definition = person.definition
    values = {f.key: _nothing(f) for f in planned.emptied}
    if person.about.replace is not None:
        held = {key for k in planned.kept for key in k.fields}
        values |= {k: v for k, v in person.about.replace(ctx, record).items() if k not in held}
    change = Change(definition, "update", record, values, values_of(ctx, definition, record))
    ctx.registry.hooks.before_write(ctx, change)
    many.update(ctx, [change])
    stays = {storage_key(f) for f in planned.stays if f.storage == "custom"}
    record.custom = {key: value for key, value in (record.custom or {}).items() if key in stays}
    gone = sa.delete(Share).where(Share.entity == definition.key, Share.record_id == record.id)
    ctx.session.execute(gone, execution_options=_SILENT)
    return title_of(definition, record)


def _nothing(known: FieldDef) -> Any:
    return [] if known.type.multiple or known.storage in ("lines", "links") else None


def remove_bytes(ctx: Ctx, digests: Collection[str]) -> int:
    """Remove bytes from the store that no file refers to any more; return how many. Call it after the commit."""
    store = store_of(ctx.config)
    removed = 0
    for digest in digests:
        with arrivals.locked(ctx, alone=True):
            used = sa.select(StoredFile.id).where(StoredFile.digest == digest).limit(1)
            if ctx.session.scalar(used, execution_options=KERNEL) is None:
                store.remove(digest)
                files.forget_thumbnails(ctx, digest)
                removed += 1
    return removed
