"""What a merge would do: who takes part, what each field would be, what stands in the way. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access import editable, predicate, readable, require
from crm_core.columns import scalar
from crm_core.contributed_merges import Merge
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.errors import Forbidden, Invalid, NotFound, Problem, Stale
from crm_core.fieldtypes import Lines, Link, LongText, Related
from crm_core.i18n import N_
from crm_core.merging import rules
from crm_core.merging import values as merging_values
from crm_core.merging.values import Choice
from crm_core.records.reading import find_many, permitted, values_of_many
from crm_core.records.rows import Row, plan_rows

if TYPE_CHECKING:
    from crm_core.context import Ctx

MAX_RECORDS = 10
"""Records that become one in one go; more are merged in several."""
_PARTS = 200
"""Counts in one statement; SQLite takes 500."""


@dataclass(frozen=True)
class Side:
    """One field of a merge: the choices there are, and which is taken unless somebody chooses."""

    field: FieldDef
    chosen: Choice
    differs: bool
    may_choose: bool
    may_unite: bool
    settable: bool
    """Whether anybody could choose: the value follows from nothing else."""


@dataclass(frozen=True)
class Plan:
    """A merge before it is done. ``rows`` are the records as the actor may read them, the survivor first."""

    definition: EntityDef
    merge: Merge
    sides: tuple[Side, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    links: tuple[tuple[str, FieldDef, int], ...]
    """Kinds of record with the field by which they link, and how many of those the actor sees will follow."""

    @property
    def ids(self) -> list[int]:
        """Return the ids, the survivor's first."""
        return [self.merge.survivor.id, *(other.id for other in self.merge.others)]


def find(
    ctx: Ctx, entity: str, survivor_id: int, other_ids: Sequence[int], versions: Mapping[int, int] | None = None,
    *, lock: bool = False,
) -> tuple[EntityDef, Merge]:  # fmt: skip
    """Return the records that are to become one.

    Raises:
        Invalid: none or too many others, or one given twice.
        NotFound: one is not there for the actor.
        Forbidden: the actor's roles let him delete none of the kind, or he may not change one of these; whether he may
            delete the others, :func:`not_deletable` tells.
        Stale: one was changed since its version in ``versions``.
    """
    definition = ctx.registry.entity(entity)
    require(ctx, definition.key, "update")
    require(ctx, definition.key, "delete")
    others = list(other_ids)
    if problem := _wrong_ids(survivor_id, others):
        raise Invalid([problem])
    ids = [survivor_id, *others]
    records = find_many(ctx, definition, ids, lock=lock)
    if missing := [i for i in ids if i not in records]:
        message = N_("Record %(id)s does not exist, or you may not see it")
        raise NotFound(message, params={"id": missing[0]}, field="others")
    allowed = permitted(ctx, definition, ids, "update")
    if refused := [i for i in ids if i not in allowed]:
        raise Forbidden(N_("You may read record %(id)s, but not change it"), params={"id": refused[0]}, field="others")
    for number, version in (versions or {}).items():
        if number in records and records[number].version != version:
            raise Stale(version=records[number].version)
    merge = Merge(entity=definition.key, survivor=records[survivor_id], others=[records[i] for i in others])
    return definition, merge


def not_deletable(ctx: Ctx, definition: EntityDef, merge: Merge) -> list[Problem]:
    """Return, for each record that would go, that the actor may not delete it: whoever merges it away deletes it."""
    ids = [other.id for other in merge.others]
    allowed = permitted(ctx, definition, ids, "delete")
    message = N_("You may not delete record %(id)s, so it can't become part of another; it may be the one that stays")
    return [Problem("others", "forbidden", message, {"id": i}) for i in ids if i not in allowed]


def choosable(ctx: Ctx, definition: EntityDef, merge: Merge) -> frozenset[str]:
    """Return the keys of the fields whose value the actor may choose: what he may set and what nothing derives."""
    return editable(ctx, definition.key) - rules.derived(ctx, merge)


def _wrong_ids(survivor: int, others: Sequence[int]) -> Problem | None:
    if not others:
        return Problem("others", "required", N_("Name at least one record that is to become part of the other"))
    if survivor in others or len(set(others)) < len(others):
        return Problem("others", "self", N_("A record can't be merged with itself"))
    if len(others) >= MAX_RECORDS:
        return Problem("others", "too_many", N_("At most %(limit)s records at once"), {"limit": MAX_RECORDS})
    return None


def look(
    ctx: Ctx, entity: str, survivor_id: int, other_ids: Sequence[int], choices: Mapping[str, Choice] | None = None
) -> Plan:
    """Return what a merge would do.

    Raises:
        Invalid: a choice that can't be, beside what :func:`find` raises.
        NotFound, Forbidden: as :func:`find`.
    """
    definition, merge = find(ctx, entity, survivor_id, other_ids)
    ids = [merge.survivor.id, *(o.id for o in merge.others)]
    fields = merging_values.merged_fields(ctx, definition)
    seen, allowed = readable(ctx, definition.key), choosable(ctx, definition, merge)
    check_choices(definition, fields, allowed, ids, choices or {})
    stored = values_of_many(ctx, definition, [merge.survivor, *merge.others])
    sides, derived = [], rules.derived(ctx, merge)
    for key, field in fields.items():
        if key in seen and not field.hidden:
            found = [values.get(key) for values in stored]
            chosen = (choices or {}).get(key, merging_values.default(field, ids, found))
            united = merging_values.may_unite(field)
            own = not field.readonly and key not in derived
            sides.append(Side(field, chosen, _differ(field, found), key in allowed, united, own))
    rows = _rows(ctx, definition, [side.field for side in sides], ids)
    problems = (*not_deletable(ctx, definition, merge), *rules.refusals(ctx, merge))
    return Plan(definition, merge, tuple(sides), rows, problems, tuple(_following(ctx, definition, ids[1:])))


def check_choices(
    definition: EntityDef, fields: Mapping[str, FieldDef], allowed: frozenset[str], ids: Sequence[int],
    choices: Mapping[str, Choice],
) -> None:  # fmt: skip
    """Refuse choices that can't be.

    Raises:
        Invalid: all that is wrong with them.
    """
    if problems := merging_values.check(definition, fields, allowed, ids, choices):
        raise Invalid(problems)


def _differ(field: FieldDef, found: Sequence[Any]) -> bool:
    """Tell whether records have different values; ids and order of lines apart."""
    return any(_plain(field, value) != _plain(field, found[0]) for value in found[1:])


def _plain(field: FieldDef, value: Any) -> Any:
    if merging_values.is_empty(value) or value is False:
        return None
    if isinstance(field.type, Lines):
        return [{k: v for k, v in line.items() if k != "id"} for line in value]
    return sorted(map(str, value)) if field.type.multiple else value


def _rows(ctx: Ctx, definition: EntityDef, fields: Sequence[FieldDef], ids: Sequence[int]) -> tuple[Row, ...]:
    """Return the records as the actor reads them, in order; one statement."""
    model = definition.model
    plan = plan_rows(ctx, definition, model, fields, editable=False)
    query = sa.select(*plan.columns).where(model.id.in_(ids))
    found = {row.id: row for row in (plan.row(raw) for raw in ctx.session.execute(query, execution_options=KERNEL))}
    return tuple(found[i] for i in ids)


def _following(ctx: Ctx, definition: EntityDef, others: Sequence[int]) -> list[tuple[str, FieldDef, int]]:
    """Return how many records that the actor sees link to those that go, by kind and field; one statement for all."""
    asked: list[tuple[str, FieldDef]] = []
    counts: list[Any] = []
    for other in ctx.registry.entities.values():
        for field in ctx.registry.fields(other.key).values():
            condition = _links(definition, other, field, others)
            if condition is not None and field.key in readable(ctx, other.key):
                model, seen = other.model, predicate(ctx, other, "read", other.model)
                place = sa.literal(len(asked)).label("place")
                counts.append(sa.select(place, sa.func.count(model.id)).where(condition, seen))
                asked.append((other.key, field))
    found: dict[int, int] = {}
    for start in range(0, len(counts), _PARTS):
        rows = ctx.session.execute(sa.union_all(*counts[start : start + _PARTS]), execution_options=KERNEL)
        found.update((place, count) for place, count in rows)
    return [(entity, field, found[n]) for n, (entity, field) in enumerate(asked) if found.get(n)]


def _links(definition: EntityDef, other: EntityDef, field: FieldDef, others: Sequence[int]) -> Any:
    kind = field.type
    if isinstance(kind, Related):
        return scalar(field, other.model).in_([f"{definition.key}:{i}" for i in others])
    if not isinstance(kind, Link) or kind.target != definition.key:
        return None
    if kind.multiple:
        table: Any = other.model.__links__
        holding = sa.select(table.c.record_id).where(table.c.field == field.key, table.c.target_id.in_(others))
        return other.model.id.in_(holding)
    return scalar(field, other.model).in_(others)


def too_long(field: FieldDef, value: Any) -> Problem | None:
    """Return the problem of a united value that passes the field's limit."""
    if isinstance(field.type, LongText) and value and len(value) > field.type.length:
        limit = {"limit": field.type.length, "length": len(value)}
        return Problem(field.key, "too_long", N_("At most %(limit)s characters; this has %(length)s"), limit)
    limit_of = getattr(field.type, "limit", 1000) if isinstance(value, list) else None
    if limit_of is not None and len(value) > limit_of:
        return Problem(field.key, "too_many", N_("At most %(limit)s entries"), {"limit": limit_of})
    return None
