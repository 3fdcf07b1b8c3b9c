"""Creating many records at once: the same checks, hooks, history and access as one, in a few statements for all."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import events, search_index, search_text, sequences
from crm_core.access import require, set_for
from crm_core.access.sets import principals_of
from crm_core.change import Change
from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.entities import KEY_LENGTH
from crm_core.errors import CrmError, Problem
from crm_core.fieldtypes import Link, Tags
from crm_core.records import applying, checking, values
from crm_core.records.bulkwriter import allocate_ids, begin_bulk, insert_rows
from crm_core.records.inserting import OWN, given_columns, insert_lines
from crm_core.records.noting import Note, note_many
from crm_core.text import sort_key

if TYPE_CHECKING:
    from crm_core.context import Ctx

Outcome = int | list[Problem]
Maker = Callable[[Mapping[str, Any], int], list[Any]]
"""Makes a row of a record's values and its id."""


def bulk_create(ctx: Ctx, entity: str, items: Sequence[Mapping[str, Any]], *, action: str = "import") -> list[Outcome]:
    """Create records from typed values (as field types' ``parse`` returns them); each is written whole or not at all.

    Hooks run for every record with ``change.record`` ``None``; ``crm_after_write`` gets the written record. Ids
    come back in the order of the items; a refused item's place holds its problems.

    Raises:
        Forbidden: no role grants it.
    """
    definition = ctx.registry.entity(entity)
    require(ctx, definition.key, "create")
    load = _Load(ctx, definition)
    changes = [load.change(item) for item in items]
    good = load.check(changes)
    if good:
        load.write(good, action)
    return [load.problems.get(id(c)) or load.ids[id(c)] for c in changes]


@dataclass
class _Load:
    """One batch: what is checked and written together."""

    ctx: Ctx
    definition: EntityDef
    problems: dict[int, list[Problem]] = field(default_factory=lambda: defaultdict(list))
    ids: dict[int, int] = field(default_factory=dict)
    access: dict[Any, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ctx, definition = self.ctx, self.definition
        fields = ctx.registry.fields(definition.key)
        self.fields = fields
        self.required = [f for f in fields.values() if f.required or f.required_if is not None]
        self.hooked = bool(ctx.registry.hooks.implementations)
        self.granting = tuple(f.key for f in fields.values() if f.grants)
        columns = [f for f in fields.values() if f.storage == "column" and f.attr not in OWN]
        keyed = [f for f in columns if f.key_attr]
        self.columns, self.keyed = columns, keyed
        self.custom = [(f.key, f.attr, f.type.store) for f in fields.values() if f.storage == "custom"]
        self.many = [f for f in fields.values() if f.type.multiple]
        self.tags = [f.key for f in fields.values() if isinstance(f.type, Tags)]
        self.defaults = [f for f in fields.values() if f.default is not None]
        self.presets = [f.key for f in self.defaults if isinstance(f.type, Link) and f.type.target != "core.user"]
        self.start: dict[str, Any] = {}
        values.add_defaults(ctx, definition, self.start)

    def change(self, item: Mapping[str, Any]) -> Change:
        """Return the change of an item with defaults and what hooks derive."""
        found = dict(item)
        for one in self.defaults:
            if one.key not in found:
                found[one.key] = one.default_value(self.ctx)
        for key in ("owner", "visibility"):
            if found.get(key) is None:
                found[key] = self.start[key]
        change = Change(self.definition, "create", None, found)
        if self.presets:
            change.defaulted = copy.deepcopy({k: found[k] for k in self.presets if k not in item})
        if self.hooked:
            try:
                self.ctx.registry.hooks.before_write(self.ctx, change)
            except CrmError as exc:
                self.problems[id(change)] += exc.problems() or [Problem(None, exc.code, exc.message, exc.params)]
        return change

    def check(self, changes: list[Change]) -> list[Change]:
        """Return the changes nothing is wrong with."""
        for change in changes:
            found = self.problems[id(change)]
            found += values.check_required(self.ctx, change, self.required)
            if self.hooked and not found:
                found += [p for p in self.ctx.registry.hooks.validate(self.ctx, change) if p.code != "warning"]
        known = self.ctx.cache.setdefault("linked", defaultdict(set))
        found_wrong = (*checking.unique(self.ctx, changes), *checking.links(self.ctx, changes, known=known))
        for change, problem in found_wrong:
            self.problems[id(change)].append(problem)
        return [c for c in changes if not self.problems[id(c)]]

    def write(self, changes: list[Change], action: str) -> None:
        """Write checked changes: sequences, rows, lines, links, history."""
        for change in changes:
            if any(isinstance(tag, str) for key in self.tags for tag in change.values.get(key) or ()):
                applying.create_tags(self.ctx, change)
        for found in values.sequenced(self.ctx, self.definition):
            lacking = [c for c in changes if c.values.get(found.key) is None]
            for change, number in zip(lacking, sequences.reserve(self.ctx, found.sequence, len(lacking)), strict=True):
                change.values[found.key] = number
        table = self.definition.model.__table__
        begin_bulk(self.ctx)
        ids = allocate_ids(self.ctx, table, len(changes))
        self.ids.update({id(c): i for c, i in zip(changes, ids, strict=True)})
        titles = search_text.linked_titles(self.ctx, self.definition, [c.values for c in changes])
        for change in changes:
            self._access(change.values)
        columns = given_columns(table, self.columns, [c.values for c in changes])
        names = (*OWN, *(f.attr for f in columns), *(f.key_attr for f in self.keyed))
        make = self._maker([f.key for f in columns], titles)
        rows = (make(c.values, i) for c, i in zip(changes, ids, strict=True))
        connection = self.ctx.session.connection_of_kernel()
        with search_index.appending(connection, table.name, ids[0], ids[-1]):
            insert_rows(self.ctx, table, names, rows)
        insert_lines(self.ctx, self.definition, zip(ids, (c.values for c in changes), strict=True))
        self._write_links(changes, ids)
        self._write_history(changes, ids, action)
        self._react(changes, ids)

    def _maker(
        self, columns: Sequence[str], titles: search_text.Titles
    ) -> Callable[[Mapping[str, Any], int], list[Any]]:
        """Return what makes a row: the values of ``OWN``, then those of the columns, then the keys of text."""
        ctx, definition, custom = self.ctx, self.definition, self.custom
        keyed = [f.key for f in self.keyed]
        now, actor = ctx.now, ctx.actor.id

        def make(found: Mapping[str, Any], record_id: int) -> list[Any]:
            get = found.get
            document = {attr: store(value) for key, attr, store in custom if (value := get(key)) is not None}
            return [
                record_id, 1, now, now, actor, actor, self._access(found),
                search_text.build(ctx, definition, found, titles), document,
                *map(get, columns),
                *[sort_key(value, KEY_LENGTH) or "" if (value := get(key)) else "" for key in keyed],
            ]  # fmt: skip

        return make

    def _access(self, found: Mapping[str, Any]) -> int:
        granted = [found.get(k) for k in self.granting]
        key = (found["owner"], found["visibility"], *[tuple(v) if isinstance(v, list) else v for v in granted])
        if key not in self.access:
            self.access[key] = set_for(self.ctx, principals_of(self.ctx, self.definition, found, {}))
        return self.access[key]

    def _write_links(self, changes: list[Change], ids: Sequence[int]) -> None:
        rows = [
            (record_id, one.key, target, position)
            for change, record_id in zip(changes, ids, strict=True)
            for one in self.many
            if (given := change.values.get(one.key))
            for position, target in enumerate(applying.target_ids(self.ctx, one, given))
        ]
        if rows:
            names = ("record_id", "field", "target_id", "position")
            insert_rows(self.ctx, self.definition.model.__links__, names, rows)

    def _write_history(self, changes: list[Change], ids: Sequence[int], action: str) -> None:
        title = self.definition.title
        notes = (
            Note(record_id, str(change.values.get(title) or "")) for change, record_id in zip(changes, ids, strict=True)
        )
        note_many(self.ctx, self.definition.key, action, notes)

    def _react(self, changes: list[Change], ids: Sequence[int]) -> None:
        if self.ctx.registry.hooks.implementations.get("crm_after_write"):
            model = self.definition.model
            query = sa.select(model).where(model.id.in_(ids))
            found = {r.id: r for r in self.ctx.session.scalars(query, execution_options=KERNEL)}
            for change, record_id in zip(changes, ids, strict=True):
                change.record = found[record_id]
                self.ctx.registry.hooks.after_write(self.ctx, change)
        for record_id in ids:
            events.emit(self.ctx, "record_created", self.definition.key, record_id)
