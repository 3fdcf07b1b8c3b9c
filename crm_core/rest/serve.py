"""The dispatcher: from a Flask request to a route's handler and back, in one transaction, errors as problems."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Response, current_app, g, request
from werkzeug.exceptions import MethodNotAllowed, NotFound, RequestEntityTooLarge
from werkzeug.routing import RequestRedirect

from crm_core.access import require_module
from crm_core.db import utcnow
from crm_core.errors import Invalid, Problem, TooLarge, WrongType
from crm_core.errors import NotFound as Missing
from crm_core.i18n import N_, best_language, use_language
from crm_core.rest import idempotency, jsonio, problems
from crm_core.rest.identify import Caller, check_may_call, identify, note_use
from crm_core.rest.routing import Answer, Call, Route

if TYPE_CHECKING:
    from crm_core.deployment import Deployment

View = Callable[..., Response]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
FORM = "multipart/form-data"


def view_of(deployment: Deployment, route: Route, entity: str | None) -> View:
    """Return the Flask view of a route, for one entity where the route belongs to entities."""

    def view(**path: Any) -> Response:
        with use_language(best_language(tag for tag, _ in request.accept_languages)):
            try:
                caller = identify(deployment, request)
            except Exception as exc:  # noqa: BLE001 - whatever goes wrong is answered as a problem
                return problems.respond(exc)
        with use_language(caller.actor.locale.language):
            try:
                response = _served(deployment, route, entity, caller, path)
            except Exception as exc:  # noqa: BLE001 - whatever goes wrong is answered as a problem
                response = problems.respond(exc)
        response.call_on_close(lambda: note_use(deployment, caller))
        return response

    view.crm_access = "own"  # type: ignore[attr-defined]  # the web face leaves identification to this dispatcher
    return view


def _served(deployment: Deployment, route: Route, entity: str | None, caller: Caller, path: dict[str, Any]) -> Response:
    check_may_call(caller, route, request)
    route.check_query(request.args)
    raw = _body(deployment, route)
    body = _document(route, raw)
    key = idempotency.key_of(request) if route.idempotent and caller.actor.id is not None else None
    if key is None:
        return _respond(route, *_run(deployment, route, entity, caller, path, body))
    user_id: int = caller.actor.id  # type: ignore[assignment]
    kept = idempotency.reserve(deployment.database, user_id, key, idempotency.digest_of(request, raw), utcnow())
    if kept is not None:
        return _respond(route, kept, kept.body)
    try:
        return _respond(route, *_run(deployment, route, entity, caller, path, body, key))
    except Exception:
        idempotency.release(deployment.database, user_id, key)
        raise


def _run(
    deployment: Deployment,
    route: Route,
    entity: str | None,
    caller: Caller,
    path: dict[str, Any],
    body: Any,
    key: str | None = None,
) -> tuple[Answer, Any]:
    """Run the handler in one transaction; return its answer and the JSON of it, or the file it sends."""
    known = {"access_epoch": caller.signed_in.access_high} if caller.signed_in else {}
    with deployment.operation(caller.actor, write=route.is_write, cache=known) as ctx:
        g.ctx = ctx
        found = ctx.registry.entity(entity) if entity is not None else None
        if found is not None:
            require_module(ctx.directory, ctx.actor, found.plugin)
        if route.plugin:
            require_module(ctx.directory, ctx.actor, route.plugin)
        call = Call(ctx, deployment, route, path, request.args, request.headers, body, found)
        answer = route.handler(call)
        document = answer.body if isinstance(answer.body, bytes | Response) else jsonio.dumps(answer.body)
        if key is not None and isinstance(document, bytes):
            idempotency.keep(ctx, key, answer, document)
    return answer, document


def _body(deployment: Deployment, route: Route) -> bytes:
    if route.files:
        if request.mimetype != FORM:
            raise WrongType(N_("Send %(type)s"), params={"type": FORM})
        request.max_content_length = deployment.config.max_upload + 1024 * 1024
        return b""
    if route.body is None:
        return b""
    limit = deployment.config.max_body
    message = N_("The body is larger than %(limit)s bytes")
    if (request.content_length or 0) > limit:
        raise TooLarge(message, params={"limit": limit})
    request.max_content_length = limit
    try:
        return request.get_data(cache=True)
    except RequestEntityTooLarge:
        raise TooLarge(message, params={"limit": limit}) from None


def _document(route: Route, raw: bytes) -> Any:
    """Return the JSON object of the body.

    Raises:
        WrongType: not sent as JSON.
        Invalid: JSON, but not an object.
    """
    if route.body is None or route.files:
        return None
    if not raw and route.body_optional:
        return None
    if request.mimetype != jsonio.MIMETYPE:
        raise WrongType(N_("Send JSON with Content-Type: %(type)s"), params={"type": jsonio.MIMETYPE})
    document = jsonio.loads(raw)
    if not isinstance(document, dict):
        raise Invalid([Problem(None, "type", N_("Expected %(expected)s"), {"expected": "an object"})])
    return document


def _respond(route: Route, answer: Answer, document: bytes | Response) -> Response:
    if isinstance(document, Response):  # a file: its headers are its own
        return document
    response = Response(document, answer.status, content_type=jsonio.MIMETYPE if document else None)
    response.headers.extend(answer.headers)
    response.headers["Cache-Control"] = "private, no-cache" if route.method == "GET" else "no-store"
    response.headers["Vary"] = "Authorization, Cookie"
    if route.method == "GET" and route.etag:
        response.make_conditional(request)
    return response


def nothing_here(**path: Any) -> Response:
    """Answer paths without a route: 404, or 405 with ``Allow`` for a known path, or 204 to OPTIONS."""
    with use_language(best_language(tag for tag, _ in request.accept_languages)):
        allowed = _allowed()
        if not allowed:
            return problems.respond(Missing())
        known = request.method == "OPTIONS"
        response = Response(status=204) if known else problems.respond(problems.NoSuchMethod())
        response.headers["Allow"] = ", ".join([*allowed, "OPTIONS"])
        return response


def _allowed() -> list[str]:
    """Return the methods this path has, other than by the rule that catches everything."""
    urls = current_app.create_url_adapter(request)
    found: list[str] = []
    for method in METHODS:
        try:
            rule, _ = urls.match(method=method, return_rule=True)  # type: ignore[union-attr]
        except (NotFound, MethodNotAllowed, RequestRedirect):
            continue
        if rule.endpoint != request.endpoint:
            found.append(method)
    return found
