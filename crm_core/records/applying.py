"""Putting checked values on the record: columns, JSON values, owned lines, link rows, derived keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import search_text
from crm_core.change import Change
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.entities import KEY_LENGTH
from crm_core.fieldtypes import Lines, MultiChoice, Tags
from crm_core.text import sort_key

if TYPE_CHECKING:
    from crm_core.context import Ctx


def apply(ctx: Ctx, change: Change) -> None:
    """Put the values of a change on its record; link rows are written after the flush by :func:`write_links`."""
    record = change.record
    custom: dict[str, Any] | None = None
    for key, field in ctx.registry.fields(change.entity).items():
        if key not in change.values:
            continue
        value = change.values[key]
        if field.storage == "column":
            setattr(record, field.attr, value)
            if field.key_attr:
                setattr(record, field.key_attr, sort_key(value, KEY_LENGTH) or "")
        elif field.storage == "custom":
            custom = dict(record.custom or {}) if custom is None else custom
            put_custom(custom, field, value)
        elif isinstance(field.type, Lines):
            _apply_lines(field.type, getattr(record, field.attr), value, record, field.attr)
    if custom is not None:
        record.custom = custom


def put_custom(document: dict[str, Any], field: FieldDef, value: Any) -> None:
    """Set a value in the JSON document; no value means no key, and other keys are left as they are."""
    if value is None:
        document.pop(field.attr, None)
    else:
        document[field.attr] = field.type.store(value)


def _apply_lines(kind: Lines, present: list[Any], wanted: Sequence[Mapping[str, Any]], record: Any, attr: str) -> None:
    by_id = {line.id: line for line in present}
    kept = []
    for position, values in enumerate(wanted):
        line = by_id.pop(values.get("id"), None) or kind.line.model()
        line.position = position
        for field in kind.line.fields:
            setattr(line, field.attr, values.get(field.key))
            if field.key_attr:
                setattr(line, field.key_attr, sort_key(values.get(field.key), KEY_LENGTH) or "")
        kept.append(line)
    setattr(record, attr, kept)


def create_tags(ctx: Ctx, change: Change) -> None:
    """Make the tags that were typed and don't exist yet (KN-16)."""
    for key, field in ctx.registry.fields(change.entity).items():
        if isinstance(field.type, Tags) and any(isinstance(t, str) for t in change.values.get(key) or ()):
            from crm_core import tags

            made = [t if isinstance(t, int) else tags.create(ctx, t).id for t in change.values[key]]
            change.values[key] = list(dict.fromkeys(made))


def target_ids(ctx: Ctx, field: FieldDef, value: Sequence[Any]) -> list[int]:
    """Return the ids that stand for the values of a field with several."""
    if isinstance(field.type, MultiChoice):
        entries = (ctx.directory.entry(field.type.list, code) for code in value)
        return [entry.id for entry in entries if entry]
    return [int(v) for v in value]


def write_links(ctx: Ctx, changes: Sequence[Change]) -> None:
    """Write the rows of changed fields with several values: two statements at most, however many changes there are."""
    stale: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for change in changes:
        number = change.record.id
        for key, field in ctx.registry.fields(change.entity).items():
            if not field.type.multiple or key not in change.values:
                continue
            if change.verb == "update":
                if not change.changed(key):
                    continue
                stale.append({"of_record": number, "of_field": key})
            targets = target_ids(ctx, field, change.values[key])
            rows += [{"record_id": number, "field": key, "target_id": t, "position": i} for i, t in enumerate(targets)]
    if stale:
        table = changes[0].definition.model.__links__
        own = (table.c.record_id == sa.bindparam("of_record")) & (table.c.field == sa.bindparam("of_field"))
        ctx.session.execute(sa.delete(table).where(own), stale, execution_options=KERNEL)
    if rows:
        ctx.session.execute(sa.insert(changes[0].definition.model.__links__), rows, execution_options=KERNEL)


def refresh_search(ctx: Ctx, definition: EntityDef, changes: Sequence[Change]) -> None:
    """Work out the search text anew where a searched field changed; one statement a field that is a link."""
    searched = search_text.searched_fields(ctx, definition)
    wanted = [c for c in changes if c.verb == "create" or any(c.changed(f.key) for f in searched)]
    if wanted:
        found = [{f.key: change.get(f.key) for f in searched} for change in wanted]
        titles = search_text.linked_titles(ctx, definition, found)
        for change, values in zip(wanted, found, strict=True):
            change.record.search_text = search_text.build(ctx, definition, values, titles)
