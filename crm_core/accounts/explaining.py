"""Questions of administrators about other people's rights: why can, or can't, somebody do this?"""

from __future__ import annotations

from crm_core.access import Explanation, explain
from crm_core.access.scope import ACTIONS
from crm_core.accounts.rights import require_admin
from crm_core.context import Ctx
from crm_core.errors import Invalid, NotFound, Problem
from crm_core.i18n import N_, gettext


def explain_for(ctx: Ctx, user_id: int, action: str, entity: str, record_id: int) -> Explanation:
    """Return why somebody may or may not do something with a record.

    Raises:
        Forbidden: the actor does not administer.
        NotFound: there is no such user or kind of record.
        Invalid: there is no such action.
    """
    require_admin(ctx)
    ctx.registry.entity(entity)
    user = ctx.directory.user(user_id)
    if user is None:
        raise NotFound(N_("There is no such user"))
    if action not in ACTIONS:
        raise Invalid([Problem("action", "choice", N_("%(value)s is not a known choice"), {"value": action[:40]})])
    if not user.active:
        return Explanation(False, (gettext(N_("%(name)s is deactivated and may do nothing"), name=user.name),))
    return explain(ctx.as_actor(ctx.directory.actor(user_id)), entity, record_id, action)
