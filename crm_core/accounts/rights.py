"""Who may administer accounts (AD-02, AD-12)."""

from __future__ import annotations

from crm_core.context import Ctx
from crm_core.errors import Forbidden, NotSignedIn
from crm_core.i18n import N_


def require_admin(ctx: Ctx) -> None:
    """Refuse whoever does not administer, and a token without the scope ``admin``.

    Raises:
        Forbidden: the actor is a user without that right.
    """
    if not ctx.actor.is_admin:
        raise Forbidden(N_("Only administrators may open this"))
    if ctx.actor.scopes is not None and "admin" not in ctx.actor.scopes:
        raise Forbidden(N_("This needs a token with the scope %(name)s"), params={"name": "admin"})


def own_id(ctx: Ctx) -> int:
    """Return the id of the person who acts.

    Raises:
        NotSignedIn: the system or nobody acts.
    """
    if ctx.actor.id is None:
        raise NotSignedIn
    return ctx.actor.id
