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
from crm_core.web.rawvalues import clean, read_posted, read_rows, to_raw

if TYPE_CHECKING:
    from crm_core.context import Ctx

_CELL = re.compile(r"([a-z_][A-Za-z0-9_.]{0,60})\[([A-Za-z0-9]{1,12})\]\[([A-Za-z0-9_.]{1,60})\]")


@dataclass(frozen=True)
class Cell:
    """A text of one posted line: its name, its description, where its line stands, and what stands around it."""

    name: str
    part: FieldDef
    key: str
    place: int
    record: Mapping[str, str]
    line: Mapping[str, str]

    @property
    def path(self) -> str:
        """Return its name in problems."""
        return f"{self.key}[{self.place}].{self.part.key}"

    def pickers(self, ctx: Ctx) -> Pickers | None:
        """Return what can be chosen."""
        kind: Any = self.part.type
        found: Pickers | None = kind.pickers(ctx, self.record, self.line)
        return found


class Typed(str):
    """A text that what was chosen beside it could not become part of; ``picked`` are the raw values chosen."""

    picked: Mapping[str, Any]


@dataclass(frozen=True)
class Apart:
    """A text and what was chosen beside it that contradict each other, and why."""

    cell: Cell
    problem: Problem
    picked: Mapping[str, Any]

    def keep(self, raw: Mapping[str, Any]) -> None:
        """Let the raw values of the form hold what was chosen too, so that its controls show it again."""
        lines = raw.get(self.cell.key) or []
        if 0 <= self.cell.place < len(lines):
            line = lines[self.cell.place]
            text = Typed(line.get(self.cell.part.key, ""))
            text.picked = self.picked
            line[self.cell.part.key] = text


def composed(
    ctx: Ctx, fields: Mapping[str, FieldDef], form: MultiDict[str, str], base: Mapping[str, Any]
) -> tuple[MultiDict[str, str], list[Apart]]:
    """Return a posted form in which what was chosen is part of the texts, and what could not be put together.

    A text that means what it meant when the form was opened stays as it was written (``base``).
    """
    found, apart = form, list[Apart]()
    for cell in _cells(fields, form):
        pickers = cell.pickers(ctx)
        picked = _picked(ctx, cell, pickers, form) if pickers is not None else {}
        if pickers is None or not picked:
            continue
        try:
            text = pickers.together(cell.line[cell.part.key], picked)
        except ValueProblem as problem:
            apart.append(Apart(cell, problem.at(cell.path), _posted(cell, pickers, form)))
            continue
        found = form.copy() if found is form else found
        found.setlist(cell.name, [_as_before(ctx, cell, pickers, text, base)])
    return found, apart


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
        places = {index: n for n, index in enumerate(read_rows(kind, key, form))} if isinstance(kind, Lines) else {}
        for part in (p for p in asked if isinstance(p.type, ChosenText)):
            for index in indices:
                stem = f"{key}[{index}]"
                line = {p: record.get(f"{stem}[{p}]", "") for p in ("id", *(one.key for one in asked))}
                yield Cell(f"{stem}[{part.key}]", part, key, places.get(index, -1), record, line)


def _picked(ctx: Ctx, cell: Cell, pickers: Pickers, form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the values chosen, as JSON has them."""
    return {key: as_json(ctx, pickers.fields[key], raw) for key, raw in _posted(cell, pickers, form).items()}


def _posted(cell: Cell, pickers: Pickers, form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the values chosen, as the controls post them."""
    named = {key: replace(f, key=f"{cell.name}[{key}]") for key, f in pickers.fields.items()}
    posted = read_posted(named.values(), form)
    return {key: posted[f.key] for key, f in named.items() if posted.get(f.key, "") not in ("", [])}


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
