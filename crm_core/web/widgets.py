"""What a widget macro needs to know: one control of a form, its options, and its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from crm_core.contributions import FieldDef
from crm_core.errors import Problem


@dataclass(frozen=True)
class Option:
    """Something to choose."""

    value: str
    label: str
    selected: bool = False
    colour: str = ""
    hint: str = ""
    of: str = ""
    """The value that the field it depends on must have."""
    off: bool = False


@dataclass
class Row:
    """One line of owned children; ``index`` is the part of its names between the brackets."""

    index: str
    id: str
    cells: list[Control]
    spare: bool = False


@dataclass
class Control:
    """A field in a form. ``name`` is what the browser posts, ``id`` the element's, ``raw`` what was typed."""

    field: FieldDef
    name: str
    id: str
    widget: str
    label: str
    raw: Any = ""
    hint: str = ""
    required: bool = False
    errors: list[str] = attribute(default_factory=list)
    problems: Sequence[Problem] = ()
    """What is wrong, with the places in lines it is wrong at; ``errors`` are the texts shown here."""
    beside: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {})
    """The raw values of the form, and of the line the control stands in."""
    options: list[Option] = attribute(default_factory=list)
    parts: list[Control] = attribute(default_factory=list)
    rows: list[Row] = attribute(default_factory=list)
    attributes: dict[str, Any] = attribute(default_factory=dict)
    source: str = ""
    """Address that answers choices while one types."""
    extend: str = ""
    """Address that takes a new entry of the list ("+", KN-22)."""
    creates: bool = False
    """Whether a name that is not found makes something new (tags, KN-16)."""
    suffix: str = ""
    condition: str = ""
    hidden: bool = False
    wide: bool = False
    extra: dict[str, Any] = attribute(default_factory=dict)

    @property
    def text(self) -> str:
        """Return the raw value of a single box."""
        return self.raw if isinstance(self.raw, str) else ""

    @property
    def chosen(self) -> list[str]:
        """Return the raw values of a field with several."""
        return list(self.raw) if isinstance(self.raw, list | tuple) else []

    @property
    def described_by(self) -> str:
        """Return the ids of hint and errors, for ``aria-describedby``."""
        found = ([f"{self.id}-hint"] if self.hint else []) + ([f"{self.id}-error"] if self.errors else [])
        return " ".join(found)

    @property
    def focus_id(self) -> str:
        """Return the id of the element that takes the focus."""
        for row in self.rows:
            for cell in row.cells:
                for one in (cell, *cell.parts):
                    if one.errors:
                        return one.focus_id
        if self.widget == "rating" or (self.options and self.widget in ("radios", "ticks")):
            return f"{self.id}-0"
        if self.widget == "lines":
            return self.rows[0].cells[0].focus_id if self.rows else self.id
        if self.widget in ("file", "image"):
            return f"{self.id}-file"
        parts = self.parts if self.widget != "chosen" or not self.errors else []
        return parts[0].focus_id if parts else self.id
