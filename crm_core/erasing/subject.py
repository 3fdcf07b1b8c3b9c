"""One person's records: the record itself, those that are nothing without it, those that only link to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access.scope import compiler
from crm_core.columns import alias_of
from crm_core.contributed_erasing import KeepRule, PersonalData
from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.errors import Conflict
from crm_core.filters import Cond
from crm_core.i18n import N_
from crm_core.link_places import LinkPlace, every_place
from crm_core.models import Merged
from crm_core.records.keeping import cascades

if TYPE_CHECKING:
    from crm_core.context import Ctx

Ids = dict[str, list[int]]


@dataclass(frozen=True)
class Kept:
    """A record that must be kept, why in words, and which of its fields (none named: all of it)."""

    entity: str
    id: int
    reason: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Linked:
    """A record that links to the person by a field, and is there without him."""

    entity: str
    id: int
    field: str


@dataclass(frozen=True)
class Subject:
    """What the CRM holds of one person.

    ``parts`` are records that follow the person's, by entity, the outermost first: they are seen by who sees him and go
    with him. ``linked`` link to the person or to a part. ``former`` are the ids of records merged into his.
    """

    definition: EntityDef
    record: Any
    about: PersonalData
    parts: Ids = field(default_factory=dict)
    linked: tuple[Linked, ...] = ()
    former: tuple[int, ...] = ()

    @property
    def every(self) -> Iterator[tuple[str, list[int]]]:
        """Yield entity and ids of all that is the person's: his record, what became part of it, and its parts."""
        yield self.definition.key, [self.record.id, *self.former]
        yield from self.parts.items()


@contextmanager
def unlimited(ctx: Ctx) -> Iterator[Ctx]:
    """Lift every permission inside the block: what is held of a person is more than what somebody sees of it."""
    guard, ctx.session.guard = ctx.session.guard, None
    try:
        yield ctx.as_actor(replace(ctx.actor, system=True, moderator=True))
    finally:
        ctx.session.guard = guard


def about_of(ctx: Ctx, entity: str) -> PersonalData:
    """Return what is known about the personal data of an entity.

    Raises:
        Conflict: no module says that its records are about people.
    """
    found = next((item for item in ctx.registry.of(PersonalData) if item.entity == entity), None)
    if found is None:
        message = N_("Records of this kind are not known to be about people")
        raise Conflict(message, hint="contribute PersonalData")
    return found


def subject(ctx: Ctx, entity: str, record: Any) -> Subject:
    """Return what the CRM holds of a person, whoever may see it; the caller has found that the actor sees the record.

    Raises:
        Conflict: records of this kind are not about people.
    """
    definition = ctx.registry.entity(entity)
    about = about_of(ctx, definition.key)
    parts: Ids = {}
    linked: dict[Linked, None] = {}
    pending: list[tuple[str, list[int]]] = [(definition.key, [record.id])]
    while pending:
        key, ids = pending.pop(0)
        for place in every_place(ctx.registry):
            if place.target not in (key, ""):
                continue
            numbers = [n for n in linking(ctx, place, key, ids) if n not in parts.get(place.entity, ())]
            if place.entity == definition.key:
                numbers = [n for n in numbers if n != record.id]
            if numbers and _is_part(ctx, place):
                parts.setdefault(place.entity, []).extend(numbers)
                pending.append((place.entity, numbers))
            else:
                linked.update({Linked(place.entity, n, place.key): None for n in numbers})
    outside = tuple(one for one in linked if one.id not in parts.get(one.entity, ()))
    return Subject(definition, record, about, parts, outside, _former(ctx, definition.key, record.id))


def _is_part(ctx: Ctx, place: LinkPlace) -> bool:
    definition = ctx.registry.entities[place.entity]
    known = ctx.registry.fields(place.entity).get(place.key)
    return place.key in definition.follows or (
        place.kind == "column" and known is not None and place.owner == "id" and cascades(definition, known)
    )


def linking(ctx: Ctx, place: LinkPlace, target: str, ids: Collection[int]) -> list[int]:
    """Return the ids of the records that link to some others in one place."""
    definition = ctx.registry.entities[place.entity]
    if place.key.partition(".")[0] not in {k.partition(".")[0] for k in ctx.registry.fields(place.entity)}:
        return []  # of a field that waits for an option
    alias = alias_of(definition.model, f"linking {place.key}")
    values: list[Any] = [n if place.target else f"{target}:{n}" for n in ids]
    operator = "has" if place.kind == "rows" else "="
    found: dict[int, None] = {}
    for value in values:
        where = compiler(ctx, unlimited=True).compile(Cond(place.key, operator, value), definition, alias)
        query = sa.select(alias.id).where(where).order_by(alias.id)
        found.update(dict.fromkeys(ctx.session.scalars(query, execution_options=KERNEL)))
    return list(found)


def _former(ctx: Ctx, entity: str, record_id: int) -> tuple[int, ...]:
    query = sa.select(Merged.record_id).where(Merged.entity == entity, Merged.survivor_id == record_id)
    return tuple(ctx.session.scalars(query, execution_options=KERNEL))


def kept_by(ctx: Ctx, entity: str, record: Any) -> list[Kept]:
    """Return why a record must be kept: nothing where no rule of a module holds it."""
    found = []
    for rule in ctx.registry.of(KeepRule):
        if rule.entity == entity and (reason := rule.reason(ctx, record)):
            found.append(Kept(entity, record.id, reason, rule.fields))
    return found
