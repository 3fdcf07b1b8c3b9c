"""Rows as they are read: one statement a page, values in their Python types, labels of links beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access.off import off_titles
from crm_core.access.scope import predicate
from crm_core.columns import alias_of, lines_json, links_json, links_of, scalar, storage_key
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import Identifier
from crm_core.db.expressions import JsonArray, JsonObject
from crm_core.fieldtypes import Lines, Link, MultiChoice, Related
from crm_core.fieldtypes.numbers import ExactDecimal
from crm_core.titles import Words, words_of

if TYPE_CHECKING:
    from crm_core.context import Ctx


@dataclass(slots=True)
class Row:
    """A record as lists, REST and exports see it.

    ``values`` by field key; ``labels`` the names of linked records the actor may see (a link without a label
    must be treated as absent). Lines are lists of dicts, several values lists.
    """

    id: int
    version: int
    title: str
    visibility: str
    values: dict[str, Any]
    labels: dict[str, Any] = field(default_factory=dict)
    editable: bool = False

    @property
    def public(self) -> bool:
        """Tell whether everyone may read the record (CT-16)."""
        return self.visibility in ("read", "write")


@dataclass(frozen=True)
class Page:
    """One page of a list. ``total`` is exact or a lower bound; cursors are ``None`` at the ends."""

    items: list[Row]
    next: str | None
    previous: str | None
    total: int | None
    exact: bool
    fields: tuple[str, ...]


Reader = Callable[[Any, dict[str, Any], dict[str, Any]], None]


@dataclass
class RowPlan:
    """The columns a page selects, and how each field is read from them. Made once a request."""

    columns: list[Any]
    readers: list[Reader]
    title: Words

    def row(self, raw: Sequence[Any]) -> Row:
        """Return the row of a raw result."""
        values: dict[str, Any] = {}
        labels: dict[str, Any] = {}
        for reader in self.readers:
            reader(raw, values, labels)
        return Row(raw[0], raw[1], self.title(raw[3]), raw[2], values, labels, bool(raw[4]))


def plan_rows(ctx: Ctx, definition: EntityDef, alias: Any, fields: Sequence[FieldDef], *, editable: bool) -> RowPlan:
    """Return the plan that reads ``fields`` of an entity from ``alias``."""
    may_edit: Any = sa.literal(0)
    if editable:
        may_edit = sa.case((predicate(ctx, definition, "update", alias), 1), else_=0)
    # What follows other records is open to those they are open to, whatever its own visibility says.
    visibility = sa.literal("followed") if definition.follows else alias.visibility
    columns = [alias.id, alias.version, visibility, getattr(alias, definition.title), may_edit.label("may_edit")]
    plan = RowPlan(columns, [], words_of(ctx, definition.key))
    if any(f.storage == "custom" for f in fields):
        columns.append(alias.custom)
        custom = [f for f in fields if f.storage == "custom"]
        plan.readers.append(_custom_reader(len(columns) - 1, custom))
        for found in custom:
            _add_label(ctx, plan, alias, found)
    for found in fields:
        if found.storage == "column":
            _column(ctx, plan, alias, found)
        elif isinstance(found.type, Lines):
            columns.append(lines_json(found, alias).label(found.key))
            plan.readers.append(_lines_reader(ctx, len(columns) - 1, found))
            _line_labels(ctx, plan, alias, found)
        elif found.type.multiple:
            _many(ctx, plan, definition, alias, found)
    return plan


def _column(ctx: Ctx, plan: RowPlan, alias: Any, found: FieldDef) -> None:
    plan.columns.append(getattr(alias, found.attr))
    position, key = len(plan.columns) - 1, found.key

    def read(raw: Any, values: dict[str, Any], labels: dict[str, Any]) -> None:
        values[key] = raw[position]

    plan.readers.append(read)
    _add_label(ctx, plan, alias, found)


def _add_label(ctx: Ctx, plan: RowPlan, alias: Any, found: FieldDef) -> None:
    """Read the name of what a field links to; where the actor may not see it there is no value either."""
    words: Words = str
    if isinstance(found.type, Related):
        label = _related_label(ctx, found, alias)
    elif isinstance(found.type, Link) and found.type.target != "core.user":
        label = _label_of(ctx, found, found.type.target, scalar(found, alias), alias)
        if found.type.target in ctx.registry.entities:
            words = words_of(ctx, found.type.target)
    else:
        return
    plan.columns.append(label.label(f"{found.key}_title"))
    position, key = len(plan.columns) - 1, found.key

    def read(raw: Any, values: dict[str, Any], labels: dict[str, Any]) -> None:
        if raw[position] is None:
            values[key] = None
        else:
            labels[key] = words(raw[position])

    plan.readers.append(read)


def _related_label(ctx: Ctx, found: FieldDef, alias: Any) -> Any:
    """Return the name of the record behind ``entity:id``; only the subquery of its entity is run."""
    value = scalar(found, alias)

    def label(key: str) -> Any:
        return _label_of(ctx, found, key, sa.cast(sa.func.substr(value, len(key) + 2), Identifier), alias)

    known = [(value.startswith(f"{key}:", autoescape=True), label(key)) for key in ctx.registry.entities]
    return sa.case(*known, else_=None)


def _label_of(ctx: Ctx, found: FieldDef, entity: str, target_id: Any, alias: Any) -> Any:
    """Return a scalar subquery: the linked record's name, nothing where the actor may not see it."""
    target = ctx.registry.entities.get(entity)
    if target is None:
        off = off_titles(ctx, entity)
        return sa.null() if off is None else sa.select(off.c.title).where(off.c.id == target_id).scalar_subquery()
    other = alias_of(target.model, f"{found.entity} {found.key}")
    title = sa.func.coalesce(getattr(other, target.title), "")
    return (
        sa.select(title).where(other.id == target_id, predicate(ctx, target, "read", other)).correlate(alias)
    ).scalar_subquery()  # fmt: skip


def _custom_reader(position: int, fields: Sequence[FieldDef]) -> Reader:
    parts = [(f.key, storage_key(f), f.type.load) for f in fields]

    def read(raw: Any, values: dict[str, Any], labels: dict[str, Any]) -> None:
        document = raw[position] or {}
        for key, stored, load in parts:
            value = document.get(stored)
            values[key] = load(value) if value is not None else None

    return read


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value or []


def _lines_reader(ctx: Ctx, position: int, found: FieldDef) -> Reader:
    key = found.key
    line: Any = found.type.line  # type: ignore[attr-defined]
    columns, dialect = line.model.__table__.c, ctx.database.engine.dialect

    def load_of(part: FieldDef) -> Callable[[Any], Any]:
        kind = columns[part.attr].type
        return (
            (lambda raw: kind.process_result_value(raw, dialect)) if isinstance(kind, ExactDecimal) else part.type.load
        )

    loads = [(f.key, load_of(f)) for f in line.fields]

    def read(raw: Any, values: dict[str, Any], labels: dict[str, Any]) -> None:
        lines = _decoded(raw[position])
        for line in lines:
            for name, load in loads:
                if line[name] is not None:
                    line[name] = load(line[name])
        values[key] = lines

    return read


def _line_labels(ctx: Ctx, plan: RowPlan, alias: Any, found: FieldDef) -> None:
    """Read the names of what the lines of a field link to: by part, by id, of records the actor may see."""
    line: Any = found.type.line  # type: ignore[attr-defined]
    for part in line.fields:
        target = ctx.registry.entities.get(getattr(part.type, "target", ""))
        if target is None or part.type.target == "core.user":
            continue
        child, other = line.model.__table__.alias(), alias_of(target.model, f"{found.entity} {found.key} {part.key}")
        inner = (
            sa.select(other.id, sa.func.coalesce(getattr(other, target.title), "").label("title"))
            .select_from(child).join(other, other.id == child.c[part.attr])
            .where(child.c.parent_id == alias.id, predicate(ctx, target, "read", other)).correlate(alias)
        ).subquery()  # fmt: skip
        pair = JsonObject(sa.literal_column("'id'"), inner.c.id, sa.literal_column("'title'"), inner.c.title)
        titles = sa.select(JsonArray(pair)).select_from(inner).scalar_subquery()
        plan.columns.append(titles.label(f"{found.key}_{part.key}_titles"))
        plan.readers.append(_line_labels_reader(len(plan.columns) - 1, found.key, part.key, words_of(ctx, target.key)))


def _line_labels_reader(position: int, key: str, part: str, words: Words) -> Reader:
    def read(raw: Any, values: dict[str, Any], labels: dict[str, Any]) -> None:
        labels.setdefault(key, {})[part] = {i["id"]: words(i["title"]) for i in _decoded(raw[position])}

    return read


def _many(ctx: Ctx, plan: RowPlan, definition: EntityDef, alias: Any, found: FieldDef) -> None:
    key = found.key
    linked = isinstance(found.type, Link) and found.type.target != "core.user"
    expression = _linked_json(ctx, definition, alias, found) if linked else links_json(found, alias, definition.model)
    plan.columns.append(expression.label(key))
    position = len(plan.columns) - 1
    codes = _codes(ctx) if isinstance(found.type, MultiChoice) else None

    def read(raw: Any, values: dict[str, Any], labels: dict[str, Any]) -> None:
        if codes is not None:
            values[key] = codes(raw[position])
        elif linked:
            items = _decoded(raw[position])
            values[key] = [i["id"] for i in items]
            labels[key] = {i["id"]: i["title"] for i in items}
        else:
            values[key] = _decoded(raw[position])

    plan.readers.append(read)


def _codes(ctx: Ctx) -> Callable[[Any], list[str]]:
    """Return what turns the stored ids of list entries into codes; few combinations occur, so each is read once."""
    by_id, seen = ctx.directory.entry_by_id, dict[str, list[str]]()

    def read(raw: Any) -> list[str]:
        if not isinstance(raw, str):
            return [entry.code for i in raw or () if (entry := by_id(i))]
        if (known := seen.get(raw)) is None:
            known = [entry.code for i in json.loads(raw) if (entry := by_id(i))]
            if len(seen) < 1000:
                seen[raw] = known
        return list(known)

    return read


def _linked_json(ctx: Ctx, definition: EntityDef, alias: Any, found: FieldDef) -> Any:
    target = ctx.registry.entities.get(found.type.target)  # type: ignore[attr-defined]
    table, tie = links_of(alias, definition.model, found)
    if target is None:
        return _off_json(off_titles(ctx, found.type.target), table, tie, alias)  # type: ignore[attr-defined]
    other = alias_of(target.model, f"{found.entity} {found.key}")
    inner = (
        sa.select(other.id, sa.func.coalesce(getattr(other, target.title), "").label("title"))
        .select_from(table).join(other, other.id == table.c.target_id)
        .where(tie, predicate(ctx, target, "read", other)).order_by(table.c.position, other.id).correlate(alias)
    ).subquery()  # fmt: skip
    pair = JsonObject(sa.literal_column("'id'"), inner.c.id, sa.literal_column("'title'"), inner.c.title)
    return sa.select(JsonArray(pair)).select_from(inner).scalar_subquery()


def _off_json(off: Any, table: Any, tie: Any, alias: Any) -> Any:
    """Return the links to records of a plugin that is off, as :func:`_linked_json` gives those of one that runs."""
    if off is None:
        return sa.literal_column("'[]'")
    inner = (
        sa.select(off.c.id, off.c.title)
        .select_from(table.join(off, off.c.id == table.c.target_id))
        .where(tie).order_by(table.c.position, off.c.id).correlate(alias)
    ).subquery()  # fmt: skip
    pair = JsonObject(sa.literal_column("'id'"), inner.c.id, sa.literal_column("'title'"), inner.c.title)
    return sa.select(JsonArray(pair)).select_from(inner).scalar_subquery()
