"""Routes of tags."""

from __future__ import annotations

from typing import Any

from crm_core import stored_filters, tag_merging, tags
from crm_core.errors import NotFound
from crm_core.i18n import N_
from crm_core.rest import bodies
from crm_core.rest.routing import ID, LIMIT, PREFIX, Answer, Call, Param, Route, items_of, shape
from crm_core.text import fold

_TEXT: dict[str, Any] = {"type": "string"}
_NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": tags.NAME_LENGTH}
_COLOUR: dict[str, Any] = {"type": "string", "maxLength": 9}
_TAG = shape("id name colour", id={"type": "integer"}, name=_TEXT, colour=_TEXT)
_MERGED = shape("id name colour batch", id={"type": "integer"}, name=_TEXT, colour=_TEXT,
                batch={"type": ["integer", "null"]})  # fmt: skip
_NEW = shape("name", name=_NAME, colour=_COLOUR)
_CHANGE = shape(name=_NAME, colour=_COLOUR)
_MERGE = shape("sources", sources={"type": "array", "items": ID, "maxItems": 100})
_WHOLE: dict[str, Any] = {"type": "integer"}
_USED = shape(
    "id name colour records named", id=_WHOLE, name=_TEXT, colour=_TEXT, records=_WHOLE,
    named={"type": "array", "items": shape("what count", what=_TEXT, count=_WHOLE)},
)  # fmt: skip
_AFTER = Param("after", "Return tags after this name; `next` of the page before.", {"type": "string", "maxLength": 60})
_Q = Param("q", "Part of a name.", {"type": "string", "maxLength": 60})


def _tag(tag: Any) -> dict[str, Any]:
    return {"id": tag.id, "name": tag.name, "colour": tag.colour}


def list_(call: Call) -> Answer:
    """Answer tags by name, a page at a time."""
    text, after, limit = fold(call.text("q")), fold(call.text("after")), call.whole("limit") or 500
    found = [tag for tag in call.ctx.directory.tags() if text in fold(tag.name) and fold(tag.name) > after]
    shown = found[:limit]
    return Answer({"items": [_tag(tag) for tag in shown], "next": shown[-1].name if len(found) > limit else None})


def get(call: Call) -> Answer:
    """Answer one tag with how many records carry it, and what is kept that names it."""
    tag = call.ctx.directory.tag(call.id)
    if tag is None:
        raise NotFound(N_("There is no such tag"))
    plan = tags.plan(call.ctx, [tag.id])
    named = [{"what": text, "count": count} for text, count in stored_filters.in_words(plan.named)]
    return Answer({**_tag(tag), "records": plan.records, "named": named})


def create(call: Call) -> Answer:
    """Make a tag; one of the same name is answered with 200."""
    bodies.check(_NEW, call.body)
    known = call.ctx.directory.tags_by_id
    made = tags.create(call.ctx, call.body["name"], call.body.get("colour", ""))
    answer = Answer(_tag(made), 200 if made.id in known else 201)
    answer.headers["Location"] = f"{PREFIX}/tags/{made.id}"
    return answer


def update(call: Call) -> Answer:
    """Rename or recolour a tag; every record follows."""
    bodies.check(_CHANGE, call.body)
    return Answer(_tag(tags.update(call.ctx, call.id, **call.body)))


def delete(call: Call) -> Answer:
    """Remove a tag; every record loses it."""
    done = tag_merging.delete(call.ctx, call.id)
    answer = Answer(status=204)
    answer.headers["Location"] = f"{PREFIX}/batches/{done.batch_id}"
    return answer


def merge(call: Call) -> Answer:
    """Give the records of other tags this one, and remove the others."""
    bodies.check(_MERGE, call.body)
    done = tag_merging.merge(call.ctx, [int(i) for i in call.body["sources"]], call.id)
    return Answer({**_tag(done.tag), "batch": done.batch_id})


ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/tags", handler=list_, summary="List tags", tag="tags", parameters=(_Q, LIMIT, _AFTER),
          answers={200: items_of(_TAG, next={"type": ["string", "null"]})}),
    Route(method="GET", path="/tags/{id}", handler=get, summary="A tag and its use", tag="tags", scope="admin",
          answers={200: _USED}),
    Route(method="POST", path="/tags", handler=create, summary="Make a tag", tag="tags", scope="write", body=_NEW,
          answers={201: _TAG, 200: _TAG}, location=True, idempotent=True,
          help="Whoever may write may make tags, unless the option core.users_make_tags is off. "
               "A tag of the same name is answered with 200."),
    Route(method="PATCH", path="/tags/{id}", handler=update, summary="Rename or recolour a tag", tag="tags",
          scope="admin", body=_CHANGE, answers={200: _TAG}),
    Route(method="DELETE", path="/tags/{id}", handler=delete, summary="Remove a tag", tag="tags", scope="admin",
          answers={204: None},
          help="Every record loses it. `Location` names the batch that can be undone."),
    Route(method="POST", path="/tags/{id}/merge", handler=merge, summary="Merge other tags into this one",
          tag="tags", scope="admin", body=_MERGE, answers={200: _MERGED},
          help="Every record follows; `batch` can be undone."),
)  # fmt: skip
