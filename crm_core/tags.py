"""Tags: labels with a colour that all entities share, made on the spot and kept in order by administrators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from crm_core import history, stored_filters
from crm_core.db import KERNEL
from crm_core.directory import touch
from crm_core.entry_values import Problems, colour_of
from crm_core.errors import Conflict, Forbidden, Invalid, NotFound, ValueProblem
from crm_core.fieldtypes import Tags, may_make_tags
from crm_core.fieldtypes.base import as_text
from crm_core.i18n import N_
from crm_core.models import Tag
from crm_core.stored_filters import Found
from crm_core.text import fold

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import FieldDef

NAME_LENGTH = 60
MAX_FORMER = 50
"""How many former names a tag goes on answering to."""


@dataclass(frozen=True)
class TagPlan:
    """What renaming, merging or deleting tags concerns: records that carry them, kept filters that name them."""

    records: int
    named: tuple[Found, ...]


def create(ctx: Ctx, name: str, colour: str = "") -> Tag:
    """Return the tag of a name, made when nobody has made it yet (KN-16); case and accents make no other tag.

    Raises:
        Forbidden: there is none of that name, and only administrators make tags.
        Invalid: no name, one too long or with a comma (commas stand between tags), or a bad colour.
    """
    name = _name(name)
    if not may_make_tags(ctx) and ctx.directory.tag_by_name(name) is None:
        raise Forbidden(N_("Only administrators make new tags"))
    values = {"name": name, "key": fold(name), "colour": _colour(colour), "former": []}
    insert = (sqlite if ctx.database.is_sqlite else postgresql).insert(Tag)
    statement = insert.values(values).on_conflict_do_nothing(index_elements=["key"]).returning(Tag.id)
    made = ctx.session.execute(statement, execution_options=KERNEL).scalar()
    tag = ctx.session.scalars(sa.select(Tag).where(Tag.key == fold(name)), execution_options=KERNEL).one()
    if made is not None:
        history.note(ctx, "core.tag", tag.id, name, "create")
        touch(ctx.session)
    return tag


def update(ctx: Ctx, tag_id: int, *, name: str | None = None, colour: str | None = None) -> Tag:
    """Rename or recolour a tag; every record follows, because records hold its id (KN-18).

    Kept filters by its name follow too, and elsewhere the old name goes on meaning it until another tag gets it.

    Raises:
        Forbidden: the actor is no administrator.
        Conflict: another tag has the name; merge them instead.
        Invalid: a bad name or colour.
    """
    tag = _managed(ctx, tag_id)
    new_name = tag.name if name is None else _name(name)
    new_colour = tag.colour if colour is None else _colour(colour)
    other = sa.select(Tag.id).where(Tag.key == fold(new_name), Tag.id != tag.id)
    if ctx.session.scalar(other, execution_options=KERNEL) is not None:
        raise Conflict(N_("There is a tag %(name)s already; merge the two"), params={"name": new_name}, field="name")
    diff = {"name": [tag.name, new_name], "colour": [tag.colour, new_colour]}
    if new_name != tag.name:
        stored_filters.rewrite(ctx, stored_filters.naming(ctx, _exchange([tag], tag.id, new_name)))
        tag.former = _former(tag, [tag.key], fold(new_name))
    tag.name, tag.key, tag.colour = new_name, fold(new_name), new_colour
    ctx.session.flush()
    history.note(ctx, "core.tag", tag.id, new_name, "update", {k: v for k, v in diff.items() if v[0] != v[1]})
    touch(ctx.session)
    return tag


def merge(ctx: Ctx, sources: Iterable[int], target_id: int) -> Tag:
    """Give the records of several tags one tag, and remove the others; kept filters that name them follow (KN-18).

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: one of the tags is not there.
    """
    target = _managed(ctx, target_id)
    others = [_managed(ctx, source_id) for source_id in dict.fromkeys(sources) if source_id != target.id]
    stored_filters.rewrite(ctx, stored_filters.naming(ctx, _exchange(others, target.id, target.name)))
    target.former = _former(target, [key for other in others for key in (*other.former, other.key)], target.key)
    for source in others:
        for links, keys in _links(ctx):
            _move(ctx, links, keys, source.id, target.id)
        history.note(ctx, "core.tag", target.id, target.name, "merge", {"tag": [source.name, target.name]})
        _remove(ctx, source)
    return target


def delete(ctx: Ctx, tag_id: int) -> None:
    """Remove a tag; every record loses it (KN-18).

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is no such tag.
    """
    tag = _managed(ctx, tag_id)
    history.note(ctx, "core.tag", tag.id, tag.name, "delete", {"name": [tag.name, None], "colour": [tag.colour, None]})
    _remove(ctx, tag)


def plan(ctx: Ctx, tag_ids: Iterable[int]) -> TagPlan:
    """Return how many records carry any of some tags, and which kept filters name them.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: one of the tags is not there.
    """
    found = [_managed(ctx, tag_id) for tag_id in dict.fromkeys(tag_ids)]
    ids = [tag.id for tag in found]
    records = 0
    for links, keys in _links(ctx):
        query = sa.select(sa.func.count(links.c.record_id.distinct()))
        carried = query.where(links.c.field.in_(keys), links.c.target_id.in_(ids))
        records += int(ctx.session.scalar(carried, execution_options=KERNEL) or 0)
    return TagPlan(records, tuple(stored_filters.naming(ctx, _exchange(found, 0, ""))))


def usage(ctx: Ctx, tag_id: int) -> dict[str, int]:
    """Return how many records carry a tag, by entity; all records count, whoever asks."""
    found: dict[str, int] = {}
    for entity in ctx.registry.entities.values():
        keys = _tag_fields(ctx, entity.key)
        links: Any = entity.model.__links__
        count = sa.select(sa.func.count()).where(links.c.field.in_(keys), links.c.target_id == tag_id)
        found[entity.key] = int(ctx.session.scalar(count, execution_options=KERNEL) or 0) if keys else 0
    return {key: count for key, count in found.items() if count}


def counts(ctx: Ctx, tag_ids: Collection[int] | None = None) -> Counter[int]:
    """Return how many records carry each tag, or each of some, whoever asks; one statement a kind of record."""
    found: Counter[int] = Counter()
    for links, keys in _links(ctx):
        query = sa.select(links.c.target_id, sa.func.count()).where(links.c.field.in_(keys)).group_by(links.c.target_id)
        if tag_ids is not None:
            query = query.where(links.c.target_id.in_(tag_ids))
        for tag_id, count in ctx.session.execute(query, execution_options=KERNEL):
            found[tag_id] += count
    return found


def _exchange(tags: Iterable[Tag], new_id: int, new_name: str) -> stored_filters.Exchange:
    """Return what puts another tag where a value means one of these, by id, name or former name."""
    ids = {tag.id for tag in tags}
    names = {name for tag in tags for name in (tag.key, *tag.former)}

    def exchange(field: FieldDef, value: Any) -> Any:
        if not isinstance(field.type, Tags):
            return value
        if isinstance(value, str):
            return new_name if fold(value) in names else value
        return new_id if value in ids else value

    return exchange


def _former(tag: Tag, more: Iterable[str], name: str) -> list[str]:
    known = dict.fromkeys([*tag.former, *more])
    return [key for key in known if key != name][-MAX_FORMER:]


def _remove(ctx: Ctx, tag: Tag) -> None:
    for links, keys in _links(ctx):
        gone = sa.delete(links).where(links.c.field.in_(keys), links.c.target_id == tag.id)
        ctx.session.execute(gone, execution_options=KERNEL)
    ctx.session.delete(tag)
    ctx.session.flush()
    touch(ctx.session)


def _move(ctx: Ctx, links: Any, keys: list[str], source: int, target: int) -> None:
    """Point link rows to another tag; where a record has both, the row of the old one is left for removal."""
    has = links.alias()
    both = sa.exists().where(
        has.c.record_id == links.c.record_id, has.c.field == links.c.field, has.c.target_id == target
    )
    where = sa.and_(links.c.field.in_(keys), links.c.target_id == source, sa.not_(both))
    ctx.session.execute(sa.update(links).where(where).values(target_id=target), execution_options=KERNEL)


def _links(ctx: Ctx) -> Iterator[tuple[Any, list[str]]]:
    """Yield the link table of every entity with the keys of its tag fields."""
    for entity in ctx.registry.entities.values():
        if keys := _tag_fields(ctx, entity.key):
            yield entity.model.__links__, keys


def _tag_fields(ctx: Ctx, entity: str) -> list[str]:
    return [f.key for f in ctx.registry.fields(entity).values() if isinstance(f.type, Tags)]


def _name(raw: Any) -> str:
    try:
        name = " ".join(as_text(raw).split())
    except ValueProblem as problem:
        raise Invalid([problem.at("name")]) from problem
    if not name or not fold(name):
        raise Invalid(Problems.one("name", N_("A name is required")))
    if len(name) > NAME_LENGTH:
        raise Invalid(Problems.one("name", N_("A name has at most %(limit)s characters"), limit=NAME_LENGTH))
    if "," in name:
        raise Invalid(Problems.one("name", N_("The name of a tag has no comma; commas stand between tags")))
    return name


def _colour(raw: str) -> str:
    try:
        return colour_of(raw)
    except ValueProblem as problem:
        raise Invalid([problem.at("colour")]) from problem


def _managed(ctx: Ctx, tag_id: int) -> Tag:
    if not ctx.actor.is_admin:
        raise Forbidden(N_("Only administrators may change tags"))
    tag = ctx.session.get(Tag, tag_id, execution_options=KERNEL)
    if tag is None:
        raise NotFound(N_("There is no such tag"))
    return tag
