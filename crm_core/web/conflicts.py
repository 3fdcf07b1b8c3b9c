"""Two people changed the same record: what each did, field by field, and a choice for each difference (KN-06)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from crm_core.contributions import FieldDef
from crm_core.errors import ValueProblem
from crm_core.fieldtypes import File, Lines, Link, Related
from crm_core.i18n import N_, gettext
from crm_core.web.controls import Titles
from crm_core.web.rawvalues import same

if TYPE_CHECKING:
    from crm_core.context import Ctx

Side = Literal["mine", "theirs"]


@dataclass(frozen=True)
class Difference:
    """One field on which the two versions differ.

    ``both`` tells that both people changed it; ``pick`` is the side chosen at first.
    """

    key: str
    label: str
    mine: str
    theirs: str
    base: str
    both: bool
    pick: Side


def differences(
    ctx: Ctx,
    fields: Mapping[str, FieldDef],
    mine: Mapping[str, Any],
    theirs: Mapping[str, Any],
    base: Mapping[str, Any],
    titles: Titles,
) -> list[Difference]:
    """Return the fields on which two people's raw values differ, in form order.

    Args:
        ctx: The operation.
        fields: The fields of the form.
        mine: What the actor typed; fields that are missing were not in his form.
        theirs: What is stored now.
        base: What the form was opened with; a missing field counts as unchanged by the others.
        titles: Resolves ids of linked records.
    """
    found = []
    for key, item in fields.items():
        if key not in mine or same(item.type, mine[key], theirs.get(key)):
            continue
        before = base.get(key, theirs.get(key))
        by_me = not same(item.type, mine[key], before)
        by_them = not same(item.type, theirs.get(key), before)
        if not by_me and not by_them:
            continue
        pick: Side = "mine" if by_me else "theirs"
        one, other, former = (words(ctx, item, raw, titles) for raw in (mine[key], theirs.get(key), before))
        found.append(Difference(key, item.title(), one, other, former, by_me and by_them, pick))
    return found


def words(ctx: Ctx, found: FieldDef, raw: Any, titles: Titles) -> str:
    """Return a raw value as people read it; what can't be read as a value is shown as it was typed."""
    if isinstance(found.type, Lines):
        return "\n".join(_line_words(ctx, found.type, line, titles) for line in raw or ())
    if isinstance(found.type, File):
        return gettext(N_("File %(number)s"), number=raw) if raw else ""
    try:
        value = found.type.parse(raw, ctx)
    except ValueProblem:
        return str(raw)
    if isinstance(found.type, Related):
        entity, _, number = (value or "").partition(":")
        return titles(entity, [int(number)]).get(int(number), value) if number else ""
    if isinstance(found.type, Link) and found.type.target != "core.user":
        ids = value if isinstance(value, list) else [value] if value else []
        known = titles(found.type.target, ids) if ids else {}
        return ", ".join(known.get(i, f"#{i}") for i in ids)
    if found.type.widget == "tags":
        return ", ".join(v if isinstance(v, str) else found.type.show([v], ctx) for v in value)
    return found.type.show(value, ctx)


def _line_words(ctx: Ctx, kind: Lines, line: Mapping[str, Any], titles: Titles) -> str:
    parts = []
    for part in kind.line.asked:
        text = words(ctx, part, line.get(part.key, ""), titles)
        if part.type.kind == "bool":
            text = part.title() if str(line.get(part.key)) in ("true", "True") else ""
        if text:
            parts.append(text)
    return " · ".join(parts)


def as_inputs(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield raw values as (name, value) of hidden inputs that :func:`read_posted` reads as the same again."""
    for key, value in raw.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}[{part}]", str(text or "")) for part, text in value.items())
        elif isinstance(value, list):
            yield key, ""
            for number, item in enumerate(value):
                if isinstance(item, Mapping):
                    yield from ((f"{key}[{number}][{part}]", str(text or "")) for part, text in item.items())
                else:
                    yield key, str(item)
        else:
            yield key, str(value)
