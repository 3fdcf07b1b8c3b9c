"""Who calls: a bearer token, or the session of a signed-in browser; and what the call may do."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Request

from crm_core.accounts import csrf, sessions, web
from crm_core.accounts.identity import SignedIn
from crm_core.context import Actor
from crm_core.db import utcnow
from crm_core.errors import Forbidden, NotSignedIn
from crm_core.i18n import N_
from crm_core.rest.routing import Route

if TYPE_CHECKING:
    from crm_core.deployment import Deployment


log = logging.getLogger("crm.rest")


@dataclass(frozen=True)
class Caller:
    """The actor of a call, and the session or token behind it (none for actors that plugins recognise)."""

    actor: Actor
    signed_in: SignedIn | None = None


def identify(deployment: Deployment, request: Request) -> Caller:
    """Return who calls.

    Raises:
        NotSignedIn: nobody, or a token or session that is not valid (any more).
    """
    found = web.identify(request, deployment)
    if found is None:
        recognised = web.recognise(request, deployment, via="api")
        if recognised is None:
            raise NotSignedIn(N_("Send a valid token: Authorization: Bearer crm_…"))
        return Caller(recognised[0])
    deployment.refresh(known={"registry": found.registry_stamp, "directory": found.directory_stamp})
    if found.viewed_id is not None:
        raise Forbidden(N_("This session looks at the CRM as somebody else; end that first"))
    return Caller(deployment.directory.actor(found.user_id, via=found.via, scopes=found.scopes), found)


def note_use(deployment: Deployment, caller: Caller) -> None:
    """Note that the session or token is in use; called when the answer is out, so that nobody waits for it."""
    if caller.signed_in is None:
        return
    try:
        sessions.touch(deployment.database, deployment.config, caller.signed_in, utcnow())
    except Exception:
        log.exception("the use of a session or token could not be noted")


def check_may_call(caller: Caller, route: Route, request: Request) -> None:
    """Refuse what the token's scopes or the missing CSRF header rule out, and what another site's page sent.

    A plugin may recognise people by what their browsers send along by themselves, so its callers are protected by
    what browsers say of the sender.

    Raises:
        Forbidden: says which scope or header is missing.
    """
    actor, signed_in = caller.actor, caller.signed_in
    scopes: frozenset[str] | None = actor.scopes
    if route.scope == "admin" and not actor.is_admin:
        raise Forbidden(N_("Only administrators may do this"))
    if scopes is not None and route.scope != "none" and route.scope not in scopes:
        raise Forbidden(N_("This needs a token with the scope %(name)s"), params={"name": route.scope})
    if signed_in is None and route.method != "GET" and not csrf.from_here(request.headers.get(csrf.SENDER)):
        raise Forbidden(N_("This request was sent by another site"))
    if signed_in is not None and signed_in.via == "web" and route.method != "GET":
        header: Any = request.headers.get(csrf.HEADER, "")
        if not csrf.fits(signed_in.csrf, header):
            raise Forbidden(N_("The header %(name)s is missing or out of date"), params={"name": csrf.HEADER})
    if signed_in is not None and signed_in.via == "web" and signed_in.must_change_password:
        raise Forbidden(N_("Please choose a new password first"))
