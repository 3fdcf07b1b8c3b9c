"""Doing what steps say: the lines of history this writes name the changes they undo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from crm_core.errors import CrmError, Unavailable
from crm_core.fieldtypes import Link
from crm_core.records import many
from crm_core.records.actions import attempt
from crm_core.records.storing import Refused
from crm_core.records.writing import complete
from crm_core.undo.net import Net
from crm_core.undo.plan import examine_all
from crm_core.undo.steps import Key, Step

if TYPE_CHECKING:
    from crm_core.context import Ctx


class Left(CrmError):
    """Some of the records can't go back; ``errors`` say why, by entity and id. Nothing of the others may be kept."""

    def __init__(self, errors: Mapping[Key, CrmError]) -> None:
        """Keep the errors."""
        super().__init__()
        self.errors = errors


def write_all(ctx: Ctx, steps: Sequence[Step]) -> None:
    """Do what steps say that are possible: a bounded number of statements for each kind of record.

    What comes back comes first, and what it links to before it; what is deleted goes last, and what it links to after
    it.

    Raises:
        CrmError: the only one can't be written. Of several, :class:`Left` tells which.
    """
    steps = [step for step in steps if step.possible and step.written is not None]
    inside = replace(ctx, undoing={step.key: step.net.last for step in steps})
    kinds = list(_linked_first(ctx, {step.net.entity for step in steps}))
    for effect, entities in (("delete", kinds), ("update", kinds), ("create", kinds[::-1])):
        for entity in entities:
            group = [step for step in steps if step.net.entity == entity and step.effect == effect]
            if group:
                _write(inside, group)
    _bring(ctx, [net for step in steps if step.effect == "delete" for net in _dependents(step.net)])


def _linked_first(ctx: Ctx, entities: set[str]) -> Iterator[str]:
    """Yield kinds of record so that one comes after those it links to, where they don't link in circles."""
    waiting = sorted(entities)
    while waiting:
        free = [key for key in waiting if not (_targets(ctx, key) - {key}) & set(waiting)] or waiting[:1]
        yield from free
        waiting = [key for key in waiting if key not in free]


def _targets(ctx: Ctx, entity: str) -> set[str]:
    return {f.type.target for f in ctx.registry.fields(entity).values() if isinstance(f.type, Link)}


def _write(ctx: Ctx, steps: Sequence[Step]) -> None:
    """Write steps of one entity and one effect.

    Raises:
        CrmError: see :func:`write_all`.
    """
    changes = {step.net.record_id: step.written for step in steps if step.written is not None}
    for change in changes.values():
        complete(ctx, change)
    try:
        if steps[0].effect == "update":
            sharing = {step.net.record_id: step.sharing for step in steps if step.sharing is not None}
            many.update(ctx, list(changes.values()), sharing)
        elif steps[0].effect == "create":
            many.delete(ctx, list(changes.values()))
        else:
            many.restore(ctx, changes, {step.net.record_id: step.net.kept for step in steps})
    except Refused as refused:
        entity = steps[0].net.entity
        raise Left({(entity, number): error for number, error in refused.errors.items()}) from refused


def _bring(ctx: Ctx, nets: Iterable[Net]) -> None:
    """Bring back records that went with deleted ones, where they still can: others they need may be gone too."""
    lost = list({(net.entity, net.record_id): net for net in nets}.values())
    if not lost:
        return
    try:
        with attempt(ctx):
            write_all(ctx, examine_all(ctx, lost))
    except Unavailable:
        raise
    except CrmError:
        for net in lost if len(lost) > 1 else ():
            _bring(ctx, [net])


def _dependents(net: Net) -> Iterator[Net]:
    for one in net.kept.get("dependents", ()):
        diff = {key: [value, None] for key, value in one["values"].items()}
        yield replace(net, entity=one["entity"], record_id=one["id"], title=one["title"], diff=diff, kept=one["kept"])
