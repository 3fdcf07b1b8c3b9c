"""A look at what undoing a batch would do: counts of the whole of it, and a page of records with the reasons.

What only a look at a record tells (rights, links of others, rules of modules) is told of the page, and counted as far
as that goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_core import batches
from crm_core.models import Batch
from crm_core.undo import ground
from crm_core.undo.counting import BACK, CHANGED, GONE, OFF, PART, Counting
from crm_core.undo.net import nets_of
from crm_core.undo.plan import examine_all
from crm_core.undo.steps import Step, in_words, may_be_told

if TYPE_CHECKING:
    from crm_core.context import Ctx

LOOKED_AT = 100
"""Records of a batch that are looked at one by one; those that changed or went since come first."""
_REASONS: Mapping[str, str] = {"changed": CHANGED, "undone": CHANGED, "deleted": GONE, "exists": GONE}


@dataclass(frozen=True)
class Preview:
    """What undoing a batch would do.

    ``total`` counts the records of the batch: ``undone`` would go back, wholly or in part; of ``changed`` something was
    changed since; ``gone`` are not there any more, or there again where they were deleted. ``steps`` are a page of
    them.
    """

    batch: Batch
    steps: Sequence[Step]
    total: int
    undone: int
    changed: int
    gone: int

    @property
    def more(self) -> bool:
        """Tell whether there are records that were not looked at one by one."""
        return self.total > len(self.steps)

    @property
    def left(self) -> Sequence[Step]:
        """Return the records of the page that would stay as they are, or come back only in part."""
        return [step for step in self.steps if step.problems]


def look(ctx: Ctx, batch_id: int, limit: int = LOOKED_AT) -> Preview:
    """Return what undoing a batch would do, and what stands in its way.

    Raises:
        NotFound: there is no such batch, or it is another person's and the actor doesn't administer.
    """
    batch = batches.find(ctx, batch_id)
    counting = Counting(ctx, batch.id)
    counts, page = Counter(counting.counts()), counting.page(limit)
    inside = ground.as_restored(ctx, batch)
    nets = sorted(nets_of(ctx, batch.id, [(one.entity, one.record_id) for one in page]), key=lambda n: -n.last)
    steps = in_words(inside, examine_all(inside, nets, lenient=True))
    # What was looked at is counted as it was found.
    counts.subtract(one.state for one in page)
    told = [step for step in steps if may_be_told(ctx, step)]
    counts.update(_state(step) for step in told)
    return Preview(
        batch, told, counts.total(),
        counts[BACK] + counts[PART], counts[CHANGED] + counts[PART], counts[GONE],
    )  # fmt: skip


def _state(step: Step) -> str:
    found = {_REASONS.get(problem.code, OFF) for problem in step.problems}
    if step.possible:
        return PART if CHANGED in found else BACK
    return next((state for state in (GONE, CHANGED) if state in found), OFF)
