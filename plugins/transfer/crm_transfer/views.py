"""How kept exports are listed and where the menus lead to them."""

from __future__ import annotations

from typing import Any

from crm_core.api import N_, ActionDef, Ctx, Panel, ViewDef, archive, render
from crm_transfer.models import EVERYTHING, EXPORT
from crm_transfer.operations import run_again

VIEWS = (
    ViewDef(
        entity=EXPORT,
        columns=("name", "source", "format", "state", "rows", "file", "ended_at", "every"),
        sort="-created_at",
        quick=("state", "source"),
        sections=(("general", N_("General")), ("access", N_("Access"))),
    ),
)


def progress(ctx: Ctx, record: Any) -> str:
    """Return how an export stands, its file once there is one, and what an archive of all data does not hold."""
    whole = record.source == EVERYTHING and ctx.actor.is_admin
    return render("transfer/progress.html", record=record, left_out=archive.left_out(ctx) if whole else {})


PANELS = (Panel(entity=EXPORT, key="progress", label=N_("Result"), render=progress, weight=1),)
ACTIONS = (
    ActionDef(
        entity=EXPORT, name="run", label=N_("Write it again"), handler=run_again, icon="arrow-clockwise", bulk=False,
        available=lambda ctx, record: record.state not in ("waiting", "running"),
    ),
)  # fmt: skip
