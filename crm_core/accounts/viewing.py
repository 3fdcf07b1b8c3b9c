"""Looking at the CRM as somebody else: administrators only, read-only, and noted when it begins and ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crm_core.accounts import audit, identity
from crm_core.accounts.identity import SignedIn
from crm_core.accounts.rights import require_admin
from crm_core.accounts.roles import OWNER
from crm_core.accounts.sessions import VIEW_ENDED
from crm_core.context import Actor, Ctx
from crm_core.db import KERNEL
from crm_core.errors import Forbidden, NotFound
from crm_core.i18n import N_
from crm_core.models import WebSession

if TYPE_CHECKING:
    from crm_core.deployment import Deployment
    from crm_core.directory import Directory, UserEntry
    from crm_core.registry import Registry

READ_ONLY = frozenset({"read"})
"""The scopes of who looks as somebody else."""


def begin(ctx: Ctx, session_id: int | None, user_id: int) -> UserEntry:
    """Let an administrator's browser session look as another user from now on.

    Raises:
        Forbidden: the actor does not administer, has no session, looks as somebody already, or would gain rights.
        NotFound: there is no such active user.
    """
    require_admin(ctx)
    user = ctx.directory.user(user_id)
    if user is None or not user.active:
        raise NotFound(N_("There is no such user"))
    if session_id is None or user_id == ctx.actor.id or ctx.actor.viewer is not None:
        raise Forbidden(N_("You can't look as this user"))
    if gains(ctx.registry, ctx.directory, ctx.actor, user_id):
        raise Forbidden(N_("%(name)s has rights that you don't have"), params={"name": user.name})
    _set(ctx, session_id, user_id)
    audit.note(ctx, user_id, user.name, "viewed_as")
    return user


def end(ctx: Ctx, session_id: int | None, user_id: int) -> None:
    """End it; ``ctx`` is an operation of the administrator himself."""
    user = ctx.directory.user(user_id)
    if session_id is not None:
        _set(ctx, session_id, None)
    audit.note(ctx, user_id, user.name if user else "", VIEW_ENDED)


def _set(ctx: Ctx, session_id: int, user_id: int | None) -> None:
    change = sa.update(WebSession).where(WebSession.id == session_id).values(viewed_id=user_id)
    ctx.session.execute(change, execution_options=KERNEL)


def gains(registry: Registry, directory: Directory, viewer: Actor, user_id: int) -> bool:
    """Tell whether a user may see something by his roles that the viewer may not."""
    viewed = directory.actor(user_id)
    if OWNER in viewed.roles and OWNER not in viewer.roles:
        return True
    return any(
        not _covers(directory, viewer, viewed, entity, action)
        for entity in registry.entities
        for action in ("read", "export")
    )


def _covers(directory: Directory, viewer: Actor, viewed: Actor, entity: str, action: str) -> bool:
    """Tell whether every grant of one actor is within those of another; own records are never another's own."""
    wide = {g.where for g in directory.grants(viewer, entity, action) if g.level == "all"}
    held = [g for g in directory.grants(viewed, entity, action) if g.level != "none"]
    return None in wide or all(g.where is not None and g.where in wide for g in held)


def seen_as(deployment: Deployment, who: SignedIn) -> SignedIn:
    """Return the person a session looks as: that user's rights to read, the administrator's language and zone.

    When the user is gone, or the administrator has fewer rights than when he began, it ends here.
    """
    user_id = who.viewed_id
    if user_id is None:
        return who
    directory = deployment.directory
    viewer, user = directory.actor(who.user_id), directory.user(user_id)
    if viewer.is_admin and user is not None and user.active and not gains(
        deployment.registry, directory, viewer, user_id
    ):  # fmt: skip
        with deployment.database.transaction(write=False) as session:
            found = identity.recognised(session, user_id, csrf=who.csrf, session_id=who.session_id, flash=who.flash)
        if found is not None:
            return replace(found, locale=who.locale, theme=who.theme, scopes=READ_ONLY, viewer=who)
    with deployment.operation(viewer, write=True) as ctx:
        end(ctx, who.session_id, user_id)
    return replace(who, viewed_id=None)
