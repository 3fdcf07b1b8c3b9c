"""Routes of duplicates: scans of a kind of record, the groups found, pairs that are none, and warnings while typing."""

from __future__ import annotations

from typing import Any

from crm_core import duplicates
from crm_core.errors import NotFound
from crm_core.filters import parse
from crm_core.i18n import N_
from crm_core.models import DuplicateScan
from crm_core.rest import bodies
from crm_core.rest.routing import ID, MAX_ID, PREFIX, Answer, Call, Param, Route, items_of, ref, shape
from crm_core.rest.serial import Serializer

_TEXT: dict[str, Any] = {"type": "string"}
_WHOLE: dict[str, Any] = {"type": "integer"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_BODY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "on": {"type": "array", "items": {"type": "string", "maxLength": 500}, "maxItems": 8},
        "filter": {"type": "string", "maxLength": 10_000},
        "q": {"type": "string", "maxLength": 500},
    },
    "additionalProperties": False,
}
_IDS: dict[str, Any] = {
    "type": "object",
    "properties": {"ids": {"type": "array", "items": ID, "maxItems": 50}},
    "required": ["ids"],
    "additionalProperties": False,
}
_NUMBERS: dict[str, Any] = {
    "type": "object",
    "properties": {"groups": {"type": "array", "items": ID, "maxItems": 1000}},
    "required": ["groups"],
    "additionalProperties": False,
}
_AFTER = Param("after", "Return the groups after this one.", {"type": "integer", "minimum": 0, "maximum": MAX_ID})
_LIMIT = Param("limit", "How many groups.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20})


def scan_duplicates(call: Call) -> Answer:
    """Start a scan."""
    bodies.check(_BODY, call.body)
    text = call.body.get("filter", "")
    node = parse(text) if text.strip() else None
    made = duplicates.start(call.ctx, call.entity.key, call.body.get("on", []), node, call.body.get("q", ""))
    answer = Answer(scan_document(call.ctx, made), 202)
    answer.headers["Location"] = f"{PREFIX}/{call.entity.slug}/duplicates/{made.id}"
    return answer


def list_scans(call: Call) -> Answer:
    """Answer one's own scans, and what can be compared."""
    ctx, definition = call.ctx, call.entity
    fields = [
        {"field": path, "label": duplicates.Part(path, f, "normal", line).title()}
        for path, f, line in duplicates.comparable(ctx, definition)
    ]
    found = [scan_document(ctx, scan) for scan in duplicates.recent(ctx, definition.key)]
    return Answer({"items": found, "fields": fields, "usual": duplicates.usual(ctx, definition)})


def get_scan(call: Call) -> Answer:
    """Answer a scan with a page of its groups."""
    after, limit = call.whole("after") or 0, call.whole("limit") or 20
    found = duplicates.page(call.ctx, call.id, call.entity.key, after=after, limit=limit)
    write = Serializer(call.ctx, call.entity, list(found.fields)).record
    items = [
        {"group": g.number, "size": g.size, "differing": sorted(g.differing), "records": [write(r) for r in g.rows]}
        for g in found.groups
    ]
    return Answer({"scan": scan_document(call.ctx, found.scan), "items": items, "next": found.next})


def scan_document(ctx: Any, scan: DuplicateScan) -> dict[str, Any]:
    """Return a scan as JSON shows it."""
    return {
        "id": scan.id, "entity": scan.entity, "on": list(scan.spec["on"]), "state": scan.state, "job": scan.job_id,
        "created_at": scan.created_at, "finished_at": scan.finished_at, "records": scan.records or 0,
        "groups": scan.groups or 0, "error": scan.error or "",
    }  # fmt: skip


def merge_groups(call: Call) -> Answer:
    """Merge groups of a scan by a job."""
    bodies.check(_NUMBERS, call.body)
    job = duplicates.start_merging(call.ctx, call.id, [int(n) for n in call.body["groups"]], call.entity.key)
    answer = Answer({"job": job, "url": f"{PREFIX}/jobs/{job}"}, 202)
    answer.headers["Location"] = f"{PREFIX}/jobs/{job}"
    return answer


def keep_apart(call: Call) -> Answer:
    """Remember that records are no duplicates."""
    bodies.check(_IDS, call.body)
    return Answer({"pairs": duplicates.keep_apart(call.ctx, call.entity.key, [int(i) for i in call.body["ids"]])})


def forget_apart(call: Call) -> Answer:
    """Forget that records are no duplicates."""
    bodies.check(_IDS, call.body)
    return Answer({"pairs": duplicates.forget_apart(call.ctx, call.entity.key, [int(i) for i in call.body["ids"]])})


def warn_before_saving(call: Call) -> Answer:
    """Answer what should be asked about before a record is saved."""
    number = call.body.get("id") if isinstance(call.body, dict) else None
    if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
        raise NotFound(N_("This record does not exist, or you may not see it"))
    found = duplicates.warnings(call.ctx, call.entity.key, call.body, number)
    items = [
        {"field": p.field, "message": p.text(), "record": p.params.get("id"), "title": str(p.params.get("title", ""))}
        for p in found
    ]
    return Answer({"items": items})


_SCAN = shape(
    "id entity on state job created_at finished_at records groups error",
    id=_WHOLE, entity=_TEXT, on=_TEXTS, state=_TEXT, job={"type": ["integer", "null"]},
    created_at={"type": "string", "format": "date-time"}, finished_at={"type": ["string", "null"]},
    records=_WHOLE, groups=_WHOLE, error=_TEXT,
)  # fmt: skip
_GROUP = shape(
    "group size differing records", group=_WHOLE, size=_WHOLE, differing=_TEXTS,
    records={"type": "array", "items": {"type": "object"}},
)  # fmt: skip
_NEXT = {"type": ["integer", "null"]}
_PAIRS = shape("pairs", pairs=_WHOLE)
_WARNING = shape(
    "field message record title", field={"type": ["string", "null"]}, message=_TEXT,
    record={"type": ["integer", "null"]}, title=_TEXT,
)  # fmt: skip
_ON = (
    "`on` are alternatives, one of which must fit; the fields of one must all fit: `[\"last_name, zip\", \"emails\"]`. "
    "A field may say how it is compared, `name:fuzzy` or `code:exact`; otherwise case, accents, legal forms, writings "
    "of phone numbers and tags of mail addresses make no difference. `filter` and `q` narrow the records down."
)  # fmt: skip

ROUTES: tuple[Route, ...] = (
    Route(method="POST", path="/{slug}/duplicates", handler=scan_duplicates, summary="Scan for duplicates",
          tag="duplicates", scope="write", help=_ON, body=_BODY, answers={202: _SCAN}, location=True),
    Route(method="GET", path="/{slug}/duplicates", handler=list_scans, summary="Scans for duplicates", tag="duplicates",
          help="One's own scans, the fields that can be compared, and what is compared unless `on` says otherwise.",
          answers={200: items_of(_SCAN, fields={"type": "array", "items": shape("field label", field=_TEXT,
                                                                              label=_TEXT)}, usual=_TEXTS)}),
    Route(method="GET", path="/{slug}/duplicates/{id}", handler=get_scan, summary="Groups of duplicates",
          tag="duplicates",
          help="Groups that still have two records one sees. `differing` are the fields in which they differ.",
          parameters=(_AFTER, _LIMIT), answers={200: items_of(_GROUP, scan=_SCAN, next=_NEXT)}),
    Route(method="POST", path="/{slug}/duplicates/{id}/merge", handler=merge_groups,
          summary="Merge groups of duplicates", tag="duplicates", scope="write", body=_NUMBERS, location=True,
          help="By a job, each group by itself into the record that says most. Refused where an equal or similar name "
               "alone was compared.",
          answers={202: shape("job url", job=_WHOLE, url=_TEXT)}),
    Route(method="POST", path="/{slug}/not-duplicates", handler=keep_apart, summary="Remember that records are two",
          tag="duplicates", scope="write", body=_IDS, answers={200: _PAIRS}),
    Route(method="DELETE", path="/{slug}/not-duplicates", handler=forget_apart, summary="Forget that records are two",
          tag="duplicates", scope="write", body=_IDS, answers={200: _PAIRS}),
    Route(method="POST", path="/{slug}/warnings", handler=warn_before_saving, summary="Warnings before saving",
          tag="duplicates", scope="write",
          help="What a form would ask about, such as records like the one that is typed; nothing is saved.",
          body=ref("{entity}.change"), writes=False, answers={200: items_of(_WARNING)}),
)  # fmt: skip
