"""What records are compared by: alternatives of fields, each with a way of comparing, from text and to text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm_core.access import readable
from crm_core.contributed_merges import DuplicateRule
from crm_core.contributions import EntityDef, FieldDef
from crm_core.errors import Invalid, Problem
from crm_core.fieldtypes import Address, Boolean, Computed, Date, File, Lines, Link, LongText, Related, Text
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx

EXACT, NORMAL, FUZZY = "exact", "normal", "fuzzy"
WAYS: Mapping[str, str] = {EXACT: N_("exactly"), NORMAL: N_("however it is written"), FUZZY: N_("similar")}
MAX_ALTERNATIVES, MAX_PARTS = 8, 6
_NEVER = (Computed, File, Boolean, Related)


@dataclass(frozen=True)
class Part:
    """One field that is compared; ``part`` is the field of its lines."""

    path: str
    field: FieldDef
    how: str
    part: FieldDef | None = None

    @property
    def kind(self) -> Any:
        """Return the type of what is compared."""
        return (self.part or self.field).type

    def values(self, values: Mapping[str, Any]) -> list[Any]:
        """Return what a record has there, each once."""
        found = values.get(self.field.key)
        if self.part is not None:
            return [line[self.part.key] for line in found or () if line.get(self.part.key)]
        return list(found or ()) if self.field.type.multiple else [found] if found not in (None, "") else []

    def title(self) -> str:
        """Return the label in the current language."""
        if self.part is None or self.part.key == self.field.type.line.main:  # type: ignore[attr-defined]
            return self.field.title()
        return f"{self.field.title()}: {self.part.title()}"


@dataclass(frozen=True)
class Alternative:
    """Fields that must all fit."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Return the alternative as :func:`parse` takes it."""
        return ", ".join(p.path if p.how == NORMAL else f"{p.path}:{p.how}" for p in self.parts)


def parse(ctx: Ctx, definition: EntityDef, on: Sequence[str]) -> tuple[Alternative, ...]:
    """Return the alternatives of texts such as ``name:fuzzy, zip``.

    Raises:
        Invalid: nothing to compare, a field the actor may not read or that can't be compared, an unknown way.
    """
    problems: list[Problem] = []
    found = []
    for text in on:
        pieces = [piece.strip() for piece in text.split(",") if piece.strip()]
        parts = [part for piece in pieces if (part := _part(ctx, definition, piece, problems))]
        if len(pieces) > MAX_PARTS:
            problems.append(Problem("on", "too_many", N_("At most %(limit)s fields together"), {"limit": MAX_PARTS}))
        if parts:
            found.append(Alternative(tuple(parts)))
    if not found and not problems:
        problems.append(Problem("on", "required", N_("Choose at least one field to compare")))
    if len(found) > MAX_ALTERNATIVES:
        limit = {"limit": MAX_ALTERNATIVES}
        problems.append(Problem("on", "too_many", N_("At most %(limit)s alternatives"), limit))
    if problems:
        raise Invalid(problems)
    return tuple(found)


def _part(ctx: Ctx, definition: EntityDef, piece: str, problems: list[Problem]) -> Part | None:
    path, _, how = (text.strip() for text in piece.partition(":"))
    known = {p: (f, line) for p, f, line in comparable(ctx, definition)}
    if path not in known:
        near = ", ".join(list(known)[:12])
        message = N_("%(name)s is not a field that can be compared; there are: %(known)s")
        problems.append(Problem("on", "unknown", message, {"name": path[:80], "known": near}))
        return None
    field, line = known[path]
    made = Part(path, field, how or NORMAL, line)
    if made.how not in WAYS or (made.how == FUZZY and not isinstance(made.kind, Text)):
        message = N_("%(name)s can be compared in these ways: %(known)s")
        ways = [EXACT, NORMAL, *([FUZZY] if isinstance(made.kind, Text) else [])]
        problems.append(Problem("on", "way", message, {"name": path, "known": ", ".join(ways)}))
        return None
    return made


def comparable(ctx: Ctx, definition: EntityDef) -> Iterator[tuple[str, FieldDef, FieldDef | None]]:
    """Yield the fields the actor may compare by: the path, the field, the field of its lines."""
    mask = readable(ctx, definition.key)
    for key, field in ctx.registry.fields(definition.key).items():
        if key not in mask or field.hidden or isinstance(field.type, (*_NEVER, LongText, Address)):
            continue
        if not isinstance(field.type, Lines):
            yield key, field, None
            continue
        for part in field.type.line.fields:
            if not isinstance(part.type, (*_NEVER, Address)):
                main = part.key == field.type.line.main
                yield key if main else f"{key}.{part.key}", field, part


def rule_of(ctx: Ctx, entity: str) -> DuplicateRule | None:
    """Return how duplicates of an entity are looked for, as its module says."""
    return next((r for r in ctx.registry.of(DuplicateRule) if r.entity == entity), None)


def usual(ctx: Ctx, definition: EntityDef) -> list[str]:
    """Return the alternatives that are offered first: those of the module that the actor may read, else the name."""
    rule = rule_of(ctx, definition.key)
    known = {path for path, _, _ in comparable(ctx, definition)}
    texts = rule.on if rule is not None else (definition.title,)
    fitting = [t for t in texts if all(p.strip().partition(":")[0] in known for p in t.split(","))]
    return fitting


def is_proof(ctx: Ctx, definition: EntityDef, alternative: Alternative) -> bool:
    """Tell whether more than a name fits: an equal name makes no one the same, nor does a similar text.

    Neither does what many have in common beside it: an entry of a list, a person in charge.
    """
    rule = rule_of(ctx, definition.key)
    names = {definition.title, *(rule.names if rule is not None else ())}

    def proves(part: Part) -> bool:
        kind = part.kind
        telling = isinstance(kind, Text | Date) or (isinstance(kind, Link) and kind.target != "core.user")
        return part.how != FUZZY and part.path not in names and telling

    return any(map(proves, alternative.parts))
