"""What stops an import before its first row: a file that cannot be read, or columns that cannot be used.

Messages are message ids; ``str()`` gives them in English.
"""

from __future__ import annotations

from typing import Any

from crm_contacts.importing.rows import N_


class SourceError(ValueError):
    """Base of the two below: ``code`` is a stable word, ``message`` a message id, ``params`` its parameters."""

    def __init__(self, code: str, message: str, **params: Any) -> None:
        super().__init__(message % params if params else message)
        self.code, self.message, self.params = code, message, params


class UnreadableFile(SourceError):
    """The file is not text in rows; the message says what it seems to be."""


class MappingError(SourceError):
    """The columns do not say what they hold, or an override names a column or field that does not exist."""


UNREADABLE: dict[str, str] = {
    "binary": N_("The file is not text"),
    "columns": N_("The file has %(count)s columns; at most %(limit)s can be read"),
    "empty": N_("The file is empty"),
    "encoding": N_("%(value)s is not a known character encoding"),
    "gzip": N_("The file is compressed (gzip); unpack it first"),
    "header_too_long": N_("The first line is longer than %(chars)s characters; that is not a header line"),
    "header_quote": N_("A quote in the header line is not closed"),
    "html": N_("The file is a web page or XML, not a table; perhaps the export needed a sign-in"),
    "image": N_("The file is an image"),
    "no_header": N_("The first line holds data (%(value)s) where the names of the columns are expected"),
    "pdf": N_("The file is a PDF document"),
    "xls": N_("The file is an Excel workbook of the old format (.xls); save it as CSV first"),
    "xlsx": N_("The file is an Excel workbook (.xlsx); save it as CSV first"),
    "zip": N_("The file is a zip archive; unpack it first"),
}


def unreadable(code: str, **params: Any) -> UnreadableFile:
    """Return the error with the message of ``code``."""
    return UnreadableFile(code, UNREADABLE[code], **params)
