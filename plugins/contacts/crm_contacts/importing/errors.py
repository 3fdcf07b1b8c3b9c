"""What stops an import before its first row: a file that cannot be read, or columns that cannot be used."""

from __future__ import annotations

from crm_core.api import tables

SourceError = tables.SourceError
UnreadableFile = tables.UnreadableFile


class MappingError(tables.SourceError):
    """The columns do not say what they hold, or an override names a column or field that does not exist."""
