"""What is like a record that somebody is typing (CT-61): a warning with a link, only to what he may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crm_core import records
from crm_core.access import allowed
from crm_core.change import Change
from crm_core.contributed_merges import DuplicateRule
from crm_core.duplicates import criteria
from crm_core.duplicates.criteria import Alternative
from crm_core.errors import FilterError, Invalid, Problem
from crm_core.fieldtypes import Text
from crm_core.filters import Cond, Node, and_
from crm_core.i18n import N_
from crm_core.records import ListQuery, values
from crm_core.records.reading import find, values_of
from crm_core.text import fold

if TYPE_CHECKING:
    from crm_core.context import Ctx

SHOWN = 3


def warnings(ctx: Ctx, entity: str, raw: Mapping[str, Any], record_id: int | None = None) -> list[Problem]:
    """Return what should be asked about before saving: what modules say, and records like the one being typed.

    Of a record that is like it ``params`` hold ``id`` and ``title``. Nothing is refused or written.
    """
    definition = ctx.registry.entity(entity)
    found = records.warnings(ctx, definition.key, raw, record_id)
    rule = criteria.rule_of(ctx, definition.key)
    if rule is not None and rule.warn and allowed(ctx, definition.key, "read"):
        found += _alike(ctx, _change(ctx, definition.key, raw, record_id), rule)
    return found


def _change(ctx: Ctx, entity: str, raw: Mapping[str, Any], record_id: int | None) -> Change:
    definition = ctx.registry.entity(entity)
    given, _ = values.parse(ctx, definition, raw)
    record = find(ctx, definition, record_id) if record_id else None
    old = values_of(ctx, definition, record) if record is not None else {}
    change = Change(definition, "update" if record is not None else "create", record, given, old)
    ctx.registry.hooks.before_write(ctx, change)
    return change


def _alike(ctx: Ctx, change: Change, rule: DuplicateRule) -> list[Problem]:
    definition = change.definition
    own = change.record.id if change.record is not None else None
    found: dict[int, Problem] = {}
    for text in rule.warn:
        try:
            (alternative,) = criteria.parse(ctx, definition, [text])
            node = _sought(change, alternative)
            if node is None:
                continue
            query = ListQuery((definition.title,), node, limit=SHOWN + 1, count=False)
            rows = records.list_(ctx, definition.key, query).items
        except (Invalid, FilterError):
            continue
        field = alternative.parts[0].field.key
        message = rule.message or N_("There is already a record like this")
        for row in rows:
            if row.id != own and len(found) < SHOWN:
                params = {"id": row.id, "title": row.title}
                found.setdefault(row.id, Problem(field, "warning", message, params, rule.plugin))
    return list(found.values())


def _sought(change: Change, alternative: Alternative) -> Node | None:
    """Return the filter of records like it; ``None`` where a value is missing or nothing of it was changed."""
    if not any(change.changed(part.field.key) for part in alternative.parts):
        return None
    parts: list[Node] = []
    merged = {part.field.key: change.get(part.field.key) for part in alternative.parts}
    for part in alternative.parts:
        found = [v for v in part.values(merged) if not isinstance(part.kind, Text) or fold(str(v))]
        if not found:
            return None
        path = f"{part.field.key}.{part.part.key}" if part.part is not None else part.path
        several = part.part is None and part.field.type.multiple
        conds = [Cond(path, "has" if several else "=", value) for value in found[:10]]
        parts.append(conds[0] if len(conds) == 1 else Cond(path, "in", tuple(found[:10])))
    return parts[0] if len(parts) == 1 else and_(*parts)
