"""What every page shows of notices: the bell, and the tab of the profile where one chooses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crm_core.api import Ctx, Fragment, render
from crm_notifications import notices


def fragments(ctx: Ctx, slot: str, subject: Any) -> Iterator[Fragment]:
    """Yield the bell of the header and the tab of the profile."""
    if slot == "shell.topbar" and ctx.actor.id is not None:
        yield Fragment(render("notifications/bell.html", count=notices.summary(ctx)[0]), weight=10)
    elif slot == "profile.tabs":
        yield Fragment(render("notifications/tab.html"))
