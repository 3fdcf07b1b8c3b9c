"""Jobs the tests run, here and in processes of their own: ``python sample_jobs.py HOME URL [LEASE]``."""

import sys
import time
from pathlib import Path

from crm_core import (
    comments,  # noqa: F401 - maps every table
    kernel,
)
from crm_core.contributions import JobDef
from crm_core.jobs import JobRun
from crm_core.models import Comment


def count(run: JobRun):
    """Write one comment a step, each step its own transaction, and remember the step."""
    for step in range(run.state.get("next", 0), run.args["steps"]):
        run.check_cancelled()
        with run.operation() as ctx:
            ctx.session.add(Comment(entity="test", record_id=run.job_id, author="job", body=str(step)))
            run.state["next"] = step + 1
            run.progress(step + 1, run.args["steps"], f"step {step + 1}")
        time.sleep(run.args.get("pause", 0))
    return {"steps": run.args["steps"]}


def fail(run: JobRun):
    raise ZeroDivisionError("no luck")


def refuse(run: JobRun):
    from crm_core.errors import Forbidden

    raise Forbidden()


def who(run: JobRun):
    with run.operation(write=False) as ctx:
        return {"actor": ctx.actor.id, "system": ctx.actor.system, "via": ctx.actor.via}


JOBS = [
    JobDef(name="test.count", label="Count", handler=count),
    JobDef(name="test.fail", label="Fail", handler=fail),
    JobDef(name="test.refuse", label="Refuse", handler=refuse),
    JobDef(name="test.who", label="Who", handler=who),
]
CRON = JobDef(name="test.often", label="Often", handler=who, cron="*/5 * * * *")


def main():
    from crm_core.jobs.worker import JobWorker
    from tests.services import conftest
    from tests.services.thing_importer import IMPORTER
    from tests.services.things import THINGS

    own = kernel.contributions()
    kernel.contributions = lambda: (*own, *JOBS, *THINGS, IMPORTER)
    deployment = conftest.open_deployment(Path(sys.argv[1]), sys.argv[2])
    JobWorker(deployment, heartbeat=0.5, lease=float(sys.argv[3]) if len(sys.argv) > 3 else 20.0).run_forever()


if __name__ == "__main__":
    main()
