"""Routes beside those that every kind of record has: the plan of an erasure, and the trial of a rule."""

from __future__ import annotations

from typing import Any

from crm_contacts.api import CONTACT

from crm_core.api import RestRoutes, access, record_answer, records, rest
from crm_privacy import consents, erasures, retention
from crm_privacy.models import ARCHIVE, ERASURE, RULE

_TEXT: dict[str, Any] = {"type": "string"}
_WHOLE: dict[str, Any] = {"type": "integer"}
_FIELD = rest.shape("key label", key=_TEXT, label=_TEXT)
_COUNT = rest.shape("entity label count", entity=_TEXT, label=_TEXT, count=_WHOLE)
_KEPT = rest.shape(
    "entity id reason fields", entity=_TEXT, id=_WHOLE, reason=_TEXT, fields={"type": "array", "items": _TEXT}
)
_STATE = rest.shape(
    "channel state at source", channel=_TEXT, state=_TEXT, at=_TEXT, source={"type": ["string", "null"]}
)


def _list(item: Any) -> dict[str, Any]:
    return {"type": "array", "items": item}


_PLAN = rest.shape(
    "record how emptied stays deleted linked comments files history kept problems possible",
    record=_TEXT, how=_TEXT, emptied=_list(_FIELD), stays=_list(_FIELD), deleted=_list(_COUNT), linked=_list(_COUNT),
    comments=_WHOLE, files=_WHOLE, history=_WHOLE, kept=_list(_KEPT), problems=_list(_TEXT),
    possible={"type": "boolean"},
)  # fmt: skip
_NAMED: dict[str, Any] = {"type": "string", "maxLength": 100}
_ERASE = rest.shape(
    "subject how", subject=_NAMED, how={"type": "string", "enum": ["anonymise", "delete"]},
    with_comments={"type": "boolean"}, with_mentions={"type": "boolean"},
    reason={"type": "string", "enum": ["request", "retention", "other"]},
)  # fmt: skip
_TITLED = rest.shape("id title", id=_WHOLE, title=_TEXT)
_HELD = rest.shape("id title reason", id=_WHOLE, title=_TEXT, reason=_TEXT)
_TRIAL = rest.shape(
    "count kept how source records kept_records", count=_WHOLE, kept=_WHOLE, how=_TEXT, source=_TEXT,
    records=_list(_TITLED), kept_records=_list(_HELD),
)  # fmt: skip


def plan(call: rest.Call) -> rest.Answer:
    """Say what an erasure would do."""
    found = erasures.plan_of(call.ctx, call.text("record"), call.text("how") or "anonymise")
    return rest.Answer(erasures.told(call.ctx, found))


def erase(call: rest.Call) -> rest.Answer:
    """Erase for good."""
    body = dict(call.body)
    made = erasures.erase(call.ctx, str(body.pop("subject", "")), str(body.pop("how", "")), {}, body)
    return _made(call, ERASURE, "erasures", made.id)


def archive(call: rest.Call) -> rest.Answer:
    """Have an archive written."""
    definition, number = erasures.named(call.ctx, str(call.body.get("record", "")), "record")
    made = records.create(call.ctx, ARCHIVE, {"record": f"{definition.key}:{number}"})
    return _made(call, ARCHIVE, "person-archives", made.id)


def _made(call: rest.Call, entity: str, slug: str, number: int) -> rest.Answer:
    answer = record_answer(call.ctx, entity, number, 201)
    answer.headers["Location"] = f"{rest.PREFIX}/{slug}/{number}"
    return answer


def trial(call: rest.Call) -> rest.Answer:
    """Say what a rule would do."""
    access.require(call.ctx, RULE, "read")
    return rest.Answer(retention.trial(call.ctx, call.id))


def state(call: rest.Call) -> rest.Answer:
    """Say what holds on each channel of a contact."""
    records.get(call.ctx, CONTACT, call.id)
    held = consents.present(consents.log(call.ctx, call.id)).values()
    items = [
        {"channel": r.values["channel"], "state": r.values["state"], "at": r.values["at"].isoformat(),
         "source": r.values["source"]}
        for r in held
    ]  # fmt: skip
    return rest.Answer({"items": items})


def routes() -> tuple[rest.Route, ...]:
    """Return the routes."""
    record = rest.Param("record", "Kind and number, such as `contacts:5`.", {"type": "string", "maxLength": 100}, True)
    how = rest.Param("how", "`anonymise` unless given.", {"type": "string", "enum": ["anonymise", "delete"]})
    return (
        rest.Route(
            method="GET", path="/erasures/plan", handler=plan, summary="What an erasure would do", tag="privacy",
            parameters=(record, how), answers={200: _PLAN},
            help="Nothing is written. `POST /erasures` with the same `subject` and `how` does it, for good.",
        ),
        rest.Route(
            method="POST", path="/erasures", handler=erase, summary="Erase a person's data for good", tag="privacy",
            scope="write", body=_ERASE, location=True, etag=True, answers={201: rest.ref(ERASURE)},
            help="Nothing of it can be undone; ask for the plan first. What is made is the trace that stays.",
        ),
        rest.Route(
            method="POST", path="/person-archives", handler=archive, summary="Have a person's data written to a file",
            tag="privacy", scope="write", body=rest.shape("record", record=_NAMED), location=True, etag=True,
            answers={201: rest.ref(ARCHIVE)},
            help="A job writes it; `file` is there once `state` is `done`: `GET /files/{file}`. Only who asked has it.",
        ),
        rest.Route(
            method="GET", path="/retention-rules/{id}/trial", handler=trial, summary="What a rule would do now",
            tag="privacy", answers={200: _TRIAL},
        ),
        rest.Route(
            method="GET", path="/contacts/{id}/consents", handler=state, summary="What a contact consents to now",
            tag="privacy", answers={200: rest.items_of(_STATE)}, help="The whole log: `GET /consents?contact=…`.",
        ),
    )  # fmt: skip


ROUTES = RestRoutes(routes=routes)
