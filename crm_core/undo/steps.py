"""The undoing of what was done to one record: what it would do, and what stands in its way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from crm_core import history
from crm_core.change import Change as WrittenChange
from crm_core.errors import Problem
from crm_core.history import FieldChange
from crm_core.i18n import N_
from crm_core.undo.net import Net

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import EntityDef

Key = tuple[str, int]
"""A record: entity and id."""
UNAVAILABLE = Problem(None, "unavailable", N_("It is not available to you"))
FINAL = frozenset({
    "changed", "comments", "deleted", "erased", "exists", "expired", "file", "files", "forbidden", "gone", "merged",
    "nothing", "readonly", "unavailable", "undone",
})  # fmt: skip
"""What stands in the way whatever else of a batch goes back; anything else may be gone once others went."""


@dataclass(frozen=True)
class Step:
    """The undoing of what was done to one record.

    ``effect`` is what is undone: an ``update`` goes back, what was made (``create``) is deleted, what was deleted
    (``delete``) comes back. ``changes`` lead from what is to what will be; ``written`` is the checked change, and
    ``sharing`` whom the record is shared with again.
    """

    net: Net
    title: str = ""
    changes: tuple[FieldChange, ...] = ()
    problems: tuple[Problem, ...] = ()
    diff: Mapping[str, Any] = field(default_factory=dict)
    """From what is to what will be, in stored form."""
    written: WrittenChange | None = None
    sharing: Mapping[int, bool] | None = None
    possible: bool = False
    hidden: bool = False
    """The record is not there for the actor: nothing may be said about it."""

    @property
    def effect(self) -> str:
        """Return what is undone: create, update or delete."""
        return self.net.effect

    @property
    def key(self) -> Key:
        """Return the record."""
        return self.net.entity, self.net.record_id

    @property
    def settled(self) -> bool:
        """Tell whether the rest of a batch can't change what stands in the way."""
        return all(problem.code in FINAL for problem in self.problems)


@dataclass(frozen=True)
class Sight:
    """What is known while records of one entity are looked at: the records, and what may be done to them."""

    ctx: Ctx
    definition: EntityDef
    records: Mapping[int, Any]
    refusal: Problem | None
    """Why the actor may not do it to any record."""
    allowed: Collection[int]

    def refused(self, record_id: int) -> Problem | None:
        """Return why the actor may not do it to a record that he sees."""
        if self.refusal is not None or record_id in self.allowed:
            return self.refusal
        return Problem(None, "forbidden", N_("You may read this record but not change it"))


def in_words(ctx: Ctx, steps: Sequence[Step]) -> list[Step]:
    """Return steps with what changes in the words of the actor, one statement a linked entity."""
    told: dict[Key, tuple[FieldChange, ...]] = {}
    by_entity: dict[str, list[Step]] = {}
    for step in steps:
        if step.diff:
            by_entity.setdefault(step.net.entity, []).append(step)
    for entity, found in by_entity.items():
        texts = history.in_words(ctx, entity, [step.diff for step in found])
        told.update({step.key: text for step, text in zip(found, texts, strict=True)})
    return [replace(step, changes=(*told.get(step.key, ()), *_shared(ctx, step))) for step in steps]


def _shared(ctx: Ctx, step: Step) -> tuple[FieldChange, ...]:
    if step.sharing is None or step.net.sharing is None:
        return ()
    return history.sharing_in_words(ctx, history.kept_sharing(step.net.sharing[1], step.sharing))


def may_be_told(ctx: Ctx, step: Step) -> bool:
    """Tell whether the actor may know that a batch holds this record: he sees it, or changed it himself."""
    return not step.hidden or any(row.actor_id == ctx.actor.id is not None for row in step.net.rows)
