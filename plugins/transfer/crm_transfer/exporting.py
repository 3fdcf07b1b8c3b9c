"""Writing a list to a file: what is wished for, checked, and written row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Any

from crm_core.api import (
    N_,
    Computed,
    Ctx,
    ExportFormat,
    ExportSheet,
    FieldDef,
    Invalid,
    Lines,
    ListQuery,
    NotFound,
    Problem,
    Row,
    access,
    parse_filter,
    records,
)

MAX_LINES = 50
"""Lines of one record that become columns; who has more takes JSON Lines."""
SEPARATORS: Mapping[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t"}
Told = Callable[[int], None]
"""Is told how many rows are written, chunk by chunk; may raise to stop."""


@dataclass(frozen=True)
class Wish:
    """What is to be exported: the format, the list with its columns, and how the file is written."""

    format: ExportFormat
    query: ListQuery
    readable: bool = False
    separator: str = ","

    @property
    def entity(self) -> str:
        """Return the kind of record."""
        return self.format.entity


def formats_of(ctx: Ctx, entity: str) -> list[ExportFormat]:
    """Return the formats an entity can be written to, those of its own plugin last."""
    key = ctx.registry.entity(entity).key
    return [item for item in ctx.registry.of(ExportFormat) if item.entity == key]


def wish_of(ctx: Ctx, entity: str, raw: Mapping[str, Any]) -> Wish:
    """Return what raw input asks for: ``format filter q sort fields headings separator``.

    ``fields`` are names separated by commas, all that may be read unless given; ``headings`` is ``labels`` for what
    people read, else names of fields that an import understands.

    Raises:
        Invalid: an unknown format, heading or separator.
        FilterError: the filter can't be read, or names a field one may not read.
        Forbidden: the actor may export no such record.
    """
    definition = ctx.registry.entity(entity)
    access.require(ctx, definition.key, "export")
    found = {item.key: item for item in formats_of(ctx, definition.key)}
    name = str(raw.get("format") or "csv")
    problems = [] if name in found else [_unknown("format", name, found)]
    heading = str(raw.get("headings") or "names")
    if heading not in ("names", "labels"):
        problems.append(_unknown("headings", heading, ("names", "labels")))
    separator = str(raw.get("separator") or "comma")
    if separator not in SEPARATORS:
        problems.append(_unknown("separator", separator, SEPARATORS))
    if problems:
        raise Invalid(problems)
    text = str(raw.get("filter") or "")
    query = ListQuery(
        fields=tuple(f.key for f in fields_of(ctx, definition.key, str(raw.get("fields") or ""))),
        filter=parse_filter(text) if text.strip() else None, q=str(raw.get("q") or ""),
        sort=records.parse_sort(str(raw.get("sort") or "")),
    )  # fmt: skip
    return Wish(found[name], query, heading == "labels", SEPARATORS[separator])


def _unknown(field: str, value: str, known: Iterable[str]) -> Problem:
    message = N_("%(value)s is not one of: %(known)s")
    return Problem(field, "choice", message, {"value": value[:60], "known": ", ".join(known)})


def fields_of(ctx: Ctx, entity: str, text: str = "") -> list[FieldDef]:
    """Return the fields named, separated by commas, else all that the actor may read.

    Raises:
        FilterError: one is unknown, or the actor may not read it.
    """
    known, mask = ctx.registry.fields(entity), access.readable(ctx, entity)
    names = [part.strip() for part in text.split(",") if part.strip() not in ("", "id")]
    if names:
        access.check_readable(ctx, entity, names)
        chosen = [known[name] for name in dict.fromkeys(names)]
        return [f for f in chosen if not f.hidden and not isinstance(f.type, Computed)]
    return [f for key, f in known.items() if key in mask and not f.hidden and not isinstance(f.type, Computed)]


def count(ctx: Ctx, wish: Wish) -> int:
    """Return how many rows an export has."""
    return records.exportable(ctx, wish.entity, wish.query)


def write(ctx: Ctx, wish: Wish, target: IO[bytes], told: Told | None = None) -> int:
    """Write an export and return how many rows it has; memory stays flat.

    Raises:
        Forbidden: the actor may export no such record.
        Conflict: the format can't hold so many rows, or records have too many lines for a table.
    """
    definition = ctx.registry.entity(wish.entity)
    known, mask = ctx.registry.fields(definition.key), access.readable(ctx, definition.key)
    keys = [key for key in wish.format.fields if key in mask and key in known] or list(wish.query.fields)
    query = ListQuery(fields=tuple(keys), filter=wish.query.filter, q=wish.query.q, sort=wish.query.sort)
    lines = _lines(ctx, wish, query, [key for key in keys if isinstance(known[key].type, Lines)])
    fields = tuple(known[key] for key in keys)
    sheet = ExportSheet(
        definition=definition, fields=fields, readable=wish.readable, lines=lines, separator=wish.separator
    )
    with closing(records.stream(ctx, definition.key, query)) as chunks:
        counted = _Counted(chunks, told)
        wish.format.write(ctx, sheet, counted, target)
    return counted.rows


def _lines(ctx: Ctx, wish: Wish, query: ListQuery, keys: Sequence[str]) -> Mapping[str, int]:
    if wish.format.key == "jsonl" or wish.format.fields or not keys:
        return {}
    found = records.most_lines(ctx, wish.entity, query, list(keys))
    for key, number in found.items():
        if number > MAX_LINES:
            message = N_("A record has %(count)s entries in this field, too many for columns; choose JSON Lines")
            raise Invalid([Problem(key, "too_many", message, {"count": number})])
    return {key: max(1, number) for key, number in found.items()}


class _Counted:
    """Rows one after another, counted, with a word to whoever waits."""

    def __init__(self, chunks: Iterator[list[Row]], told: Told | None) -> None:
        self.rows = 0
        self._chunks, self._told = chunks, told

    def __iter__(self) -> Iterator[Row]:
        for chunk in self._chunks:
            yield from chunk
            self.rows += len(chunk)
            if self._told is not None:
                self._told(self.rows)


def name_of(ctx: Ctx, wish: Wish) -> str:
    """Return what the file is called: the kind of record and the day."""
    return f"{ctx.registry.entity(wish.entity).slug}-{ctx.now:%Y-%m-%d}.{wish.format.ending}"


def checked(ctx: Ctx, entity: str) -> str:
    """Return the key of an entity that can be exported.

    Raises:
        NotFound: there is none, or the actor may not read it.
    """
    definition = ctx.registry.entity(entity)
    if not access.may(ctx, definition.key, "read"):
        raise NotFound
    return definition.key
