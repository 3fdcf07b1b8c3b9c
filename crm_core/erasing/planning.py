"""What the erasing of a person's data would do, told before anything is done; looking writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from crm_core.contributions import FieldDef
from crm_core.db import KERNEL
from crm_core.erasing.gone import is_gone
from crm_core.erasing.subject import Kept, Subject, kept_by, subject, unlimited
from crm_core.errors import Problem
from crm_core.i18n import N_
from crm_core.merging.spots import spots
from crm_core.models import Change, Comment, StoredFile

if TYPE_CHECKING:
    from crm_core.context import Ctx

How = Literal["anonymise", "delete"]
HOW: tuple[How, ...] = ("anonymise", "delete")
STANDARD = frozenset({
    "owner", "team", "visibility", "created_at", "created_by", "updated_at", "updated_by",
})  # fmt: skip
"""Fields that tell of the CRM's people and not of the person."""


@dataclass(frozen=True)
class Plan:
    """What would happen.

    ``emptied`` and ``stays`` are fields of the record; ``parts`` counts what goes with it by entity, ``linked`` what
    stays and links to it. ``problems`` say why it can't be done.
    """

    subject: Subject
    how: How
    emptied: tuple[FieldDef, ...]
    stays: tuple[FieldDef, ...]
    parts: dict[str, int]
    linked: dict[str, int]
    comments: int
    files: int
    history: int
    kept: tuple[Kept, ...]
    problems: tuple[Problem, ...]


def plan(ctx: Ctx, entity: str, record: Any, how: How) -> Plan:
    """Return what the erasing of a record's personal data would do.

    Raises:
        Conflict: records of this kind are not about people.
    """
    with unlimited(ctx) as inside:
        return _plan(inside, entity, record, how)


def _plan(ctx: Ctx, entity: str, record: Any, how: How) -> Plan:
    person = subject(ctx, entity, record)
    kept = tuple(_kept(ctx, person))
    held = {key for one in kept if (one.entity, one.id) == (person.definition.key, record.id) for key in one.fields}
    fields = [f for f in ctx.registry.fields(person.definition.key).values() if f.storage != "computed"]
    emptied = [f for f in fields if _goes(person, f, held)] if how == "anonymise" else []
    return Plan(
        person, how, tuple(emptied),
        tuple(f for f in fields if f not in emptied and f.key not in STANDARD) if how == "anonymise" else (),
        {key: len(ids) for key, ids in person.parts.items()},
        dict(Counter(one.entity for one in person.linked)),
        _count(ctx, Comment, person), _count(ctx, StoredFile, person), _count(ctx, Change, person),
        kept, tuple(_problems(ctx, person, how, kept)),
    )  # fmt: skip


def _goes(person: Subject, known: FieldDef, held: set[str]) -> bool:
    """Tell whether a field is emptied: all are but those that are kept, or can't be empty."""
    if known.key in STANDARD or known.key in held or known.key in person.about.keep:
        return False
    if known.storage != "column":
        return True
    column = getattr(person.definition.model, known.attr)
    return bool(column.property.columns[0].nullable)


def _kept(ctx: Ctx, person: Subject) -> Iterator[Kept]:
    yield from kept_by(ctx, person.definition.key, person.record)
    for key, ids in person.parts.items():
        model: Any = ctx.registry.entity(key).model
        query = sa.select(model).where(model.id.in_(ids)).order_by(model.id)
        for record in ctx.session.scalars(query, execution_options=KERNEL):
            yield from kept_by(ctx, key, record)


def _problems(ctx: Ctx, person: Subject, how: How, kept: tuple[Kept, ...]) -> Iterator[Problem]:
    if how == "anonymise" and is_gone(person.record):
        yield Problem("how", "gone", N_("The record was deleted before; what is left of it can only be deleted"))
    own = [k for k in kept if (k.entity, k.id) == (person.definition.key, person.record.id)]
    for one in own:
        if not one.fields:
            yield Problem(None, "kept", N_("The record must be kept: %(reason)s"), {"reason": one.reason})
    if how == "delete" and kept and not any(not one.fields for one in own):
        message = N_("It can't be deleted, only made anonymous: %(reason)s")
        yield Problem("how", "kept", message, {"reason": kept[0].reason})
    for name in sorted(set(_away(ctx, person))):
        message = N_("What is off holds data of this person (%(table)s): turn its module on first")
        yield Problem(None, "module_off", message, {"table": name})


def _away(ctx: Ctx, person: Subject) -> Iterator[str]:
    """Yield the tables of modules that are off where something links to the person."""
    for spot in spots(ctx, person.definition):
        if spot.active:
            continue
        table = spot.table
        where = spot.value(table) == spot.link(person.record.id)
        if spot.place.kind == "rows":
            where &= table.c.field == spot.place.name
        query = sa.select(sa.literal(1)).select_from(table).where(where).limit(1)
        if ctx.session.scalar(query, execution_options=KERNEL) is not None:
            yield spot.place.table


def _count(ctx: Ctx, model: Any, person: Subject) -> int:
    parts = [(model.entity == key) & model.record_id.in_(ids) for key, ids in person.every]
    query = sa.select(sa.func.count()).select_from(model).where(sa.or_(*parts))
    return int(ctx.session.scalar(query, execution_options=KERNEL) or 0)
