"""Routes below ``/api/v1/documents`` beside those that every kind of record has."""

from __future__ import annotations

from typing import Any

from flask import request

from crm_core.api import RestRoutes, record_answer, rest, upload_of
from crm_documents import operations
from crm_documents.operations import Upload
from crm_documents.rules import DOCUMENT
from crm_documents.trash import trashed

_TEXT: dict[str, Any] = {"type": "string"}
_LIMITED: dict[str, Any] = {"type": "string", "maxLength": 10_000}
_TRASHED = rest.shape(
    "id name record size trashed_at",
    id={"type": "integer"}, name=_TEXT, record=_TEXT, size={"type": ["integer", "null"]}, trashed_at=_TEXT,
)  # fmt: skip
_PAGE = rest.items_of(_TRASHED, next={"type": ["string", "null"]})
_AFTER = rest.Param("after", "Where the page before ended (`next` of its answer).")


def _sent() -> Upload:
    found = upload_of("file")
    return Upload(found.stream, found.filename or "file", found.mimetype)


def upload(call: rest.Call) -> rest.Answer:
    """Put a file on a record."""
    form = request.form
    made = operations.add(call.ctx, form.get("record", ""), _sent(), form.get("description", ""))
    answer = record_answer(call.ctx, DOCUMENT, made.id, 201)
    answer.headers["Location"] = f"{rest.PREFIX}/documents/{made.id}"
    return answer


def new_version(call: rest.Call) -> rest.Answer:
    """Give a document a new file."""
    operations.add_version(call.ctx, call.id, _sent(), request.form.get("note", ""))
    return record_answer(call.ctx, DOCUMENT, call.id, 201)


def trash(call: rest.Call) -> rest.Answer:
    """List what was deleted and is not gone yet."""
    page = trashed(call.ctx, call.whole("limit") or 50, call.text("after") or None)
    shown = ("name", "record", "size", "trashed_at")
    return rest.Answer({"items": [{"id": r.id, **{k: r.values[k] for k in shown}} for r in page.items],
                        "next": page.next})  # fmt: skip


def take_back(call: rest.Call) -> rest.Answer:
    """Take a document out of the trash."""
    operations.take_back(call.ctx, call.id)
    return record_answer(call.ctx, DOCUMENT, call.id)


def purge(call: rest.Call) -> rest.Answer:
    """Remove a document for good."""
    operations.purge(call.ctx, call.id)
    return rest.Answer(status=204)


def routes() -> tuple[rest.Route, ...]:
    """Return the routes."""
    document = rest.ref(DOCUMENT)
    return (
        rest.Route(
            method="POST", path="/documents", handler=upload, summary="Put a file on a record", tag="documents",
            scope="write", files=("file",), body=rest.shape(record=_LIMITED, description=_LIMITED), location=True,
            help="`record` is the kind of record and its number, such as `contacts:5`. Who may change the record may "
                 "put files there; whoever may not see it gets 404 for the document too.",
            answers={201: document}, etag=True,
        ),
        rest.Route(
            method="POST", path="/documents/{id}/versions", handler=new_version, summary="Give a document a new file",
            tag="documents", scope="write", files=("file",), body=rest.shape(note=_LIMITED),
            help="The files before stay as versions, at `/document-versions?document=…`.", answers={201: document},
            etag=True,
        ),
        rest.Route(
            method="GET", path="/documents/trash", handler=trash, summary="The documents in the trash",
            tag="documents", parameters=(_AFTER, rest.LIMIT), answers={200: _PAGE},
        ),
        rest.Route(
            method="POST", path="/documents/trash/{id}/restore", handler=take_back, tag="documents", scope="write",
            summary="Take a document out of the trash", answers={200: document}, etag=True,
        ),
        rest.Route(
            method="DELETE", path="/documents/trash/{id}", handler=purge, summary="Remove a document for good",
            tag="documents", scope="write", answers={204: None},
        ),
    )  # fmt: skip


ROUTES = RestRoutes(routes=routes)
