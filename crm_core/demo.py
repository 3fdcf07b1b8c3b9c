"""Colleagues of the demonstration: made-up people who own records and never sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_core.accounts import teams, users
from crm_core.i18n import N_, gettext

if TYPE_CHECKING:
    from crm_core.context import Ctx

_TEAMS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Sales North", (("Nora Lindqvist", "nora.lindqvist"), ("Tomas Verel", "tomas.verel"))),
    ("Sales South", (("Imani Okafor-Reyes", "imani.okafor-reyes"), ("Luc Darcamond", "luc.darcamond"))),
)
_DOMAIN = "example.org"


def colleagues(ctx: Ctx) -> str:
    """Add two teams of two people without passwords; what is there already stays."""
    made = 0
    for team, people in _TEAMS:
        ids = []
        for name, local in people:
            user = users.by_email(ctx.session, f"{local}@{_DOMAIN}")
            if user is None:
                user = users.create(ctx, {"email": f"{local}@{_DOMAIN}", "name": name})
                made += 1
            ids.append(user.id)
        if ctx.directory.team_by_name(team) is None:
            teams.create(ctx, {"name": team, "members": ids})
    return gettext(N_("%(n)s colleagues added"), n=made) if made else ""
