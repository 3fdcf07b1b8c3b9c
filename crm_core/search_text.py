"""What a record is found by: the folded text of its searched fields, kept beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.fieldtypes import Link
from crm_core.text import digits, fold, fold_once

if TYPE_CHECKING:
    from crm_core.context import Ctx

PART = 500
LINK_END = "\x1f"
"""Closes the title of a linked record, so that it can be replaced when the other record is renamed."""
_PHONE = re.compile(r"[\d\s+().\-/]{3,}")


def searched_fields(ctx: Ctx, definition: EntityDef) -> list[FieldDef]:
    """Return the fields a search looks into, in order."""
    key = ("searched", definition.key)
    if key not in ctx.cache:
        ctx.cache[key] = [f for f in ctx.registry.fields(definition.key).values() if f.search or _searched_parts(f)]
    found: list[FieldDef] = ctx.cache[key]
    return found


def _searched_parts(field: FieldDef) -> list[tuple[str, Callable[[Any], str]]]:
    """Return key and text of the fields of a line that a search looks into."""
    if field.storage != "lines":
        return []
    return [(f.key, f.type.search_text) for f in field.type.line.fields if f.search]  # type: ignore[attr-defined]


Reader = Callable[[Any], str]


def _readers(ctx: Ctx, definition: EntityDef) -> list[tuple[FieldDef, Reader | None]]:
    """Return what reads the text of each searched field; ``None`` for links, whose text is another record's."""
    key = ("search_readers", definition.key)
    if key not in ctx.cache:
        ctx.cache[key] = [(f, _reader(f)) for f in searched_fields(ctx, definition)]
    found: list[tuple[FieldDef, Reader | None]] = ctx.cache[key]
    return found


def _reader(field: FieldDef) -> Reader | None:
    if isinstance(field.type, Link):
        return None
    parts = _searched_parts(field)
    if not parts:
        return field.type.search_text
    return lambda lines: " ".join([text for line in lines for k, read in parts if (text := read(line.get(k)))])


Titles = Mapping[str, Mapping[int, str]]
"""The names of linked records, by entity and id."""


def build(ctx: Ctx, definition: EntityDef, values: Mapping[str, Any], titles: Titles) -> str:
    """Return the text of a record from its values by field key; :func:`linked_titles` gives the ``titles``."""
    parts: list[str] = []
    plain: list[str] = []
    for field, read in _readers(ctx, definition):
        value = values.get(field.key)
        if value is None or value == []:
            continue
        if read is not None:
            plain.append(read(value))
        elif title := titles.get(field.type.target, {}).get(value):  # type: ignore[attr-defined]
            parts += [fold_once(" ".join(plain)), fold(title) + LINK_END]
            plain = []
    parts.append(fold_once(" ".join(plain)))
    text = " ".join([part for part in parts if part])
    return f" {text}" if text else ""


def linked_titles(ctx: Ctx, definition: EntityDef, values: Iterable[Mapping[str, Any]]) -> Titles:
    """Return the names of the records that go into the text of others, whoever asks: it is for the index alone."""
    wanted: dict[str, set[int]] = {}
    for field in searched_fields(ctx, definition):
        if isinstance(field.type, Link):
            named = {found[field.key] for found in values if found.get(field.key)}
            wanted.setdefault(field.type.target, set()).update(named)
    return {entity: _titles(ctx, entity, sorted(ids)) for entity, ids in wanted.items() if ids}


def _titles(ctx: Ctx, entity: str, ids: Sequence[int]) -> dict[int, str]:
    target = ctx.registry.entity(entity)
    columns = target.model.id, getattr(target.model, target.title)
    found: dict[int, str] = {}
    for start in range(0, len(ids), PART):
        query = sa.select(*columns).where(target.model.id.in_(ids[start : start + PART]))
        found.update({number: title or "" for number, title in ctx.session.execute(query, execution_options=KERNEL)})
    return found


def follow_renames(ctx: Ctx, definition: EntityDef, titles: Mapping[int, tuple[str, str]]) -> None:
    """Replace the titles of renamed records in the search text of the records that link to them.

    ``titles`` are old and new by id. Two statements a field, however many were renamed.
    """
    renamed = {number: pair for number, pair in titles.items() if pair[0] != pair[1]}
    if not renamed:
        return
    for other in ctx.registry.entities.values():
        for field in ctx.registry.fields(other.key).values():
            if field.search and isinstance(field.type, Link) and field.type.target == definition.key:
                _follow(ctx, other.model, field, renamed)


def _follow(ctx: Ctx, model: Any, field: FieldDef, renamed: Mapping[int, tuple[str, str]]) -> None:
    column = getattr(model, field.attr)
    using = sa.select(column).where(column.in_(renamed)).distinct()
    rows = [
        {"of": number, "before": f" {fold(renamed[number][0])}{LINK_END}",
         "after": f" {fold(renamed[number][1])}{LINK_END}"}
        for number in ctx.session.scalars(using, execution_options=KERNEL)
    ]  # fmt: skip
    if rows:
        text = sa.func.replace(model.search_text, sa.bindparam("before"), sa.bindparam("after"))
        update = sa.update(model.__table__).where(column == sa.bindparam("of")).values(search_text=text)
        ctx.session.execute(update, rows, execution_options=KERNEL)


def words_of(text: str) -> list[str]:
    """Return the folded words looked for; a phone number in any writing becomes one run of digits."""
    if _PHONE.fullmatch(text.strip()) and len(digits(text)) >= 3:
        return [digits(text).lstrip("0") or "0"]
    return [w for w in fold(text.replace("\x00", " ")).split() if w][:12]
