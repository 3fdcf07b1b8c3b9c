"""The kinds of files that records of any entity are written to: CSV, XLSX and JSON Lines."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Callable, Iterable
from typing import IO, Any

from crm_core.api import N_, Conflict, Ctx, ExportFormat, ExportSheet, Row, shielded
from crm_transfer.cells import Column, columns_of, json_of, native

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSX_ROWS = 1_048_575
"""Rows of a sheet below its heading, as the format bounds them."""
XLSX_TEXT = 32_767
"""Characters of a cell, as the format bounds them; what is longer is cut and ends in …"""
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write_csv(ctx: Ctx, sheet: ExportSheet, rows: Iterable[Row], target: IO[bytes]) -> None:
    """Write a table in UTF-8; one that people read begins with a byte-order mark, which spreadsheets look for."""
    columns = columns_of(ctx, sheet)
    stream = io.TextIOWrapper(target, "utf-8-sig" if sheet.readable else "utf-8", newline="", write_through=False)
    writer = csv.writer(stream, delimiter=sheet.separator, lineterminator="\r\n")
    writer.writerow([shielded(column.heading) for column in columns])
    readers = [(column.value, column.text) for column in columns]
    writer.writerows(_line(row, readers) for row in rows)
    stream.flush()
    stream.detach()


def _line(row: Row, readers: list[tuple[Callable[[Row], tuple[Any, Any]], Any]]) -> list[str]:
    found = []
    for read, text in readers:
        value, label = read(row)
        cell = "" if value is None else text(value, label)
        found.append(shielded(cell) if cell[:1] in _SUSPECT else cell)
    return found


_SUSPECT = frozenset("'=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def write_jsonl(ctx: Ctx, sheet: ExportSheet, rows: Iterable[Row], target: IO[bytes]) -> None:
    """Write one JSON object a line, with whole lines of records; nothing needs shielding there."""
    make, encode = json_of(ctx, sheet), json.JSONEncoder(ensure_ascii=False, default=str).encode
    target.writelines(f"{encode(make(row))}\n".encode() for row in rows)


def write_xlsx(ctx: Ctx, sheet: ExportSheet, rows: Iterable[Row], target: IO[bytes]) -> None:
    """Write a workbook; texts are texts there and never formulas.

    Raises:
        Conflict: more rows than a sheet can hold.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "default_date_format":
               "yyyy-mm-dd"}  # fmt: skip
    book = xlsxwriter.Workbook(target, options)
    bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    page = book.add_worksheet(_sheet_name(sheet.definition.plural))
    page.freeze_panes(1, 0)
    columns = columns_of(ctx, sheet)
    for number, column in enumerate(columns):
        page.write_string(0, number, column.heading[:255], bold)
    for line, row in enumerate(rows, start=1):
        if line > XLSX_ROWS:
            raise Conflict(N_("A workbook holds at most %(limit)s rows; choose CSV"), params={"limit": XLSX_ROWS})
        for number, column in enumerate(columns):
            _put(ctx, page, (line, number), column, row, moment)
    book.close()


def _put(ctx: Ctx, page: Any, place: tuple[int, int], column: Column, row: Row, moment: Any) -> None:
    value, label = column.value(row)
    if value is None:
        return
    kept = native(column.kind, value, ctx) if column.kind is not None else None
    if isinstance(kept, bool):
        page.write_boolean(*place, kept)
    elif isinstance(kept, dt.datetime):
        page.write_datetime(*place, kept, moment)
    elif isinstance(kept, dt.date):
        page.write_datetime(*place, kept)
    elif kept is not None:
        page.write_number(*place, kept)
    elif text := _UNWRITABLE.sub("", column.text(value, label)):
        page.write_string(*place, text if len(text) <= XLSX_TEXT else text[: XLSX_TEXT - 1] + "…")


def _sheet_name(text: str) -> str:
    r"""Return a name that the format accepts: at most 31 characters, none of ``[]:*?/\\``."""
    return re.sub(r"[\[\]:*?/\\']", " ", text)[:31].strip() or "Export"


FORMATS = (
    ExportFormat(entity="*", key="csv", label=N_("CSV table"), ending="csv", content_type="text/csv",
                 write=write_csv),
    ExportFormat(entity="*", key="xlsx", label=N_("Excel workbook (XLSX)"), ending="xlsx",
                 content_type=XLSX_TYPE, write=write_xlsx),
    ExportFormat(entity="*", key="jsonl", label=N_("JSON Lines, for programs"), ending="jsonl",
                 content_type="application/jsonl", write=write_jsonl),
)  # fmt: skip
