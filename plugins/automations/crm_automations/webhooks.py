"""Calls of web addresses: signed, tried again with growing pauses, and an incident in the end.

Headers and signature are those of Standard Webhooks: HMAC-SHA256 over id, timestamp and body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any

from crm_automations.models import RUN, key_of
from crm_automations.running import WEBHOOK_JOB
from crm_automations.settings import PRIVATE_HOSTS, TRIES
from crm_core.api import N_, Ctx, JobDef, JobRun, NotFound, Unavailable, gettext, outgoing, records

USER_AGENT = "crm-automations/1"


class WebhookDown(Unavailable):
    """The other side did not take it; the job tries again later."""

    code, title = "webhook_down", N_("The web address did not take the call")


def signed(key: bytes, message_id: str, timestamp: int, body: str) -> dict[str, str]:
    """Return the headers of a call; who has the key can tell that it is ours, and new."""
    content = f"{message_id}.{timestamp}.{body}".encode()
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": USER_AGENT,
        "Webhook-Id": message_id,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": f"v1,{signature}",
    }


def deliver(run: JobRun) -> Mapping[str, Any]:
    """Make one try.

    Raises:
        WebhookDown: there will be another one.
    """
    args = run.args
    with run.operation(write=False) as ctx:
        private = frozenset(str(ctx.directory.setting(PRIVATE_HOSTS) or "").lower().replace(",", " ").split())
        tries, key = int(ctx.directory.setting(TRIES)), key_of(ctx.config.secret_key, args["automation"])
    headers = signed(key, args["id"], int(time.time()), args["body"])
    try:
        status = outgoing.post(args["url"], args["body"].encode(), headers, private)
    except outgoing.Failed as error:
        # Starts are not counted: those of processes that died have tried nothing.
        run.state["tried"] = run.state.get("tried", 0) + 1
        if run.state["tried"] < tries:
            run.save()
            raise WebhookDown(hint=str(error)) from error
        return _given_up(run, error)
    except outgoing.Refused as error:
        return _given_up(run, error)
    with run.operation() as ctx:
        note(ctx, args["run"], gettext(N_("%(url)s answered %(status)s"), url=args["url"], status=status))
    return {"status": status}


def _given_up(run: JobRun, error: Exception) -> Mapping[str, Any]:
    """Write down that nobody took it: in the log of the run, and for administrators as an incident."""
    text = gettext(N_("%(url)s was not reached: %(reason)s"), url=run.args["url"], reason=str(error))
    with run.operation() as ctx:
        note(ctx, run.args["run"], text, outcome="failed")
        ctx.registry.hooks.incident("automations", "webhook", error)
    return {"failed": text}


def note(ctx: Ctx, run_id: int, text: str, **values: Any) -> None:
    """Add a line to the log of a run, unless it was cleared away meanwhile."""
    try:
        before = records.read(ctx, RUN, run_id, ["detail"]).values["detail"]
    except NotFound:
        return
    records.update(ctx, RUN, run_id, {"detail": f"{before}\n{text}".strip(), **values})


JOB = JobDef(name=WEBHOOK_JOB, label=N_("Call of a web address"), handler=deliver)
