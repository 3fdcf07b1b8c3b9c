"""From a field and its value as typed to the control that shows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from crm_core import files
from crm_core.contributions import FieldDef
from crm_core.errors import NotFound, Problem, ValueProblem
from crm_core.fieldtypes import Choice, FieldType, Lines, may_make_tags
from crm_core.fieldtypes.dates import show_date
from crm_core.fieldtypes.parts import ADDRESS_PARTS
from crm_core.i18n import N_, gettext
from crm_core.web import chosen
from crm_core.web.choosers import may_extend
from crm_core.web.rawvalues import EXCLUSIVE, to_raw
from crm_core.web.widgets import Control, Option, Row

if TYPE_CHECKING:
    from crm_core.context import Ctx

RADIO_LIMIT = 4
"""Fixed choices up to this number are shown side by side."""
SEGMENT_LETTERS = 40
"""Longer labels of fixed choices stand below each other."""
TICK_LIMIT = 12
"""Lists up to this length are ticked; longer ones are searched."""
SEARCH_LIMIT = 15
"""Selects longer than this can be searched by typing."""
SPARE_ROWS = 2
"""Blank lines offered to browsers without scripts."""
SHORTCUTS = ((0, N_("Today")), (3, N_("3 days")), (7, N_("Week")))
"""Days from today that a click sets (AC-06)."""
PART_LABELS: Mapping[str, str] = {
    "street": N_("Street"),
    "city": N_("City"),
    "state": N_("State or region"),
    "zip": N_("Postal code"),
    "country": N_("Country"),
}


Titles = Callable[[str, Sequence[int]], Mapping[int, str]]
"""Gives the titles of visible records of an entity."""
Builder = Callable[["Ctx", Control, Titles], None]


def control(
    ctx: Ctx,
    definition: FieldDef,
    raw: Any,
    titles: Titles,
    *,
    name: str = "",
    label: str = "",
    problems: Iterable[Problem] = (),
    beside: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {}),
) -> Control:
    """Return the control of a field.

    Args:
        ctx: The operation.
        definition: The field.
        raw: Its value as typed, see :mod:`crm_core.web.rawvalues`.
        titles: Resolves ids of linked records.
        name: The posted name, the field's key unless given.
        label: The label, the field's own unless given.
        problems: What is wrong with the field.
        beside: The raw values of the form, and of the line the field stands in.
    """
    name, problems = name or definition.key, tuple(problems)
    made = Control(
        field=definition,
        name=name,
        id="f-" + name.replace(".", "-").replace("[", "-").replace("]", ""),
        widget=definition.type.widget,
        label=label or definition.title(),
        raw=raw,
        hint=definition.hint(),
        required=definition.required,
        errors=list(dict.fromkeys(p.text() for p in problems)),
        problems=problems,
        beside=beside,
    )
    if length := getattr(definition.type, "length", 0):
        made.attributes["maxlength"] = length
    _BUILDERS.get(made.widget, _plain)(ctx, made, titles)
    return made


def _plain(ctx: Ctx, made: Control, titles: Titles) -> None:
    """Leave a single box as it is."""


def _wide(ctx: Ctx, made: Control, titles: Titles) -> None:
    made.wide = True


def _choice(ctx: Ctx, made: Control, titles: Titles) -> None:
    kind: Any = made.field.type
    made.options = _entries(ctx, kind, [made.text])
    must = made.required or made.field.default is not None or made.field.key == "visibility"
    if kind.choices and len(kind.choices) <= RADIO_LIMIT and must:
        made.widget = "radios"
        made.extra["stacked"] = sum(len(o.label) for o in made.options) > SEGMENT_LETTERS
    made.extend = _extend(ctx, kind)
    made.extra["searchable"] = len(made.options) > SEARCH_LIMIT
    if kind.by:
        made.extra["by"] = kind.by
        made.options = [_dependent(ctx, kind, option, made.beside[0].get(kind.by)) for option in made.options]


def _dependent(ctx: Ctx, kind: Choice, option: Option, chosen: Any) -> Option:
    entry = ctx.directory.entry(kind.list, option.value)
    of = str(entry.values.get(kind.by) or "") if entry else ""
    return replace(option, of=of, off=not kind.fits(option.value, chosen, ctx))


def _multichoice(ctx: Ctx, made: Control, titles: Titles) -> None:
    kind: Any = made.field.type
    made.options = _entries(ctx, kind, made.chosen)
    made.extend = _extend(ctx, kind)
    made.widget = "ticks" if len(made.options) <= TICK_LIMIT else "several"
    made.wide = len(made.options) > RADIO_LIMIT


def _entries(ctx: Ctx, kind: Choice, chosen: Sequence[str]) -> list[Option]:
    """Return the entries that may be chosen, and those that are although they no longer may."""
    if kind.list:
        found = [
            Option(e.code, e.title(), e.code in chosen, e.colour)
            for e in ctx.directory.entries(kind.list)
            if e.active or e.code in chosen
        ]
    else:
        found = [Option(code, label, code in chosen) for code, label in kind.entries(ctx)]
    known = {option.value for option in found}
    return found + [Option(c, kind.show(c, ctx) or c, True) for c in chosen if c and c not in known]


def _extend(ctx: Ctx, kind: Choice) -> str:
    return f"/lists/{kind.list}/add" if kind.list and may_extend(ctx, kind.list) else ""


def _user(ctx: Ctx, made: Control, titles: Titles) -> None:
    made.options = _people(ctx, [made.text])
    made.extra["searchable"] = len(made.options) > SEARCH_LIMIT
    made.widget = "choice"


def _users(ctx: Ctx, made: Control, titles: Titles) -> None:
    made.options = _people(ctx, made.chosen)
    made.widget = "ticks" if len(made.options) <= TICK_LIMIT else "several"
    made.wide = len(made.options) > RADIO_LIMIT


def _people(ctx: Ctx, chosen: Sequence[str]) -> list[Option]:
    users = ctx.directory.users(active=False)
    return [
        Option(str(u.id), u.name, str(u.id) in chosen, hint="" if u.active else gettext(N_("No longer active")))
        for u in users
        if u.active or str(u.id) in chosen
    ]


def _team(ctx: Ctx, made: Control, titles: Titles) -> None:
    teams = ctx.directory.teams(active=False)
    made.options = [
        Option(str(t.id), t.name, str(t.id) == made.text) for t in teams if t.active or str(t.id) == made.text
    ]
    made.extra["searchable"] = len(made.options) > SEARCH_LIMIT
    made.widget = "choice"


def _tags(ctx: Ctx, made: Control, titles: Titles) -> None:
    made.source, made.creates, made.widget, made.wide = "/options/tags", may_make_tags(ctx), "several", True
    for item in made.chosen:
        tag = ctx.directory.tag(int(item)) if item.isascii() and item.isdigit() else None
        made.options.append(Option(item, tag.name if tag else item, True, tag.colour if tag else ""))


def _link(ctx: Ctx, made: Control, titles: Titles) -> None:
    kind: Any = made.field.type
    definition = ctx.registry.entities.get(kind.target)
    made.source = f"/{definition.slug}/options" if definition else ""
    if made.source and (where := getattr(kind, "where", "")):
        made.source += "?" + urlencode({"where": where})
    several = kind.multiple
    chosen = made.chosen if several else [made.text] if made.text else []
    ids = [found for item in chosen if (found := linked_id(item)) is not None]
    names = titles(kind.target, ids) if ids else {}
    hidden = gettext(N_("A record you may not see"))
    made.options = [Option(str(i), names.get(i, hidden), True) for i in ids]
    made.widget = "several" if several else "link"


def linked_id(text: str) -> int | None:
    """Return the number of a record as a form holds it, ``None`` for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 17 else None


def _related(ctx: Ctx, made: Control, titles: Titles) -> None:
    made.source, made.widget = "/options/related", "link"
    entity, _, number = made.text.partition(":")
    linked = linked_id(number)
    if entity in ctx.registry.entities and linked is not None:
        label = titles(entity, [linked]).get(linked, gettext(N_("A record you may not see")))
        made.options = [Option(made.text, label, True, hint=gettext(ctx.registry.entities[entity].label))]


def _number(ctx: Ctx, made: Control, titles: Titles) -> None:
    whole = made.field.type.name == "integer"
    made.attributes["inputmode"] = "numeric" if whole else "decimal"


def _percent(ctx: Ctx, made: Control, titles: Titles) -> None:
    made.attributes["inputmode"], made.suffix = "decimal", "%"


def _money(ctx: Ctx, made: Control, titles: Titles) -> None:
    source: str = getattr(made.field.type, "currency", "")
    made.attributes["inputmode"] = "decimal"
    if source.startswith("field:"):
        made.extra["currency_of"] = source.removeprefix("field:")
    made.suffix = ctx.directory.default_currency if source.startswith("field:") else source


def _duration(ctx: Ctx, made: Control, titles: Titles) -> None:
    made.attributes["placeholder"] = "1:30"


def _rating(ctx: Ctx, made: Control, titles: Titles) -> None:
    high: int = getattr(made.field.type, "high", 5)
    made.options = [Option(str(n), str(n), made.text == str(n)) for n in range(1, high + 1)]


def _date(ctx: Ctx, made: Control, titles: Titles) -> None:
    made.attributes["placeholder"] = gettext(ctx.locale.date_format)
    made.extra["format"] = ctx.locale.date_format
    if getattr(made.field.type, "shortcuts", False):
        today = ctx.now.astimezone(ctx.locale.zone).date()
        made.extra["shortcuts"] = [
            (gettext(label), show_date(today + dt.timedelta(days=days), ctx.locale.date_format))
            for days, label in SHORTCUTS
        ]


def _datetime(ctx: Ctx, made: Control, titles: Titles) -> None:
    _date(ctx, made, titles)
    day, _, clock = made.text.replace("T", " ").partition(" ")
    made.extra["day"], made.extra["clock"] = day, clock.strip()[:5]


def _address(ctx: Ctx, made: Control, titles: Titles) -> None:
    raw = made.raw if isinstance(made.raw, Mapping) else {}
    made.wide = True
    made.parts = [
        control(ctx, part_field(made.field, key, kind), raw.get(key, ""), titles, name=f"{made.name}[{key}]")
        for key, kind in ADDRESS_PARTS.items()
    ]


def part_field(owner: FieldDef, key: str, kind: FieldType) -> FieldDef:
    """Return the description of one part of an address."""
    return replace(owner, key=key, type=kind, label=PART_LABELS[key], help="", required=False, default=None)


def _file(ctx: Ctx, made: Control, titles: Titles) -> None:
    kind: Any = made.field.type
    made.wide = made.widget == "image"
    made.extra["limit"] = files.size_text(kind.max_bytes)
    if made.text.isascii() and made.text.isdigit() and len(made.text) < 17:
        try:
            made.extra["file"] = files.open_(ctx, int(made.text)).file
        except NotFound:
            made.raw = ""


def _lines(ctx: Ctx, made: Control, titles: Titles) -> None:
    kind: Any = made.field.type
    made.wide = True
    given = made.raw if isinstance(made.raw, list) else []
    checked = bool(made.errors)
    for number, line in enumerate(given):
        line = line if isinstance(line, Mapping) else {kind.line.main: str(line)}
        made.rows.append(_row(ctx, made, kind, str(number), line, titles, check=checked))
    blank = blank_line(ctx, kind)
    for number in range(len(given), len(given) + SPARE_ROWS):
        made.rows.append(_row(ctx, made, kind, str(number), blank, titles, spare=True))
    made.extra["template"] = _row(ctx, made, kind, "NEW", blank, titles)
    made.extra["card"] = len(kind.line.asked) > RADIO_LIMIT
    if any(c.errors for row in made.rows for cell in row.cells for c in (cell, *cell.parts)):
        made.errors = [p.text() for p in made.problems if p.field != made.field.key and not _shown(made, p)]


def _shown(made: Control, problem: Problem) -> bool:
    """Tell whether a problem of a place in the lines stands at one of their controls."""
    path = problem.field or ""
    places = (f"{made.field.key}[{row.index}].{cell.field.key}" for row in made.rows for cell in row.cells)
    return any(path == place or path.startswith(f"{place}.") for place in places if not path.endswith("]"))


def blank_line(ctx: Ctx, kind: Lines) -> dict[str, str]:
    """Return a new line with its parts' defaults."""
    found = {f.key: to_raw(f.type, f.default_value(ctx), ctx) for f in kind.line.asked}
    return {**found, **{key: "" for key in EXCLUSIVE if key in found}}


def _row(
    ctx: Ctx,
    made: Control,
    kind: Lines,
    index: str,
    line: Mapping[str, Any],
    titles: Titles,
    *,
    check: bool = False,
    spare: bool = False,
) -> Row:
    cells = []
    for part in kind.line.asked:
        raw = line.get(part.key, "")
        found = [*_cell_problems(ctx, part, raw), *_placed(made, f"[{index}].{part.key}")] if check else ()
        name = f"{made.name}[{index}][{part.key}]"
        cell = control(ctx, part, raw, titles, name=name, problems=found, beside=(made.beside[0], line))
        if part.key in EXCLUSIVE and cell.widget == "checkbox":
            cell.widget, cell.name = "primary", f"{made.name}[{part.key}]"
            cell.extra["value"] = index
        if cell.widget == "radios":
            cell.widget = "choice"
        cell.extra["main"] = part.key == kind.line.main
        cells.append(cell)
    return Row(index, str(line.get("id") or ""), cells, spare)


def _placed(made: Control, place: str) -> list[Problem]:
    """Return the problems that name a place in the lines, such as ``steps[0].value``, or something in it."""
    path = made.field.key + place
    return [p for p in made.problems if p.field and (p.field == path or p.field.startswith(f"{path}."))]


def _cell_problems(ctx: Ctx, part: FieldDef, raw: Any) -> list[Problem]:
    try:
        value = part.type.parse(raw, ctx)
    except ValueProblem as problem:
        return [problem.at(part.key)]
    if part.required and value in (None, ""):
        return [Problem(part.key, "required", N_("Please fill this in"))]
    return []


def _chosen(ctx: Ctx, made: Control, titles: Titles) -> None:
    """Show what can be chosen of a text as controls, and the rest as a text."""
    kind: Any = made.field.type
    made.extra["depends"] = " ".join(kind.depends_on)
    pickers = kind.pickers(ctx, *made.beside)
    if pickers is None:
        return
    picked = made.raw.picked if isinstance(made.raw, chosen.Typed) else {}
    made.raw, held = pickers.apart(made.text)
    own = list(made.problems)
    for key, item in pickers.fields.items():
        found = [p for p in own if (p.field or "").endswith(f".{made.field.key}.{key}")]
        own = [p for p in own if p not in found]
        raw = picked[key] if key in picked else chosen.shown(ctx, item, held.get(key))
        made.parts.append(control(ctx, item, raw, titles, name=f"{made.name}[{key}]", problems=found))
    made.errors = list(dict.fromkeys(p.text() for p in own))


_BUILDERS: Mapping[str, Builder] = {
    "chosen": _chosen,
    "textarea": _wide,
    "richtext": _wide,
    "number": _number,
    "decimal": _number,
    "percent": _percent,
    "money": _money,
    "duration": _duration,
    "rating": _rating,
    "date": _date,
    "datetime": _datetime,
    "choice": _choice,
    "multichoice": _multichoice,
    "tags": _tags,
    "user": _user,
    "users": _users,
    "team": _team,
    "link": _link,
    "links": _link,
    "related": _related,
    "file": _file,
    "image": _file,
    "address": _address,
    "lines": _lines,
}
