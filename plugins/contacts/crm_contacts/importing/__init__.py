"""The reading half of contact import: files in, rows in the product's vocabulary out. No database."""

from crm_contacts.importing.errors import MappingError, SourceError, UnreadableFile
from crm_contacts.importing.mapping import Column, ColumnMapping, with_overrides
from crm_contacts.importing.reader import Source, open_source
from crm_contacts.importing.rows import RowProblem, SourceRow

__all__ = [
    "Column",
    "ColumnMapping",
    "MappingError",
    "RowProblem",
    "Source",
    "SourceError",
    "SourceRow",
    "UnreadableFile",
    "open_source",
    "with_overrides",
]
