"""The verb of a kept export: write it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_core.api import N_, Conflict, Ctx, gettext
from crm_transfer.jobs import start


def run_again(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Write the file of an export anew.

    Raises:
        Conflict: it is being written.
    """
    if record.state in ("waiting", "running"):
        raise Conflict(N_("The export is being written"))
    record.state = "waiting"
    job_id = start(ctx, record)
    return {"job": job_id, "message": gettext(N_("The export is being written"))}
