"""Values of history against those of today: whether a field is as a change left it, and what may be set again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crm_core import history
from crm_core.errors import Problem
from crm_core.fieldtypes import Lines, Money
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import FieldDef
    from crm_core.models import Change


def same(field: FieldDef, one: Any, other: Any) -> bool:
    """Tell whether two stored values mean the same: numbers to their last digit, lines without their ids."""
    return bool(_plain(field, one) == _plain(field, other))


def _plain(field: FieldDef, stored: Any) -> Any:
    if stored in (None, []):
        return None
    if isinstance(field.type, Lines):
        keys = [f.key for f in field.type.line.fields]
        return [{k: line.get(k) for k in keys} for line in stored]
    return stored if field.type.multiple else field.type.dump(field.type.load(stored))


def given(field: FieldDef, old: Any, now: Any) -> Any:
    """Return a stored value as input: parts that are no more are left out, and ids of lines that are gone."""
    if not isinstance(field.type, Lines):
        return [] if old is None and field.type.multiple else old
    parts = {f.key for f in field.type.line.fields}
    ids = {line.get("id") for line in now or ()}
    return [{k: v for k, v in line.items() if k in parts or (k == "id" and v in ids)} for line in old or ()]


def bound(fields: Mapping[str, FieldDef], key: str) -> Iterator[str]:
    """Yield the fields whose value a field's depends on: an amount is worth nothing in another currency."""
    kind = fields[key].type
    if isinstance(kind, Money) and kind.currency.startswith("field:"):
        yield kind.currency.removeprefix("field:")
    for other in fields.values():
        if isinstance(other.type, Money) and other.type.currency == f"field:{key}":
            yield other.key


class Since:
    """What happened to a record since a change: whether a field was touched, and by whom."""

    def __init__(
        self, fields: Mapping[str, FieldDef], rows: Sequence[Change], last: int, now: Mapping[str, Any]
    ) -> None:
        """Keep the lines of history that are not the change's own, its newest line, and the stored values of today."""
        self.fields, self.now = fields, now
        self.rows = rows
        self._last = last

    def conflict(self, ctx: Ctx, key: str, left: Any) -> Problem | None:
        """Return why a field can't go back from the value it was ``left`` with, ``None`` when it can."""
        between = any(key in (row.diff or {}) for row in self.rows if row.id < self._last)
        if between or not same(self.fields[key], self.now.get(key), left):
            return changed_since(ctx, key, self._touching([key]))
        for other in bound(self.fields, key):
            later = (r.diff for r in self.rows if r.id > self._last and r.diff)
            first = next((diff[other][0] for diff in later if other in diff), ...)
            if first is not ... and other in self.fields and not same(self.fields[other], self.now.get(other), first):
                return changed_since(ctx, key, self._touching([other]))
        return None

    def _touching(self, keys: Iterable[str]) -> Change | None:
        found = [row for row in self.rows if row.diff and any(key in row.diff for key in keys)]
        return found[-1] if found else None


def changed_since(ctx: Ctx, key: str | None, by: Change | None) -> Problem:
    """Return the reason that something newer stands in the way."""
    if by is None:
        return Problem(key, "changed", N_("It was changed since"))
    if by.action == "undo" and by.undoes_id is not None:
        return Problem(key, "undone", N_("%(name)s has undone it already"), {"name": by.actor})
    return Problem(key, "changed", N_("%(name)s has changed it since"), {"name": by.actor})


def stored_now(fields: Mapping[str, FieldDef], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's values in the form history keeps them."""
    return {key: history.stored(fields[key], value) for key, value in values.items() if key in fields}
