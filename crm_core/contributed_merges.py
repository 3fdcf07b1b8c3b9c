"""What a plugin contributes to merging records and to finding duplicates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm_core.contributions import Contribution

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.errors import Problem


@dataclass(frozen=True, kw_only=True)
class Merge:
    """Records of one kind that become one: ``survivor`` stays, ``others`` go. Both are instances of the model."""

    entity: str
    survivor: Any
    others: Sequence[Any]


@dataclass(frozen=True, kw_only=True)
class MergeRule(Contribution):
    """What a module adds to the merging of an entity's records, its own or another's.

    ``check(ctx, merge)`` yields problems that forbid it; it is asked for the preview too and must not write.
    ``adjust(ctx, merge, values)`` may change the values that the survivor gets, by field key.
    ``before(ctx, merge)`` runs in the transaction, when nothing has moved yet: what would stand twice can go here.
    ``derived(ctx, merge)`` yields keys of fields that follow from others in these records: nobody chooses them.
    ``after(ctx, merge)`` runs when links and values are the survivor's and the others are gone. Links by fields, lines,
    custom fields and foreign keys follow by themselves and need no rule.
    """

    entity: str
    check: Callable[[Ctx, Merge], Iterable[Problem]] | None = None
    adjust: Callable[[Ctx, Merge, dict[str, Any]], None] | None = None
    derived: Callable[[Ctx, Merge], Iterable[str]] | None = None
    before: Callable[[Ctx, Merge], None] | None = None
    after: Callable[[Ctx, Merge], None] | None = None


@dataclass(frozen=True, kw_only=True)
class DuplicateRule(Contribution):
    """How duplicates of an entity are looked for, unless a person chooses otherwise.

    ``on`` are alternatives: one that fits is enough; the fields of one must all fit (``"last_name, emails"``). A field
    may name how it is compared: ``name:fuzzy``, ``code:exact``; without it case, accents, legal forms, writings of
    phone numbers and tags of mail addresses make no difference. ``names`` are fields that are no proof by themselves:
    groups found by nothing else are not merged many at a time. ``warn`` are the alternatives a person is warned of
    while typing a new record (CT-61); ``message`` says what is the matter.
    """

    entity: str
    on: tuple[str, ...]
    names: tuple[str, ...] = ()
    warn: tuple[str, ...] = ()
    message: str = ""
