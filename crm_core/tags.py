"""Tags: labels with a colour that all entities share, made on the spot and kept in order by administrators.

Merging and deleting them is the affair of ``tag_merging``.
"""

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
    tag = managed(ctx, [tag_id])[tag_id]
    new_name = tag.name if name is None else _name(name)
    new_colour = tag.colour if colour is None else _colour(colour)
    other = sa.select(Tag.id).where(Tag.key == fold(new_name), Tag.id != tag.id)
    if ctx.session.scalar(other, execution_options=KERNEL) is not None:
        raise Conflict(N_("There is a tag %(name)s already; merge the two"), params={"name": new_name}, field="name")
    diff = {"name": [tag.name, new_name], "colour": [tag.colour, new_colour]}
    if new_name != tag.name:
        stored_filters.rewrite(ctx, stored_filters.naming(ctx, exchange([tag], tag.id, new_name)))
        tag.former = former(tag, [tag.key], fold(new_name))
    tag.name, tag.key, tag.colour = new_name, fold(new_name), new_colour
    ctx.session.flush()
    history.note(ctx, "core.tag", tag.id, new_name, "update", {k: v for k, v in diff.items() if v[0] != v[1]})
    touch(ctx.session)
    return tag


def plan(ctx: Ctx, tag_ids: Iterable[int]) -> TagPlan:
    """Return how many records carry any of some tags, and which kept filters name them.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: one of the tags is not there.
    """
    found = managed(ctx, tag_ids).values()
    ids = [tag.id for tag in found]
    records = 0
    for links, keys in _links(ctx):
        query = sa.select(sa.func.count(links.c.record_id.distinct()))
        carried = query.where(links.c.field.in_(keys), links.c.target_id.in_(ids))
        records += int(ctx.session.scalar(carried, execution_options=KERNEL) or 0)
    return TagPlan(records, tuple(stored_filters.naming(ctx, exchange(found, 0, ""))))


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


def exchange(tags: Collection[Tag], new_id: int, new_name: str) -> stored_filters.Exchange:
    """Return what puts another tag where a value means one of these, by id, name or former name."""
    ids = {tag.id for tag in tags}
    names = {name for tag in tags for name in (tag.key, *tag.former)}

    def exchanged(field: FieldDef, value: Any) -> Any:
        if not isinstance(field.type, Tags):
            return value
        if isinstance(value, str):
            return new_name if fold(value) in names else value
        return new_id if value in ids else value

    return exchanged


def former(tag: Tag, more: Iterable[str], name: str) -> list[str]:
    """Return the former names of a tag with more of them, as far as they are kept, without the name it has."""
    known = dict.fromkeys([*tag.former, *more])
    return [key for key in known if key != name][-MAX_FORMER:]


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


def check_managing(ctx: Ctx) -> None:
    """Check that the actor may change tags.

    Raises:
        Forbidden: the actor is no administrator.
    """
    if not ctx.actor.is_admin:
        raise Forbidden(N_("Only administrators may change tags"))


def managed(ctx: Ctx, tag_ids: Iterable[int], *, lock: bool = False) -> dict[int, Tag]:
    """Return the rows of tags that the actor is about to change; with ``lock`` nobody else removes them meanwhile.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: one of them is not there.
    """
    check_managing(ctx)
    wanted = set(tag_ids)
    query = sa.select(Tag).where(Tag.id.in_(wanted), Tag.removed_at.is_(None)).order_by(Tag.id)
    query = query.with_for_update() if lock else query
    rows = ctx.session.scalars(query, execution_options={**KERNEL, "populate_existing": lock})
    found = {tag.id: tag for tag in rows}
    if wanted - found.keys():
        raise NotFound(N_("There is no such tag"))
    return found
