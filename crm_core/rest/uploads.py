"""Uploads: a file is kept first, and named by its id where a record or an import wants it."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from crm_core import files
from crm_core.errors import Invalid, Problem, TooLarge
from crm_core.i18n import N_
from crm_core.models import StoredFile
from crm_core.rest.routing import Answer, Call, Route, shape
from crm_core.web.files import sent

_TEXT: dict[str, Any] = {"type": "string"}
_FILE = shape(
    "id name content_type size url",
    id={"type": "integer"}, name=_TEXT, content_type=_TEXT, size={"type": "integer"}, url=_TEXT,
)  # fmt: skip


def upload_of(name: str) -> FileStorage:
    """Return the file that the form of the present request holds under a name.

    Raises:
        TooLarge: the request is larger than the deployment accepts.
        Invalid: the form holds no file of that name.
    """
    try:
        found = request.files.get(name)
    except RequestEntityTooLarge:
        raise TooLarge() from None
    if found is None:
        raise Invalid([Problem(name, "required", N_("Send a file in the part %(name)s"), {"name": name})])
    return found


def file_document(row: StoredFile) -> dict[str, Any]:
    """Return a stored file as JSON shows it."""
    return {
        "id": row.id,
        "name": row.name,
        "content_type": row.content_type,
        "size": row.size,
        "url": f"/files/{row.id}",
    }


def upload(call: Call) -> Answer:
    """Keep a file; unless a record takes it, it is removed after a day."""
    sent = upload_of("file")
    limit = call.deployment.config.max_upload
    row = files.store(call.ctx, sent.stream, sent.filename or "file", sent.mimetype, max_bytes=limit)
    answer = Answer(file_document(row), 201)
    answer.headers["Location"] = f"/files/{row.id}"
    return answer


def download(call: Call) -> Answer:
    """Send a file the actor may read."""
    return Answer(sent(call.ctx, call.id))


ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/files/{id}", handler=download, summary="Download a file", tag="files", media=("*/*",),
          help="Who may read the record a file belongs to may read the file. `Range` is understood.",
          answers={200: {}}),
    Route(method="POST", path="/files", handler=upload, summary="Upload a file", tag="files", scope="write",
          files=("file",), help="Unless a record takes the file, it is removed after a day.", answers={201: _FILE},
          location=True),
)  # fmt: skip
