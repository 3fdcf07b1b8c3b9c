"""What the import engine and a plugin's importer say to each other: options, records read, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from crm_core.i18n import N_

MODES: Mapping[str, str] = {
    "both": N_("Create new records and change known ones"),
    "update": N_("Only change known records"),
    "skip": N_("Only create new records, leave known ones alone"),
    "create": N_("Create a record for every row"),
}
"""What becomes of rows that are about records which are there already."""
JOINERS: Mapping[str, str] = {"space": " ", "comma": ", ", "semicolon": "; ", "dash": " – ", "line": "\n"}
"""What may stand between the texts of several columns that go to one field."""
JOINER_NAMES: Mapping[str, str] = {
    "space": N_("A space"), "comma": N_("Comma"), "semicolon": N_("Semicolon"), "dash": N_("A dash"),
    "line": N_("A new line"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """How a file is read: home region of phone numbers and dates, ``column -> field`` by hand, bad values dropped.

    ``match`` is the field a record is known by (nothing: what the importer thinks best), ``mode`` one of ``MODES``;
    with ``clear`` an empty cell empties the field of a known record. ``make`` says whether missing entries of lists and
    linked records are made (``None``: what the importer does by itself), ``into`` where the records are put besides
    (``ImportInto``). ``encoding``, ``separator`` and ``quote`` say how a table is written; each is recognised without.
    ``joiner`` stands between the texts of several columns that go to one field: one of ``JOINERS``, or itself.
    ``entity`` is the kind of record, filled in by the kernel.
    """

    region: str = "FR"
    overrides: Mapping[str, str] = field(default_factory=dict)
    lenient: bool = False
    dry_run: bool = False
    match: str = ""
    mode: str = "both"
    clear: bool = False
    make: bool | None = None
    into: str = ""
    encoding: str = ""
    separator: str = ""
    quote: str = ""
    joiner: str = "space"
    entity: str = ""
    looking: bool = False
    """The file is opened to see its columns; that they name nothing yet is no reason to refuse it."""
    resume_at: int = 0
    """Number of the last source record that is dealt with already; reading goes on after it."""

    @property
    def between(self) -> str:
        """Return what stands between texts that are joined."""
        return JOINERS.get(self.joiner, self.joiner)


class RowProblemLike(Protocol):
    """One thing wrong with a source record; ``fatal`` ones keep it from being written."""

    @property
    def field(self) -> str | None:
        """Return the field's key, ``None`` for the record as a whole."""

    @property
    def code(self) -> str:
        """Return a stable word."""

    @property
    def message(self) -> str:
        """Return the message id."""

    @property
    def params(self) -> Mapping[str, Any]:
        """Return the parameters of the message."""

    @property
    def value(self) -> str:
        """Return the offending text."""

    @property
    def fatal(self) -> bool:
        """Tell whether the record must not be written."""


class ImportRow(Protocol):
    """One record of a file: where it stands, what it says, what is wrong with it, and its text as it was."""

    @property
    def line(self) -> int:
        """Return the line it starts on; the first line of the file is 1."""

    @property
    def position(self) -> int:
        """Return its number among the records, from 1."""

    @property
    def values(self) -> Mapping[str, Any]:
        """Return the values by field."""

    @property
    def problems(self) -> Sequence[RowProblemLike]:
        """Return what is wrong with it."""

    @property
    def raw(self) -> Sequence[str] | str:
        """Return the cells of a table, or the text of a card."""


class ImportSource(Protocol):
    """An open file. ``header`` are the names of its columns (empty for cards), ``mapping`` what became of each."""

    @property
    def header(self) -> Sequence[str]:
        """Return the column names."""

    @property
    def mapping(self) -> Mapping[str, Any]:
        """Return the field each column was taken for."""

    def __iter__(self) -> Iterator[ImportRow]:
        """Yield the records after ``resume_at``."""

    def close(self) -> None:
        """Close the file."""


@dataclass(frozen=True, kw_only=True)
class RowResult:
    """What became of one source record; ``problems`` say why it was not written, or what was dropped."""

    outcome: Literal["created", "updated", "skipped", "failed"]
    record_id: int | None = None
    problems: Sequence[RowProblemLike] = ()
