"""Which contact a row of a table is about, by what stands in its cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crm_contacts.importing.mapping import ColumnMapping
from crm_contacts.importing.normalise import fold
from crm_contacts.importing.rows import RowProblem
from crm_core.api import tables


class Known:
    """The columns that tell rows about the same contact: those of the first of some fields that a row fills.

    ``fields`` are names of fields, the surest first; ``email`` stands for the columns of addresses.
    """

    def __init__(self, mapping: ColumnMapping | None, fields: Sequence[str]) -> None:
        self.columns = [
            (field, column.number)
            for field in fields
            for column in (mapping.columns if mapping else ())
            if column.target == field or (field == "email" and _is_address(column.target))
        ]

    def key(self, cells: Sequence[str]) -> str:
        """Return what a row is known by, with the name of the field; nothing where it does not say."""
        return next((f"{field}:{fold(text)}" for field, text in self._texts(cells)), "")

    def twice(self, repeats: tables.Repeats, record: tables.Record) -> RowProblem | None:
        """Return what is wrong with a row that is about a contact which an earlier row is about."""
        field, text = next(self._texts(record.cells), ("", ""))
        return repeats.problem(field, self.key(record.cells), text, record.line)

    def _texts(self, cells: Sequence[str]) -> Iterator[tuple[str, str]]:
        found = ((field, cells[number].strip()) for field, number in self.columns if number < len(cells))
        return ((field, text) for field, text in found if text)


def _is_address(target: str) -> bool:
    return target.startswith("emails.") and target.endswith(".address")
