"""What the undoing of changes would do, and what stands in its way; looking writes nothing.

Many records are looked at together: the number of statements depends on the kinds of record, fields and links that are
met, not on how many records there are. One change of one record is a list of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crm_core import history
from crm_core.access import require
from crm_core.errors import Forbidden, Problem
from crm_core.i18n import N_
from crm_core.records.reading import existing, find_many, permitted
from crm_core.titles import words_of
from crm_core.undo import back, comeback, removal
from crm_core.undo.net import Net
from crm_core.undo.steps import UNAVAILABLE, Key, Sight, Step, in_words

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import EntityDef


def examine(ctx: Ctx, net: Net) -> Step:
    """Return what the undoing would do to one record."""
    return in_words(ctx, examine_all(ctx, [net]))[0]


def examine_all(ctx: Ctx, nets: Sequence[Net], *, lock: bool = False, lenient: bool = False) -> list[Step]:
    """Return what the undoing would do to each record, in order, each record once.

    Args:
        ctx: the operation.
        nets: what was done, the newest first.
        lock: keep others from changing the records that go back.
        lenient: a record that goes back is in nobody's way; otherwise one that is deleted in the same go.
    """
    steps: dict[Key, Step] = {}
    for entity, group in _by_entity(nets).items():
        definition = ctx.registry.entities.get(entity)
        if definition is None:
            steps.update({(n.entity, n.record_id): Step(n, hidden=True, problems=(UNAVAILABLE,)) for n in group})
            continue
        known, there = _known(ctx, definition, group, lock=lock)
        steps.update({step.key: step for step in known})
        for effect, action, look in (("update", "update", back.go_back), ("create", "delete", removal.remove)):
            wanted = [net for net in group if net.effect == effect and (net.entity, net.record_id) not in steps]
            if wanted:
                sight = _sight(ctx, definition, {n.record_id: there[n.record_id] for n in wanted}, action)
                steps.update({step.key: step for step in look(sight, wanted)})
    returning = [net for net in nets if (net.entity, net.record_id) not in steps]
    steps.update({step.key: step for step in comeback.come_back(ctx, returning)})
    ordered = [steps[net.entity, net.record_id] for net in nets]
    return removal.leave_linked(ctx, ordered, lenient=lenient)


def _by_entity(nets: Iterable[Net]) -> dict[str, list[Net]]:
    found: dict[str, list[Net]] = {}
    for net in nets:
        found.setdefault(net.entity, []).append(net)
    return found


def _known(ctx: Ctx, definition: EntityDef, nets: Sequence[Net], *, lock: bool) -> tuple[list[Step], dict[int, Any]]:
    """Return the steps of records nothing more need be asked about, and the records that are there."""
    words = words_of(ctx, definition.key)
    ids = [net.record_id for net in nets if net.effect != "delete"]
    there = find_many(ctx, definition, ids, lock=lock)
    unseen = existing(ctx, definition, missing) if (missing := [i for i in ids if i not in there]) else set()
    found = []
    for net in nets:
        if net.effect != "delete" and net.record_id in unseen:
            found.append(Step(net, hidden=True, problems=(UNAVAILABLE,)))
        elif history.is_too_old(ctx, net.at):
            found.append(_refused(net, words(net.title), "expired", N_("It was done too long ago to be undone")))
        elif any(history.is_erased(row) for row in net.rows):
            found.append(_refused(net, words(net.title), "erased", N_("Personal data was erased here for good")))
        elif net.effect != "delete" and net.record_id not in there:
            found.append(_refused(net, words(net.title), "deleted", N_("The record was deleted")))
        elif net.effect not in ("create", "update", "delete"):
            found.append(_refused(net, words(net.title), "nothing", N_("There is nothing to undo")))
    return found, there


def _refused(net: Net, title: str, code: str, message: str) -> Step:
    return Step(net, title, problems=(Problem(None, code, message),))


def _sight(ctx: Ctx, definition: EntityDef, records: Mapping[int, Any], action: str) -> Sight:
    try:
        require(ctx, definition.key, action)
    except Forbidden as error:
        return Sight(ctx, definition, records, Problem(None, "forbidden", error.message, error.params), set())
    return Sight(ctx, definition, records, None, permitted(ctx, definition, records, action))
