"""Which field a column is for: by its heading in either language, by common names, and by what stands in it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence

from crm_core.api import (
    LANGUAGES,
    Address,
    Ctx,
    Email,
    FieldDef,
    FieldType,
    Lines,
    Phone,
    Url,
    access,
    fold,
    use_language,
)

_MARK = re.compile(r"[^\w.]+")
_NEAR = 0.88
_PARTS = ("street", "zip", "city", "state", "country")
_SAID: Mapping[str, type[FieldType]] = {
    "email": Email, "mail": Email, "courriel": Email, "adresse mail": Email, "phone": Phone, "telephone": Phone,
    "tel": Phone, "mobile": Phone, "portable": Phone, "website": Url, "site web": Url, "url": Url,
}  # fmt: skip
_LOOKS: tuple[tuple[type[FieldType], re.Pattern[str]], ...] = (
    (Email, re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
    (Url, re.compile(r"(https?://|www\.)\S+")),
    (Phone, re.compile(r"\+?[\d .()/-]{8,20}")),
)
_MAX_LINES = 50


def guess(ctx: Ctx, entity: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Mapping[str, str]:
    """Return the place of each column, nothing where none is sure; no place is given twice."""
    names = _names(ctx, entity)
    found: dict[str, str] = {}
    taken: set[str] = set()
    for sure in (True, False):
        for number, column in enumerate(header):
            if found.get(column):
                continue
            place = names.get(_key(column), "") if sure else _unsure(ctx, entity, names, column, rows, number, taken)
            if place and place not in taken:
                taken.add(place)
            else:
                place = ""
            found[column] = place
    return found


def _key(name: str) -> str:
    return " ".join(_MARK.sub(" ", fold(name).replace("_", " ")).split())


def _names(ctx: Ctx, entity: str) -> dict[str, str]:
    """Return the places by what columns for them may be called; the surest names win."""
    definition = ctx.registry.entity(entity)
    fields = [f for f in ctx.registry.fields(entity).values() if _settable(ctx, f)]
    found = {"id": "id"}
    for field in fields:
        found.update((_key(name), name) for name in _places(field))
    for short, path in definition.short.items():
        root, _, part = path.partition(".")
        kind = next((f.type for f in fields if f.key == root), None)
        if isinstance(kind, Lines) and part:
            found.setdefault(_key(short), f"{root}.1.{part}")
    for language in LANGUAGES:
        with use_language(language):
            for field in fields:
                for place, label in _labels(field):
                    found.setdefault(_key(label), place)
    return found


def _settable(ctx: Ctx, field: FieldDef) -> bool:
    """Tell whether the actor may set a field, or it is what records are known by."""
    return field.key in access.editable(ctx, field.entity) or bool(field.sequence) or field.unique


def _places(field: FieldDef) -> Iterator[str]:
    if isinstance(field.type, Address):
        yield from (f"{field.key}.{part}" for part in _PARTS)
    elif isinstance(field.type, Lines):
        parts = [part.key for part in field.type.line.asked]
        yield from (f"{field.key}.{n}.{part}" for n in range(1, _MAX_LINES + 1) for part in parts)
    else:
        yield field.key


def _labels(field: FieldDef) -> Iterator[tuple[str, str]]:
    title = field.title()
    if isinstance(field.type, Lines):
        line = field.type.line
        yield f"{field.key}.1.{line.main}", title
        for number in range(1, 10):
            yield from ((f"{field.key}.{number}.{p.key}", f"{title} {number} – {p.title()}") for p in line.asked)
    elif not isinstance(field.type, Address):
        yield field.key, title


def _unsure(
    ctx: Ctx, entity: str, names: Mapping[str, str], column: str, rows: Sequence[Sequence[str]], number: int,
    taken: set[str],
) -> str:  # fmt: skip
    """Return a place by a name that is nearly right, by a common name, or by the values."""
    key = _key(column)
    if near := difflib.get_close_matches(key, list(names), 1, _NEAR):
        return names[near[0]]
    kind = _SAID.get(key) or _kind_of([row[number] for row in rows if number < len(row) and row[number].strip()])
    return next((p for p in _of_kind(ctx, entity, kind) if p not in taken), "") if kind is not None else ""


def _kind_of(cells: Sequence[str]) -> type[FieldType] | None:
    for kind, pattern in _LOOKS:
        if len(cells) >= 3 and all(pattern.fullmatch(cell.strip()) for cell in cells):
            return kind
    return None


def _of_kind(ctx: Ctx, entity: str, kind: type[FieldType]) -> Iterator[str]:
    for field in ctx.registry.fields(entity).values():
        if not _settable(ctx, field):
            continue
        if isinstance(field.type, kind):
            yield field.key
        elif isinstance(field.type, Lines):
            for part in field.type.line.asked:
                if isinstance(part.type, kind):
                    yield from (f"{field.key}.{n}.{part.key}" for n in range(1, 4))
