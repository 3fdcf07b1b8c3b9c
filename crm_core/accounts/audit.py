"""The history of accounts: who signed in from where, who changed whose rights."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm_core import history
from crm_core.accounts.sessions import USER, VIEW_ENDED
from crm_core.context import Ctx
from crm_core.db import KERNEL, CrmSession
from crm_core.i18n import N_, gettext
from crm_core.models import Change

ENTITY = USER

WORDS: Mapping[str, str] = {
    "create": N_("Account created"),
    "update": N_("Account changed"),
    "activate": N_("Activated"),
    "deactivate": N_("Deactivated"),
    "invited": N_("Link to choose a password made"),
    "signed_in": N_("Signed in"),
    "signed_out": N_("Signed out"),
    "sign_in_failed": N_("Wrong password at sign-in"),
    "reset_asked": N_("Link for a lost password asked for"),
    "password_reset": N_("Password set by a link"),
    "password_changed": N_("Password changed"),
    "password_set": N_("Password set by an administrator"),
    "second_factor_on": N_("Second factor switched on"),
    "second_factor_off": N_("Second factor switched off"),
    "second_factor_reset": N_("Second factor switched off by an administrator"),
    "second_factor_failed": N_("Wrong code at sign-in"),
    "recovery_codes_renewed": N_("Recovery codes renewed"),
    "token_created": N_("API token made"),
    "token_revoked": N_("API token revoked"),
    "viewed_as": N_("An administrator began to look as this user"),
    VIEW_ENDED: N_("An administrator stopped looking as this user"),
}


@dataclass(frozen=True)
class AccountEvent:
    """One line: when, what in words, by whom, and a detail such as an address."""

    at: dt.datetime
    text: str
    actor: str
    detail: str


def note(
    ctx: Ctx, user_id: int, name: str, action: str, *, detail: str = "", diff: Mapping[str, Any] | None = None
) -> None:
    """Write one line of an account's history."""
    history.note(ctx, ENTITY, user_id, name, action, diff, detail)


def recent(session: CrmSession, user_id: int, limit: int = 15) -> list[AccountEvent]:
    """Return the last lines of an account's history, newest first; the caller checks who may read them."""
    query = sa.select(Change).where(Change.entity == ENTITY, Change.record_id == user_id)
    rows = session.scalars(query.order_by(Change.id.desc()).limit(limit), execution_options=KERNEL)
    return [AccountEvent(r.at, gettext(WORDS.get(r.action, r.action)), r.actor, _detail(r)) for r in rows]


def _detail(row: Change) -> str:
    changed = ", ".join(sorted(row.diff)) if row.diff and row.action == "update" else ""
    return row.note or changed
