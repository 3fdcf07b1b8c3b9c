"""Workbooks and JSON Lines made tables before they are imported, with bounds on what they may hold."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from crm_core.api import N_, CrmError, FileConverter, tables

UNPACKED = 1 << 30
"""Bytes that the parts of a workbook may have together."""
HELD = 64 << 20
"""Bytes of a part that is held in memory while sheets are read (texts, styles)."""
RATIO = 200
"""How many times larger a part may be unpacked; honest sheets stay below 30."""
FREE = 1 << 20
"""Parts below this size may be packed as tightly as they are."""
MAX_COLUMNS = tables.MAX_COLUMNS
Told = Callable[[int, int], None]
"""Hears how many rows of how many are read (0: unknown); may raise to stop."""
MAX_LINE = 10_000_000
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_MACROS = ("vbaproject.bin", "macrosheets/")
_WORDS = {
    "bomb": N_("The workbook is much larger unpacked than it may be"),
    "broken": N_("The workbook can't be read: %(reason)s"),
    "columns": N_("The file has %(count)s columns; at most %(limit)s can be read"),
    "entities": N_("The workbook declares entities of its own, which no honest one does"),
    "json": N_("Line %(line)s is not a JSON object: %(reason)s"),
    "macros": N_("The workbook holds macros; save it as .xlsx or CSV"),
    "nothing": N_("The file is empty"),
}


def _refused(code: str, **params: Any) -> tables.UnreadableFile:
    return tables.UnreadableFile(code, _WORDS[code], **params)


# ---------------------------------------------------------------- workbooks


def is_workbook(head: bytes, name: str) -> bool:
    """Tell whether a file is a workbook of the zipped formats, whatever its ending."""
    named = name.lower().endswith((".xlsx", ".xlsm", ".xltx", ".xltm"))
    return head.startswith(b"PK\x03\x04") and (named or b"xl/" in head or b"[Content_Types].xml" in head)


def workbook(source: Path, target: Path, told: Told) -> None:
    """Write the first sheet with anything in it as a CSV table.

    Raises:
        ValueError: macros, entities, much more inside than outside, or no workbook at all.
    """
    import openpyxl

    check_workbook(source)
    with _readable(), source.open("rb") as stream:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        with closing(book):
            _write(target, _first_sheet(book), told)


def check_workbook(source: Path) -> None:
    """Look at the parts of a workbook, and unpack none of them to the end.

    Raises:
        ValueError: macros, entities, much more inside than outside, or no workbook at all.
    """
    with _readable():
        _check_parts(source)


@contextmanager
def _readable() -> Iterator[None]:
    """Make of whatever a broken workbook leads to the reason why it is refused."""
    try:
        yield
    except (tables.SourceError, CrmError):
        raise
    except Exception as exc:
        raise _refused("broken", reason=f"{type(exc).__name__}: {exc}"[:200]) from exc


def _check_parts(source: Path) -> None:
    """Refuse what no spreadsheet program writes."""
    total = 0
    with zipfile.ZipFile(source) as packed:
        for info in packed.infolist():
            total += info.file_size
            if any(mark in info.filename.lower() for mark in _MACROS):
                raise _refused("macros")
            if not info.filename.startswith("xl/worksheets/") and info.file_size > HELD:
                raise _refused("bomb")
            if total > UNPACKED or (info.file_size > FREE and info.file_size > RATIO * max(1, info.compress_size)):
                raise _refused("bomb")
            if info.filename.lower().endswith((".xml", ".rels")):
                with packed.open(info) as part:
                    head = part.read(4096)
                if _DOCTYPE.search(head):
                    raise _refused("entities")
                if info.filename == "[Content_Types].xml" and b"macroEnabled" in head:
                    raise _refused("macros")


def _first_sheet(book: Any) -> Iterator[tuple[list[str], int]]:
    """Yield the rows of the first sheet with anything in it, and how many it says it has (0: it does not say)."""
    for sheet in book.worksheets:
        said = sheet.max_row or 0
        sheet.reset_dimensions()
        rows = ([_cell(value) for value in row] for row in sheet.iter_rows(values_only=True))
        first = next((row for row in rows if any(row)), None)
        if first is not None:
            yield first, said
            yield from ((row, said) for row in rows)
            return
    raise _refused("nothing")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    return str(value).replace("\x00", "")


def _write(target: Path, rows: Iterable[tuple[Sequence[str], int]], told: Told) -> None:
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        width = 0
        for number, (row, said) in enumerate(rows):
            told(number, max(said, number))
            cells = list(row)
            while cells and not cells[-1]:
                cells.pop()
            if len(cells) > MAX_COLUMNS:
                raise _refused("columns", count=f"{len(cells):,}", limit=f"{MAX_COLUMNS:,}")
            width = len(cells) if number == 0 else width
            writer.writerow(cells + [""] * (width - len(cells)) if cells or number == 0 else [""] * max(1, width))


# ---------------------------------------------------------------- JSON Lines


def is_json_lines(head: bytes, name: str) -> bool:
    """Tell whether a file holds one JSON object a line."""
    return name.lower().endswith((".jsonl", ".ndjson")) or head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b'{"')


def json_lines(source: Path, target: Path, told: Told) -> None:
    """Write objects as a table with a column for each member, part and line.

    Raises:
        ValueError: a line is no object, or the objects have too many members together.
    """
    names: dict[str, None] = {}
    count = 0
    for count, found in enumerate(_objects(source), start=1):
        told(count, 0)
        names.update(dict.fromkeys(found))
        if len(names) > MAX_COLUMNS:
            raise _refused("columns", count=f"{len(names):,}", limit=f"{MAX_COLUMNS:,}")
    if not names:
        raise _refused("nothing")
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(names)
        for number, found in enumerate(_objects(source), start=1):
            told(number, count)
            writer.writerow([found.get(name, "") for name in names])


def _objects(source: Path) -> Iterator[dict[str, str]]:
    with source.open("rb") as stream:
        for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE + 1), b""), start=1):
            if len(line) > MAX_LINE:
                raise _refused("json", line=number, reason=f"> {MAX_LINE:,}")
            text = line.lstrip(b"\xef\xbb\xbf").strip()
            if not text:
                continue
            try:
                found = json.loads(text)
            except (ValueError, RecursionError) as exc:
                raise _refused("json", line=number, reason=str(exc)[:120]) from exc
            if not isinstance(found, dict):
                raise _refused("json", line=number, reason=type(found).__name__)
            yield dict(_members("", found))


def _members(place: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the members of an object as cells: parts behind a dot, lines with their number, names of what is linked."""
    if isinstance(value, Mapping):
        if place and "id" in value and ("title" in value or "name" in value):
            yield place, str(value.get("title") or value.get("name") or "")
            return
        for key, item in value.items():
            yield from _members(f"{place}.{key}" if place else str(key), item)
    elif isinstance(value, list):
        if any(isinstance(item, Mapping) and "id" not in item for item in value):
            for number, item in enumerate(value, start=1):
                yield from _members(f"{place}.{number}", item)
        else:
            linked = any(isinstance(item, Mapping) for item in value)
            texts = [str(i.get("title", "")) if isinstance(i, Mapping) else _scalar(i) for i in value]
            yield place, (" ::: " if linked else ", ").join(texts)
    else:
        yield place, _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


CONVERTERS = (
    FileConverter(endings=("xlsx",), takes=is_workbook, convert=workbook, check=check_workbook),
    FileConverter(endings=("jsonl", "ndjson"), takes=is_json_lines, convert=json_lines),
)
