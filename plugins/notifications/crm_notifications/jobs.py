"""Background work: sending what is due, every minute and whenever something was told; forgetting at night."""

from __future__ import annotations

from crm_core.api import N_, JobDef
from crm_notifications import delivery, notices

JOBS = (
    JobDef(name=notices.DELIVER, label=N_("Send notices"), handler=delivery.deliver, cron="* * * * *"),
    JobDef(name="notifications.forget", label=N_("Forget old notices"), handler=notices.forget, cron="35 3 * * *"),
)
