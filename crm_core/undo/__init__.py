"""Undoing what the history holds: one change of a record, or a batch: a bulk action, an import, another undoing."""

from crm_core.undo.batch import JOB, active, draft, reasons, start, work
from crm_core.undo.changes import look as look_at_change
from crm_core.undo.changes import undo as undo_change
from crm_core.undo.preview import Preview, look
from crm_core.undo.steps import Step

__all__ = [
    "JOB",
    "Preview",
    "Step",
    "active",
    "draft",
    "look",
    "look_at_change",
    "reasons",
    "start",
    "undo_change",
    "work",
]
