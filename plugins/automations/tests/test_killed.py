"""A process killed in the middle of runs: after the restart nothing is doubled and nothing is lost."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from crm_core.models import Job

HERE = Path(__file__).parent
COUNT = 6
POINTS = {
    "in the steps": ("INSERT INTO contacts_contact ", 3),
    "between the steps and the log": ("INSERT INTO automations_run ", 3),
    "between the answer to a call and the note of it": ("UPDATE automations_run ", 3),
}
"""Where the process dies: at the third statement that begins like this."""


def die(crm, statement, times):
    """Run the jobs in a process of their own until it dies; its jobs are given to the next worker."""
    url = crm.database.url.render_as_string(hide_password=False)
    command = [sys.executable, str(HERE / "dying.py"), str(crm.config.home), url, statement, str(times)]
    paths = os.pathsep.join([str(HERE.parents[2]), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, check=False)
    assert ended.returncode == -signal.SIGKILL
    with crm.database.transaction() as session:
        session.execute(sa.update(Job).where(Job.state == "running").values(state="waiting"))


@pytest.mark.parametrize("where", POINTS)
def test_a_killed_run_over_many_records_is_neither_lost_nor_doubled(admin, ann, crm, listener, where):
    admin.api("PATCH", "/settings", {"automations.private_hosts": f"127.0.0.1:{listener.port}"}, status=204)
    made = [ann.contact(f"Kergal {n}")["id"] for n in range(COUNT)]
    admin.automation(
        {"kind": "set", "target": "description", "value": "{description}+"},
        {"kind": "create", "target": "contacts.contact", "value": '{"kind": "company", "name": "Copy of {name}"}'},
        {"kind": "webhook", "target": listener.url, "value": "name"},
        name="Killed", trigger="changed", field="score",
    )  # fmt: skip
    ann.api("POST", "/contacts/bulk", {"action": "update", "ids": made, "data": {"score": 4}})
    die(crm, *POINTS[where])
    crm.run_jobs()
    names = Counter(item["name"] for item in admin.items("/contacts?limit=100"))
    assert names == Counter([f"{copy}Kergal {n}" for n in range(COUNT) for copy in ("", "Copy of ")])
    assert [ann.get(f"/contacts/{number}")["description"] for number in made] == ["+"] * COUNT
    assert admin.runs() == [("Killed", "done")] * COUNT
    # A call that was answered when the process died is made again: under its old id, by which it is known.
    told = {headers["Webhook-Id"]: body for _, headers, body in listener.calls}
    assert len(told) == COUNT
    assert len(listener.calls) == COUNT + (where == "between the answer to a call and the note of it")
    assert sorted(body["record"]["id"] for body in {b["id"]: b for b in listener.bodies}.values()) == sorted(made)
    assert all("answered 200" in run["detail"] for run in admin.items("/automation-runs"))
    assert [job["state"] for job in admin.items("/jobs?everyone=1&limit=100")] == ["done"] * 2 * COUNT
