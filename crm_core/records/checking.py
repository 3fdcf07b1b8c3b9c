"""What stands in the way of writing: derived values, required, unique and linked ones, and what plugins say.

Everything is asked for many changes of one entity at once, one statement a field or a kind of target; the check of a
single record is that of a list of one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableSet, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.change import Change
from crm_core.columns import comparable
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.errors import CrmError, Problem, Unavailable
from crm_core.fieldtypes import Choice, Link, Related
from crm_core.fieldtypes.parts import GivenLines
from crm_core.i18n import N_
from crm_core.records import values
from crm_core.text import fold

if TYPE_CHECKING:
    from crm_core.context import Ctx

Problems = dict[int, list[Problem]]
"""What is wrong with each change, by the change's ``id()``."""
Coming = Mapping[str, Collection[int]]
"""Records by entity that are about to come back: they may be linked although they are not there yet."""
PART = 500
_PLACE = re.compile(r"([^\[\]]+)\[(\d{1,6})\](.*)")


def of_error(error: CrmError) -> list[Problem]:
    """Return an error as problems."""
    return [*error.problems()] or [Problem(None, error.code, error.message, error.params, error.plugin)]


def problems(
    ctx: Ctx,
    changes: Sequence[Change],
    given: Mapping[int, list[Problem]] | None = None,
    *,
    coming: Coming | None = None,
    tolerant: bool = False,
) -> Problems:
    """Derive and check; return the problems of each change, what was ``given`` included.

    ``tolerant`` makes an error that a plugin raises a problem of its change, which leaves the others alone.

    Raises:
        CrmError: a plugin refuses a change in its own way.
    """
    found: Problems = {id(c): list((given or {}).get(id(c), ())) for c in changes}

    def derived(change: Change) -> list[Problem]:
        ctx.registry.hooks.before_write(ctx, change)
        return []

    for change in changes:
        if not found[id(change)]:
            found[id(change)] += tolerated(derived, change) if tolerant else derived(change)
    for change in changes:
        found[id(change)] += _unfitting(ctx, change)
        refused = {p.field for p in found[id(change)]}
        found[id(change)] += [p for p in values.check_required(ctx, change) if p.field not in refused]
    for change, problem in (*unique(ctx, changes), *links(ctx, changes, coming)):
        found[id(change)].append(problem)
    for change in changes:
        unread = {p.field for p in found[id(change)]}
        said = validated(ctx, change, tolerant=tolerant)
        found[id(change)] += [p for p in said if p.code != "warning" and not (_of_lines(p) and _root(p) in unread)]
    return found


def _unfitting(ctx: Ctx, change: Change) -> Iterator[Problem]:
    """Yield the choices that don't go with the field they depend on."""
    if change.verb == "delete":
        return
    for key, field in ctx.registry.fields(change.entity).items():
        kind = field.type
        if not isinstance(kind, Choice) or not kind.by or not (change.changed(key) or change.changed(kind.by)):
            continue
        if (code := change.get(key)) and not kind.fits(code, change.get(kind.by), ctx):
            other = ctx.registry.field(change.entity, kind.by)
            params = {"value": kind.show(code, ctx), "other": other.type.show(change.get(kind.by), ctx)}
            yield Problem(key, "choice", N_("%(value)s does not go with %(other)s"), params)


def validated(ctx: Ctx, change: Change, *, tolerant: bool = False) -> list[Problem]:
    """Return what plugins say against a change."""
    if tolerant:
        return tolerated(lambda one: validated(ctx, one), change)
    return [_as_given(change, problem) for problem in ctx.registry.hooks.validate(ctx, change)]


def _of_lines(problem: Problem) -> bool:
    return "[" in (problem.field or "")


def _root(problem: Problem) -> str:
    return (problem.field or "").partition("[")[0]


def _as_given(change: Change, problem: Problem) -> Problem:
    """Return a problem of a line at the place where the line was given: blank ones before it were left out."""
    match = _PLACE.fullmatch(problem.field or "")
    value = change.values.get(match[1]) if match else None
    if match is None or not isinstance(value, GivenLines) or int(match[2]) >= len(value.places):
        return problem
    return replace(problem, field=f"{match[1]}[{value.places[int(match[2])]}]{match[3]}")


def tolerated(ask: Callable[[Change], list[Problem]], change: Change) -> list[Problem]:
    """Return what is answered about a change; an error is an answer too, a busy database is not."""
    try:
        return ask(change)
    except Unavailable:
        raise
    except CrmError as error:
        return of_error(error)


def unique(ctx: Ctx, changes: Sequence[Change]) -> Iterator[tuple[Change, Problem]]:
    """Yield the unique fields whose value another record has, seen or unseen, or another of the changes gets."""
    if not changes:
        return
    definition = changes[0].definition
    for key, field in ctx.registry.fields(definition.key).items():
        if not field.unique:
            continue
        by_value: dict[Any, list[Change]] = defaultdict(list)
        for change in changes:
            if (value := change.values.get(key)) not in (None, "") and change.changed(key):
                by_value[_compared(field, value)].append(change)
        holders = _holders(ctx, definition, field, by_value)
        problem = Problem(key, "unique", N_("Another record already has this %(label)s"), {"label": field.title()})
        for value, same in by_value.items():
            for number, change in enumerate(same):
                own = change.record.id if change.record is not None else None
                if number or holders.get(value, set()) - {own}:
                    yield change, problem


def _compared(field: FieldDef, value: Any) -> Any:
    if field.key_attr:
        return fold(str(value))
    return field.type.store(value) if field.storage == "custom" else value


def _holders(ctx: Ctx, definition: EntityDef, field: FieldDef, wanted: Iterable[Any]) -> dict[Any, set[int]]:
    """Return the ids of the records that have one of these values."""
    column, model = comparable(field, definition.model), definition.model
    found: dict[Any, set[int]] = defaultdict(set)
    for part in parts(list(wanted)):
        query = sa.select(column, model.id).where(column.in_(part))
        for value, number in ctx.session.execute(query, execution_options=KERNEL):
            found[value].add(number)
    return found


def links(
    ctx: Ctx,
    changes: Sequence[Change],
    coming: Coming | None = None,
    known: Mapping[tuple[str, str], MutableSet[int]] | None = None,
) -> Iterator[tuple[Change, Problem]]:
    """Yield the links to records that don't exist for the actor; one statement a kind of target.

    ``known`` are targets that were found before, by entity and filter; what is found now is added.
    """
    wanted: dict[tuple[str, str], dict[int, list[tuple[Change, str]]]] = {}
    if not changes:
        return
    fields = ctx.registry.fields(changes[0].entity).items()
    linking = {key: field.type for key, field in fields if isinstance(field.type, (Related, Link))}
    for change in changes:
        for key, entity, where, target in _linked(linking, change):
            wanted.setdefault((entity, where), {}).setdefault(target, []).append((change, key))
    for (entity, where), targets in wanted.items():
        there = known[entity, where] if known is not None else set()
        there |= _linkable(ctx, entity, where, [i for i in targets if i not in there])
        for target, users in targets.items():
            if target not in there and target not in (coming or {}).get(entity, ()):
                for change, key in users:
                    yield change, Problem(key, "unknown", N_("There is no such record"))


def _linked(linking: Mapping[str, Related | Link], change: Change) -> Iterator[tuple[str, str, str, int]]:
    """Yield field, entity, filter and id of each link a change adds."""
    for key, kind in linking.items():
        if not change.changed(key) or change.by_default(key):
            continue
        value = change.values[key]
        if isinstance(kind, Related):
            if value:
                entity, _, number = value.partition(":")
                yield key, entity, "", int(number)
        elif kind.target != "core.user":
            old = change.old.get(key)
            before = set(old) if isinstance(old, list) else {old}
            for target in value if isinstance(value, list) else [value] if value else ():
                if target not in before:
                    yield key, kind.target, kind.where, target


def _linkable(ctx: Ctx, entity: str, where: str, ids: Sequence[int]) -> set[int]:
    definition = ctx.registry.entity(entity)
    found: set[int] = set()
    if ids:
        allowed = values.linkable(ctx, definition, where)
        for part in parts(ids):
            query = sa.select(definition.model.id).where(definition.model.id.in_(part), *allowed)
            found.update(ctx.session.scalars(query, execution_options=KERNEL))
    return found


def parts(items: Sequence[Any], size: int = PART) -> Iterator[Sequence[Any]]:
    """Yield a long list in pieces that a statement takes."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
