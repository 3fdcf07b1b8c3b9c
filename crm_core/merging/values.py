"""The values of a merged record: for each field what one of the records has, or what all have together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crm_core.contributions import EntityDef, FieldDef
from crm_core.errors import Problem
from crm_core.fieldtypes import Boolean, Computed, Lines, Link, LongText
from crm_core.i18n import N_
from crm_core.text import fold_once

if TYPE_CHECKING:
    from crm_core.context import Ctx

ALL = "all"
"""The choice of what all records have together."""
KEPT_APART = frozenset({"created_at", "created_by", "updated_at", "updated_by"})
_SURVIVORS = frozenset({"owner", "team", "visibility"})
Choice = int | str
"""The id of the record whose value is taken, or :data:`ALL`."""


def merged_fields(ctx: Ctx, definition: EntityDef) -> dict[str, FieldDef]:
    """Return the fields whose value is chosen or worked out, by key."""
    fields = ctx.registry.fields(definition.key)
    return {k: f for k, f in fields.items() if not isinstance(f.type, Computed) and k not in KEPT_APART}


def may_unite(field: FieldDef) -> bool:
    """Tell whether the values of several records can be one: several values, lines, long texts."""
    return field.type.multiple or isinstance(field.type, Lines | LongText)


def is_empty(value: Any) -> bool:
    """Tell whether there is no value."""
    return value is None or value in ("", [], {})


def default(field: FieldDef, ids: Sequence[int], values: Sequence[Any]) -> Choice:
    """Return what is taken unless somebody chooses: the survivor's value, for an empty one the next record's.

    Several values, lines and long texts are united; of yes and no, yes stays: a wish not to be written to, too.
    """
    if field.key in _SURVIVORS:
        return ids[0]
    if isinstance(field.type, LongText):
        texts = {fold_once(str(v)) for v in values if not is_empty(v)}
        return ALL if len(texts) > 1 and len(_joined(values)) <= field.type.length else _first(ids, values)
    if may_unite(field):
        return ALL
    if isinstance(field.type, Boolean):
        return next((i for i, v in zip(ids, values, strict=True) if v), ids[0])
    return _first(ids, values)


def _first(ids: Sequence[int], values: Sequence[Any]) -> int:
    return next((i for i, v in zip(ids, values, strict=True) if not is_empty(v)), ids[0])


def taken(field: FieldDef, choice: Choice, ids: Sequence[int], values: Sequence[Any]) -> Any:
    """Return the value of a choice; links among the merged records themselves are left out."""
    if choice != ALL:
        found = values[ids.index(int(choice))]
    elif isinstance(field.type, Lines):
        found = lines(field.type, values)
    elif field.type.multiple:
        found = list(dict.fromkeys(item for value in values for item in value or ()))
    else:
        found = _joined(values)
    return found


def without_selves(field: FieldDef, entity: str, ids: Sequence[int], value: Any) -> Any:
    """Return a value without links to the merged records: a record doesn't link to itself."""
    if isinstance(field.type, Link) and field.type.target == entity and value:
        if isinstance(value, list):
            return [v for v in value if v not in ids]
        return None if value in ids else value
    return value


def lines(kind: Lines, values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the lines of all records, each once: equal are those whose significant parts are, case apart."""
    found: dict[Any, dict[str, Any]] = {}
    for value in values:
        for line in value or ():
            key = tuple(fold_once(str(line.get(part) or "")) for part in kind.line.significant)
            found.setdefault(key, dict(line))
    return list(found.values())


def _joined(values: Sequence[Any]) -> str:
    """Return the long texts of all records one after the other; one that another holds is left out."""
    texts = [str(v).strip() for v in values if not is_empty(v)]
    found: list[str] = []
    for text in texts:
        if not any(fold_once(text) in fold_once(other) for other in found):
            found = [*(o for o in found if fold_once(o) not in fold_once(text)), text]
    return "\n\n".join(found)


def check(
    definition: EntityDef, fields: Mapping[str, FieldDef], allowed: frozenset[str], ids: Sequence[int],
    choices: Mapping[str, Any],
) -> list[Problem]:  # fmt: skip
    """Return what is wrong with choices."""
    problems = []
    for key, choice in choices.items():
        field = fields.get(key)
        if field is None or key not in allowed:
            problems.append(Problem(key[:80], "unknown", N_("This field can't be chosen")))
        elif choice == ALL and not may_unite(field):
            problems.append(Problem(key, "choice", N_("%(label)s has one value only"), {"label": field.title()}))
        elif choice != ALL and choice not in ids:
            message = N_("Give the id of one of the merged records, or all")
            problems.append(Problem(key, "choice", message))
    return problems
