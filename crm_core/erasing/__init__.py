"""Personal data: what the CRM holds of one person, and how it goes for good, the traces of it included."""

from crm_core.erasing.doing import Outcome, erase, remove_bytes
from crm_core.erasing.gone import find_any
from crm_core.erasing.planning import Plan, plan
from crm_core.erasing.subject import Kept, Linked, Subject, kept_by, subject

__all__ = [
    "Kept",
    "Linked",
    "Outcome",
    "Plan",
    "Subject",
    "erase",
    "find_any",
    "kept_by",
    "plan",
    "remove_bytes",
    "subject",
]
