"""Accounts and HTTP: the cookie of a session, and who a request comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from crm_core.accounts import identity, keys, sessions, tokens
from crm_core.accounts.identity import SignedIn
from crm_core.accounts.sessions import Visitor
from crm_core.context import Actor
from crm_core.db import utcnow
from crm_core.errors import NotSignedIn

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from crm_core.config import Config
    from crm_core.deployment import Deployment

COOKIE = "crm_session"
_CSRF = "csrf of a person recognised by a plugin"


def identify(request: Request, deployment: Deployment) -> SignedIn | None:
    """Return who sent a request, in one statement; ``None`` for a stranger.

    A bearer token decides alone when there is one, else the cookie of a session does.
    """
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    by_token, key = scheme.lower() == "bearer", request.cookies.get(COOKIE, "")
    if not by_token and not key:
        return None
    with deployment.database.reading() as connection:
        if by_token:
            found = tokens.resolve(connection, bearer.strip(), utcnow())
        else:
            found = sessions.resolve(connection, key, utcnow())
    if found is None:
        return None
    return replace(found, locale=replace(found.locale, region=deployment.config.phone_region))


def recognise(
    request: Request, deployment: Deployment, *, via: Literal["web", "api"]
) -> tuple[Actor, SignedIn | None] | None:
    """Return whom a plugin recognises in a request of a stranger, with the person behind it where it is a user.

    A user has the rights the directory gives him, within the scopes the plugin names; a deactivated one is a
    stranger. The secret of his forms is derived, since no session keeps one.
    """
    actor = deployment.registry.hooks.authenticate(request)
    if not isinstance(actor, Actor):
        return None
    if actor.id is None:
        return replace(actor, via=via), None
    with deployment.database.transaction(write=False) as session:
        secret = keys.mac(deployment.config, _CSRF, str(actor.id))
        who = identity.recognised(session, actor.id, csrf=secret, scopes=actor.scopes)
    if who is None:
        return None
    deployment.refresh(known={"registry": who.registry_stamp, "directory": who.directory_stamp})
    try:
        user = deployment.directory.actor(who.user_id, via=via, scopes=actor.scopes)
    except NotSignedIn:
        return None
    return user, replace(who, locale=replace(who.locale, region=deployment.config.phone_region))


def visitor_of(request: Request) -> Visitor:
    """Return where a request comes from; the proxies of ``CRM_TRUSTED_PROXIES`` are already taken off."""
    return Visitor(request.remote_addr or "", request.headers.get("User-Agent", ""))


def give_cookie(response: Response, request: Request, config: Config, key: str) -> None:
    """Put the key of a session in the browser: out of reach of scripts and of other sites' forms."""
    response.set_cookie(
        COOKIE, key, max_age=config.session_hours * 3600, httponly=True, samesite="Lax",
        secure=config.secure_cookies or request.is_secure, path="/",
    )  # fmt: skip


def drop_cookie(response: Response, request: Request, config: Config) -> None:
    """Take the key from the browser."""
    secure = config.secure_cookies or request.is_secure
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Lax", secure=secure)
