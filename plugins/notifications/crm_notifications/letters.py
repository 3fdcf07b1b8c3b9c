"""The words of mails and SMS: one notice, or several in one message."""

from __future__ import annotations

from collections.abc import Sequence

from crm_core.api import N_, Ctx, gettext
from crm_notifications import notices, sms
from crm_notifications.channels import SMS
from crm_notifications.tables import Notice

MOST = 100
"""Notices that one mail names; it counts the others."""


def letter(ctx: Ctx, rows: Sequence[Notice], channel: str) -> tuple[str, str]:
    """Return subject and text of one message, in the language of the operation."""
    if channel == SMS:
        return "", _sms(ctx, rows)
    if len(rows) == 1:
        row = rows[0]
        return row.subject, "\n\n".join(filter(None, [row.subject, row.body, _link(ctx, row), _foot(ctx, row)])) + "\n"
    lines = [f"- {row.subject}\n  {_link(ctx, row)}".rstrip() for row in rows[:MOST]]
    if len(rows) > MOST:
        lines.append(gettext(N_("and %(n)s more"), n=len(rows) - MOST))
    subject = gettext(N_("Your notices: %(n)s"), n=len(rows))
    return subject, "\n".join([subject, "", *lines, "", _foot(ctx, rows[0])]).rstrip() + "\n"


def _link(ctx: Ctx, row: Notice) -> str:
    """Return the address of the record, where the deployment knows its own."""
    base = ctx.config.base_url.rstrip("/")
    known = base and row.entity in ctx.registry.entities
    return f"{base}{notices.address(ctx, row)}" if known else ""


def _foot(ctx: Ctx, row: Notice) -> str:
    base = ctx.config.base_url.rstrip("/")
    if not base or row.user_id is None:
        return ""
    return gettext(N_("Choose what you are told: %(url)s"), url=f"{base}/notifications/preferences")


def _sms(ctx: Ctx, rows: Sequence[Notice]) -> str:
    if len(rows) == 1:
        return " ".join(filter(None, [rows[0].subject[: sms.MOST - 100], _link(ctx, rows[0])]))[: sms.MOST]
    return gettext(N_("%(n)s new notices in the CRM"), n=len(rows))
