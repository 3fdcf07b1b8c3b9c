"""What is wrong with a table or one of its records, and a record as it was read.

Messages are message ids with parameters kept beside them, so that whoever shows a problem can translate it first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm_core.i18n import N_

MESSAGES: Mapping[str, str] = {
    "cell_shift": N_("Line %(line)s has one cell where the header has %(expected)s: another delimiter?"),
    "nul": N_("The line holds NUL characters, which no text may have"),
    "quote": N_(
        "A quote opened on line %(line)s is not closed as it should be; lines %(line)s to %(last)s are not read"
    ),
    "too_few_cells": N_(
        "Line %(line)s has %(count)s cells, the header %(expected)s; the missing ones are taken as empty"
    ),
    "too_long": N_(
        "The record on line %(line)s is longer than %(lines)s lines or %(chars)s characters, perhaps because a quote "
        "is not closed; lines %(line)s to %(last)s are not read"
    ),
    "too_many_cells": N_("Line %(line)s has %(count)s cells, the header only %(expected)s"),
}


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong with a row.

    ``field`` is the field of the contact (``emails``, ``birthday`` …) or ``None`` for the row as a whole, ``code`` a
    stable word, ``message`` a message id, ``value`` the offending text. A ``fatal`` problem means that the row must
    not be written; the others only say what was dropped or assumed.
    """

    field: str | None
    code: str
    message: str
    value: str = ""
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    fatal: bool = True

    def text(self) -> str:
        """Return the message in English with its parameters filled in."""
        return self.message % self.params if self.params else self.message


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One record of a file.

    ``line`` is the physical line the record starts on (the first line of the file is 1), ``position`` its number
    among the records (from 1; give it as ``resume_at`` to go on after it), ``values`` holds only what the row says,
    ``raw`` the cells of a table or the text of a card.
    """

    line: int
    values: dict[str, Any]
    problems: list[RowProblem]
    raw: list[str] | str
    position: int = 0

    @property
    def failed(self) -> bool:
        """Say whether the row must not be written."""
        return any(problem.fatal for problem in self.problems)


def problem(field: str | None, code: str, value: str = "", *, fatal: bool = True, **params: Any) -> RowProblem:
    """Return the problem with the message of ``code``; a long ``value`` is shortened in the message."""
    if value:
        params["value"] = value if len(value) <= 80 else value[:79] + "…"
    return RowProblem(field, code, MESSAGES[code], value, params, fatal)


class SourceError(ValueError):
    """Base of the two below: ``code`` is a stable word, ``message`` a message id, ``params`` its parameters."""

    def __init__(self, code: str, message: str, **params: Any) -> None:
        super().__init__(message % params if params else message)
        self.code, self.message, self.params = code, message, params


class UnreadableFile(SourceError):
    """The file is not text in rows; the message says what it seems to be."""


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
