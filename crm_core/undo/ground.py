"""What has to be there before records go back: merged entries and removed tags that a batch is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from crm_core import batches, list_merging, tag_merging

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.models import Batch

_RESTORING: Mapping[str, Callable[[Ctx, Batch], None]] = {
    batches.MERGE: list_merging.unmerge,
    batches.TAGS_MERGED: tag_merging.bring_back,
    batches.TAG_DELETED: tag_merging.bring_back,
}
_RESTORED: Mapping[str, Callable[[Ctx, Batch], Ctx]] = {
    batches.MERGE: list_merging.as_unmerged,
    batches.TAGS_MERGED: tag_merging.as_brought_back,
    batches.TAG_DELETED: tag_merging.as_brought_back,
}


def restore(ctx: Ctx, batch: Batch) -> None:
    """Let what a batch took from everywhere be there again.

    Raises:
        Forbidden: the actor is no administrator.
        Conflict: something else has its name by now.
    """
    if batch.kind in _RESTORING:
        _RESTORING[batch.kind](ctx, batch)


def as_restored(ctx: Ctx, batch: Batch) -> Ctx:
    """Return the operation as it is once that is there again, though this process may not have read it yet."""
    return _RESTORED[batch.kind](ctx, batch) if batch.kind in _RESTORED else ctx
