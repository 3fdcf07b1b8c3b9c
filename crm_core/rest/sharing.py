"""Routes of sharing one record by hand with users and teams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_core.errors import Forbidden, NotFound
from crm_core.records import sharing
from crm_core.rest import bodies
from crm_core.rest.records import expected_version
from crm_core.rest.routing import Answer, Call, Route, shape

if TYPE_CHECKING:
    from crm_core.context import Ctx

_WHOLE: dict[str, Any] = {"type": "integer"}
_WHO: dict[str, Any] = {"type": ["integer", "string"], "maxLength": 254}
_FLAG: dict[str, Any] = {"type": "boolean"}
_GIVEN = shape(user=_WHO, team=_WHO, write=_FLAG)
_WANTED = shape("shared_with", shared_with={"type": "array", "items": _GIVEN, "maxItems": 1000})
_PERSON = shape("name write", user=_WHOLE, team=_WHOLE, name={"type": "string"}, write=_FLAG)
_SHARED = shape(
    "visibility owner shared_with", visibility={"type": "string"}, owner={"type": ["integer", "null"]},
    shared_with={"type": "array", "items": _PERSON},
)  # fmt: skip


def document(ctx: Ctx, entity: str, record_id: int) -> tuple[dict[str, Any], int]:
    """Return whom a record is shared with as JSON shows it, and the record's version.

    Raises:
        NotFound: not there for the actor.
        Forbidden: the actor may not change it, or not who sees it.
    """
    record, people = sharing.held(ctx, entity, record_id)
    names: dict[str, Any] = {"user": ctx.directory.user, "team": ctx.directory.team}
    shown = [
        {kind: number, "name": found.name if (found := names[kind](number)) is not None else "", "write": write}
        for kind, number, write in people
    ]
    return {"visibility": record.visibility, "owner": record.owner_id, "shared_with": shown}, record.version


def get_sharing(call: Call) -> Answer:
    """Answer whom a record is shared with."""
    shown, version = document(call.ctx, call.entity.key, call.id)
    answer = Answer(shown)
    answer.headers["ETag"] = f'"{version}"'
    return answer


def set_sharing(call: Call) -> Answer:
    """Share a record with these people and with nobody else by name."""
    bodies.check(_WANTED, call.body)
    ctx, key = call.ctx, call.entity.key
    sharing.shareable(ctx, call.entity, call.id)
    people = sharing.people_given(ctx, call.body["shared_with"])
    sharing.share(ctx, key, call.id, people, version=expected_version(call))
    try:
        return get_sharing(call)
    except (Forbidden, NotFound):  # The actor gave away his own right to change it.
        return Answer(status=204)


ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/{slug}/{id}/sharing", handler=get_sharing, summary="Whom a record is shared with",
          tag="records", answers={200: _SHARED}, etag=True,
          help="For those who may change the record and its visibility."),
    Route(method="PUT", path="/{slug}/{id}/sharing", handler=set_sharing, summary="Share a record", tag="records",
          scope="write", body=_WANTED, answers={200: _SHARED, 204: None}, etag=True, etag_match=True,
          help="With these users and teams, each `write` or only to read, and with nobody else by name; its visibility "
               "becomes `listed`. `user` is an id or an address, `team` an id or a name. Owner and the other "
               "visibilities are fields of the record. 204: it is shared, but no longer yours to change."),
)  # fmt: skip
