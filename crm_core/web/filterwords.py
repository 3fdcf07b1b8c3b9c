"""A filter in words, part by part, each with the address of the list without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm_core.contributions import FieldDef
from crm_core.errors import CrmError, ValueProblem
from crm_core.fieldtypes import Choice, Lines, Link
from crm_core.filters import Node, to_words
from crm_core.i18n import gettext
from crm_core.web.listing import State, parts_of

if TYPE_CHECKING:
    from crm_core.context import Ctx


@dataclass(frozen=True)
class Part:
    """One part of the filter: its words, and where the list without it is."""

    words: str
    without: str


def parts_in_words(ctx: Ctx, state: State) -> list[Part]:
    """Return the parts of the list's filter."""
    say = speaker(ctx, state.definition.key)
    return [Part(say(part), state.url(node=state.with_part(None, instead_of=part))) for part in parts_of(state.node)]


def speaker(ctx: Ctx, entity: str) -> Callable[[Node], str]:
    """Return what says a filter on an entity in words."""

    def label(path: str) -> str:
        return " › ".join(f.title() for f in fields_on(ctx, entity, path)) or path

    def value(path: str, raw: Any) -> str:
        found = fields_on(ctx, entity, path)
        return _shown(ctx, found[-1], raw) if found else str(raw)

    return lambda node: to_words(node, label, value, gettext)


def fields_on(ctx: Ctx, entity: str, path: str) -> list[FieldDef]:
    """Return the fields a path leads over, empty when it can't be followed."""
    definition = ctx.registry.entities.get(entity)
    if definition is None:
        return []
    path = definition.short.get(path, path)
    known = ctx.registry.fields(definition.key)
    parts = path.split(".")
    for size in (2, 1):
        found = known.get(".".join(parts[:size]))
        if found is None:
            continue
        rest = ".".join(parts[size:])
        if not rest:
            return [found]
        if isinstance(found.type, Lines):
            part = next((f for f in found.type.line.fields if f.key == rest), None)
            return [found, part] if part else []
        if isinstance(found.type, Link):
            onward = fields_on(ctx, found.type.target, rest)
            return [found, *onward] if onward else []
    return []


def _shown(ctx: Ctx, field: FieldDef, raw: Any) -> str:
    """Return a filter's value as the field shows it; as it is written where it does not fit."""
    kind = field.type
    try:
        if isinstance(kind, Lines):
            return str(raw)
        parsed = kind.parse_filter(raw, ctx, "=")
        if isinstance(kind, Choice) or kind.multiple or isinstance(kind, Link):
            return kind.show([parsed] if kind.multiple else parsed, ctx) or str(raw)
        return kind.show(parsed, ctx) or str(raw)
    except (ValueProblem, CrmError, TypeError, ValueError):
        return str(raw)
