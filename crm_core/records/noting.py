"""Lines of history of many records, written at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from crm_core import history, recording
from crm_core.models import Change
from crm_core.records.bulkwriter import insert_rows

if TYPE_CHECKING:
    from crm_core.context import Ctx


class Note(NamedTuple):
    """What a line of history says of one record."""

    record_id: int
    title: str
    diff: Mapping[str, Any] | None = None
    kept: Mapping[str, Any] | None = None


def note_many(ctx: Ctx, entity: str, action: str, notes: Iterable[Note]) -> None:
    """Write a line of history for each record, what it undoes included, in the operation's transaction."""
    common = history.row(ctx, entity, 0, "", action)
    own = ("record_id", "title", "diff", "kept", "recorded", "action", "undoes_id", "effect")
    shared = {key: value for key, value in common.items() if key not in own}

    def rows() -> Iterable[tuple[Any, ...]]:
        for note in notes:
            done = history.undone(ctx, entity, note.record_id, action)
            shown = recording.wanted(ctx, entity, action, note.diff or ())
            values = (note.record_id, note.title[:200], note.diff or None, note.kept or None, shown)
            yield (*values, done.action, done.undoes_id, done.effect, *shared.values())

    insert_rows(ctx, Change.__table__, (*own, *shared), rows())  # type: ignore[arg-type]
