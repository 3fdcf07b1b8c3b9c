"""Merging: several records of one kind become one, with all that links to them, and can be told apart again."""

from crm_core.merging.doing import JOB, Done, merge
from crm_core.merging.planning import MAX_RECORDS, Plan, Side, look
from crm_core.merging.undoing import back, catch_up, survivor_of
from crm_core.merging.values import ALL, taken

__all__ = [
    "ALL",
    "JOB",
    "MAX_RECORDS",
    "Done",
    "Plan",
    "Side",
    "back",
    "catch_up",
    "look",
    "merge",
    "survivor_of",
    "taken",
]
