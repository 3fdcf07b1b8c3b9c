"""Texts chosen with the controls of other fields (:class:`crm_core.fieldtypes.ChosenText`), as forms post them.

The text is posted under its own name, what was chosen beside it as ``name[key]``; both become the text that is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict

from crm_core.contributions import FieldDef
from crm_core.errors import NotFound, Problem, ValueProblem
from crm_core.fieldtypes import ChosenText, Lines
from crm_core.fieldtypes.chosen import Pickers
from crm_core.web.rawvalues import clean, read_posted, to_raw

if TYPE_CHECKING:
    from crm_core.context import Ctx

_CELL = re.compile(r"([a-z_][A-Za-z0-9_.]{0,60})\[([A-Za-z0-9]{1,12})\]\[([A-Za-z0-9_.]{1,60})\]")


@dataclass(frozen=True)
class Cell:
    """A text of one posted line: its name, its description, the number of its line, and what stands around it."""

    name: str
    part: FieldDef
    path: str
    record: Mapping[str, str]
    line: Mapping[str, str]

    def pickers(self, ctx: Ctx) -> Pickers | None:
        """Return what can be chosen."""
        kind: Any = self.part.type
        found: Pickers | None = kind.pickers(ctx, self.record, self.line)
        return found


def composed(
    ctx: Ctx, fields: Mapping[str, FieldDef], form: MultiDict[str, str], base: Mapping[str, Any]
) -> tuple[MultiDict[str, str], list[Problem]]:
    """Return a posted form in which what was chosen is part of the texts, and what could not be put together.

    A text that means what it meant when the form was opened stays as it was written (``base``).
    """
    found, problems = form, list[Problem]()
    for cell in _cells(fields, form):
        pickers = cell.pickers(ctx)
        picked = _picked(ctx, cell, pickers, form) if pickers is not None else {}
        if pickers is None or not picked:
            continue
        try:
            text = pickers.together(cell.line[cell.part.key], picked)
        except ValueProblem as problem:
            problems.append(problem.at(cell.path))
            continue
        found = form.copy() if found is form else found
        found.setlist(cell.name, [_as_before(ctx, cell, pickers, text, base)])
    return found, problems


def cell_called(fields: Mapping[str, FieldDef], form: MultiDict[str, str], name: str) -> Cell:
    """Return a text of a posted form by its name.

    Raises:
        NotFound: the form has no such text.
    """
    found = next((cell for cell in _cells(fields, form) if cell.name == name), None)
    if found is None:
        raise NotFound
    return found


def _cells(fields: Mapping[str, FieldDef], form: MultiDict[str, str]) -> Iterator[Cell]:
    """Yield the texts of a posted form that may be chosen, in its order."""
    record = {key: clean(form.getlist(key)[-1]) for key in form}
    numbers: dict[str, dict[str, None]] = {}
    for key in record:
        if match := _CELL.match(key):
            numbers.setdefault(match[1], {})[match[2]] = None
    for key, indices in numbers.items():
        kind = fields[key].type if key in fields else None
        asked = kind.line.asked if isinstance(kind, Lines) else ()
        for part in (p for p in asked if isinstance(p.type, ChosenText)):
            for place, index in enumerate(indices):
                stem = f"{key}[{index}]"
                line = {p: record.get(f"{stem}[{p}]", "") for p in ("id", *(one.key for one in asked))}
                yield Cell(f"{stem}[{part.key}]", part, f"{key}[{place}].{part.key}", record, line)


def _picked(ctx: Ctx, cell: Cell, pickers: Pickers, form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the values chosen, as JSON has them."""
    named = {key: replace(f, key=f"{cell.name}[{key}]") for key, f in pickers.fields.items()}
    posted = read_posted(named.values(), form)
    return {
        key: as_json(ctx, f, posted[f.key]) for key, f in named.items() if posted.get(f.key, "") not in ("", [])
    }  # fmt: skip


def _as_before(ctx: Ctx, cell: Cell, pickers: Pickers, text: str, base: Mapping[str, Any]) -> str:
    key = cell.name.partition("[")[0]
    lines = base.get(key) if cell.line["id"] else None
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, Mapping) and str(line.get("id")) == cell.line["id"]:
            before = str(line.get(cell.part.key) or "")
            return before if _meaning(ctx, pickers, before) == _meaning(ctx, pickers, text) else text
    return text


def _meaning(ctx: Ctx, pickers: Pickers, text: str) -> tuple[str, dict[str, Any]]:
    rest, held = pickers.apart(text)
    return rest.strip(), {key: as_json(ctx, pickers.fields[key], value) for key, value in held.items()}


def as_json(ctx: Ctx, found: FieldDef, raw: Any) -> Any:
    """Return a value as typed in the form JSON has; one that its type refuses stays as typed."""
    try:
        return found.type.dump(found.type.parse(raw, ctx))
    except ValueProblem:
        return raw


def shown(ctx: Ctx, found: FieldDef, held: Any) -> Any:
    """Return a value that stands in a text as its control holds it; one that its type refuses stays as it is."""
    try:
        return to_raw(found.type, found.type.parse(held, ctx), ctx)
    except ValueProblem:
        return [str(item) for item in held] if isinstance(held, list) else str(held)
