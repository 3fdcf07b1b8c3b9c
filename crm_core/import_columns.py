"""The columns of an import: what a file was taken for, where its columns may go, and what is refused of that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_core import access, import_work
from crm_core.contributed_faces import ImportInto
from crm_core.contributions import FieldDef, Importer
from crm_core.errors import Invalid, Problem
from crm_core.fieldtypes import Address, Email, FieldType, Lines, Phone, Text, Url
from crm_core.fieldtypes.parts import ADDRESS_PARTS
from crm_core.i18n import N_, gettext
from crm_core.import_protocol import ImportOptions

if TYPE_CHECKING:
    from crm_core.context import Ctx

_GUESSED_BY = 200
"""So many rows are looked at when the columns are guessed."""
_OFFERED_LINES = 3
_LONG_PARTS = frozenset({"street", "city", "state"})
"""Parts of an address that several columns may make together."""
_ONE_VALUE = N_(
    "%(value)s gets both the column %(first)s and the column %(column)s, but holds one value that is no text; leave "
    "one of them out"
)
_UNKNOWN = N_("%(value)s is not one of: %(known)s")


@dataclass(frozen=True)
class Look:
    """What a file was taken for: its columns, the field of each, and the options it is read with."""

    header: list[str]
    mapping: dict[str, Any]
    options: ImportOptions


def look(ctx: Ctx, importer: Importer, path: Path, options: ImportOptions) -> Look:
    """Open a table to see whether it can be read, and what its columns are for.

    Raises:
        Invalid: it can't be read, or its columns or what it is known by can't be used.
    """
    options = replace(options, entity=importer.entity)
    _check_match(ctx, importer, options)
    _check_into(ctx, importer, options)
    # What rows are known by makes a reader look through the whole file for repetitions; that is the job's affair.
    source = import_work.open_source(importer, path, replace(options, match=""))
    try:
        header, mapping = list(source.header), dict(source.mapping)
        if importer.guess is None:
            return Look(header, mapping, options)
        rows = [list(row.raw) for row in islice(iter(source), _GUESSED_BY) if not isinstance(row.raw, str)]
    finally:
        source.close()
    unknown = [name for name in options.overrides if name not in header]
    if unknown:
        params = {"value": unknown[0][:80], "known": ", ".join(header)[:300]}
        message = N_("There is no column %(value)s in the file, only: %(known)s")
        raise Invalid([Problem("overrides", "unknown_column", message, params)])
    mapping = {**importer.guess(ctx, importer.entity, header, rows), **options.overrides}
    mapping = _placed(ctx, importer, mapping, options.match)
    return Look(header, mapping, replace(options, overrides=mapping))


def _placed(ctx: Ctx, importer: Importer, mapping: Mapping[str, str], match: str) -> dict[str, str]:
    """Return where columns go; of several that go to one place, further entries of lines get lines of their own.

    Raises:
        Invalid: a place that is no field, or several columns for a value that can't be joined.
    """
    fields = ctx.registry.fields(importer.entity)
    placed: dict[str, str] = {}
    columns: dict[str, list[str]] = defaultdict(list)
    for column, place in mapping.items():
        if place and place != "id" and _root(fields, place) is None:
            raise _misplaced("unknown_field", N_("There is no field %(value)s"), column, place)
        if place:
            columns[place].append(column)
        placed[column] = place
    for place, names in columns.items():
        for further in names[1:]:
            free = _free(fields, place, placed)
            if not free and (place in ("id", match) or not _joins(fields, place)):
                raise _misplaced("twice", _ONE_VALUE, further, place, first=names[0][:80])
            placed[further] = free or place
    return placed


def _root(fields: Mapping[str, FieldDef], place: str) -> FieldDef | None:
    return next((fields[root] for n in range(3) if (root := place.rsplit(".", n)[0]) in fields), None)


def _free(fields: Mapping[str, FieldDef], place: str, placed: Mapping[str, str]) -> str:
    """Return a line of its own for a further entry (``emails.2.address``), nothing for what is no entry."""
    field = _root(fields, place)
    if field is None or not isinstance(field.type, Lines):
        return ""
    _, number, part = place.rsplit(".", 2) if place != field.key else ("", "1", field.type.line.main)
    if part != field.type.line.main or not number.isdigit():
        return ""
    taken, following = set(placed.values()), int(number) + 1
    while f"{field.key}.{following}.{part}" in taken:
        following += 1
    return f"{field.key}.{following}.{part}"


def _joins(fields: Mapping[str, FieldDef], place: str) -> bool:
    """Tell whether the texts of several columns make one value of a place."""
    field = _root(fields, place)
    if field is None:
        return False
    part = place.rpartition(".")[2]
    if isinstance(field.type, Address):
        return part in _LONG_PARTS
    if isinstance(field.type, Lines):
        kinds = {f.key: f.type for f in field.type.line.asked}
        return part in kinds and is_joined(kinds[part])
    return field.type.multiple or is_joined(field.type)


def is_joined(kind: FieldType) -> bool:
    """Tell whether two texts can be joined to one value of a field."""
    return isinstance(kind, Text) and not isinstance(kind, Email | Phone | Url)


def _misplaced(code: str, message: str, column: str, place: str, **params: str) -> Invalid:
    return Invalid([Problem("overrides", code, message, {"value": place[:80], "column": column[:80], **params})])


def _check_match(ctx: Ctx, importer: Importer, options: ImportOptions) -> None:
    known = [key for key, _ in importer.matches(ctx, importer.entity)] if importer.matches is not None else []
    if options.match and options.match not in known:
        params = {"value": options.match[:60], "known": ", ".join(known)}
        raise Invalid([Problem("match", "choice", _UNKNOWN, params)])


def _check_into(ctx: Ctx, importer: Importer, options: ImportOptions) -> None:
    known = [key for key, _ in destinations(ctx, importer.entity)] if options.into else []
    if options.into and options.into not in known:
        params = {"value": options.into[:60], "known": ", ".join(known) or "–"}
        raise Invalid([Problem("into", "choice", _UNKNOWN, params)])


def destinations(ctx: Ctx, entity: str) -> list[tuple[str, str]]:
    """Return what imported records may be put into besides, with labels; ``key:choice`` as ``ImportOptions.into``."""
    found = []
    for item in ctx.registry.of(ImportInto):
        if item.entity == entity:
            label = gettext(item.label)
            found += [(f"{item.key}:{choice}", f"{label}: {text}") for choice, text in item.choices(ctx)]
    return found


# ---------------------------------------------------------------- what is offered


def targets(ctx: Ctx, importer: Importer) -> list[tuple[str, str]]:
    """Return the places a column may go, with their labels: what the importer says, else what the actor may set."""
    if importer.fields is not None:
        return list(importer.fields(ctx))
    definition = ctx.registry.entity(importer.entity)
    known = [key for key, _ in importer.matches(ctx, definition.key)] if importer.matches is not None else []
    found = [("id", gettext(N_("Id in this CRM")))] if "id" in known else []
    editable = access.editable(ctx, definition.key)
    for key, field in ctx.registry.fields(definition.key).items():
        if key in editable or key in known:
            found += parts_of(field)
    if importer.guess is None:
        found += [(short, short) for short in definition.short if short not in ctx.registry.fields(definition.key)]
    return found


def parts_of(field: FieldDef) -> list[tuple[str, str]]:
    """Return the places of a field that a column may go to: the field, or the parts of its address or lines."""
    if isinstance(field.type, Address):
        return [(f"{field.key}.{part}", f"{field.title()} – {part}") for part in ADDRESS_PARTS]
    if not isinstance(field.type, Lines):
        return [(field.key, field.title())]
    return [
        (f"{field.key}.{number}.{part.key}", f"{field.title()} {number} – {part.title()}")
        for number in range(1, _OFFERED_LINES + 1)
        for part in field.type.line.asked
    ]
