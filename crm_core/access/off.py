"""Names of records whose plugin is off: references to them keep being shown, to who might see the records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.access.scope import allowed
from crm_core.i18n import N_, gettext

if TYPE_CHECKING:
    from crm_core.context import Ctx


def off_titles(ctx: Ctx, entity: str) -> Any:
    """Return a subquery of ``id`` and ``title``, which says that the module is off; ``None`` for an unknown entity.

    The plugin's own rules can't be asked while it is off, so only records open to everyone and one's own are named.
    """
    off = ctx.registry.off.get(entity)
    if off is None or not allowed(ctx, entity, "read"):
        return None
    rows = sa.table(
        off.table, sa.column("id"), sa.column(off.title, sa.String), sa.column("visibility"), sa.column("owner_id")
    )
    note = " " + gettext(N_("(%(module)s is off)"), module=off.plugin)
    query = sa.select(rows.c.id, (sa.func.coalesce(rows.c[off.title], "") + note).label("title"))
    if not ctx.actor.is_admin:
        query = query.where(sa.or_(rows.c.visibility.in_(("read", "write")), rows.c.owner_id == ctx.actor.id))
    return query.subquery()
