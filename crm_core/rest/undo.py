"""Routes of undoing: one change of a record, or a batch of changes that were made as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crm_core import batches, history, undo
from crm_core.history import FieldChange, HistoryEntry
from crm_core.models import Batch
from crm_core.rest.routing import BEFORE, LIMIT, PREFIX, Answer, Call, Param, Route, items_of, shape
from crm_core.undo import Preview, Step

_TEXT: dict[str, Any] = {"type": "string"}
_WHEN: dict[str, Any] = {"type": "string", "format": "date-time"}
_WHOLE: dict[str, Any] = {"type": "integer"}
_WHO: dict[str, Any] = {"type": ["integer", "null"]}
_FLAG: dict[str, Any] = {"type": "string", "enum": ["0", "1"]}
_EVERYONE = Param("everyone", "1 lists what all people did, for administrators.", _FLAG)
_DRY = Param("dry_run", "1 says what would happen and changes nothing.", _FLAG)
_NEXT = {"type": ["integer", "null"]}


def _reason(problem: Any) -> dict[str, Any]:
    return {"field": problem.field, "code": problem.code, "message": problem.text()}


def _field_change(change: FieldChange) -> dict[str, str]:
    return {"field": change.key, "label": change.label, "from": change.old, "to": change.new}


def step_document(step: Step) -> dict[str, Any]:
    """Return the undoing of one record's change as JSON shows it."""
    known = not step.hidden
    return {
        "change": step.net.last if known else None,
        "entity": step.net.entity if known else None,
        "record": step.net.record_id if known else None,
        "title": step.title,
        "undoes": step.effect if known else "",
        "possible": step.possible,
        "changes": [_field_change(c) for c in step.changes],
        "reasons": [_reason(p) for p in step.problems],
    }


def undo_change(call: Call) -> Answer:
    """Undo one change, or say what would happen."""
    dry = call.flag("dry_run", False)
    step = undo.look_at_change(call.ctx, call.id) if dry else undo.undo_change(call.ctx, call.id)
    return Answer({**step_document(step), "dry_run": dry})


def deletions(call: Call) -> Answer:
    """Answer the deleted records that are still gone, with the change that undoing brings each back by."""
    limit = call.whole("limit") or 50
    everyone = call.flag("everyone", False)
    found = history.deletions(call.ctx, everyone=everyone, before=call.whole("before"), limit=limit)
    return Answer({"items": [_deletion(e) for e in found], "next": found[-1].id if len(found) == limit else None})


def _deletion(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "id": entry.id, "at": entry.at, "actor": entry.actor, "actor_id": entry.actor_id, "entity": entry.entity,
        "record": entry.record_id, "title": entry.title, "batch": entry.batch_id,
    }  # fmt: skip


def list_(call: Call) -> Answer:
    """Answer one's own batches, the newest first."""
    limit = call.whole("limit") or 50
    everyone = call.flag("everyone", False)
    found = batches.recent(call.ctx, everyone=everyone, before=call.whole("before"), limit=limit)
    return Answer({"items": [_batch(call, b) for b in found], "next": found[-1].id if len(found) == limit else None})


def get(call: Call) -> Answer:
    """Answer one batch."""
    return Answer(_batch(call, batches.find(call.ctx, call.id)))


def _batch(call: Call, batch: Batch) -> dict[str, Any]:
    outcome = batch.outcome or {}
    own = batch.actor_id == call.ctx.actor.id or call.ctx.actor.system
    return {
        "id": batch.id,
        "kind": batch.kind,
        "entity": batch.entity,
        "label": batch.label,
        "actor": batch.actor,
        "actor_id": batch.actor_id,
        "at": batch.at,
        "size": batch.size if own else None,
        "state": batch.state,
        "job": batch.job_id,
        "undoes": batch.undoes_id,
        "undone": outcome.get("undone", 0),
        "left": outcome.get("left", 0),
        "reasons": [{"message": text, "count": n} for text, n in outcome.get("reasons", {}).items()],
    }


def undo_batch(call: Call) -> Answer:
    """Undo a batch, or say what would happen."""
    if call.flag("dry_run", False):
        return Answer(preview_document(undo.look(call.ctx, call.id)))
    made = undo.start(call.ctx, call.id)
    if made.job_id is None:
        return Answer(_batch(call, made))
    answer = Answer(_batch(call, made), 202)
    answer.headers["Location"] = f"{PREFIX}/batches/{made.id}"
    return answer


def preview_document(found: Preview) -> dict[str, Any]:
    """Return a look at the undoing of a batch as JSON shows it: counts, and the records that would stay."""
    steps: Sequence[Step] = found.left
    return {
        "dry_run": True, "batch": found.batch.id, "total": found.total, "undone": found.undone,
        "left": found.total - found.undone, "changed": found.changed, "gone": found.gone,
        "looked_at": len(found.steps), "more": found.more,
        "items": [step_document(s) for s in steps],
    }  # fmt: skip


_CHANGE = shape("field label from to", field=_TEXT, label=_TEXT, to=_TEXT, **{"from": _TEXT})
_REASON = shape("field code message", field={"type": ["string", "null"]}, code=_TEXT, message=_TEXT)
_STEP: dict[str, Any] = shape(
    "change entity record title undoes possible changes reasons",
    change=_WHO, entity={"type": ["string", "null"]}, record=_WHO, title=_TEXT, undoes=_TEXT,
    possible={"type": "boolean"}, changes={"type": "array", "items": _CHANGE},
    reasons={"type": "array", "items": _REASON}, dry_run={"type": "boolean"},
)  # fmt: skip
_BATCH = shape(
    "id kind entity label actor actor_id at size state job undoes undone left reasons",
    id=_WHOLE, kind={"type": "string", "enum": [*batches.KINDS]}, entity=_TEXT, label=_TEXT, actor=_TEXT,
    actor_id=_WHO, at=_WHEN, size=_WHO, state=_TEXT, job=_WHO, undoes=_WHO, undone=_WHOLE, left=_WHOLE,
    reasons={"type": "array", "items": shape("message count", message=_TEXT, count=_WHOLE)},
)  # fmt: skip
_LOOK = shape(
    "dry_run batch total undone left changed gone looked_at more items",
    dry_run={"type": "boolean"}, batch=_WHOLE, total=_WHOLE, undone=_WHOLE, left=_WHOLE, changed=_WHOLE, gone=_WHOLE,
    looked_at=_WHOLE, more={"type": "boolean"}, items={"type": "array", "items": _STEP},
)  # fmt: skip
_DELETION = shape(
    "id at actor actor_id entity record title batch",
    id=_WHOLE, at=_WHEN, actor=_TEXT, actor_id=_WHO, entity=_TEXT, record=_WHOLE, title=_TEXT, batch=_WHO,
)  # fmt: skip
_HELP = (
    "What was changed goes back, what was made is deleted, what was deleted comes back, where nothing newer stands in "
    "the way; `reasons` say what could not be undone. One undoes one's own changes; administrators everybody's."
)

ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/history/deletions", handler=deletions, summary="Deleted records", tag="undo",
          parameters=(LIMIT, BEFORE, _EVERYONE), answers={200: items_of(_DELETION, next=_NEXT)}),
    Route(method="POST", path="/history/{id}/undo", handler=undo_change, summary="Undo a change", tag="undo",
          help=_HELP, scope="write", parameters=(_DRY,), answers={200: _STEP}),
    Route(method="GET", path="/batches", handler=list_, summary="Batches of changes", tag="undo",
          help="Bulk actions, imports and undoings: changes that were made as one.",
          parameters=(LIMIT, BEFORE, _EVERYONE), answers={200: items_of(_BATCH, next=_NEXT)}),
    Route(method="GET", path="/batches/{id}", handler=get, summary="One batch", tag="undo", answers={200: _BATCH}),
    Route(method="POST", path="/batches/{id}/undo", handler=undo_batch, summary="Undo a batch", tag="undo",
          help=_HELP + " A large batch is undone by a job (202): the answer is the batch the undoing is itself. "
               "With `dry_run` the answer counts the whole batch: `undone` go back, wholly or in part, of `changed` "
               "something was changed since, `gone` are not there any more or there again. `items` are records that "
               "would stay, wholly or in part, of the `looked_at` whose rights and rules were looked at; `more` "
               "when there are others.",
          scope="write", parameters=(_DRY,), answers={200: {"anyOf": [_BATCH, _LOOK]}, 202: _BATCH}, location=True),
)  # fmt: skip
