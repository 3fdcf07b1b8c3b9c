"""Background work: an intent written with the business change, run by a durable engine, seen and steered by people.

Plugins declare a ``JobDef``, call :func:`enqueue` inside their operation, and get a :class:`JobRun` in the handler.
The engine behind it never shows.
"""

from crm_core.jobs.outbox import ACTIVE, FINISHED, STATES, cancel, enqueue, find, listing, retry
from crm_core.jobs.run import Cancelled, JobRun, JobStopped

__all__ = [
    "ACTIVE",
    "FINISHED",
    "STATES",
    "Cancelled",
    "JobRun",
    "JobStopped",
    "cancel",
    "enqueue",
    "find",
    "listing",
    "retry",
]
