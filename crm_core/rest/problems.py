"""Errors as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

import logging
from typing import Any

from flask import Response, request
from sqlalchemy.exc import DataError, IntegrityError
from werkzeug.exceptions import HTTPException

from crm_core.errors import (
    BadRequest,
    Conflict,
    CrmError,
    Invalid,
    NotFound,
    NotSignedIn,
    Stale,
    TooLarge,
    TooMany,
    Unavailable,
    WrongType,
)
from crm_core.i18n import N_, gettext
from crm_core.rest import jsonio

MIMETYPE = "application/problem+json"
RETRY_SECONDS = 2
_TYPE = "/api/docs#problem-{code}"
_BY_STATUS: dict[int, type[CrmError]] = {
    e.status: e for e in (BadRequest, NotSignedIn, NotFound, Conflict, Stale, TooLarge, WrongType, TooMany, Unavailable)
}

log = logging.getLogger("crm.rest")


class NoSuchMethod(CrmError):
    """The path exists, but not with this method."""

    status, code, title = 405, "method", N_("This method is not available here")


def document(error: CrmError, instance: str) -> dict[str, Any]:
    """Return the members of the problem."""
    found: dict[str, Any] = {
        "type": _TYPE.format(code=error.code),
        "title": gettext(error.title),
        "status": error.status,
        "detail": gettext(error.title) if isinstance(error, Invalid) else error.text(),
        "instance": instance,
    }
    if advice := error.advice():
        found["remedy"] = advice
    problems = error.problems()
    if problems or isinstance(error, Invalid):
        found["errors"] = [
            {"field": p.field, "code": p.code, "message": p.text()} | ({"plugin": p.plugin} if p.plugin else {})
            for p in problems
        ]
    if error.plugin:
        found["plugin"] = error.plugin
    if isinstance(error, Stale) and error.version is not None:
        found["version"] = error.version
    return found


def as_error(exc: Exception) -> CrmError:
    """Return the error of the tree that an exception amounts to; what nobody foresaw is logged."""
    if isinstance(exc, CrmError):
        return exc
    if isinstance(exc, HTTPException) and exc.code is not None:
        kind = _BY_STATUS.get(exc.code)
        if kind is not None:
            return kind()
        if exc.code < 500:
            return BadRequest()
    if isinstance(exc, IntegrityError):
        return Conflict(N_("Another record holds the same value, or something refers to this one"))
    if isinstance(exc, DataError):
        return BadRequest(N_("A value is out of the range the database takes"))
    log.error("unforeseen error in %s %s", request.method, request.path, exc_info=exc)
    return CrmError()


def respond(exc: Exception) -> Response:
    """Return the answer to an exception."""
    error = as_error(exc)
    if error.status >= 500:
        log.warning("%s %s: %s %s", request.method, request.path, error, error.hint or "")
    body = jsonio.dumps(document(error, request.path.encode("utf-8", "replace").decode()))
    response = Response(body, error.status, content_type=MIMETYPE)
    response.headers["Cache-Control"] = "no-store"
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="crm"'
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    elif error.status == 503:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    if isinstance(error, Stale) and error.version is not None:
        response.headers["ETag"] = f'"{error.version}"'
    return response
