"""Filters that are kept, found by what they name and rewritten: of saved views, grants and conditions of own fields.

Filters that a module keeps as text are not known here: old names go on meaning the same (``directory.became``,
``directory.tag_called``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access import compiler
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.directory import touch
from crm_core.errors import FilterError
from crm_core.fieldtypes import Lines, Link
from crm_core.filters import And, Cond, Node, Not, Or, from_json, to_json
from crm_core.i18n import N_, gettext, translate_mapping
from crm_core.models import CustomField, Grant, ListEntry, Role, SavedView, SettingRow, Tag

if TYPE_CHECKING:
    from crm_core.context import Ctx

Exchange = Callable[[FieldDef, Any], Any]
"""Returns what stands for a value of a field after the change; the value itself where nothing changes."""
_HOPS = 5


_WORDS = {
    "view": N_("the view %(name)s"), "role": N_("the role %(name)s"), "field": N_("the field %(name)s"),
    "setting": N_("the option %(name)s"),
}  # fmt: skip
_STORED: dict[str, Any] = {m.__tablename__: m for m in (SavedView, Grant, CustomField, SettingRow, ListEntry, Tag)}


@dataclass(frozen=True)
class Found:
    """Something kept that names what is looked for: its row, and what the attribute holds once it is rewritten.

    ``kind``: view, role, field, setting, entry or tag. A view that is not shared has no name here: it is its
    owner's affair.
    """

    kind: str
    name: str
    row: Any
    attr: str
    value: Any

    def words(self) -> str:
        """Return what it is, for people."""
        return gettext(_WORDS[self.kind], name=self.name) if self.name else gettext(N_("a view of one person"))


def in_words(found: Iterable[Found]) -> list[tuple[str, int]]:
    """Return what is kept in words, each with how many it stands for."""
    return list(Counter(one.words() for one in found).items())


def naming(ctx: Ctx, exchange: Exchange) -> list[Found]:
    """Return the kept filters that a change concerns, with what becomes of them; three statements."""
    return [*_views(ctx, exchange), *_grants(ctx, exchange), *_conditions(ctx, exchange)]


def rewrite(ctx: Ctx, found: Iterable[Found]) -> list[list[Any]]:
    """Write what is kept as it is after the change; return as JSON what :func:`put_back` needs."""
    done = []
    for one in found:
        (key,) = sa.inspect(one.row).identity
        done.append([one.row.__tablename__, key, one.attr, getattr(one.row, one.attr), one.value])
        setattr(one.row, one.attr, one.value)
    _written(ctx, done)
    return done


def put_back(ctx: Ctx, done: Iterable[Sequence[Any]]) -> None:
    """Write what was rewritten as it was before, where nobody has changed it since."""
    back = []
    for table, key, attr, old, new in done:
        row = ctx.session.get(_STORED[table], key, execution_options=KERNEL)
        if row is not None and getattr(row, attr) == new:
            setattr(row, attr, old)
            back.append([table])
    _written(ctx, back)


def _written(ctx: Ctx, done: Iterable[Sequence[Any]]) -> None:
    ctx.session.flush()
    tables = {one[0] for one in done}
    if tables - {SavedView.__tablename__}:
        touch(ctx.session)
    if CustomField.__tablename__ in tables:
        touch(ctx.session, "registry")


def _views(ctx: Ctx, exchange: Exchange) -> Iterator[Found]:
    for row in ctx.session.scalars(sa.select(SavedView).order_by(SavedView.id), execution_options=KERNEL):
        stored = (row.spec or {}).get("filter")
        if (new := _exchanged(ctx, row.entity, stored, exchange)) is not None:
            yield Found("view", row.name if row.shared else "", row, "spec", {**row.spec, "filter": new})


def _grants(ctx: Ctx, exchange: Exchange) -> Iterator[Found]:
    query = sa.select(Grant, Role.name).join(Role, Role.id == Grant.role_id).where(Grant.where.is_not(None))
    for row, name in ctx.session.execute(query.order_by(Grant.id), execution_options=KERNEL):
        if (new := _exchanged(ctx, row.entity, row.where, exchange)) is not None:
            yield Found("role", gettext(name), row, "where", new)


def _conditions(ctx: Ctx, exchange: Exchange) -> Iterator[Found]:
    query = sa.select(CustomField).where(CustomField.visible_if.is_not(None)).order_by(CustomField.id)
    for row in ctx.session.scalars(query, execution_options=KERNEL):
        if (new := _exchanged(ctx, row.entity, row.visible_if, exchange)) is not None:
            yield Found("field", translate_mapping(row.label), row, "visible_if", new)


def _exchanged(ctx: Ctx, entity: str, stored: Any, exchange: Exchange) -> Any:
    """Return the JSON of a filter after the change, ``None`` when the change doesn't concern it."""
    definition = ctx.registry.entities.get(entity)
    if definition is None or not stored:
        return None
    try:
        node = from_json(stored)
    except FilterError:
        return None
    new = exchanged(ctx, definition, node, exchange)
    return to_json(new) if new != node else None


def exchanged(ctx: Ctx, definition: EntityDef, node: Node, exchange: Exchange) -> Node:
    """Return a filter with its values exchanged."""
    match node:
        case And(parts):
            return And(tuple(exchanged(ctx, definition, part, exchange) for part in parts))
        case Or(parts):
            return Or(tuple(exchanged(ctx, definition, part, exchange) for part in parts))
        case Not(part):
            return Not(exchanged(ctx, definition, part, exchange))
    field = field_at(ctx, definition, node.path)
    if field is None or node.value is None:
        return node
    if isinstance(node.value, tuple):
        values = tuple(dict.fromkeys(exchange(field, value) for value in node.value))
        return Cond(node.path, node.op, values)
    return Cond(node.path, node.op, exchange(field, node.value))


def field_at(ctx: Ctx, definition: EntityDef, path: str) -> FieldDef | None:
    """Return the field that a path ends at, through links and lines; ``None`` when there is none."""
    found = compiler(ctx, unlimited=True)
    for _ in range(_HOPS):
        try:
            field, rest = found.resolve(definition, path)
        except FilterError:
            return None
        if isinstance(field.type, Lines):
            part = rest or field.type.line.main
            return next((f for f in field.type.line.fields if f.key == part), None)
        if not rest:
            return field
        target = ctx.registry.entities.get(field.type.target) if isinstance(field.type, Link) else None
        if target is None:
            return None
        definition, path = target, rest
    return None
