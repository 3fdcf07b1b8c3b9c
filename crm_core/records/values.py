"""From raw input to checked values: names, masks, types, required, unique, links one may see."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access import compiler, editable, predicate
from crm_core.change import Change
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.errors import Problem, ValueProblem
from crm_core.fieldtypes import Links
from crm_core.filters import holds
from crm_core.filters import parse as parse_filter
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx

_IGNORED = frozenset({"id", "version", "entity", "title"})


def flatten(raw: Mapping[str, Any], known: Mapping[str, FieldDef]) -> dict[str, Any]:
    """Return input with ``{"cf": {"score": 5}}`` written as ``{"cf.score": 5}``."""
    found: dict[str, Any] = {}
    namespaces = {k.partition(".")[0] for k in known if "." in k}
    for key, value in raw.items():
        if key in namespaces and key not in known and isinstance(value, Mapping):
            found.update({f"{key}.{name}": item for name, item in value.items()})
        else:
            found[str(key)] = value
    return found


def parse(ctx: Ctx, definition: EntityDef, raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values of an input by field key, and every problem found."""
    known = ctx.registry.fields(definition.key)
    allowed = editable(ctx, definition.key)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, item in flatten(raw, known).items():
        field = known.get(key)
        if field is None or field.hidden:
            if key not in _IGNORED:
                problems.append(_unknown(key, allowed))
        elif key not in allowed and not ctx.actor.system:
            problems.append(Problem(key, "readonly", N_("%(label)s can't be set"), {"label": field.title()}))
        else:
            try:
                values[key] = field.type.parse(item, ctx)
                _storable(values[key])
            except ValueProblem as problem:
                problems.append(problem.at(key))
    return values, problems


def _storable(value: Any) -> None:
    """Refuse characters no database stores."""
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value if c > "\ud7ff"):
            raise ValueProblem("text", N_("The text holds a character that can't be stored"))
    elif isinstance(value, Mapping):
        for item in value.values():
            _storable(item)
    elif isinstance(value, list):
        for item in value:
            _storable(item)


def _unknown(key: str, known: Iterable[str]) -> Problem:
    near = difflib.get_close_matches(key, list(known), 1, 0.6)
    message = N_("Unknown field; did you mean %(near)s?") if near else N_("Unknown field")
    return Problem(key[:80], "unknown", message, {"near": near[0]} if near else {})


def add_defaults(ctx: Ctx, definition: EntityDef, values: dict[str, Any]) -> None:
    """Fill what a new record starts with: declared defaults, the creator as owner, the entity's visibility."""
    for key, field in ctx.registry.fields(definition.key).items():
        if key not in values and field.default is not None:
            values[key] = field.default_value(ctx)
    if values.get("owner") is None:
        values["owner"] = ctx.actor.id
    if values.get("visibility") is None:
        private = bool(definition.visibility_setting) and ctx.directory.setting(definition.visibility_setting)
        values["visibility"] = "private" if private else definition.visibility


def sequenced(ctx: Ctx, definition: EntityDef) -> list[FieldDef]:
    """Return the fields that a number sequence fills."""
    return [f for f in ctx.registry.fields(definition.key).values() if f.sequence]


def check_required(ctx: Ctx, change: Change, fields: Iterable[FieldDef] | None = None) -> list[Problem]:
    """Return the required fields that would be empty; ``fields`` are those that may be required, if known."""
    problems = []
    for field in ctx.registry.fields(change.entity).values() if fields is None else fields:
        key = field.key
        if change.get(key) not in (None, "", []) or (change.verb == "update" and key not in change.values):
            continue
        conditional = field.required_if is not None and holds(field.required_if, change)
        if (field.required or conditional) and not field.sequence and holds(field.visible_if, change):
            problems.append(Problem(key, "required", N_("%(label)s is required"), {"label": field.title()}))
    return problems


def linkable(ctx: Ctx, definition: EntityDef, where: str) -> list[Any]:
    """Return the conditions of a record that may be linked: the actor sees it, and it passes the link's filter."""
    model = definition.model
    found = [predicate(ctx, definition, "read", model)]
    return [*found, compiler(ctx, unlimited=True).compile(parse_filter(where), definition, model)] if where else found


def keep_hidden_links(ctx: Ctx, changes: Iterable[Change]) -> None:
    """Keep the links to records the actor can't see: he could not have meant to remove them.

    One statement a kind of target, however many changes there are.
    """
    lost: dict[str, list[tuple[Change, str, list[int]]]] = {}
    for change in changes:
        for key, field in ctx.registry.fields(change.entity).items():
            if isinstance(field.type, Links) and key in change.values:
                missing = [i for i in change.old.get(key) or () if i not in change.values[key]]
                if missing:
                    lost.setdefault(field.type.target, []).append((change, key, missing))
    for target, found in lost.items():
        seen = _seen(ctx, target, {i for _, _, missing in found for i in missing})
        for change, key, missing in found:
            change.values[key] = [*change.values[key], *(i for i in missing if i not in seen)]


def _seen(ctx: Ctx, entity: str, ids: set[int]) -> set[int]:
    """Return which records the actor sees; none of a module that is off."""
    definition = ctx.registry.entities.get(entity)
    if definition is None:
        return set()
    model = definition.model
    query = sa.select(model.id).where(model.id.in_(ids), predicate(ctx, definition, "read", model))
    return set(ctx.session.scalars(query, execution_options=KERNEL))
