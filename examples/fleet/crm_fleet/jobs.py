"""Every morning: a note on each vehicle whose inspection is near."""

from __future__ import annotations

from crm_core.api import N_, And, Cond, JobDef, JobRun, ListQuery, Relative, comments, gettext, records
from crm_fleet.models import VEHICLE


def remind(run: JobRun) -> dict[str, int]:
    """Write the notes; ``state`` remembers the last vehicle, so that none gets two after an interruption."""
    while True:
        run.check_cancelled()
        with run.operation() as ctx:
            days = int(ctx.directory.setting("fleet.notice_days") or 0)
            near = (Cond("inspection_on", "=", Relative("today", days)), Cond("id", ">", run.state.get("last", 0)))
            query = ListQuery(fields=("inspection_on",), filter=And(near), sort=(("id", False),), limit=1)
            found = records.list_(ctx, VEHICLE, query).items
            if not found:
                return {"noted": run.done}
            day = found[0].values["inspection_on"].isoformat()
            comments.add(ctx, VEHICLE, found[0].id, gettext(N_("Inspection on %(day)s"), day=day))
            run.state["last"] = found[0].id
            run.progress(run.done + 1)


REMIND = JobDef(name="fleet.remind", label=N_("Inspections that are near"), handler=remind, cron="0 5 * * *")
