"""Quick filters: for a few fields of a view, the values to choose from with one click."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import TYPE_CHECKING, Any

from crm_core import access
from crm_core.contributions import FieldDef
from crm_core.fieldtypes import Boolean, Choice, Date, DateTime, Link, Tags, Team, Text, User, Users
from crm_core.filters import Cond, Me, Node, Relative, read_special
from crm_core.filters.words import relative_words
from crm_core.i18n import N_, gettext
from crm_core.web.listing import State, parts_of

if TYPE_CHECKING:
    from crm_core.context import Ctx

MAX_OPTIONS = 60
_PERIODS = (
    Relative("today"), Relative("today", -1), Relative("period", 0, "w"), Relative("period", -1, "w"),
    Relative("period", 0, "m"), Relative("period", -1, "m"), Relative("period", 0, "q"), Relative("period", 0, "y"),
)  # fmt: skip


@dataclass(frozen=True)
class Option:
    """One value: its words, whether it is chosen, and the list with it chosen or left."""

    label: str
    url: str
    chosen: bool = False
    colour: str = ""


@dataclass(frozen=True)
class Quick:
    """A quick filter; ``without`` is the list without it when something is chosen."""

    key: str
    label: str
    options: list[Option]
    without: str = ""
    name: str = ""
    """Name of the parameter for fields whose values are typed: ``city__contains``."""
    text: str = ""
    rest: Mapping[str, str] = attribute(default_factory=dict)
    """Parameters of the list without this filter, which a typed value is sent along with."""

    @property
    def chosen(self) -> list[str]:
        """Return the words of what is chosen."""
        return [o.label for o in self.options if o.chosen] or ([self.text] if self.text else [])


def filters(ctx: Ctx, state: State) -> list[Quick]:
    """Return the quick filters of the list's view, and one for tags; those in use first."""
    known, mask = ctx.registry.fields(state.definition.key), access.readable(ctx, state.definition.key)
    keys = [k for k in dict.fromkeys((*state.shown.quick, "tags")) if k in known and k in mask]
    found = [_quick(ctx, state, known[key]) for key in keys]
    return sorted((q for q in found if q.options or q.name), key=lambda q: not q.chosen)


def _quick(ctx: Ctx, state: State, field: FieldDef) -> Quick:
    if isinstance(field.type, Text | Link) and not isinstance(field.type, User) and not field.type.multiple:
        return _typed_quick(state, field)
    values = _values(ctx, field)
    present = next((p for p in parts_of(state.node) if _about(p, field)), None)
    chosen = _chosen(present)
    options = []
    for value, label, colour in values[:MAX_OPTIONS]:
        on = value in chosen
        rest = [v for v in chosen if v != value] if on else [*chosen, value]
        if isinstance(field.type, Date | DateTime | Boolean):
            rest = [] if on else [value]
        node = state.with_part(_cond(field, rest), instead_of=present)
        options.append(Option(label, state.url(node=node), on, colour))
    without = state.url(node=state.with_part(None, instead_of=present)) if present is not None else ""
    return Quick(field.key, field.title(), options, without)


def _typed_quick(state: State, field: FieldDef) -> Quick:
    present = next((p for p in parts_of(state.node) if _contains(p, field)), None)
    rest = state.with_part(None, instead_of=present) if present is not None else state.node
    text = str(present.value) if isinstance(present, Cond) else ""
    without = state.url(node=rest) if present is not None else ""
    return Quick(field.key, field.title(), [], without, f"{field.key}__contains", text, state.params(node=rest))


def _contains(part: Node, field: FieldDef) -> bool:
    return isinstance(part, Cond) and part.path == field.key and part.op == "contains"


def _about(part: Node, field: FieldDef) -> bool:
    return isinstance(part, Cond) and part.path == field.key and part.op in ("=", "in", "has")


def _chosen(part: Node | None) -> list[Any]:
    if not isinstance(part, Cond):
        return []
    values = part.value if isinstance(part.value, tuple) else (part.value,)
    return [_typed(value) for value in values]


def _typed(value: Any) -> Any:
    """Return a value of an address (``?owner=3``) as filters hold it."""
    if not isinstance(value, str):
        return value
    return int(value) if value.isascii() and value.isdigit() and len(value) < 17 else read_special(value) or value


def _cond(field: FieldDef, values: list[Any]) -> Cond | None:
    if not values:
        return None
    if len(values) == 1:
        return Cond(field.key, "has" if field.type.multiple else "=", values[0])
    return Cond(field.key, "in", tuple(values))


def _values(ctx: Ctx, field: FieldDef) -> list[tuple[Any, str, str]]:
    """Return (value, words, colour) of what can be chosen."""
    kind = field.type
    if isinstance(kind, Choice):
        if kind.list:
            return [(e.code, e.title(), e.colour) for e in ctx.directory.entries(kind.list) if e.active]
        return [(code, label, "") for code, label in kind.entries(ctx)]
    if isinstance(kind, Tags):
        return [(t.name, t.name, t.colour) for t in ctx.directory.tags()]
    if isinstance(kind, Team):
        return [(t.id, t.name, "") for t in ctx.directory.teams()]
    if isinstance(kind, User | Users):
        people = [u for u in ctx.directory.users() if u.id != ctx.actor.id]
        return [(Me(), gettext(N_("Me")), ""), *((u.id, u.name, "") for u in people)]
    if isinstance(kind, Boolean):
        return [(True, gettext(N_("Yes")), ""), (False, gettext(N_("No")), "")]
    if isinstance(kind, Date | DateTime):
        return [(p, relative_words(p, gettext).capitalize(), "") for p in _PERIODS]
    return []
