"""Tags that become another tag, or go: every record follows with its history, and the whole is undone as one batch.

Set by set, as with entries of lists. A tag that went stays in its table under no name: history shows what it was
called, its number is never given again, and it can come back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import batches, history, jobs, list_moving, stored_filters, tags
from crm_core.db import KERNEL
from crm_core.directory import touch
from crm_core.errors import Conflict
from crm_core.i18n import N_
from crm_core.list_usage import Place, tag_places
from crm_core.models import Batch, Change, Tag
from crm_core.stored_filters import Found
from crm_core.text import fold

if TYPE_CHECKING:
    from crm_core.context import Ctx

ENTITY = "core.tag"
JOB = "core.tags_gone"
"""The job that looks once more for records of tags that went: somebody may have saved one in the same moment."""
_SOON = dt.timedelta(seconds=10)


@dataclass(frozen=True)
class Done:
    """What was done: the tag that stays, if any, and the batch it is undone by, if there is one."""

    tag: Tag | None
    batch_id: int | None = None


def merge(ctx: Ctx, sources: Iterable[int], target_id: int) -> Done:
    """Give the records of several tags one tag, and remove the others; kept filters that name them follow (KN-18).

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: one of the tags is not there.
    """
    wanted = dict.fromkeys((target_id, *sources))
    found = tags.managed(ctx, wanted, lock=True)
    target, others = found[target_id], [found[number] for number in wanted if number != target_id]
    if not others:
        return Done(target)
    label = f"{', '.join(tag.name for tag in others)} → {target.name}"
    inside = batches.begin(replace(ctx, batch_id=None), batches.TAGS_MERGED, ENTITY, label)
    kept = stored_filters.rewrite(ctx, stored_filters.naming(ctx, tags.exchange(others, target.id, target.name)))
    known = set(target.former)
    target.former = tags.former(target, [key for tag in others for key in (*tag.former, tag.key)], target.key)
    ids = [tag.id for tag in others]
    kept += stored_filters.rewrite(ctx, _chains(ctx, ids, target.id))
    _remove(inside, others, target)
    more = sorted(set(target.former) - known)
    for tag in others:
        back = {"tags": ids, "into": target.id, "former": more, "rewritten": kept} if tag is others[-1] else None
        history.note(ctx, ENTITY, target.id, target.name, "merge", {"tag": [tag.name, target.name]}, kept=back)
    _close(inside)
    return Done(target, inside.batch_id)


def delete(ctx: Ctx, tag_id: int) -> Done:
    """Remove a tag; every record loses it (KN-18).

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is no such tag.
    """
    tag = tags.managed(ctx, [tag_id], lock=True)[tag_id]
    inside = batches.begin(replace(ctx, batch_id=None), batches.TAG_DELETED, ENTITY, tag.name)
    _remove(inside, [tag], None)
    diff = {"name": [tag.name, None], "colour": [tag.colour, None]}
    history.note(ctx, ENTITY, tag.id, tag.name, "delete", diff, kept={"tags": [tag.id]})
    _close(inside)
    return Done(None, inside.batch_id)


def _chains(ctx: Ctx, ids: Sequence[int], target: int) -> list[Found]:
    """Return what becomes of tags that were merged into these before."""
    query = sa.select(Tag).where(Tag.merged_into.in_(ids)).order_by(Tag.id)
    return [
        Found("tag", "", tag, "merged_into", target) for tag in ctx.session.scalars(query, execution_options=KERNEL)
    ]


def _remove(inside: Ctx, gone: Sequence[Tag], target: Tag | None) -> None:
    """Take tags from every record, or give it the target, with its history; then take their names."""
    for place in tag_places(inside):
        held = _held(inside, place, [tag.id for tag in gone])
        for tag in gone:
            if tag.id in held:
                list_moving.move(inside, place, tag, target)
    for tag in gone:
        tag.removed_at, tag.merged_into = inside.now, target.id if target is not None else None
        tag.key = f",{tag.id}"  # A comma stands in no name.
    inside.session.flush()


def _held(ctx: Ctx, place: Place, ids: Collection[int]) -> set[int]:
    """Return which of some tags any record holds in a field."""
    links = place.entity.model.__links__
    query = sa.select(links.c.target_id).where(links.c.field == place.field.key, links.c.target_id.in_(ids)).distinct()
    return set(ctx.session.scalars(query, execution_options=KERNEL))


def _close(inside: Ctx) -> None:
    """End the batch: what it takes to go back is in the last line of history about tags."""
    line = sa.select(sa.func.max(Change.id)).where(Change.entity == ENTITY, Change.operation == inside.operation_id)
    size = sa.select(sa.func.count()).where(Change.batch_id == inside.batch_id)
    number, count = (inside.session.scalar(query, execution_options=KERNEL) for query in (line, size))
    batches.update(inside, inside.batch_id, {"source_id": number, "size": count})
    touch(inside.session)
    jobs.enqueue(inside, JOB, {}, run_at=inside.now + _SOON)


# ---------------------------------------------------------------- afterwards


def catch_up(ctx: Ctx) -> int:
    """Take tags that went from records that still hold them, or give these what they became; return how many fields.

    Somebody may have saved a record while the tag went, or a module may have been off.
    """
    done = 0
    query = sa.select(Tag).where(Tag.removed_at.is_not(None)).order_by(Tag.id)
    gone = {tag.id: tag for tag in ctx.session.scalars(query, execution_options=KERNEL)}
    for place in tag_places(ctx) if gone else ():
        for number in sorted(_held(ctx, place, gone)):
            target = ctx.session.get(Tag, gone[number].merged_into or 0, execution_options=KERNEL)
            list_moving.move(ctx, place, gone[number], target if target is not None and not target.removed_at else None)
            done += 1
    return done


def bring_back(ctx: Ctx, batch: Batch) -> None:
    """Let the tags that a batch removed be there again, with the kept filters that named them.

    Raises:
        Forbidden: the actor is no administrator.
        Conflict: another tag has the name of one by now.
    """
    kept = _kept(ctx, batch)
    tags.check_managing(ctx)
    query = sa.select(Tag).where(Tag.id.in_(kept["tags"]), Tag.removed_at.is_not(None)).with_for_update()
    back = ctx.session.scalars(query, execution_options={**KERNEL, "populate_existing": True}).all()
    if not back:
        return
    taken = sa.select(Tag.name).where(Tag.key.in_([fold(tag.name) for tag in back])).limit(1)
    if (name := ctx.session.scalar(taken, execution_options=KERNEL)) is not None:
        raise Conflict(N_("There is a tag %(name)s again; rename it first"), params={"name": name})
    for tag in back:
        tag.key, tag.removed_at, tag.merged_into = fold(tag.name), None, None
        history.note(ctx, ENTITY, tag.id, tag.name, "undo", {"name": [None, tag.name]})
    target = ctx.session.get(Tag, kept.get("into"), execution_options=KERNEL) if kept.get("into") else None
    if target is not None:
        target.former = [key for key in target.former if key not in kept["former"]]
    stored_filters.put_back(ctx, kept.get("rewritten", []))
    ctx.session.flush()
    touch(ctx.session)


def as_brought_back(ctx: Ctx, batch: Batch) -> Ctx:
    """Return the operation as it is once the tags of a batch are there again."""
    directory = ctx.directory
    back = {number for number in _kept(ctx, batch)["tags"] if number in directory.removed_tags}
    if not back:
        return ctx
    live = {number: replace(directory.removed_tags[number], merged_into=None) for number in back}
    removed = {number: tag for number, tag in directory.removed_tags.items() if number not in back}
    known = replace(directory, tags_by_id={**directory.tags_by_id, **live}, removed_tags=removed, statements={})
    return replace(ctx, directory=known, cache={})


def _kept(ctx: Ctx, batch: Batch) -> dict[str, Any]:
    line = sa.select(Change.kept).where(Change.id == batch.source_id)
    return ctx.session.scalar(line, execution_options=KERNEL) or {"tags": []}
